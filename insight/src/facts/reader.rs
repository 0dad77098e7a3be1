//! A pack's keys, compiled, and what a turn says by them.

use language::{
    Break, FactForm, FactKey, FactWords, Lexicon, find_phrase,
    phrase::{Match, Phrases, Utterance},
    quantity::{Manner, ONE, Quantity, quantities},
    words,
};

use super::{
    Fact, Forgotten, Known, MOST_CHARS, Source, What, Wish,
    sentences::{Sentence, is_denied, is_denied_before, sentences},
    value,
    wish::Wishes,
};
use crate::{english::english, redact::has_placeholder};

/// Characters of a turn that are read.
const MOST_READ: usize = 4000;
/// Facts of a turn at most.
const MOST_OF_TURN: usize = 8;
/// Words of a text at most, and its characters.
const MOST_WORDS: usize = 6;
/// Hundredths of what was stated, of what only its bound shows, and of what was asked for.
const STATED: u8 = 90;
const BOUNDED: u8 = 70;
const ASKED: u8 = 60;
/// A number of this size is an amount where an amount is spoken of.
const LARGE: i64 = 1000 * ONE;
/// Words between a number and what says which number it is.
const NEAR: usize = 4;
/// Words of a turn that names what shall be forgotten at most.
const MOST_NAMED: usize = 5;
/// Words before an amount in which a negation denies it.
const AMOUNT_REACH: usize = 4;

/// The currency of a pack's amounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Money {
    /// ISO 4217 code.
    pub code: String,
    /// Of exactly one: "dollar".
    pub one: String,
    /// Of all else: "dollars".
    pub many: String,
    /// The large scales in which it is counted, the largest first.
    pub scales: Vec<String>,
}

/// What a pack remembers, ready for matching. Build it once for a pack; it serves any number of calls.
#[derive(Debug)]
pub struct FactReader {
    lexicon: Lexicon,
    keys: Vec<Key>,
    money: Money,
    wishes: Wishes,
}

#[derive(Debug)]
struct Key {
    declared: FactKey,
    phrases: Phrases,
    denied: Phrases,
    unless: Phrases,
    called: Phrases,
    /// As kept, as spoken, and what means it.
    values: Vec<(String, String, Phrases)>,
}

impl Default for FactReader {
    /// Of no trade in particular: only what people wish of their data is read.
    fn default() -> Self {
        Self::new(Lexicon::default(), &FactWords::default(), Money::default())
    }
}

/// What a sentence says by a key, in the order in which it is said.
struct Found {
    key: usize,
    /// By clause and word, or by word alone.
    at: (usize, usize),
    what: What,
    value: String,
    confidence: u8,
}

impl FactReader {
    /// The keys of a pack. `lexicon` holds its synonyms.
    #[must_use]
    pub fn new(lexicon: Lexicon, words: &FactWords, money: Money) -> Self {
        let compiled = |phrases: &[String]| Phrases::new(&lexicon, phrases, &[], &[]);
        let key = |declared: &FactKey| {
            let mut called = declared.called.clone();
            called.push(declared.label.replace(' ', "+"));
            let values = declared.values.iter();
            let values = values
                .map(|(kept, value)| (kept.clone(), value.say.clone(), compiled(&value.phrases)));
            Key {
                phrases: compiled(&declared.phrases),
                denied: compiled(&declared.denied),
                unless: compiled(&declared.unless),
                called: compiled(&called),
                values: values.collect(),
                declared: declared.clone(),
            }
        };
        Self {
            keys: words.fact.iter().map(key).collect(),
            wishes: Wishes::new(&english().memory),
            money,
            lexicon,
        }
    }

