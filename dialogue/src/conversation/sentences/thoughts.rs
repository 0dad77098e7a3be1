//! Thoughts and calls of tools that a model writes into its text, taken out however they are cut into pieces. One that
//! is not closed goes to the end.

use super::Withheld;

/// Bytes of a tag at most; what is longer is none.
const MAX_TAG: usize = 80;

/// What begins and ends something that is not spoken, in lower case; the longer of two that begin alike stands first.
/// Names of tags are followed by white space, `/` or `>`.
const MARKS: &[(&str, &str, Withheld)] = &[
    ("<thinking", "</thinking", Withheld::Thought),
    ("<think", "</think", Withheld::Thought),
    ("<thoughts", "</thoughts", Withheld::Thought),
    ("<thought", "</thought", Withheld::Thought),
    ("<reasoning", "</reasoning", Withheld::Thought),
    ("<reflection", "</reflection", Withheld::Thought),
    ("<analysis", "</analysis", Withheld::Thought),
    ("<scratchpad", "</scratchpad", Withheld::Thought),
    ("[think]", "[/think]", Withheld::Thought),
    ("◁think▷", "◁/think▷", Withheld::Thought),
    (
        "<|channel|>analysis",
        "<|channel|>final<|message|>",
        Withheld::Thought,
    ),
    ("<tool_calls", "</tool_calls", Withheld::Markup),
    ("<tool_call", "</tool_call", Withheld::Markup),
    ("<function_calls", "</function_calls", Withheld::Markup),
    ("<function_call", "</function_call", Withheld::Markup),
    ("<function", "</function", Withheld::Markup),
    ("<invoke", "</invoke", Withheld::Markup),
    ("[tool_calls]", "[/tool_calls]", Withheld::Markup),
    ("```", "```", Withheld::Markup),
];

/// Takes thoughts out of a text that arrives in pieces.
#[derive(Debug, Clone, Default)]
pub(super) struct Thoughts {
    /// What may yet become a tag.
    held: String,
    /// In which of [`MARKS`], how deep.
    inside: Option<(usize, usize)>,
}

/// What is left of a piece.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) withheld: Vec<Withheld>,
    /// What stood before it in the sentence was a thought: its end came without its beginning.
    pub(super) began_with_thoughts: bool,
}

enum Tag {
    Open(usize),
    Close(usize),
}

impl Thoughts {
    pub(super) fn push(&mut self, piece: &str) -> Spoken {
        self.held.push_str(piece);
        let mut spoken = Spoken::default();
        while let Some((at, length, tag)) = find(&self.held) {
            let before: String = self.held.drain(..at + length).collect();
            if self.inside.is_none() {
                spoken.text.push_str(&before[..at]);
            }
            let is_empty = before.ends_with("/>");
            self.inside = match (self.inside, tag) {
                (inside, Tag::Open(_)) if is_empty => inside,
                // A mark that closes as it opens.
                (Some((mark, _)), Tag::Open(other)) if mark == other && is_symmetric(mark) => None,
                (Some((mark, depth)), Tag::Open(other)) if mark == other => Some((mark, depth + 1)),
                (Some((mark, depth)), Tag::Close(other)) if mark == other => {
                    (depth > 1).then_some((mark, depth - 1))
                }
                (Some(inside), _) => Some(inside),
                (None, Tag::Open(mark)) => {
                    spoken.withheld.push(MARKS[mark].2);
                    Some((mark, 1))
                }
                (None, Tag::Close(_)) => {
                    spoken.text.clear();
                    spoken.withheld.push(Withheld::Thought);
                    spoken.began_with_thoughts = true;
                    None
                }
            };
        }
        let keep = self.held.len() - possible_tag(&self.held);
        let certain: String = self.held.drain(..keep).collect();
        if self.inside.is_none() {
            spoken.text.push_str(&certain);
        }
        spoken
    }

    /// The text is complete: what was no tag is text.
    pub(super) fn end(&mut self) -> Spoken {
        let held = std::mem::take(&mut self.held);
        Spoken {
            text: if self.inside.is_none() {
                held
            } else {
                String::new()
            },
            ..Spoken::default()
        }
    }
}

fn is_symmetric(mark: usize) -> bool {
    MARKS[mark].0 == MARKS[mark].1
}

/// The first tag of a text that is complete: where it begins, its length, and what it is.
fn find(text: &str) -> Option<(usize, usize, Tag)> {
    let lower = text.to_ascii_lowercase();
    let mut first: Option<(usize, usize, Tag)> = None;
    for (mark, (open, close, _)) in MARKS.iter().enumerate() {
        for (word, is_open) in [(open, true), (close, false)] {
            for (at, _) in lower.match_indices(word) {
                let Some(length) = tag_length(&lower[at..], word) else {
                    continue;
                };
                if first.as_ref().is_none_or(|(known, ..)| at < *known) {
                    let tag = if is_open {
                        Tag::Open(mark)
                    } else {
                        Tag::Close(mark)
                    };
                    first = Some((at, length, tag));
                }
                break;
            }
        }
    }
    first
}

/// The length of the tag that begins with `word`, if it is whole.
fn tag_length(text: &str, word: &str) -> Option<usize> {
    let is_name =
        word.starts_with('<') && word.ends_with(char::is_alphabetic) && !word.contains('|');
    if !is_name {
        return Some(word.len());
    }
    let rest = &text[word.len()..];
    let is_whole_name =
        rest.starts_with(|c: char| c == '>' || c == '/' || c == '=' || c.is_whitespace());
    let end = rest.find('>').filter(|end| *end < MAX_TAG)?;
    is_whole_name.then_some(word.len() + end + 1)
}

/// Bytes at the end of a text that may be the beginning of a tag.
fn possible_tag(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    let from = lower.len().saturating_sub(MAX_TAG);
    let starts = lower.char_indices().filter(|(at, _)| *at >= from);
    let mut starts = starts.map(|(at, _)| &lower[at..]);
    let may_be = |rest: &&str| {
        let words = MARKS.iter().flat_map(|(open, close, _)| [open, close]);
        words.into_iter().any(|word| {
            let is_name = word.starts_with('<') && word.ends_with(char::is_alphabetic);
            word.starts_with(*rest) || (is_name && rest.starts_with(*word) && !rest.contains('>'))
        })
    };
    starts.find(may_be).map_or(0, str::len)
}
