//! A turn as sentences, and these as clauses: what one of them denies another does not.

use language::{
    Lexicon,
    phrase::{Match, Utterance},
};

use super::wish::MemoryWords;

/// A sentence.
#[derive(Debug)]
pub(super) struct Sentence<'t> {
    pub(super) text: &'t str,
    /// It ends with a question mark.
    pub(super) asked: bool,
    /// Its words as phrases look at them.
    pub(super) said: Utterance,
    pub(super) clauses: Vec<Utterance>,
}

/// The sentences of a text.
pub(super) fn sentences<'t>(lexicon: &Lexicon, text: &'t str) -> Vec<Sentence<'t>> {
    let parted = parts(text, &['.', '!', '?', '\n']);
    let parted = parted.into_iter().filter(|part| !part.trim().is_empty());
    parted
        .map(|part| Sentence {
            asked: part.trim_end().ends_with('?'),
            said: Utterance::new(lexicon.terms(part)),
            clauses: parts(part, &[',', ';', ':', '–', '—'])
                .into_iter()
                .map(|clause| Utterance::new(lexicon.terms(clause)))
                .collect(),
            text: part,
        })
        .collect()
}

/// Parts behind each of these marks that white space follows: the point of "1.5" and the comma of "1,500" part nothing.
fn parts<'t>(text: &'t str, marks: &[char]) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let ends = signs.peek().is_none_or(|(_, next)| next.is_whitespace());
        if marks.contains(&sign) && (ends || sign == '\n') {
            let end = at + sign.len_utf8();
            parts.push(&text[from..end]);
            from = end;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Words before a match in which a negation denies it.
const REACH: usize = 3;

/// Whether a match in a clause is denied. `no` does so where it stands directly before it: "no pool", but not "no, three".
pub(super) fn is_denied(clause: &Utterance, found: &Match, no: bool, words: &MemoryWords) -> bool {
    let first = found.at.first().copied().unwrap_or_default();
    let has_no = no && first > 0 && words.no.contains(&clause.words[first - 1].text);
    has_no || is_denied_before(clause, first, REACH, words)
}

/// Whether one of so many words before this one denies what follows it.
pub(super) fn is_denied_before(
    said: &Utterance,
    at: usize,
    reach: usize,
    words: &MemoryWords,
) -> bool {
    let at = at.min(said.words.len());
    (at.saturating_sub(reach)..at).any(|place| {
        let is_only = said
            .words
            .get(place + 1)
            .is_some_and(|next| words.only.contains(&next.text));
        words.denies.contains(&said.words[place].text) && !is_only
    })
}
