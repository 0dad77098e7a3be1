//! Whether a turn is the catalogue's or the documents'.

use std::collections::BTreeSet;

use language::{
    is_function_word,
    phrase::{Phrases, Utterance},
};

use super::{
    ask::Wish,
    read::{Evidence, Reading},
    words::CatalogueWords,
};
use crate::{route::RouteContext, rules::Rules, understand::Reader};

/// Words that mean nothing to the catalogue, beside a request to be shown things and beside a reference to what was
/// offered.
const STRAY_IN_REQUEST: usize = 2;
const STRAY_IN_REFERENCE: usize = 1;
/// Filters from which on a request may hold one such word more.
const MANY_FILTERS: usize = 3;

/// What a turn asks of the catalogue, if it is the catalogue's to answer.
pub(crate) fn claim(
    reader: Reader<'_>,
    text: &str,
    said: &Utterance,
    context: &RouteContext,
) -> Option<Reading> {
    let offered = context.offered.as_ref();
    let known = |stem: &str| reader.index.knows(stem);
    let shelf = reader.shelf?;
    let reading = shelf.read(reader.lexicon, text, offered, &known)?;
    // "And on books?" after an answer of the documents is theirs.
    let documents = !context.last.is_empty() && offered.is_none();
    let goes_on = documents && reading.evidence.goes_on && !reading.evidence.measure;
    (!goes_on && claims(&reading, reader.rules, &shelf.words, said)).then_some(reading)
}

/// Whether a reading is strong enough to answer from rows, though topics of the documents are named too.
fn claims(reading: &Reading, rules: &Rules, words: &CatalogueWords, said: &Utterance) -> bool {
    let evidence = reading.evidence;
    if evidence.own && !evidence.picks {
        return false;
    }
    let (stray, topical) = (
        stray(reading, rules, words, said),
        topical(reading, rules, said),
    );
    if evidence.leans {
        return leans(evidence, stray) && topical.unaccounted == 0;
    }
    if evidence.compare {
        return topical.unaccounted <= 1;
    }
    let asked_for = evidence.show || evidence.order;
    let few = if asked_for { STRAY_IN_REQUEST } else { 0 };
    let many = usize::from(evidence.filters >= MANY_FILTERS);
    let row = usize::from(evidence.row && evidence.field);
    // Where no topic of the documents is named, a thing of the table is enough.
    let thing = evidence.noun || evidence.identity || evidence.measure;
    let thing = thing && (evidence.show || !evidence.deed);
    let untopical = topical.best < 1.0 && thing && evidence.filters > 0;
    let more = usize::from(untopical) + usize::from(untopical && evidence.filters > 1);
    // "How many trees …" counts something else.
    let counts_others = evidence.count && stray > 0 && !evidence.row;
    if stray > few.max(more) + many.max(row) || topical.unaccounted > 0 || counts_others {
        return false;
    }
    // Of things in general the documents speak: "how long does delivery take for a sofa?"
    let limited = evidence.row || evidence.order || evidence.measure || evidence.filters > 1;
    let in_general = evidence.fact && !limited;
    let all_about = evidence.about && !evidence.row && !evidence.show;
    !(topical.best >= 1.0 && (in_general || all_about)) && is_catalogues(reading)
}

/// A turn about what was offered.
fn leans(evidence: Evidence, stray: usize) -> bool {
    let says = evidence.changes
        || evidence.filters > 0
        || evidence.order
        || evidence.field
        || evidence.row;
    stray == 0 || says && evidence.refers && stray <= STRAY_IN_REFERENCE
}

/// What is said speaks of rows.
fn is_catalogues(reading: &Reading) -> bool {
    let Evidence {
        noun,
        show,
        filters,
        name,
        measure,
        money,
        identity,
        order,
        field,
        row,
        words,
        count,
        ..
    } = reading.evidence;
    let first = reading.ask.wish == Wish::First;
    let thing =
        noun && (show || count || filters > 0 || order || words > 0) || measure && words > 0;
    let several = measure && (name || filters > 1);
    let search = filters > 0 && (name || measure) && (show || order || several);
    let fact = field && (first || filters > 1 || filters > 0 && measure || identity);
    let described = show && words > 0 && reading.stray.is_empty();
    row || thing || search || money || fact || described
}

/// What the topics of the documents make of a turn.
struct Topical {
    /// Words of meaning by which a topic was found and which the catalogue does not account for.
    unaccounted: usize,
    /// Weight of the best phrase.
    best: f32,
}

fn topical(reading: &Reading, rules: &Rules, said: &Utterance) -> Topical {
    let noun = reading.evidence.noun || reading.evidence.identity;
    let mut topical = Topical {
        unaccounted: 0,
        best: 0.0,
    };
    for (_, phrases) in &rules.topics {
        for (phrase, found) in phrases.matches(said) {
            let words = found.at.iter().map(|at| &said.words[*at]);
            let unaccounted = words.filter(|word| {
                let held = noun && reading.held.contains(&word.stem);
                !is_function_word(&word.text) && !reading.stems.contains(&word.stem) && !held
            });
            topical.unaccounted = topical.unaccounted.max(unaccounted.count());
            topical.best = topical.best.max(phrase.weight());
        }
    }
    topical
}

/// Words of meaning that are neither the catalogue's nor courtesy. A deed counts twice: "do you rent out", "how do I
/// clean" want no row.
fn stray(reading: &Reading, rules: &Rules, words: &CatalogueWords, said: &Utterance) -> usize {
    let courteous = |phrases: &Phrases| phrases.explained(said);
    let talk = rules
        .small_talk
        .iter()
        .flat_map(|talk| courteous(&talk.phrases));
    let talk: BTreeSet<&String> = talk.map(|at| &said.words[at].stem).collect();
    let is_stray = |stem: &String| reading.stray.contains(stem) && !talk.contains(stem);
    let mut count = 0;
    for (at, word) in said.words.iter().enumerate() {
        if is_stray(&word.stem) {
            let text = |back: usize| Some(&said.words[at.checked_sub(back)?].text);
            let wished = text(1).is_some_and(|word| word == "to")
                && text(2).is_some_and(|word| words.wishes.contains(word));
            let deed = wished || text(1).is_some_and(|word| words.subjects.contains(word));
            count += 1 + 2 * usize::from(deed);
        }
    }
    count
}
