//! How a caller steers a task: gives it up, goes back, leaves something out, picks one of several.

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use super::TaskWords;
use crate::{
    KnowledgeBase,
    pack::PhraseSet,
    slot::{SlotKind, SlotValue},
};

/// Words of a turn that agrees, at most.
const AGREES: usize = 6;
/// Words that a correction begins with stand among so many first ones.
const FIRST: usize = 2;

/// What a turn wants of the task under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Give it up.
    Cancel,
    /// To the question before.
    Back,
    /// Leave this out.
    Skip,
    /// Change something, and it is not said what.
    Change,
    /// They cannot prove who they are: their phone is gone.
    NoProof,
}

/// The phrases of a language's `[tasks]`, compiled.
#[derive(Clone, Debug)]
pub(crate) struct SteerRules(Vec<(Steer, Phrases)>, Phrases);

impl SteerRules {
    pub(crate) fn new(lexicon: &Lexicon, words: &TaskWords) -> Self {
        let set = |set: &PhraseSet| Phrases::new(lexicon, &set.phrases, &set.unless, &set.with);
        let own_number = set(&words.own_number);
        let steers = vec![
            (Steer::Back, set(&words.back)),
            (Steer::Skip, set(&words.skip)),
            (Steer::NoProof, set(&words.no_proof)),
            (Steer::Change, set(&words.change)),
            (Steer::Cancel, set(&words.cancel)),
        ];
        Self(steers, own_number)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Phrases> {
        let own_number = std::iter::once(&self.1);
        self.0.iter().map(|(_, phrases)| phrases).chain(own_number)
    }
}

impl KnowledgeBase {
    /// How a turn steers the task under way, if it does.
    #[must_use]
    pub fn steers(&self, text: &str) -> Option<Steer> {
        let said = Utterance::new(self.lexicon().terms(text));
        let mut rules = self.rules().steer.0.iter();
        let found = rules.find(|(_, phrases)| !phrases.matches(&said).is_empty());
        found.map(|(steer, _)| *steer)
    }

    /// Whether a turn takes something back: "no, the fifteenth".
    #[must_use]
    pub fn corrects(&self, text: &str) -> bool {
        let said = language::normalize(text);
        let words = &self.pack().tasks.words.corrects;
        let mut first = said.iter().take(FIRST);
        first.any(|word| words.contains(&word.text))
            || self.pack().meaning.around_taken_back(text).is_some()
    }

    /// Whether a turn asks something, whatever it begins with: "wait, what does that cost?"
    #[must_use]
    pub fn asks(&self, text: &str) -> bool {
        let before = &self.pack().tasks.words.before_questions;
        let words = text.split_whitespace();
        let rest: Vec<&str> = words
            .skip_while(|word| before.contains(&bare(word)))
            .collect();
        let rest = rest.join(" ");
        self.pack().meaning.is_question(&rest)
    }

    /// A turn parted at the first of these words: what stands before it, and behind it.
    #[must_use]
    pub fn parted<'a>(&self, text: &'a str, words: &[String]) -> Option<(&'a str, &'a str)> {
        let mut at = 0;
        for word in text.split_inclusive(char::is_whitespace) {
            if words.contains(&bare(word)) {
                return Some((&text[..at], &text[at + word.len()..]));
            }
            at += word.len();
        }
        None
    }

    /// What stands behind the words with which a turn takes something back: "no sorry, the blue one".
    #[must_use]
    pub fn behind_correction<'a>(&self, text: &'a str) -> Option<&'a str> {
        let words = &self.pack().tasks.words.corrects;
        let mut at = 0;
        for word in text.split_inclusive(char::is_whitespace) {
            if !words.contains(&bare(word)) {
                break;
            }
            at += word.len();
        }
        let rest = text[at..].trim();
        (at > 0 && !rest.is_empty()).then_some(rest)
    }

    /// "The other one".
    #[must_use]
    pub fn names_the_other(&self, text: &str) -> bool {
        let words = &self.pack().tasks.words.other;
        let said = language::normalize(text);
        said.iter().any(|word| words.contains(&word.text))
    }

    /// The number that the caller calls from: "this number", "the same".
    #[must_use]
    pub fn names_own_number(&self, text: &str) -> bool {
        let said = Utterance::new(self.lexicon().terms(text));
        !self.rules().steer.1.matches(&said).is_empty()
    }

    /// Which of what was offered a turn picks: "the second one", "half past ten".
    #[must_use]
    pub fn picks(&self, text: &str, options: &[SlotValue]) -> Option<usize> {
        let words = &self.pack().tasks.words;
        let said = language::normalize(text);
        let says = |names: &[String]| said.iter().any(|word| names.contains(&word.text));
        if says(&words.last) {
            return options.len().checked_sub(1);
        }
        let places = words.places.iter();
        let place = places
            .take(options.len())
            .position(|name| says(std::slice::from_ref(name)));
        if place.is_none()
            && let Some(time) = self.value_of(SlotKind::Time, text)
            && let Some(at) = at_time(&time, options)
        {
            return Some(at);
        }
        let labels: Vec<&str> = options.iter().map(|option| &*option.spoken).collect();
        place.or_else(|| self.named(text, &labels))
    }

    /// What a text picks of what was not yet read out, by its time of day alone: "tomorrow at ten".
    #[must_use]
    pub fn picks_by_time<'a>(&self, text: &str, options: &'a [SlotValue]) -> Option<&'a SlotValue> {
        let time = self.shown_value(SlotKind::Time, text)?;
        options.get(at_time(&time, options)?)
    }

    /// A turn that begins with a yes and asks nothing: "yes, send it".
    #[must_use]
    pub fn agrees(&self, text: &str) -> bool {
        let said = Utterance::new(self.lexicon().terms(text));
        let rules = self.rules();
        let yes = rules.affirm.matches(&said);
        let begins = yes.iter().any(|(_, found)| found.at.first() == Some(&0));
        let is_short = text.split_whitespace().count() <= AGREES;
        begins && is_short && rules.deny.matches(&said).is_empty() && !self.asks(text)
    }
}

/// A word without the marks around it, in lower case.
fn bare(word: &str) -> String {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.to_lowercase()
}

/// Which of the options has this time of day.
fn at_time(time: &SlotValue, options: &[SlotValue]) -> Option<usize> {
    let at = format!("T{}", time.sent);
    options.iter().position(|option| option.sent.ends_with(&at))
}
