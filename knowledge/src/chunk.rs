//! Documents in pieces small enough to rank and to quote.

use crate::{DocumentText, Provenance};

/// Characters in a chunk, at most.
pub const CHUNK_SIZE: usize = 1000;
/// Characters that a chunk repeats of the one before, at most.
pub const CHUNK_OVERLAP: usize = 200;
/// Where to cut, best first; the empty one cuts between any two characters.
const SEPARATORS: [&str; 4] = ["\n\n", "\n", " ", ""];

/// A piece of a document, as it is stored and indexed.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The document's [`DocumentText::source`].
    pub source: String,
    /// The document's title.
    pub title: String,
    /// The document's topic.
    pub topic: Option<String>,
    /// Which piece of the document, from 0.
    pub ordinal: usize,
    /// The piece.
    pub text: String,
    /// What the document says of where its facts come from.
    pub provenance: Provenance,
}

/// The chunks of one document, in order.
pub fn chunks(document: &DocumentText) -> Vec<Chunk> {
    let provenance = Provenance::new(document.date.as_deref(), document.credibility);
    split(&document.text, CHUNK_SIZE, CHUNK_OVERLAP)
        .into_iter()
        .enumerate()
        .map(|(ordinal, text)| Chunk {
            source: document.source.clone(),
            title: document.title.clone(),
            topic: document.topic.clone(),
            ordinal,
            text: text.to_owned(),
            provenance,
        })
        .collect()
}

/// Cuts `text` into slices of at most `size` characters, each beginning at most `overlap` characters
/// before the end of the one before. Nothing but white space at the edges is left out.
///
/// `overlap` must be smaller than `size`; a larger one is taken as none.
pub fn split(text: &str, size: usize, overlap: usize) -> Vec<&str> {
    let size = size.max(1);
    let overlap = if overlap < size { overlap } else { 0 };
    let mut pieces = Vec::new();
    let (mut start, mut covered) = (0, 0);
    loop {
        // The next text that no piece holds yet; white space between pieces belongs to none.
        let rest = text[covered..].trim_start();
        if rest.is_empty() {
            return pieces;
        }
        let fresh = text.len() - rest.len();
        let mut limit = forward(text, start, size);
        if limit <= fresh {
            start = fresh;
            limit = forward(text, start, size);
        }
        let end = if limit == text.len() {
            limit
        } else {
            cut(text, start, fresh, limit)
        };
        pieces.push(text[start..end].trim());
        covered = end;
        start = next_start(text, start, end, overlap);
    }
}

/// The byte position `chars` characters after `from`, or the end.
fn forward(text: &str, from: usize, chars: usize) -> usize {
    text[from..]
        .char_indices()
        .nth(chars)
        .map_or(text.len(), |(at, _)| from + at)
}

/// The last good place to end a piece: just after a separator within `start..limit`, with some of
/// the text from `fresh` on inside.
fn cut(text: &str, start: usize, fresh: usize, limit: usize) -> usize {
    // A cut in the first half would leave a stump; the next separator is tried instead.
    let half = start + (limit - start) / 2;
    SEPARATORS
        .iter()
        .filter(|separator| !separator.is_empty())
        .filter_map(|separator| {
            text[start..limit]
                .rfind(separator)
                .map(|at| start + at + separator.len())
        })
        .find(|&end| end > half && end > fresh)
        .unwrap_or(limit)
}

/// Where the next piece begins: up to `overlap` characters back, moved on to the start of a word.
fn next_start(text: &str, start: usize, end: usize, overlap: usize) -> usize {
    if overlap == 0 {
        return end;
    }
    let back = text[..end]
        .char_indices()
        .rev()
        .nth(overlap - 1)
        .map_or(0, |(at, _)| at);
    let word = SEPARATORS
        .iter()
        .filter(|separator| !separator.is_empty())
        .find_map(|separator| {
            text[back..end]
                .find(separator)
                .map(|at| back + at + separator.len())
        })
        .filter(|&at| at < end)
        .unwrap_or(back);
    // Always forward, or a text without separators would never end.
    if word > start { word } else { end }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK_OVERLAP, CHUNK_SIZE, split};

    /// A small generator, so that a failure repeats (xorshift64).
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % (n as u64)).unwrap()
        }

        fn text(&mut self) -> String {
            let alphabet = [
                "a",
                "bc",
                " ",
                " ",
                "\n",
                "\n\n",
                "é",
                "日本",
                "🏦",
                "word ",
                "end. ",
                "xxxxxxxxxxxxxxxxxxxx",
            ];
            (0..self.below(400))
                .map(|_| alphabet[self.below(alphabet.len())])
                .collect()
        }
    }

    #[test]
    fn every_text_splits_into_covering_overlapping_pieces_within_the_size() {
        let mut random = Random(0x5eed_cafe);
        for round in 0..2000 {
            let text = random.text();
            let size = 1 + random.below(120);
            let overlap = random.below(size);
            let pieces = split(&text, size, overlap);
            let base = text.as_ptr() as usize;
            let mut covered = 0;
            for piece in &pieces {
                assert!(
                    piece.chars().count() <= size,
                    "round {round}: a piece is longer than {size}"
                );
                let from = piece.as_ptr() as usize - base;
                if from > covered {
                    assert!(
                        text[covered..from].trim().is_empty(),
                        "round {round}: text between pieces was lost"
                    );
                } else {
                    assert!(
                        text[from..covered].chars().count() <= overlap,
                        "round {round}: overlap above {overlap}"
                    );
                }
                assert!(
                    from + piece.len() > covered,
                    "round {round}: a piece brings nothing new"
                );
                covered = from + piece.len();
            }
            assert!(
                text[covered..].trim().is_empty(),
                "round {round}: the end was lost"
            );
        }
    }

    #[test]
    fn a_short_text_is_one_piece() {
        assert_eq!(split("one two", CHUNK_SIZE, CHUNK_OVERLAP), ["one two"]);
        assert!(split("  \n ", CHUNK_SIZE, CHUNK_OVERLAP).is_empty());
    }

    #[test]
    fn a_paragraph_end_is_preferred_to_a_word_end() {
        assert_eq!(
            split("first part here\n\nsecond part", 20, 0),
            ["first part here", "second part"]
        );
    }

    #[test]
    fn pieces_overlap_by_whole_words() {
        let pieces = split("aaa bbb ccc ddd eee fff", 12, 5);
        assert_eq!(pieces, ["aaa bbb ccc", "ccc ddd eee", "eee fff"]);
    }

    #[test]
    fn an_overlap_as_large_as_the_size_is_taken_as_none() {
        assert_eq!(split("abcdef", 3, 3), ["abc", "def"]);
    }
}
