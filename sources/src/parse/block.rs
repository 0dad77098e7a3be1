//! Headings and paragraphs, and how they are written down.

use call::input::clean_line;
use serde::{Deserialize, Serialize};

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Block {
    /// A heading, 1 the highest level.
    Heading(u8, String),
    /// A paragraph, an item of a list or a row of a table.
    Text(String),
}

/// The blocks' text without hidden characters and double spaces; empty ones are left out, and so are headings with
/// nothing below them.
pub(crate) fn tidy(blocks: &mut Vec<Block>) {
    for block in blocks.iter_mut() {
        let (Block::Heading(_, text) | Block::Text(text)) = block;
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = clean_line(&words.join(" "));
        // Marks of lists are for the eye.
        let marks = ['•', '·', '‣', '▪', '◦', '●', '○', '■', '\u{f0b7}'];
        *text = line.trim_start_matches(marks).trim_start().to_owned();
    }
    let is_empty = |block: &Block| {
        let (Block::Heading(_, text) | Block::Text(text)) = block;
        !text.chars().any(char::is_alphanumeric)
    };
    blocks.retain(|block| !is_empty(block));
    let mut below: Option<u8> = None;
    let mut kept: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks.drain(..).rev() {
        match &block {
            Block::Text(_) => below = Some(u8::MAX),
            // A heading stays where text or a lower heading follows.
            Block::Heading(level, _) if below.is_some_and(|below| below > *level) => {
                below = Some(*level);
            }
            Block::Heading(..) => continue,
        }
        kept.push(block);
    }
    kept.reverse();
    *blocks = kept;
}

/// Markdown of the blocks. Each paragraph ends as a sentence does: what is spoken of it stops there.
pub(crate) fn render(blocks: &[Block]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for block in blocks {
        parts.push(match block {
            Block::Heading(level, text) => {
                let marks = "#".repeat(usize::from((*level).clamp(1, 6)));
                format!("{marks} {text}")
            }
            Block::Text(text) => sentence(text),
        });
    }
    parts.join("\n\n")
}

fn sentence(text: &str) -> String {
    // A text that begins like a heading would be read as one.
    let text = text.trim_start_matches('#').trim_start();
    let inner = text.trim_end_matches(['"', '\'', ')', '”', '’', '»']);
    if inner.ends_with(['.', '!', '?', ':', '。', '！', '？', '।']) {
        return text.to_owned();
    }
    format!("{}.", text.trim_end_matches([',', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(level: u8, text: &str) -> Block {
        Block::Heading(level, text.to_owned())
    }

    fn text(text: &str) -> Block {
        Block::Text(text.to_owned())
    }

    #[test]
    fn headings_without_anything_below_are_left_out() {
        let mut blocks = vec![
            heading(1, "Title"),
            heading(2, "Empty"),
            heading(2, "Fees"),
            text(" two \n dollars\u{200b} "),
            text("***"),
            heading(1, "The end"),
        ];
        tidy(&mut blocks);
        let kept = [heading(1, "Title"), heading(2, "Fees"), text("two dollars")];
        assert_eq!(blocks, kept);
        assert_eq!(render(&blocks), "# Title\n\n## Fees\n\ntwo dollars.");
    }

    #[test]
    fn each_paragraph_ends_as_a_sentence() {
        for (given, written) in [
            ("One", "One."),
            ("One.", "One."),
            ("(Is it one?)", "(Is it one?)"),
            ("One,", "One."),
            ("# no heading", "no heading."),
        ] {
            assert_eq!(sentence(given), written);
        }
    }
}