    /// What a turn, redacted, says of the caller. Of what is said twice the last counts.
    pub(super) fn read(&self, text: &str) -> Vec<Fact> {
        let text = first(text);
        let mut facts = Facts::default();
        for sentence in sentences(&self.lexicon, text) {
            // Nothing that was taken out becomes a fact, and nothing of what is said beside it.
            if has_placeholder(sentence.text) {
                continue;
            }
            let mut found = self.found(&sentence);
            found.sort_by_key(|found| found.at);
            for found in found {
                let source = match sentence.asked {
                    true => Source::Inferred,
                    false => Source::Said,
                };
                facts.add(&self.keys[found.key].declared, found, source);
            }
        }
        facts.list
    }

    /// What the caller wishes of what is remembered.
    pub(super) fn wish(&self, text: &str) -> Option<Wish> {
        let said = Utterance::new(self.lexicon.terms(first(text)));
        let plain = Utterance::new(Lexicon::default().terms(first(text)));
        self.wishes.of(&plain, || self.called(&said))
    }

    /// What a turn names that is nothing but an answer to what shall be forgotten.
    pub(super) fn named(&self, text: &str) -> Option<Forgotten> {
        let said = Utterance::new(self.lexicon.terms(first(text)));
        if said.words.len() > MOST_NAMED {
            return None;
        }
        let keys = self.called(&said);
        match keys.is_empty() {
            true => self
                .wishes
                .names_everything(&said)
                .then_some(Forgotten::Everything),
            false => Some(Forgotten::Keys(keys)),
        }
    }

    /// The keys that are called by their names.
    fn called(&self, said: &Utterance) -> Vec<String> {
        let called = |key: &&Key| !key.called.matches(said).is_empty();
        let keys = self.keys.iter().filter(called);
        keys.map(|key| key.declared.key.clone()).collect()
    }

    /// Several values of this key hold at once.
    #[must_use]
    pub fn holds_many(&self, key: &str) -> bool {
        self.declared(key).is_some_and(|key| key.many)
    }

    /// How this key is declared; `None`: the pack does not remember it.
    #[must_use]
    pub fn declared(&self, key: &str) -> Option<&FactKey> {
        let mut keys = self.keys.iter().map(|key| &key.declared);
        keys.find(|declared| declared.key == key)
    }

    /// What is known, as it is spoken, in the pack's order; what the pack does not know any more is left out.
    pub(super) fn spoken(&self, known: &Known) -> Vec<String> {
        let of_key = |key: &Key| {
            let held = known
                .values()
                .filter(|(name, _)| *name == key.declared.key.as_str());
            let said: Vec<String> = held
                .filter_map(|(_, value)| self.value(key, value))
                .collect();
            match said.as_slice() {
                [] => None,
                said if key.declared.form == FactForm::YesNo => said.first().cloned(),
                said => Some(key.declared.say.replace("{value}", &together(said))),
            }
        };
        self.keys.iter().filter_map(of_key).collect()
    }

    /// What is called so, as the caller's.
    #[must_use]
    pub fn of_caller(&self, label: &str) -> String {
        english().memory.say.yours.replace("{label}", label)
    }

    /// A value as it is spoken; of a yes-or-no the whole sentence.
    fn value(&self, key: &Key, kept: &str) -> Option<String> {
        match key.declared.form {
            FactForm::Amount => value::spoken_amount(kept, &self.money, &english().memory.say),
            FactForm::Number | FactForm::Text => Some(kept.to_owned()),
            FactForm::Choice => {
                let mut values = key.values.iter();
                let value = values.find(|(value, ..)| value == kept)?;
                Some(value.1.clone())
            }
            FactForm::YesNo if kept == "yes" => Some(key.declared.say.clone()),
            FactForm::YesNo => key.declared.say_not.clone(),
        }
    }

    fn found(&self, sentence: &Sentence<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        for (at, key) in self.keys.iter().enumerate() {
            let is_out = !key.unless.matches(&sentence.said).is_empty();
            if is_out || (sentence.asked && !key.declared.asked) {
                continue;
            }
            match key.declared.form {
                FactForm::Choice => self.choice(at, sentence, &mut found),
                FactForm::YesNo => self.yes_no(at, sentence, &mut found),
                FactForm::Text => self.text(at, sentence, &mut found),
                FactForm::Amount | FactForm::Number => {}
            }
        }
        self.quantities(sentence, &mut found);
        found
    }

