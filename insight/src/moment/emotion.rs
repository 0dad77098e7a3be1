//! Which of the eight emotions a turn shows: a linear model over words and letters, with the lexicon beside it.

use std::{fmt, sync::LazyLock};

use crate::sentiment::{Emotion, Head, Logits, features_in, share, shown};

/// Of words and pairs, and as many of letters.
const HALF: u16 = 1 << 14;
/// Buckets that the model of emotion looks at.
pub const EMOTION_BUCKETS: usize = 2 * HALF as usize;
const MARK: &[u8; 8] = b"emotion1";
/// What is behind a "but" against the whole.
const AFTER_BUT: f32 = 0.6;

/// The buckets, below [`EMOTION_BUCKETS`], that `text` falls into, each once, rising.
#[must_use]
pub fn emotion_features(text: &str) -> Vec<u16> {
    features_in(text, HALF)
}

/// What was learned of emotions. About 260 KB.
#[derive(Clone, PartialEq)]
pub struct EmotionWeights {
    head: Head,
    /// Added for each tenth that the lexicon finds.
    lexicon: f32,
}

/// Without its numbers.
impl fmt::Debug for EmotionWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmotionWeights")
    }
}

impl EmotionWeights {
    /// Those that `scripts/train-emotion` made.
    ///
    /// # Panics
    /// When the file that is part of the program is damaged; a test reads it.
    #[must_use]
    pub fn kept() -> &'static Self {
        static KEPT: LazyLock<EmotionWeights> = LazyLock::new(|| {
            let bytes = include_bytes!("../../weights/en-emotion.bin");
            EmotionWeights::from_bytes(bytes).expect("a test reads the file")
        });
        &KEPT
    }

    /// Rounds weights to 8 bits; `rows` has one for each bucket.
    #[must_use]
    pub fn new(rows: &[Logits], bias: Logits, lexicon: f32) -> Self {
        Self {
            head: Head::rounded(rows, bias),
            lexicon,
        }
    }

    /// What speaks for each emotion in `text`.
    #[must_use]
    pub fn logits(&self, text: &str) -> Logits {
        let found = emotion_features(text);
        let share = share(found.len());
        let rows = found.iter().map(|at| (usize::from(*at), share));
        let mut sums = self.head.sum(rows);
        for (sum, tenths) in sums.iter_mut().zip(shown(text).strengths) {
            *sum += self.lexicon * f32::from(i16::try_from(tenths).unwrap_or(i16::MAX));
        }
        sums
    }

    /// As a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        bytes.extend(self.lexicon.to_le_bytes());
        self.head.write(&mut bytes);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` when it is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MARK)?;
        let (lexicon, mut rest) = rest.split_first_chunk::<4>()?;
        let head = Head::read(&mut rest, EMOTION_BUCKETS)?;
        rest.is_empty().then_some(Self {
            head,
            lexicon: f32::from_le_bytes(*lexicon),
        })
    }
}

/// The emotion, and how sure it is, hundredths.
pub(super) fn read(text: &str, after_but: Option<&str>) -> (Emotion, u8) {
    if !text.contains(|c: char| c.is_alphabetic() || c as u32 > 0x2000) {
        return (Emotion::Neutral, 100);
    }
    let weights = EmotionWeights::kept();
    let mut logits = weights.logits(text);
    if let Some(part) = after_but {
        for (whole, part) in logits.iter_mut().zip(weights.logits(part)) {
            *whole = (1.0 - AFTER_BUT) * *whole + AFTER_BUT * part;
        }
    }
    let largest = logits.iter().copied().fold(f32::MIN, f32::max);
    let raised = logits.map(|logit| (logit - largest).exp());
    let all: f32 = raised.iter().sum();
    let best = (0..raised.len()).max_by(|a, b| raised[*a].total_cmp(&raised[*b]));
    let best = best.unwrap_or(Emotion::Neutral as usize);
    // A share: 0 to 100.
    (
        Emotion::ALL[best],
        (100.0 * raised[best] / all).round() as u8,
    )
}

#[cfg(test)]
mod tests {
    use super::EmotionWeights;

    #[test]
    fn the_kept_weights_are_whole_and_are_written_as_they_were_read() {
        let kept = EmotionWeights::kept();
        assert!(kept.logits("thank you").iter().all(|sum| sum.is_finite()));
        assert_eq!(
            EmotionWeights::from_bytes(&kept.to_bytes()).as_ref(),
            Some(kept)
        );
        assert_eq!(EmotionWeights::from_bytes(&kept.to_bytes()[1..]), None);
    }
}
