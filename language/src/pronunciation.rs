//! How a company says its own words: names that a voice would read wrongly, each with letters that read right, or IPA.
//!
//! Words are found in the text as it is written, before it is made speakable: "EcoCash" is one word there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::speakable;

/// Words of one entry at most.
const MOST_WORDS: usize = 4;
/// Entries at most: each has a letter of its own while the text is made speakable.
const MOST_ENTRIES: usize = 1_000;
/// Letters of one respelling, and sounds of one word, at most.
const MOST_LETTERS: usize = 80;
/// The first of the letters that stand for entries: a syllable of Yi, which [`speakable`] leaves as it is. A text that
/// holds such letters itself loses them; no voice here says them.
const FIRST_MARK: u32 = 0xa000;
const LAST_MARK: u32 = 0xa48c;

/// Letters of the International Phonetic Alphabet beside a to z, with stress, length and what espeak-ng adds.
const IPA: &str =
    "æɐɑɒɓʙβɔɕçɗɖðʤəɘɚɛɜɝɞɟʄɡɠɢʛɦɧħɥʜɨɪʝɭɬɫɮʟɱɯɰŋɳɲɴøɵɸθœɶɹɺɾɻʀʁɽʂʃʈʧʉʊʋⱱʌɣɤʍχʎʏʑʐʒʔʡʕʢˈˌːˑʰʲʷˠˤ˞ᵻ";

/// What is accepted as a word, as letters and as IPA.
pub const WORD_FORM: &str =
    "a word, or up to four, of letters, digits, ', -, & and .; each once, at most 1000 in all";
/// See [`WORD_FORM`].
pub const SAY_FORM: &str = "letters that read right, with spaces, ' and -, at most 80";
/// See [`WORD_FORM`].
pub const IPA_FORM: &str =
    "sounds in IPA, such as \"məˈɹɪdiən\", with ˈ, ˌ and ː, without slashes, at most 80";

/// How one word is said: by letters, by sounds, or both; a voice that takes sounds takes those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pronunciation {
    /// Letters that read right, "tandy".
    pub say: Option<String>,
    /// IPA, "ˈtændi".
    pub ipa: Option<String>,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PronunciationError {
    /// The word is not of [`WORD_FORM`], is there twice, or is one too many.
    Word,
    /// The letters are not of [`SAY_FORM`].
    Say,
    /// The sounds are not of [`IPA_FORM`].
    Ipa,
    /// It has neither.
    Empty,
}

/// A pack's words and how they are said.
#[derive(Clone, Debug, Default)]
pub struct Pronunciations {
    entries: Vec<(String, Pronunciation)>,
    /// First word in lower case -> places, those of more words first.
    by_first_word: BTreeMap<String, Vec<usize>>,
}

/// A part of a text, ready to be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpokenPart {
    /// Words as they are read.
    Text(String),
    /// A word whose sounds are known.
    Sounds {
        /// For a voice that reads.
        letters: String,
        /// For one that takes sounds: IPA.
        ipa: String,
    },
}

impl Pronunciations {
    /// Checks and takes entries.
    ///
    /// # Errors
    /// The word whose entry is wrong, and in what.
    pub fn new(
        entries: impl IntoIterator<Item = (String, Pronunciation)>,
    ) -> Result<Self, (String, PronunciationError)> {
        let mut all = Self::default();
        let mut known = BTreeSet::new();
        for (written, said) in entries {
            let lower = written.to_lowercase();
            let full = all.entries.len() == MOST_ENTRIES;
            let error = if full || !is_word(&written) || !known.insert(lower) {
                Some(PronunciationError::Word)
            } else {
                said.error()
            };
            if let Some(error) = error {
                return Err((written, error));
            }
            all.entries.push((written, said));
        }
        for (at, (written, _)) in all.entries.iter().enumerate() {
            let first = written.split_whitespace().next().unwrap_or_default();
            let places = all.by_first_word.entry(first.to_lowercase()).or_default();
            places.push(at);
        }
        for places in all.by_first_word.values_mut() {
            places.sort_by_key(|&at| std::cmp::Reverse(all.entries[at].0.split(' ').count()));
        }
        Ok(all)
    }

