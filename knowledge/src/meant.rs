//! What a turn means to ask: without what was taken back, and in its clauses.

use serde::Deserialize;

/// Words by which a turn is read; `[meaning]` of a language's file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeaningWords {
    /// What takes back what was said before it: "no wait", "i mean".
    pub(crate) taken_back: Vec<String>,
    /// Between two questions: "and", "also".
    pub(crate) between: Vec<String>,
    /// A question begins with one of these: "how", "can".
    pub(crate) opens: Vec<String>,
    /// A turn with one of these leans on the turn before it: "it", "that one".
    pub(crate) leans: Vec<String>,
}

/// Words that a correction leaves of a turn, at least, for it to be a correction.
const LEFT: usize = 2;

/// A word with its bare form, for comparing.
#[derive(Clone, Debug)]
struct Word<'a> {
    said: &'a str,
    bare: String,
}

impl MeaningWords {
    /// The turn as the caller wants it to be understood. "My red, no wait, blue book" asks for the blue book;
    /// a correction that is a sentence of its own stands alone.
    pub(crate) fn without_taken_back(&self, text: &str) -> String {
        let words = words(text);
        let Some((from, to)) = self.last_correction(&words) else {
            return text.to_owned();
        };
        let (before, after) = (&words[..from], &words[to..]);
        let is_whole = after.len() > before.len()
            || after.len() > LEFT && after.iter().take(2).any(|word| self.is_opening(word));
        let kept = if is_whole {
            0
        } else {
            before.len().saturating_sub(after.len())
        };
        let said = before[..kept].iter().chain(after).map(|word| word.said);
        said.collect::<Vec<_>>().join(" ")
    }

    /// From where to where the last correction's own words go, if something stands on both sides.
    fn last_correction(&self, words: &[Word<'_>]) -> Option<(usize, usize)> {
        let found = |at: usize| {
            let lengths = self.taken_back.iter().filter_map(|marker| {
                let marker: Vec<&str> = marker.split(' ').collect();
                let said = words.get(at..at + marker.len())?;
                let is_said = said
                    .iter()
                    .zip(&marker)
                    .all(|(word, part)| word.bare == *part);
                is_said.then_some(marker.len())
            });
            lengths.max()
        };
        let corrections = (1..words.len()).rev().find_map(|at| {
            let to = at + found(at)?;
            (to < words.len()).then_some((at, to))
        });
        // "No, sorry, I mean": several in a row are one.
        corrections.map(|(mut from, to)| {
            while let Some(earlier) =
                (1..from).find(|at| found(*at).is_some_and(|n| at + n >= from))
            {
                from = earlier;
            }
            (from, to)
        })
    }

    fn is_opening(&self, word: &Word<'_>) -> bool {
        self.opens.contains(&word.bare)
    }

    /// The turn's clauses: parted at the ends of sentences, and at "and" and its like.
    pub(crate) fn clauses(&self, text: &str) -> Vec<String> {
        let mut clauses: Vec<Vec<&str>> = vec![Vec::new()];
        for word in words(text) {
            let is_between = self.between.contains(&word.bare);
            let clause = clauses.last_mut().expect("there is always one");
            if is_between && !clause.is_empty() {
                clauses.push(vec![word.said]);
                continue;
            }
            clause.push(word.said);
            if word.said.ends_with(['.', '?', '!', ';']) {
                clauses.push(Vec::new());
            }
        }
        let clauses = clauses.into_iter().filter(|clause| !clause.is_empty());
        clauses.map(|clause| clause.join(" ")).collect()
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let bare = |said: &str| {
        let letters = said.chars().filter(|c| c.is_alphanumeric() || *c == '\'');
        letters.collect::<String>().to_lowercase()
    };
    let words = text.split_whitespace();
    words
        .map(|said| Word {
            said,
            bare: bare(said),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::MeaningWords;

    fn english() -> MeaningWords {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        MeaningWords {
            taken_back: list(&["no wait", "i mean", "sorry", "no"]),
            between: list(&["and", "also"]),
            opens: list(&["how", "i", "what"]),
            leans: Vec::new(),
        }
    }

    #[test]
    fn what_was_taken_back_is_left_out() {
        let meant = |text: &str| english().without_taken_back(text);
        assert_eq!(
            meant("renew my red book no wait blue book"),
            "renew my blue book"
        );
        assert_eq!(
            meant("how do i open, no wait, how do i close it"),
            "how do i close it"
        );
        assert_eq!(
            meant("i lost my book no sorry i mean my film"),
            "i lost my film"
        );
        assert_eq!(
            meant("sorry how do i pay"),
            "sorry how do i pay",
            "nothing stands before it"
        );
        assert_eq!(
            meant("i want that no"),
            "i want that no",
            "nothing stands behind it"
        );
    }

    #[test]
    fn clauses_end_with_sentences_and_at_and() {
        assert_eq!(
            english().clauses("Hello. I lost it and when are you open? also the fee"),
            [
                "Hello.",
                "I lost it",
                "and when are you open?",
                "also the fee"
            ]
        );
        assert!(english().clauses(" ").is_empty());
    }
}
