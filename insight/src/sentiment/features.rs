//! What of a text the linear model looks at: its words, those behind a "not", pairs of words, groups of letters.

use std::collections::BTreeSet;

use language::grams;

use super::is_negation;

/// Buckets of words and pairs, and as many of letters.
const HALF: u16 = 1 << 13;
/// All buckets.
pub const BUCKETS: usize = 2 * HALF as usize;
/// Words behind a negation that it turns.
const NEGATION_REACH: usize = 3;
/// Words of a text that count: nobody says more in one turn, and a pasted book shall cost no more.
const MAX_WORDS: usize = 400;

/// The buckets, below [`BUCKETS`], that `text` falls into, each once, rising. Names of accounts (`@name`) and addresses of
/// pages do not count; all numbers are one word, "sooo" is "soo", and smileys are words.
#[must_use]
pub fn features(text: &str) -> Vec<u16> {
    features_in(text, HALF)
}

/// The same with `half` buckets of words and pairs and as many of letters.
pub(crate) fn features_in(text: &str, half: u16) -> Vec<u16> {
    let mut found = BTreeSet::new();
    let words = tokens(text);
    let mut turned = 0_usize;
    for (at, word) in words.iter().enumerate() {
        found.insert(grams::bucket(&["w", word], half));
        if let Some(next) = words.get(at + 1) {
            found.insert(grams::bucket(&["p", word, " ", next], half));
        }
        if !word.starts_with(char::is_alphabetic) {
            turned = 0;
            continue;
        }
        if turned > 0 {
            found.insert(grams::bucket(&["n", word], half));
            turned -= 1;
        }
        if is_negation(word) {
            turned = NEGATION_REACH;
        }
        found.extend(grams::groups(word, half).map(|group| half + group));
    }
    found.into_iter().collect()
}

/// `text` without what is no language: names of accounts, addresses of pages, the mark of a hashtag. What it means is found
/// of this.
#[must_use]
pub fn wording(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !is_address(word));
    let words: Vec<&str> = words.map(|word| word.trim_start_matches('#')).collect();
    words.join(" ")
}

fn is_address(word: &str) -> bool {
    let word = word.trim_start_matches(['.', '(', '"']);
    word.len() > 1 && word.starts_with('@') || word.starts_with("http")
}

/// Words in lower case, numbers as "0", runs of `!` and `?` as one or two, other signs that show a feeling one by one.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in text.split_whitespace().filter(|piece| !is_address(piece)) {
        if is_smiley(piece) {
            found.push(piece.to_owned());
            continue;
        }
        let mut rest = piece;
        while let Some(first) = rest.chars().next() {
            let kind = Kind::of(first);
            let end = rest.find(|c| Kind::of(c) != kind).unwrap_or(rest.len());
            let end = if kind == Kind::Picture {
                first.len_utf8()
            } else {
                end
            };
            found.extend(kind.token(&rest[..end]));
            rest = &rest[end..];
        }
    }
    found.truncate(MAX_WORDS);
    found
}

/// ":-)", ";D", "<3", ":/".
fn is_smiley(piece: &str) -> bool {
    let mut chars = piece.chars();
    let eyes = chars.next().is_some_and(|c| ":;=<".contains(c));
    let mouth = chars.as_str().trim_start_matches('-');
    eyes && mouth.chars().count() == 1 && "()DPp/\\|3".contains(mouth)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letters,
    Digits,
    Calls,
    Asks,
    Dots,
    Picture,
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            '\'' | '’' => Self::Letters,
            _ if c.is_alphabetic() => Self::Letters,
            _ if c.is_numeric() => Self::Digits,
            '!' => Self::Calls,
            '?' => Self::Asks,
            '.' | '…' => Self::Dots,
            _ if c as u32 > 0x2000 => Self::Picture,
            _ => Self::Other,
        }
    }

    fn token(self, text: &str) -> Option<String> {
        let several = text.chars().count() > 1;
        match self {
            Self::Letters => word(text),
            Self::Digits => Some("0".to_owned()),
            Self::Calls => Some(if several { "!!" } else { "!" }.to_owned()),
            Self::Asks => Some(if several { "??" } else { "?" }.to_owned()),
            Self::Dots => (several || text == "…").then(|| "...".to_owned()),
            Self::Picture => Some(text.to_owned()),
            Self::Other => None,
        }
    }
}

/// Lower case, straight apostrophes inside alone, no letter more than twice in a row.
fn word(text: &str) -> Option<String> {
    let mut word = String::with_capacity(text.len());
    let mut run = 0;
    for c in text
        .replace('’', "'")
        .trim_matches('\'')
        .to_lowercase()
        .chars()
    {
        run = if word.ends_with(c) { run + 1 } else { 0 };
        if run < 2 {
            word.push(c);
        }
    }
    (!word.is_empty()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, features, tokens, wording};

    #[test]
    fn a_text_falls_into_its_words_signs_and_smileys() {
        let read = |text: &str| tokens(text).join("|");
        assert_eq!(
            read("@Shop I'm SOOOO happy!!! :) #yay http://a.b"),
            "i'm|soo|happy|!!|:)|yay"
        );
        assert_eq!(read("It’s 3.50… ok?"), "it's|0|0|...|ok|?");
        assert_eq!(read("👍👍 'quoted' a-b"), "👍|👍|quoted|a|b");
        assert!(read("  ").is_empty());
    }

    #[test]
    fn what_is_no_language_is_left_out() {
        assert_eq!(
            wording("@Shop thanks, see https://t.co/x #great"),
            "thanks, see great"
        );
        assert_eq!(wording("I paid 5 @ the desk"), "I paid 5 @ the desk");
    }

    #[test]
    fn a_negation_marks_what_follows_and_buckets_are_bounded() {
        assert_ne!(features("good not"), features("not good"));
        assert_eq!(features("@one thanks"), features("@another thanks"));
        let long = "so many words ".repeat(9000);
        let found = features(&long);
        assert!(found.is_sorted() && found.len() < 100, "each bucket once");
        assert!(
            found.iter().all(|at| usize::from(*at) < BUCKETS),
            "a bucket too many"
        );
    }
}