    /// All that makes two of these speak differently, in a fixed order.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut all = String::new();
        for (written, said) in &self.entries {
            // Writing to a string cannot fail.
            if writeln!(all, "{written}\t{:?}\t{:?}", said.say, said.ipa).is_err() {
                break;
            }
        }
        all
    }

    /// The text for a voice, with the words that are known marked as such.
    #[must_use]
    pub fn speakable(&self, text: &str) -> Vec<SpokenPart> {
        if self.entries.is_empty() {
            return vec![SpokenPart::Text(speakable(text))];
        }
        let spoken = speakable(&self.marked(text));
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = spoken.as_str();
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            let entry = mark_place(c).and_then(|at| self.entries.get(at));
            let Some((written, said)) = entry else {
                plain.push(c);
                continue;
            };
            let owns = ["'s", "’s"].iter().find_map(|end| rest.strip_prefix(end));
            rest = owns.unwrap_or(rest);
            let mut letters = said.say.clone().unwrap_or_else(|| speakable(written));
            letters += if owns.is_some() { "'s" } else { "" };
            match &said.ipa {
                // Read like the words around it.
                None => plain += &letters,
                Some(ipa) => {
                    if !plain.trim().is_empty() {
                        parts.push(SpokenPart::Text(std::mem::take(&mut plain)));
                    }
                    plain.clear();
                    let end = if owns.is_some() { genitive(ipa) } else { "" };
                    parts.push(SpokenPart::Sounds {
                        letters,
                        ipa: format!("{ipa}{end}"),
                    });
                }
            }
        }
        if !plain.trim().is_empty() {
            parts.push(SpokenPart::Text(plain));
        }
        parts
    }

    /// The text with each known word replaced by its mark.
    fn marked(&self, text: &str) -> String {
        let text: String = text.chars().filter(|c| !is_mark(*c)).collect();
        let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while at < words.len() {
            match self.entry_at(&words[at..]) {
                Some((place, count)) => {
                    let (before, _, _) = parted(words[at]);
                    let (_, core, after) = parted(words[at + count - 1]);
                    out += before;
                    out.extend(mark(place));
                    out += possessive(core).map_or("", |_| "'s");
                    out += after;
                    at += count;
                }
                None => {
                    out += words[at];
                    at += 1;
                }
            }
        }
        out
    }

    /// The entry that these words begin with, and of how many words it is.
    fn entry_at(&self, words: &[&str]) -> Option<(usize, usize)> {
        let plain = |word: &str| {
            let core = parted(word).1;
            possessive(core).unwrap_or(core).to_lowercase()
        };
        let first = plain(words.first()?);
        let places = self.by_first_word.get(&first)?;
        places.iter().find_map(|&place| {
            let written: Vec<&str> = self.entries[place].0.split_whitespace().collect();
            let there = words.get(..written.len())?;
            let last = written.len() - 1;
            let is_it = there
                .iter()
                .zip(&written)
                .enumerate()
                .all(|(at, (word, own))| {
                    let (before, core, after) = parted(word);
                    // Only at the edges may there be punctuation, and only the last word owns something.
                    let whole = at == 0 || before.is_empty();
                    let goes_on = at == last || after.trim().is_empty();
                    let core = if at == last {
                        possessive(core).unwrap_or(core)
                    } else {
                        core
                    };
                    whole && goes_on && core.to_lowercase() == own.to_lowercase()
                });
            is_it.then_some((place, written.len()))
        })
    }
}

impl Pronunciation {
    fn error(&self) -> Option<PronunciationError> {
        let fits = |text: &str, allowed: &dyn Fn(char) -> bool| {
            let count = text.chars().count();
            (1..=MOST_LETTERS).contains(&count)
                && !text.trim().is_empty()
                && text.chars().all(|c| allowed(c) || c == ' ')
        };
        let letter = |c: char| c.is_alphabetic() && !is_mark(c) || matches!(c, '\'' | '-');
        let sound = |c: char| {
            c.is_ascii_lowercase() || IPA.contains(c) || ('\u{300}'..='\u{36f}').contains(&c)
        };
        match (&self.say, &self.ipa) {
            (None, None) => Some(PronunciationError::Empty),
            (Some(say), _) if !fits(say, &letter) => Some(PronunciationError::Say),
            (_, Some(ipa)) if !fits(ipa, &sound) => Some(PronunciationError::Ipa),
            _ => None,
        }
    }
}

/// What a voice that reads is given.
#[must_use]
pub fn in_letters(parts: &[SpokenPart]) -> String {
    let letters = parts.iter().map(|part| match part {
        SpokenPart::Text(text) => text.as_str(),
        SpokenPart::Sounds { letters, .. } => letters,
    });
    letters.collect()
}

fn is_word(written: &str) -> bool {
    let words: Vec<&str> = written.split(' ').collect();
    let fits = |c: char| c.is_alphanumeric() && !is_mark(c) || matches!(c, '\'' | '-' | '&' | '.');
    let edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    words.len() <= MOST_WORDS
        && written.chars().count() <= MOST_LETTERS
        && words.iter().all(|word| {
            word.chars().all(fits) && edge(word.chars().next()) && edge(word.chars().next_back())
        })
}

/// Opening punctuation, the word, and what follows it with the white space.
fn parted(word: &str) -> (&str, &str, &str) {
    let start = word.find(char::is_alphanumeric).unwrap_or(word.len());
    let rest = &word[start..];
    let end = rest.char_indices().rfind(|(_, c)| c.is_alphanumeric());
    let end = end.map_or(0, |(at, c)| at + c.len_utf8());
    (&word[..start], &rest[..end], &rest[end..])
}

/// The word that owns something.
fn possessive(core: &str) -> Option<&str> {
    ["'s", "’s"].iter().find_map(|end| core.strip_suffix(end))
}

/// How "'s" sounds after these sounds.
fn genitive(ipa: &str) -> &'static str {
    match ipa.trim_end_matches('ː').chars().next_back() {
        Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
        Some('s' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ') => "ᵻz",
        _ => "z",
    }
}

fn mark(place: usize) -> Option<char> {
    char::from_u32(FIRST_MARK + u32::try_from(place).ok()?)
}

fn mark_place(c: char) -> Option<usize> {
    is_mark(c).then(|| (u32::from(c) - FIRST_MARK) as usize)
}

fn is_mark(c: char) -> bool {
    (FIRST_MARK..=LAST_MARK).contains(&u32::from(c))
}

#[cfg(test)]
mod tests;
