//! Words that say nothing about a subject.

use crate::english::english;

/// Whether a normalised word carries no subject of its own.
#[must_use]
pub fn is_function_word(word: &str) -> bool {
    english().reading.function_words.contains(word)
}

/// Whether a normalised word does not distinguish documents: a function word, or one that every question asks with.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    is_function_word(word) || english().reading.asking.contains(word)
}