    fn choice(&self, at: usize, sentence: &Sentence<'_>, found: &mut Vec<Found>) {
        let key = &self.keys[at];
        let is_gated = key.phrases.all().next().is_some();
        if is_gated && key.phrases.matches(&sentence.said).is_empty() {
            return;
        }
        let words = &english().memory;
        for (place, clause) in sentence.clauses.iter().enumerate() {
            for (kept, _, phrases) in &key.values {
                // The longest phrase says where it is.
                let matches = phrases.matches(clause).into_iter().map(|(_, found)| found);
                let Some(matched) = matches.max_by_key(|found| found.at.len()) else {
                    continue;
                };
                let what = match is_denied(clause, &matched, key.declared.many, words) {
                    true => What::Denied,
                    false => What::Holds,
                };
                found.push(Found {
                    key: at,
                    at: (place, first_word(&matched)),
                    what,
                    value: kept.clone(),
                    confidence: if sentence.asked { ASKED } else { STATED },
                });
            }
        }
    }

    fn yes_no(&self, at: usize, sentence: &Sentence<'_>, found: &mut Vec<Found>) {
        let key = &self.keys[at];
        for (place, clause) in sentence.clauses.iter().enumerate() {
            let (yes, no) = (key.phrases.matches(clause), key.denied.matches(clause));
            let value = match (yes.first(), no.first()) {
                (_, Some((_, matched))) => Some((matched, "no")),
                (Some((_, matched)), None) => {
                    let is_denied = is_denied(clause, matched, true, &english().memory);
                    Some((matched, if is_denied { "no" } else { "yes" }))
                }
                (None, None) => None,
            };
            if let Some((matched, value)) = value {
                found.push(Found {
                    key: at,
                    at: (place, first_word(matched)),
                    what: What::Holds,
                    value: value.to_owned(),
                    confidence: STATED,
                });
            }
        }
    }

    /// The few words behind one of the key's phrases, up to the end of the clause.
    fn text(&self, at: usize, sentence: &Sentence<'_>, found: &mut Vec<Found>) {
        let said = words(sentence.text);
        let keys: Vec<&str> = said.iter().map(|word| word.key.as_str()).collect();
        for phrase in &self.keys[at].declared.phrases {
            let phrase: Vec<&str> = phrase.split(' ').collect();
            let Some(begins) = find_phrase(&keys, &phrase) else {
                continue;
            };
            let denies = &english().memory.denies;
            let before = &keys[begins.saturating_sub(2)..begins];
            let mut value: Vec<&str> = Vec::new();
            for word in said.iter().skip(begins + phrase.len()).take(MOST_WORDS) {
                value.push(word.text);
                if word.after != Break::None {
                    break;
                }
            }
            let value = value.join(" ");
            let is_denied = before.iter().any(|word| denies.iter().any(|no| no == word));
            if !value.is_empty() && value.chars().count() <= MOST_CHARS && !is_denied {
                found.push(Found {
                    key: at,
                    at: (0, begins),
                    what: What::Holds,
                    value,
                    confidence: BOUNDED,
                });
                return;
            }
        }
    }

    /// Each number is the value of the key that is spoken of nearest to it.
    fn quantities(&self, sentence: &Sentence<'_>, found: &mut Vec<Found>) {
        let is_counted = |key: &&Key| {
            matches!(key.declared.form, FactForm::Amount | FactForm::Number)
                && (!sentence.asked || key.declared.asked)
                && key.unless.matches(&sentence.said).is_empty()
        };
        if self.keys.iter().find(is_counted).is_none() {
            return;
        }
        for quantity in quantities(sentence.text) {
            let before = self.lexicon.terms(&sentence.text[..quantity.span.start]);
            let word = Utterance::new(before).words.len();
            let nearest = self
                .keys
                .iter()
                .enumerate()
                .filter(|(_, key)| is_counted(key));
            let nearest = nearest
                .filter_map(|(at, key)| {
                    key.confidence(sentence, &quantity, word).map(|of| (at, of))
                })
                .min_by_key(|(_, (distance, _))| *distance);
            let Some((at, (_, confidence))) = nearest else {
                continue;
            };
            found.extend(self.quantity(at, sentence, (&quantity, word), confidence));
        }
    }

