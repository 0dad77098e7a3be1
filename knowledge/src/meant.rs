//! What a turn means to ask: without what was taken back, and in its clauses.

use language::is_function_word;
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
    /// A clause with one of these first is a question: "how".
    pub(crate) asks: Vec<String>,
    /// A turn that begins so wants something to be done, although it looks like a question: "can you".
    #[serde(default)]
    pub(crate) requests: Vec<String>,
    /// A turn with one of these leans on the turn before it: "it", "that one".
    pub(crate) leans: Vec<String>,
    /// How one thing is refused and another wanted.
    #[serde(default)]
    pub(crate) contrast: Vec<Contrast>,
}

/// A way of refusing one thing, and of wanting another instead.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contrast {
    /// "i do not want"
    refused: Vec<String>,
    /// "i want"
    wanted: Vec<String>,
    /// A turn that begins with one of these and wants nothing declines everything: "I do not want to".
    #[serde(default)]
    declines: Vec<String>,
    /// It counts only where a turn begins with it.
    #[serde(default)]
    first: bool,
}

/// Words that may stand before what a turn begins with: "no no I do not want that".
const BEFORE_FIRST: usize = 3;

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

    /// What was said before the last correction, and after it; none where nothing was taken back.
    pub(crate) fn around_taken_back(&self, text: &str) -> Option<(String, String)> {
        let words = words(text);
        let (from, to) = self.last_correction(&words)?;
        let join = |words: &[Word<'_>]| {
            let said: Vec<&str> = words.iter().map(|word| word.said).collect();
            said.join(" ")
        };
        Some((join(&words[..from]), join(&words[to..])))
    }

    /// From where to where the last correction's own words go, if something stands on both sides.
    fn last_correction(&self, words: &[Word<'_>]) -> Option<(usize, usize)> {
        let found = |at: usize| starts_with(&words[at..], &self.taken_back);
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

    /// The turn without what it refuses where something else is wanted instead: "not the red book, I need the blue one".
    pub(crate) fn without_refused(&self, text: &str) -> String {
        let words = words(text);
        let found = self
            .contrast
            .iter()
            .find_map(|contrast| contrast.find(&words));
        let Some((from, Some(to))) = found else {
            return text.to_owned();
        };
        let said = words[..from].iter().chain(&words[to..]);
        said.map(|word| word.said).collect::<Vec<_>>().join(" ")
    }

    /// The turn only refuses something.
    pub(crate) fn is_refusal(&self, text: &str) -> bool {
        let words = words(text);
        self.contrast.iter().any(|contrast| {
            let mut first = 0..BEFORE_FIRST.min(words.len());
            let begins = first.any(|at| starts_with(&words[at..], &contrast.declines).is_some());
            begins && contrast.find(&words).is_none_or(|(_, wish)| wish.is_none())
        })
    }

    /// The clause is a question or request of its own, behind what joins it to the one before.
    pub(crate) fn is_opening_clause(&self, clause: &str) -> bool {
        let words = words(clause);
        let mut own = words
            .iter()
            .skip_while(|word| self.between.contains(&word.bare));
        own.next().is_some_and(|word| self.is_opening(word))
    }

    /// The clause asks something.
    pub(crate) fn is_question(&self, clause: &str) -> bool {
        let words = words(clause);
        let mut own = words
            .iter()
            .skip_while(|word| self.between.contains(&word.bare));
        own.next()
            .is_some_and(|word| self.asks.contains(&word.bare))
    }

    /// The turn asks that something be done: "can you renew it".
    pub(crate) fn is_request(&self, text: &str) -> bool {
        starts_with(&words(text), &self.requests).is_some()
    }

    /// The clause speaks of something that was named before it.
    pub(crate) fn leans_back(&self, clause: &str) -> bool {
        let words = words(clause);
        // The first word joins it to what stands before it, whatever that is.
        words
            .iter()
            .skip(1)
            .any(|word| self.leans.contains(&word.bare))
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

impl Contrast {
    /// Where the refusal begins, and where the wish does, if there is one that says something.
    fn find(&self, words: &[Word<'_>]) -> Option<(usize, Option<usize>)> {
        let last = if self.first {
            BEFORE_FIRST.min(words.len())
        } else {
            words.len()
        };
        let (from, length) =
            (0..last).find_map(|at| Some((at, starts_with(&words[at..], &self.refused)?)))?;
        let wish = (from + length + 1..words.len()).find(|at| {
            let marker = starts_with(&words[*at..], &self.wanted);
            let mut rest = words[*at..].iter().skip(marker.unwrap_or_default());
            marker.is_some() && rest.any(|word| !is_function_word(&word.bare))
        });
        Some((from, wish))
    }
}

/// The length of the longest of these markers with which the words begin.
fn starts_with(words: &[Word<'_>], markers: &[String]) -> Option<usize> {
    let first = words.first().map_or("", |word| &word.bare);
    let may_begin = markers.iter().filter(|marker| marker.starts_with(first));
    let lengths = may_begin.filter_map(|marker| {
        let parts = marker.split(' ');
        let length = parts.clone().count();
        let is_said = words.len() >= length
            && words
                .iter()
                .zip(parts)
                .all(|(word, part)| word.bare == part);
        is_said.then_some(length)
    });
    lengths.max()
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
    use super::{Contrast, MeaningWords};

    fn english() -> MeaningWords {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        MeaningWords {
            taken_back: list(&["no wait", "i mean", "sorry", "no"]),
            between: list(&["and", "also"]),
            opens: list(&["how", "i", "what"]),
            asks: Vec::new(),
            requests: Vec::new(),
            leans: Vec::new(),
            contrast: vec![
                Contrast {
                    refused: list(&["i don't want"]),
                    wanted: list(&["i want", "but", "what"]),
                    declines: list(&["i don't want the"]),
                    first: false,
                },
                Contrast {
                    refused: list(&["not the"]),
                    wanted: list(&["the"]),
                    declines: Vec::new(),
                    first: true,
                },
            ],
        }
    }

    #[test]
    fn what_is_refused_is_left_out_where_something_else_is_wanted() {
        let meant = |text: &str| english().without_refused(text);
        assert_eq!(
            meant("please i don't want the film i want the book"),
            "please i want the book"
        );
        assert_eq!(meant("not the film the book"), "the book");
        assert_eq!(
            meant("the film is not the book"),
            "the film is not the book",
            "it does not begin with it"
        );
        let worried = "i don't want to lose it what can i do";
        assert_eq!(meant(worried), worried, "the rest says nothing alone");
        assert!(english().is_refusal("no i don't want the film"));
        assert!(!english().is_refusal("i don't want the film but the book"));
        assert!(!english().is_refusal("i don't want my book any more"));
        assert!(!english().is_refusal("they told me at the desk that i don't want it"));
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
