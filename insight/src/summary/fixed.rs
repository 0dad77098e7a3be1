//! The lines that a pack's agent says whatever was asked: none of them is an answer.

use language::{find_phrase, keys};

use crate::turn::Reply;

/// A line shorter than this could stand in an answer by chance.
const LEAST_WORDS: usize = 4;

/// Fixed lines, word by word.
#[derive(Debug, Default)]
pub(super) struct FixedLines(Vec<(Reply, Vec<String>)>);

impl FixedLines {
    /// Of lines with what they are to the caller's matter; `{…}` in one stands for anything.
    pub(super) fn new<'a>(lines: impl IntoIterator<Item = (Reply, &'a str)>) -> Self {
        let pieces = lines.into_iter().flat_map(|(reply, line)| {
            let sentences = line.split_inclusive(['.', '?', '!']);
            let pieces = sentences.flat_map(|sentence| sentence.split('{'));
            // What follows a placeholder begins behind its name.
            let pieces = pieces.map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest));
            pieces.map(move |piece| (reply, keys(piece)))
        });
        Self(
            pieces
                .filter(|(_, words)| words.len() >= LEAST_WORDS)
                .collect(),
        )
    }

    /// What the text is by the lines in it, that it knows nothing before all else; `None` where it holds none of those
    /// that keep it from being an answer.
    pub(super) fn in_text(&self, text: &str) -> Option<Reply> {
        let heard = keys(text);
        let order = [Reply::NotKnown, Reply::OutOfScope, Reply::Unclear];
        order.into_iter().find(|kind| {
            let mut of = self.0.iter().filter(|(reply, _)| reply == kind);
            of.any(|(_, words)| find_phrase(&heard, words).is_some())
        })
    }

    /// Whether fixed lines are all that the text holds.
    pub(super) fn is_all_of(&self, text: &str) -> bool {
        let heard = keys(text);
        let mut said = vec![false; heard.len()];
        for (_, words) in &self.0 {
            if let Some(at) = find_phrase(&heard, words) {
                said[at..at + words.len()].fill(true);
            }
        }
        said.contains(&true) && said.iter().filter(|said| !**said).count() < LEAST_WORDS
    }
}

#[cfg(test)]
mod tests {
    use super::FixedLines;
    use crate::turn::Reply;

    #[test]
    fn fixed_lines_are_found_in_what_was_said() {
        let lines = FixedLines::new([
            (
                Reply::NotKnown,
                "I am sorry, I have no reliable information on that. Please ask in another way.",
            ),
            (
                Reply::NotKnown,
                "I am not sure that I have that. I can tell you about this: {topic}. Shall I?",
            ),
            (Reply::OutOfScope, "I can only help with books."),
            (Reply::Talk, "Is there anything else I can help you with?"),
        ]);
        let said = |text| lines.in_text(text);
        assert_eq!(
            said("I am sorry, I have no reliable information on that."),
            Some(Reply::NotKnown)
        );
        assert_eq!(
            said("I can tell you about this: late returns. Shall I?"),
            Some(Reply::NotKnown)
        );
        assert_eq!(said("I can only help with books."), Some(Reply::OutOfScope));
        assert_eq!(
            said("It costs five cents. Is there anything else I can help you with?"),
            None
        );
        assert!(lines.is_all_of("Is there anything else I can help you with, Ann?"));
        assert!(!lines.is_all_of(
            "A reservation costs fifty cents. Is there anything else I can help you with?"
        ));
        assert!(!lines.is_all_of("A reservation costs fifty cents."));
    }
}
