//! A text parted at its marks, and clauses put together to what is said in one breath. Pure.

use language::pronunciation::SpokenPart;

use super::super::sentence::Breath;

/// Marks that end a clause.
const MARKS: [char; 7] = ['.', ',', ';', ':', '?', '!', '…'];
/// Marks that end a sentence: what follows is a breath of its own.
const ENDS: [char; 4] = ['.', '?', '!', '…'];
/// A breath of so many sounds may end at a comma: about three seconds, which an encoder reads in some 50 ms.
const LONG_BREATH: usize = 60;
/// Fewer sounds than this are not left to a breath of their own.
const SHORT_BREATH: usize = 15;
/// Silence between two sentences, and between two breaths of one: the voice adds some of its own.
const SENTENCE_PAUSE_MS: u32 = 150;
const CLAUSE_PAUSE_MS: u32 = 0;

/// What lies between two marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) pieces: Vec<Piece>,
    pub(super) mark: Option<char>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Written(String),
    /// IPA that is known.
    Sounds(String),
}

impl Clause {
    /// What has to be spelled.
    pub(super) fn written(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Written(text) => Some(text.as_str()),
            Piece::Sounds(_) => None,
        })
    }
}

/// The clauses of a text; those without a letter or digit are left out.
pub(super) fn clauses(parts: &[SpokenPart]) -> Vec<Clause> {
    let mut all = Vec::new();
    let mut pieces = Vec::new();
    for part in parts {
        match part {
            SpokenPart::Sounds { ipa, .. } => pieces.push(Piece::Sounds(ipa.clone())),
            SpokenPart::Text(text) => {
                let mut now = String::new();
                let mut chars = text.chars().peekable();
                while let Some(c) = chars.next() {
                    let ends = chars.peek().is_none_or(|next| !next.is_alphanumeric());
                    if MARKS.contains(&c) && ends {
                        close(&mut now, &mut pieces);
                        if pieces.is_empty() {
                            continue;
                        }
                        let pieces = std::mem::take(&mut pieces);
                        all.push(Clause {
                            pieces,
                            mark: Some(c),
                        });
                    } else {
                        now.push(c);
                    }
                }
                close(&mut now, &mut pieces);
            }
        }
    }
    if !pieces.is_empty() {
        all.push(Clause { pieces, mark: None });
    }
    all
}

/// The words so far become a piece, if there are any. A line each: an inner line break would part them.
fn close(now: &mut String, pieces: &mut Vec<Piece>) {
    if now.contains(char::is_alphanumeric) {
        let words: Vec<&str> = now.split_whitespace().collect();
        pieces.push(Piece::Written(words.join(" ")));
    }
    now.clear();
}

/// Clauses in IPA with their marks as breaths: one a sentence, and of a long one parts that end at a mark.
pub(in super::super) fn breaths(clauses: &[(String, Option<char>)]) -> Vec<Breath> {
    let mut all = Vec::new();
    let mut now = String::new();
    for (at, (sounds, mark)) in clauses.iter().enumerate() {
        if !now.is_empty() {
            now.push(' ');
        }
        now += sounds;
        now.extend(mark);
        let left: usize = clauses[at + 1..]
            .iter()
            .map(|(sounds, _)| sounds.chars().count())
            .sum();
        let sentence_ends = mark.is_some_and(|mark| ENDS.contains(&mark));
        let long = now.chars().count() >= LONG_BREATH && left >= SHORT_BREATH;
        if left == 0 || sentence_ends || long {
            let pause = if sentence_ends {
                SENTENCE_PAUSE_MS
            } else {
                CLAUSE_PAUSE_MS
            };
            all.push(Breath {
                phonemes: std::mem::take(&mut now),
                pause_ms: if left == 0 { 0 } else { pause },
            });
            if left == 0 {
                break;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(text: &str) -> Vec<(String, Option<char>)> {
        let clauses = clauses(&[SpokenPart::Text(text.to_owned())]);
        let plain = |clause: &Clause| (clause.written().collect::<String>(), clause.mark);
        clauses.iter().map(plain).collect()
    }

    #[test]
    fn a_text_is_parted_at_marks_and_not_within_words() {
        let clause = |text: &str, mark| (text.to_owned(), mark);
        assert_eq!(
            parted("Well, it's e.g. 3.5: \"yes\"!"),
            [
                clause("Well", Some(',')),
                clause("it's e.g", Some('.')),
                clause("3.5", Some(':')),
                clause("\"yes\"", Some('!')),
            ]
        );
        assert_eq!(parted("no mark\nat all"), [clause("no mark at all", None)]);
        assert_eq!(parted("...?! ,, –"), []);
        assert_eq!(parted("What?!"), [clause("What", Some('?'))]);
    }

    #[test]
    fn a_mark_right_behind_known_sounds_is_theirs() {
        let parts = [
            SpokenPart::Sounds {
                letters: "tandy".into(),
                ipa: "ˈtændi".into(),
            },
            SpokenPart::Text(". Yes".into()),
        ];
        let clauses = clauses(&parts);
        assert_eq!(clauses.len(), 2);
        assert_eq!(clauses[0].pieces, [Piece::Sounds("ˈtændi".into())]);
        assert_eq!(clauses[0].mark, Some('.'));
    }

    #[test]
    fn a_sentence_is_one_breath_and_a_long_one_several_that_end_at_marks() {
        let clause = |count: usize, mark| ("a".repeat(count), Some(mark));
        let lengths = |clauses: &[(String, Option<char>)]| -> Vec<(usize, u32)> {
            let all = breaths(clauses);
            all.iter()
                .map(|b| (b.phonemes.chars().count(), b.pause_ms))
                .collect()
        };
        assert_eq!(lengths(&[clause(20, ','), clause(30, '.')]), [(53, 0)]);
        assert_eq!(
            lengths(&[
                clause(50, ','),
                clause(30, ','),
                clause(40, ','),
                clause(5, '.')
            ]),
            [(83, CLAUSE_PAUSE_MS), (48, 0)]
        );
        assert_eq!(
            lengths(&[clause(5, '.'), clause(8, '?')]),
            [(6, SENTENCE_PAUSE_MS), (9, 0)]
        );
        assert_eq!(
            lengths(&[clause(70, ','), clause(9, '.')]),
            [(82, 0)],
            "a few sounds were left alone"
        );
        assert_eq!(lengths(&[]), []);
        assert_eq!(breaths(&[("a".into(), None)])[0].phonemes, "a");
    }
}
