//! The orders that a model was given are not told.

use std::collections::HashSet;

use language::{guard::Guard, keys};

use super::Grounds;

/// So many words in a row in the order of the prompt's are quoted from it.
const QUOTED: usize = 7;

/// The runs of words by which a quotation is known.
pub(super) fn runs(orders: &str) -> HashSet<String> {
    let words = keys(orders);
    words.windows(QUOTED).map(|run| run.join(" ")).collect()
}

/// Whether a sentence speaks of the model's orders or quotes them.
pub(super) fn tells(sentence: &str, guard: &Guard, grounds: &Grounds) -> bool {
    let words = keys(sentence);
    let quotes = || {
        words
            .windows(QUOTED)
            .any(|run| grounds.orders.contains(&run.join(" ")))
    };
    guard.speaks_of_orders(sentence) || quotes()
}
