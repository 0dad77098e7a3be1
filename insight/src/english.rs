//! The lists of English words that insight's rules go by: its part of `packs/languages/en.toml`.

use std::{cmp::Reverse, sync::LazyLock};

use serde::Deserialize;

use crate::{facts::MemoryWords, moment::LanguageMoments, redact::Kind, sentiment::Emotion};

/// The lists, read once.
pub(crate) fn english() -> &'static English {
    static ENGLISH: LazyLock<English> = LazyLock::new(|| {
        let mut english: English =
            toml::from_str(language::ENGLISH).expect("a test reads the file");
        english.redaction.prepare();
        english.sentiment.prepare();
        english
    });
    &ENGLISH
}

#[derive(Debug, Deserialize)]
pub(crate) struct English {
    pub(crate) summary: SummaryLists,
    pub(crate) redaction: Vocabulary,
    pub(crate) sentiment: Lexicon,
    pub(crate) moment: LanguageMoments,
    pub(crate) memory: MemoryWords,
}

/// Phrases of callers and agents that summaries go by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SummaryLists {
    pub(crate) closing: Vec<String>,
    pub(crate) not_closing: Vec<String>,
    pub(crate) thanks: Vec<String>,
    pub(crate) not_thanks: Vec<String>,
    pub(crate) repeats: Vec<String>,
    pub(crate) about_the_talk: Vec<String>,
    pub(crate) needs: Vec<String>,
    pub(crate) no_answer: Vec<String>,
    pub(crate) outside: Vec<String>,
    pub(crate) asks_again: Vec<String>,
    pub(crate) wants_person: Vec<String>,
    pub(crate) agrees: Vec<String>,
    pub(crate) bereavement: String,
    pub(crate) bereaved: Vec<String>,
    pub(crate) kin: Vec<String>,
    pub(crate) dying: Vec<String>,
    pub(crate) lost_kin: Vec<String>,
    pub(crate) steps: Vec<String>,
    pub(crate) trouble: Vec<String>,
    pub(crate) asks_for_name: Vec<String>,
    pub(crate) not_names: Vec<String>,
    pub(crate) not_wished: Vec<String>,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) calls: CallsBefore,
    pub(crate) dates: Dates,
}

/// Why somebody calls, as the summary notes it, and the phrases that say so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) reason: String,
    pub(crate) phrases: Vec<String>,
}

/// The words by which callers say that they have called before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallsBefore {
    pub(crate) ordinals: Vec<String>,
    pub(crate) counts: Vec<String>,
    pub(crate) twice: Vec<String>,
    pub(crate) calling: Vec<String>,
    pub(crate) before: Vec<String>,
}

/// The words by which days are named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dates {
    pub(crate) days: Vec<String>,
    pub(crate) months: Vec<String>,
    pub(crate) unsure: Vec<String>,
    pub(crate) leads: Vec<String>,
    pub(crate) units: Vec<String>,
    pub(crate) ago: Vec<String>,
    pub(crate) counts: Vec<String>,
    pub(crate) ordinals: Vec<String>,
    pub(crate) asking: Vec<String>,
    pub(crate) past: Vec<String>,
}

/// A wish of callers, as the summary notes it, and the phrases that state it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) phrases: Vec<String>,
}

/// The words by which digits are named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vocabulary {
    pub(crate) harmless_codes: Vec<String>,
    pub(crate) harmless: Vec<String>,
    pub(crate) cards: Vec<String>,
    pub(crate) connectives: Vec<String>,
    pub(crate) prepositions: Vec<String>,
    pub(crate) determiners: Vec<String>,
    pub(crate) counted: Vec<String>,
    pub(crate) asks: Vec<String>,
    pub(crate) warns: Vec<String>,
    pub(crate) asks_how_much: Vec<String>,
    secrets: Secrets,
    /// Phrases that name a secret, word by word, longest first.
    #[serde(skip)]
    pub(crate) secret_phrases: Vec<(Vec<String>, Kind)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    card_number: Vec<String>,
    pin: Vec<String>,
    security_code: Vec<String>,
    code: Vec<String>,
    password: Vec<String>,
}

/// The words that show a feeling.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lexicon {
    pub(crate) intensifiers: Vec<String>,
    phrases: Feelings,
    /// Phrase word by word, weight in tenths, emotion; longest first.
    #[serde(skip)]
    pub(crate) by_length: Vec<(Vec<String>, i32, Emotion)>,
}

type Weighted = Vec<(String, i32)>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Feelings {
    satisfied: Weighted,
    happy: Weighted,
    excited: Weighted,
    angry: Weighted,
    frustrated: Weighted,
    confused: Weighted,
    worried: Weighted,
    neutral: Weighted,
}

impl Vocabulary {
    fn prepare(&mut self) {
        let secrets = &self.secrets;
        let kinds = [
            (&secrets.card_number, Kind::CardNumber),
            (&secrets.pin, Kind::Pin),
            (&secrets.security_code, Kind::SecurityCode),
            (&secrets.code, Kind::Code),
            (&secrets.password, Kind::Password),
        ];
        let phrases = kinds
            .into_iter()
            .flat_map(|(phrases, kind)| phrases.iter().map(move |phrase| (parts(phrase), kind)));
        self.secret_phrases = phrases.collect();
        self.secret_phrases
            .sort_by_key(|(phrase, _)| Reverse(phrase.len()));
    }
}

impl Lexicon {
    fn prepare(&mut self) {
        let feelings = &self.phrases;
        let emotions = [
            (&feelings.satisfied, Emotion::Satisfied),
            (&feelings.happy, Emotion::Happy),
            (&feelings.excited, Emotion::Excited),
            (&feelings.angry, Emotion::Angry),
            (&feelings.frustrated, Emotion::Frustrated),
            (&feelings.confused, Emotion::Confused),
            (&feelings.worried, Emotion::Worried),
            (&feelings.neutral, Emotion::Neutral),
        ];
        let phrases = emotions.into_iter().flat_map(|(phrases, emotion)| {
            let weighted = phrases.iter();
            weighted.map(move |(phrase, weight)| (parts(phrase), *weight, emotion))
        });
        self.by_length = phrases.collect();
        self.by_length
            .sort_by_key(|(phrase, ..)| Reverse(phrase.len()));
    }
}

fn parts(phrase: &str) -> Vec<String> {
    phrase.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::english;

    #[test]
    fn the_lists_are_read_and_longer_phrases_come_first() {
        let english = english();
        assert!(!english.summary.closing.is_empty(), "no closing phrases");
        let secrets = &english.redaction.secret_phrases;
        assert!(
            secrets.is_sorted_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len())),
            "a short name of a secret hides a longer one"
        );
        let feelings = &english.sentiment.by_length;
        assert!(
            feelings.is_sorted_by_key(|(phrase, ..)| std::cmp::Reverse(phrase.len())),
            "a short phrase claims the words of a longer one"
        );
    }
}