    fn quantity(
        &self,
        at: usize,
        sentence: &Sentence<'_>,
        (quantity, word): (&Quantity, usize),
        confidence: u8,
    ) -> Option<Found> {
        let memory = &english().memory;
        let is_denied = is_denied_before(&sentence.said, word, AMOUNT_REACH, memory);
        let is_number = self.keys[at].declared.form == FactForm::Number;
        let value = match is_number {
            true => value::number(quantity),
            false => value::amount(quantity, &self.money, is_denied),
        };
        // "Not more than" is a bound, and denies nothing.
        let turns = !is_number && quantity.manner == Manner::AtLeast;
        Some(Found {
            key: at,
            at: (0, word),
            what: match is_denied && !turns {
                true => What::Denied,
                false => What::Holds,
            },
            value: value?,
            confidence: if sentence.asked { ASKED } else { confidence },
        })
    }
}

impl Key {
    /// How far a quantity, before which so many words are, stands from what says that it is of this key, and how sure that is.
    fn confidence(
        &self,
        sentence: &Sentence<'_>,
        quantity: &Quantity,
        word: usize,
    ) -> Option<(usize, u8)> {
        let is_amount = self.declared.form == FactForm::Amount;
        let is_money = quantity.currency.is_some()
            || quantity.scaled
            || quantity
                .most
                .or(quantity.least)
                .is_some_and(|value| value >= LARGE);
        if is_amount != is_money {
            return None;
        }
        let places = self.phrases.matches(&sentence.said).into_iter();
        let places = places.flat_map(|(_, found)| found.at);
        let nearest = places.map(|at| at.abs_diff(word)).min();
        match nearest {
            Some(distance) if is_amount || distance <= NEAR => Some((distance, STATED)),
            // "Anything under two crore?": what bounds it says that it is a limit.
            None if is_amount && self.declared.asked && is_bounded(quantity) => {
                Some((usize::MAX, BOUNDED))
            }
            _ => None,
        }
    }
}

fn is_bounded(quantity: &Quantity) -> bool {
    matches!(
        quantity.manner,
        Manner::AtMost | Manner::AtLeast | Manner::Between
    )
}

/// Facts of a turn, of what is said twice the last.
#[derive(Default)]
struct Facts {
    list: Vec<Fact>,
}

impl Facts {
    fn add(&mut self, key: &FactKey, found: Found, source: Source) {
        let same = |fact: &Fact| fact.key == key.key;
        if found.what == What::Denied && !key.many {
            // "Three, not two": what is denied is not what was said.
            let holds = self.list.iter().find(|fact| same(fact));
            if holds.is_some_and(|fact| {
                fact.what == What::Holds && fact.value.as_deref() != Some(&found.value)
            }) {
                return;
            }
        }
        self.list.retain(|fact| {
            !same(fact) || (key.many && fact.value.as_deref() != Some(&found.value))
        });
        if self.list.len() < MOST_OF_TURN {
            self.list.push(Fact {
                key: key.key.clone(),
                what: found.what,
                value: Some(found.value),
                confidence: found.confidence,
                source,
            });
        }
    }
}

fn first_word(found: &Match) -> usize {
    found.at.first().copied().unwrap_or_default()
}

fn together(said: &[String]) -> String {
    match said {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            format!("{} {} {last}", first.join(", "), english().memory.say.and)
        }
    }
}

/// The part of a text that is read.
fn first(text: &str) -> &str {
    let end = text.char_indices().nth(MOST_READ);
    end.map_or(text, |(end, _)| &text[..end])
}
