//! The names in a table, found in what was said: whole, by a short form, in another phrase of the pack, or misspelt
//! and misheard.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use language::{
    Lexicon, is_function_word, is_known_word, is_stop_word,
    phrase::{Phrases, Utterance},
    sound::Sounding,
};

use super::{Catalogue, Listing, schema::Kind, shelf::phrases};

/// Words of a name at most.
const MAX_WORDS: usize = 6;
/// Words that a recogniser may make of one name.
const MAX_HEARD: usize = 3;
/// Letters of a misheard name at least: too many words are near to short ones.
const MIN_HEARD: usize = 3;

/// The names of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    entries: Vec<Entry>,
    /// Phrases of the pack for a name.
    phrases: Vec<(usize, String, Phrases)>,
    /// Entries by their stems in one.
    by_stems: BTreeMap<String, Vec<usize>>,
}

/// One way to say a name.
#[derive(Clone, Debug)]
struct Entry {
    field: usize,
    name: String,
    /// Its letters without spaces, for comparing.
    letters: Sounding,
    /// May be misheard.
    heard: bool,
}

/// A name that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The field's place.
    pub(super) field: usize,
    /// As the rows have it.
    pub(super) name: String,
    /// Which words of the utterance say it.
    pub(super) at: BTreeSet<usize>,
}

impl Names {
    pub(super) fn new(lexicon: &Lexicon, catalogue: &Catalogue, listing: &Listing) -> Self {
        let mut names = Self::default();
        for (place, field) in listing.table.fields.iter().enumerate() {
            if !matches!(field.kind, Kind::Name | Kind::List) {
                continue;
            }
            let rows = listing.rows.iter();
            let held: BTreeSet<&String> = rows
                .filter_map(|row| row.values[place].as_ref())
                .flat_map(|value| value.names())
                .collect();
            for name in &held {
                names.add(lexicon, place, name, name, field.kind == Kind::Name);
            }
            if field.kind == Kind::Name {
                names.add_short(lexicon, place, &held, &field.not_short);
            }
            // What a name is called elsewhere it is called here too.
            let link = field.link.as_ref().and_then(|link| catalogue.listing(link));
            let title = link.and_then(|other| other.table.field(&other.table.title));
            let linked = title.into_iter().flat_map(|title| &title.values);
            for (name, others) in field.values.iter().chain(linked) {
                if !others.is_empty() {
                    let others = phrases(lexicon, others, &[]);
                    names.phrases.push((place, name.clone(), others));
                }
            }
        }
        names
    }

    fn add(&mut self, lexicon: &Lexicon, field: usize, name: &str, said: &str, heard: bool) {
        let said = Utterance::new(lexicon.terms(said)).words;
        let stems: Vec<&str> = said.iter().map(|word| word.stem.as_str()).collect();
        if stems.is_empty() || stems.len() > MAX_WORDS {
            return;
        }
        let at = self.entries.len();
        self.by_stems.entry(stems.join(" ")).or_default().push(at);
        self.entries.push(Entry {
            field,
            name: name.to_owned(),
            letters: Sounding::new(
                &said
                    .iter()
                    .map(|word| word.text.as_str())
                    .collect::<String>(),
            ),
            heard,
        });
    }

    /// The first word of a name of several stands for it where no other name begins so.
    fn add_short(
        &mut self,
        lexicon: &Lexicon,
        field: usize,
        held: &BTreeSet<&String>,
        not: &[String],
    ) {
        let first = |name: &str| {
            let mut words = name.split_whitespace();
            let first = words.next()?.to_lowercase();
            words.next().is_some().then_some(first)
        };
        for name in held {
            let Some(short) = first(name) else { continue };
            let words: Vec<&str> = name.split_whitespace().collect();
            let before_last = words[..words.len() - 1].iter();
            let meaning = before_last.filter(|word| !is_stop_word(&word.to_lowercase()));
            let last = words[words.len() - 2].to_lowercase();
            if meaning.count() > 1 && !is_stop_word(&last) {
                self.add(
                    lexicon,
                    field,
                    name,
                    &words[..words.len() - 1].join(" "),
                    true,
                );
            }
            let mut others = held.iter().filter(|other| *other != name);
            let is_taken = others.any(|other| other.to_lowercase().starts_with(&short));
            let is_number = lexicon.terms(&short).iter().any(language::Term::is_number);
            if !is_taken && !is_number && !not.contains(&short) && !is_stop_word(&short) {
                self.add(lexicon, field, name, &short, short.len() > 4);
            }
        }
    }

