//! What is written for a machine: no person says it.

/// No sentence of speech holds one of these.
const MARKS: &[&str] = &[
    "{",
    "}",
    "```",
    "</",
    "<|",
    "|>",
    "[[",
    "]]",
    "\":",
    "tool_call",
    "function_call",
    "<|",
];

/// Whether a sentence is markup, JSON or a call of a function written as text.
pub(super) fn is_markup(sentence: &str) -> bool {
    let is_tag = |(at, _): (usize, &str)| sentence[at + 1..].starts_with(char::is_alphabetic);
    let is_call = |word: &str| {
        let name = word.split('(').next().unwrap_or_default();
        word.contains('(') && name.contains('_')
    };
    MARKS.iter().any(|mark| sentence.contains(mark))
        || sentence.match_indices('<').any(is_tag)
        || sentence.split_whitespace().any(is_call)
}
