//! A pack's `moments.toml`: what it adds to how a caller's turn is read.

use std::{collections::BTreeSet, path::Path};

use language::{Lexicon, MomentWords, phrase::Phrase};

use crate::{
    catalogue::Catalogue,
    check::{Names, bad},
    error::PackError,
    pack::Topic,
    task::Task,
};

const LEVELS: [&str; 3] = ["critical", "high", "medium"];
const CATEGORIES: [&str; 8] = [
    "information_seeking",
    "problem_solving",
    "purchase_intent",
    "support_request",
    "complaint",
    "comparison",
    "exploration",
    "cancellation",
];

/// Puts the names into what is said, and refuses what names something that is not there.
pub(crate) fn check(
    folder: &Path,
    names: Names<'_>,
    (topics, tasks): (&[Topic], &[std::sync::Arc<Task>]),
    catalogue: Option<&Catalogue>,
    words: &mut MomentWords,
) -> Result<(), PackError> {
    let file = &folder.join("moments.toml");
    if !(1..=10).contains(&words.offer_person_at) {
        let value = words.offer_person_at.to_string();
        return Err(bad(file, "offer_person_at", &value, "1 to 10"));
    }
    let known: BTreeSet<&str> = topics.iter().map(|topic| topic.id.as_str()).collect();
    let off = &words.selling_off;
    if let Some(unknown) = off.iter().find(|id| !known.contains(id.as_str())) {
        let accepted = "the id of a topic of topics.toml";
        return Err(bad(file, "selling_off", unknown, accepted));
    }
    let tables = catalogue
        .iter()
        .flat_map(|catalogue| &catalogue.tables)
        .map(|listing| listing.table.name.as_str());
    let sold: BTreeSet<&str> = known.iter().copied().chain(tables).collect();
    let products = &words.products;
    if let Some(unknown) = products.iter().find(|id| !sold.contains(id.as_str())) {
        let accepted = "the id of a topic of topics.toml or the name of a table of catalogue.toml";
        return Err(bad(file, "products", unknown, accepted));
    }
    let deeds: BTreeSet<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
    for (key, list) in [
        ("appointments", &words.appointments),
        ("documents_sent", &words.documents_sent),
    ] {
        if let Some(unknown) = list.iter().find(|name| !deeds.contains(name.as_str())) {
            return Err(bad(file, key, unknown, "the name of a file in tasks"));
        }
    }
    for rule in &mut words.urgency {
        if !LEVELS.contains(&rule.level.as_str()) {
            return Err(bad(file, "urgency.level", &rule.level, &LEVELS.join(", ")));
        }
        if let Some(now) = &mut rule.now {
            names.fill(file, "urgency.now", now, &[])?;
        }
    }
    for rule in &words.intent {
        if !CATEGORIES.contains(&rule.category.as_str()) {
            let accepted = CATEGORIES.join(", ");
            return Err(bad(file, "intent.category", &rule.category, &accepted));
        }
    }
    let named = words.pain_point.iter().chain(&words.opportunity);
    for rule in named.chain(&words.objection) {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if rule.id.is_empty() || rule.id.len() > 60 || !rule.id.chars().all(is_id) {
            let accepted = "lower-case letters, digits and underscores, 60 at most";
            return Err(bad(file, "id", &rule.id, accepted));
        }
    }
    Ok(())
}

/// Every phrase holds a word that can match.
pub(crate) fn check_phrases(
    file: &Path,
    lexicon: &Lexicon,
    words: &MomentWords,
) -> Result<(), PackError> {
    let urgency = words
        .urgency
        .iter()
        .flat_map(|rule| rule.phrases.iter().chain(&rule.unless));
    let intent = words
        .intent
        .iter()
        .flat_map(|rule| rule.phrases.iter().chain(&rule.unless));
    let named = words
        .pain_point
        .iter()
        .chain(&words.opportunity)
        .chain(&words.objection);
    let named = named.flat_map(|rule| rule.phrases.iter().chain(&rule.unless));
    let mut all = urgency.chain(intent).chain(named);
    match all.find(|phrase| Phrase::parse(lexicon, phrase).is_none()) {
        Some(empty) => Err(bad(file, "phrases", empty, "a phrase with a word")),
        None => Ok(()),
    }
}
