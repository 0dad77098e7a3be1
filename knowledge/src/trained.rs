//! What `teller knowledge train` has learned for a pack, as its file `learned.toml` keeps it: what evidence weighs, what
//! the pack's callers sound like, and which document a question sounds like. A pack without the file learns the last two
//! when it is loaded, from its ways of asking alone.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use embedding::Classifier;
use serde::{Deserialize, Serialize};

use crate::{evidence::Weighing, learned::Learned};

/// What was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trained {
    /// What evidence weighs.
    pub(crate) weighing: Weighing,
    /// What the trade's callers sound like, by their words and letters.
    pub(crate) words: Packed,
    /// The same by what they mean.
    pub(crate) meaning: Packed,
    /// Which document a question sounds like, by source.
    pub(crate) documents: BTreeMap<String, Packed>,
}

/// Numbers in 8 bits: each times `scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packed {
    scale: f32,
    #[serde(default)]
    bias: f32,
    numbers: String,
}

impl Packed {
    pub(crate) fn new(numbers: &[f32], bias: f32) -> Self {
        let most = numbers
            .iter()
            .fold(0.0_f32, |most, number| most.max(number.abs()));
        let scale = if most > 0.0 { most / 127.0 } else { 1.0 };
        // At most 127 either way.
        #[expect(clippy::cast_possible_truncation, reason = "it was scaled to fit")]
        let bytes = numbers
            .iter()
            .map(|number| ((number / scale).round() as i8).to_le_bytes()[0]);
        Self {
            scale,
            bias,
            numbers: STANDARD.encode(bytes.collect::<Vec<u8>>()),
        }
    }

    /// `None` where it is no Base64.
    pub(crate) fn numbers(&self) -> Option<Vec<f32>> {
        let bytes = STANDARD.decode(&self.numbers).ok()?;
        let number = |byte: u8| f32::from(i8::from_le_bytes([byte])) * self.scale;
        Some(bytes.into_iter().map(number).collect())
    }

    pub(crate) fn learned(&self) -> Option<Learned> {
        Some(Learned::from_weights(self.numbers()?, self.bias))
    }
}

impl Trained {
    /// Checks that it can be used: what is wrong with it, else.
    pub(crate) fn check(&self) -> Result<(), String> {
        let words = self.words.learned().filter(Learned::is_of_words);
        words.ok_or("words: not the Base64 of as many numbers as there are buckets")?;
        self.meaning.learned().ok_or("meaning: not Base64")?;
        let documents = self.documents.values().map(Packed::numbers);
        let documents: Option<Vec<_>> = documents.collect();
        let documents = documents.ok_or("documents: not Base64")?;
        if !documents.is_empty() && Classifier::from_weights(&documents).is_none() {
            return Err("documents: not all have as many numbers".to_owned());
        }
        Ok(())
    }

    /// Which of these documents a question sounds like; `None` where one of them was not there when it was learned.
    pub(crate) fn classifier(&self, sources: &[String]) -> Option<Classifier> {
        let weights = sources
            .iter()
            .map(|source| self.documents.get(source)?.numbers());
        Classifier::from_weights(&weights.collect::<Option<Vec<_>>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::Packed;

    #[test]
    fn numbers_are_kept_to_the_hundredth_of_the_greatest() {
        let numbers = [0.0, 1.0, -2.5, 0.01];
        let packed = Packed::new(&numbers, 0.5);
        for (kept, number) in packed.numbers().unwrap().iter().zip(numbers) {
            assert!((kept - number).abs() <= 0.01, "{kept} for {number}");
        }
        assert_eq!(Packed::new(&[0.0], 0.0).numbers().unwrap(), [0.0]);
        let broken = Packed {
            numbers: "?".to_owned(),
            ..packed
        };
        assert_eq!(broken.numbers(), None);
    }
}