    /// The names in `said`. `known` are stems that mean something else: such a word is not taken for a misheard name.
    pub(super) fn find(&self, said: &Utterance, known: &dyn Fn(&str) -> bool) -> Vec<Named> {
        let mut found: Vec<Named> = Vec::new();
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        self.find_written(said, &mut taken, &mut found, 2);
        self.find_parted(said, &mut taken, &mut found);
        for (field, name, phrases) in &self.phrases {
            let at = phrases.explained(said);
            let is_new = |at: &usize| !taken.contains(at);
            // A phrase may speak of words that are names of another field, but not of those alone.
            let of_field = found.iter().any(|named| {
                named.field == *field && !named.at.is_disjoint(&at) && !named.at.is_subset(&at)
                    || named.field == *field && named.at == at
            });
            if !at.is_empty() && !of_field && (at.len() > 1 || at.iter().any(is_new)) {
                found.retain(|named| named.field != *field || !named.at.is_subset(&at));
                taken.extend(at.iter().copied());
                found.push(Named {
                    field: *field,
                    name: name.clone(),
                    at,
                });
            }
        }
        self.find_written(said, &mut taken, &mut found, 1);
        self.find_misheard(said, known, &mut taken, &mut found);
        found
    }

    /// Names as the rows have them, of so many words at least; the longest first.
    fn find_written(
        &self,
        said: &Utterance,
        taken: &mut BTreeSet<usize>,
        found: &mut Vec<Named>,
        least: usize,
    ) {
        for length in (least..=MAX_WORDS).rev() {
            for range in free(said, length, taken) {
                let words = &said.words[range.clone()];
                let stems: Vec<&str> = words.iter().map(|word| word.stem.as_str()).collect();
                let Some(entries) = self.by_stems.get(&stems.join(" ")) else {
                    continue;
                };
                if range.clone().all(|at| !taken.contains(&at)) {
                    take(&self.entries[entries[0]], range, taken, found);
                }
            }
        }
    }

    /// Names that a recogniser wrote in more words or fewer: "white field".
    fn find_parted(&self, said: &Utterance, taken: &mut BTreeSet<usize>, found: &mut Vec<Named>) {
        for length in (1..=MAX_HEARD).rev() {
            for range in free(said, length, taken) {
                let words = &said.words[range.clone()];
                let letters: String = words.iter().map(|word| word.text.as_str()).collect();
                let mut entries = self.entries.iter();
                let same = |entry: &&Entry| entry.heard && entry.letters.word() == letters;
                let Some(entry) = entries.find(same) else {
                    continue;
                };
                if letters.chars().count() > MIN_HEARD
                    && range.clone().all(|at| !taken.contains(&at))
                {
                    take(entry, range, taken, found);
                }
            }
        }
    }

    fn find_misheard(
        &self,
        said: &Utterance,
        known: &dyn Fn(&str) -> bool,
        taken: &mut BTreeSet<usize>,
        found: &mut Vec<Named>,
    ) {
        for length in (1..=MAX_HEARD).rev() {
            for range in free(said, length, taken) {
                let words = &said.words[range.clone()];
                let skip = |word: &language::Term| {
                    word.is_number() || is_function_word(&word.text) || is_stop_word(&word.text)
                };
                let is_free = range.clone().all(|at| !taken.contains(&at));
                if !is_free || skip(&words[0]) || skip(&words[length - 1]) {
                    continue;
                }
                let heard: String = words.iter().map(|word| word.text.as_str()).collect();
                let is_known =
                    |word: &language::Term| known(&word.stem) || is_known_word(&word.text);
                let familiar = words.iter().all(is_known);
                if let Some(entry) = self.nearest(&heard, familiar) {
                    take(entry, range, taken, found);
                }
            }
        }
    }

    /// The name that these letters may be. Words that mean something else must agree letter by letter.
    fn nearest(&self, heard: &str, familiar: bool) -> Option<&Entry> {
        if heard.chars().count() < MIN_HEARD {
            return None;
        }
        let heard = Sounding::new(heard);
        let candidates = self.entries.iter().filter(|entry| entry.heard);
        let candidates = candidates.filter_map(|entry| {
            let apart = heard.like(&entry.letters)?;
            (apart == 0 || !familiar).then_some((apart, entry))
        });
        let (_, entry) = candidates.min_by_key(|(apart, _)| *apart)?;
        Some(entry)
    }
}

/// Stretches of so many words of which none is taken yet.
fn free(said: &Utterance, length: usize, taken: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let starts = 0..(said.words.len() + 1).saturating_sub(length);
    let ranges = starts.map(|start| start..start + length);
    ranges
        .filter(|range| range.clone().all(|at| !taken.contains(&at)))
        .collect()
}

fn take(entry: &Entry, range: Range<usize>, taken: &mut BTreeSet<usize>, found: &mut Vec<Named>) {
    taken.extend(range.clone());
    found.push(Named {
        field: entry.field,
        name: entry.name.clone(),
        at: range.collect(),
    });
}
