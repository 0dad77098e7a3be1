//! Whether somebody asks again what they have asked.

use std::collections::{BTreeSet, VecDeque};

use language::{is_stop_word, normalize};

/// Questions of the caller that are remembered: further back nobody hears it as the same one.
const QUESTIONS: usize = 6;
/// Stems that a question must have to be known again.
const FEWEST: usize = 2;
/// Stems of a turn that are looked at.
const MOST: usize = 40;
/// Of the stems of the two together, how many in ten they must share.
const SHARED: usize = 6;

/// The last questions of the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked(VecDeque<BTreeSet<String>>);

impl Asked {
    /// Whether it was asked before; it is remembered.
    pub(super) fn again(&mut self, text: &str) -> bool {
        let stems = stems(text);
        if stems.len() < FEWEST {
            return false;
        }
        let is_same = |before: &BTreeSet<String>| {
            let shared = before.intersection(&stems).count();
            let together = before.len() + stems.len() - shared;
            shared >= FEWEST && shared * 10 >= together * SHARED
        };
        let again = self.0.iter().any(is_same);
        self.0.push_back(stems);
        if self.0.len() > QUESTIONS {
            self.0.pop_front();
        }
        again
    }
}

fn stems(text: &str) -> BTreeSet<String> {
    let terms = normalize(text).into_iter();
    let terms = terms.filter(|term| !is_stop_word(&term.text));
    terms.take(MOST).map(|term| term.stem).collect()
}
