//! Sentences in another language than the agent's.

use language::{is_function_word, is_known_word, keys};

use super::Grounds;

/// Fewer words tell no language: "Harare, Samora Machel."
const WORDS: usize = 4;

/// Whether a sentence is in another language: most of its letters are not Latin, or most of its words are neither
/// words that every conversation has nor words of what the model was given.
pub(super) fn is_foreign(sentence: &str, grounds: &Grounds) -> bool {
    let letters = || sentence.chars().filter(|c| c.is_alphabetic());
    let foreign = letters().filter(|c| u32::from(*c) > 0x24F).count();
    if foreign * 2 > letters().count() {
        return true;
    }
    let words = keys(sentence);
    let is_ours =
        |word: &&String| is_function_word(word) || is_known_word(word) || grounds.has_word(word);
    let ours = words.iter().filter(is_ours).count();
    words.len() >= WORDS && ours * 2 < words.len()
}
