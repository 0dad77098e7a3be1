//! What callers wish of what is remembered: to hear it, to have it forgotten, and that nothing be sold to them.

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};
use serde::Deserialize;

/// What a caller wishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// "What do you know about me?"
    Known,
    /// "What did I ask last time?"
    Asked,
    /// "As I told you last time": stands beside what else the turn says.
    Told,
    /// "Forget my budget."
    Forget(Forgotten),
    /// "Do not sell to me."
    SellNothing,
    /// "You may offer me things again."
    SellAgain,
}

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// All that is known.
    Everything,
    /// These keys.
    Keys(Vec<String>),
    /// "That", and nothing was told or asked just before.
    Unclear,
}

/// `[memory]` of `packs/languages/en.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemoryWords {
    /// Before a value, these deny it.
    pub(super) denies: Vec<String>,
    /// Directly before one of several values, or before a yes-or-no, this does too.
    pub(super) no: Vec<String>,
    /// Behind what denies, this takes it back: "not only".
    pub(super) only: Vec<String>,
    known: PhraseWords,
    asked: PhraseWords,
    told: PhraseWords,
    forget: PhraseWords,
    everything: PhraseWords,
    that: PhraseWords,
    sell_nothing: PhraseWords,
    sell_again: PhraseWords,
    pub(super) say: BoundLines,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseWords {
    phrases: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

/// How bounds, several values and what is the caller's are spoken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoundLines {
    pub(super) at_most: String,
    pub(super) at_least: String,
    pub(super) about: String,
    pub(super) between: String,
    pub(super) and: String,
    /// What is the caller's, by its label.
    pub(super) yours: String,
}

/// The words of wishes, compiled.
#[derive(Debug)]
pub(super) struct Wishes {
    known: Phrases,
    asked: Phrases,
    told: Phrases,
    forget: Phrases,
    everything: Phrases,
    that: Phrases,
    sell_nothing: Phrases,
    sell_again: Phrases,
}

impl Wishes {
    pub(super) fn new(words: &MemoryWords) -> Self {
        let lexicon = Lexicon::default();
        let compiled =
            |words: &PhraseWords| Phrases::new(&lexicon, &words.phrases, &words.unless, &[]);
        Self {
            known: compiled(&words.known),
            asked: compiled(&words.asked),
            told: compiled(&words.told),
            forget: compiled(&words.forget),
            everything: compiled(&words.everything),
            that: compiled(&words.that),
            sell_nothing: compiled(&words.sell_nothing),
            sell_again: compiled(&words.sell_again),
        }
    }

    /// All of it is named.
    pub(super) fn names_everything(&self, said: &Utterance) -> bool {
        !self.everything.matches(said).is_empty()
    }

    /// What a turn wishes. `called` says which keys are named in it.
    pub(super) fn of(&self, said: &Utterance, called: impl Fn() -> Vec<String>) -> Option<Wish> {
        let holds = |phrases: &Phrases| !phrases.matches(said).is_empty();
        if holds(&self.sell_nothing) {
            return Some(Wish::SellNothing);
        }
        if holds(&self.sell_again) {
            return Some(Wish::SellAgain);
        }
        if holds(&self.known) {
            return Some(Wish::Known);
        }
        if holds(&self.asked) {
            return Some(Wish::Asked);
        }
        if holds(&self.forget) {
            if holds(&self.everything) {
                return Some(Wish::Forget(Forgotten::Everything));
            }
            let keys = called();
            if !keys.is_empty() {
                return Some(Wish::Forget(Forgotten::Keys(keys)));
            }
            if holds(&self.that) {
                return Some(Wish::Forget(Forgotten::Unclear));
            }
        }
        holds(&self.told).then_some(Wish::Told)
    }
}
