//! Stems of English words: Snowball's stemmer (Porter2), and the forms that no rule about endings reaches.

use rust_stemmers::{Algorithm, Stemmer};

use crate::english::english;

/// The stem of a word in lower case; words with one stem count as the same word. What is not letters stays as it is.
#[must_use]
pub fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    if UNCHANGED.contains(&word) || !word.chars().all(|c| c.is_ascii_alphabetic()) {
        return word.to_owned();
    }
    let irregular = english().reading.irregular.get(word);
    let base = irregular.map_or(word, String::as_str);
    Stemmer::create(Algorithm::English).stem(base).into_owned()
}

/// Words that the stemmer would confuse with others: "business" with "busy", "evening" with "even".
const UNCHANGED: [&str; 3] = ["business", "evening", "morning"];

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for group in [
            &[
                "withdraw",
                "withdrawing",
                "withdrew",
                "withdrawals",
                "withdrawal",
            ][..],
            &["transfer", "transfers", "transferred", "transferring"],
            &["close", "closing", "closed", "closes"],
            &["lose", "lost", "losing"],
            &["fee", "fees"],
            &["pay", "paid", "payment", "paying"],
            &["apply", "applied", "applying", "applies"],
            &["branch", "branches"],
            &["beneficiary", "beneficiaries"],
            &["activate", "activating", "activated"],
            &["stop", "stopped", "stopping"],
        ] {
            for word in group {
                assert_eq!(stem(word), stem(group[0]), "{word} and {}", group[0]);
            }
        }
    }

    #[test]
    fn different_words_stay_apart() {
        for (one, other) in [
            ("state", "statement"),
            ("car", "card"),
            ("need", "ne"),
            ("address", "addres"),
            ("loan", "loa"),
        ] {
            assert_ne!(stem(one), stem(other), "{one} and {other}");
        }
    }

    #[test]
    fn stems_of_odd_input_do_not_panic() {
        for word in ["", "s", "ing", "ed", "*236#", "日本語", "ssss", "éing"] {
            assert!(stem(word).len() <= word.len(), "{word:?} grows");
        }
    }
}
