//! The linear model of feeling: what it weighs, and the file that it is kept in.

use std::{fmt, sync::LazyLock};

use super::{
    Emotion,
    features::{BUCKETS, features},
    lexicon::Shown,
};

/// Numbers of a meaning: MiniLM-L6-v2.
pub const MEANING: usize = 384;
const MARK: &[u8; 8] = b"feeling1";
const EMOTIONS: usize = Emotion::ALL.len();

/// One number for each emotion, in the order of [`Emotion::ALL`].
pub type Logits = [f32; EMOTIONS];

/// How the evidence is weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// Of the words and letters.
    pub words: f32,
    /// Of the meaning.
    pub meaning: f32,
    /// Of a tenth that the lexicon finds.
    pub lexicon: f32,
    /// Added to the neutral emotion, and to each of the positive ones: how likely they are before anything is said.
    pub neutral: f32,
    /// See `neutral`.
    pub positive: f32,
}

/// Weights of one kind of evidence in 8 bits.
#[derive(Clone, PartialEq)]
pub(crate) struct Head {
    /// By feature, then emotion.
    weights: Vec<i8>,
    scales: Logits,
    bias: Logits,
}

/// The weights. About 130 KB.
#[derive(Clone, PartialEq)]
pub struct Weights {
    words: Head,
    meaning: Head,
    without: Mix,
    with: Mix,
}

/// Without its numbers.
impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weights")
    }
}

impl Weights {
    /// Those that `scripts/train-feeling` made.
    ///
    /// # Panics
    /// When the file that is part of the program is damaged; a test reads it.
    #[must_use]
    pub fn kept() -> &'static Self {
        static KEPT: LazyLock<Weights> = LazyLock::new(|| {
            let bytes = include_bytes!("../../weights/en-feeling.bin");
            Weights::from_bytes(bytes).expect("a test reads the file")
        });
        &KEPT
    }

    /// Rounds weights to 8 bits. `words` has a row for each bucket, `meaning` one for each number of a meaning; `without`
    /// is how evidence is weighed where there is no meaning, `with` where there is one.
    #[must_use]
    pub fn new(
        words: (&[Logits], Logits),
        meaning: (&[Logits], Logits),
        without: Mix,
        with: Mix,
    ) -> Self {
        Self {
            words: Head::rounded(words.0, words.1),
            meaning: Head::rounded(meaning.0, meaning.1),
            without,
            with,
        }
    }

    /// What speaks for each emotion: the words and letters of `text`, what it means, and what its words show.
    #[must_use]
    pub fn logits(&self, text: &str, meaning: Option<&[f32]>, shown: &Shown) -> Logits {
        let meaning = meaning.filter(|numbers| numbers.len() == MEANING);
        let words = self.of_words(text);
        match meaning {
            Some(numbers) => self.with.sum(&words, &self.of_meaning(numbers), shown),
            None => self.without.sum(&words, &[0.0; EMOTIONS], shown),
        }
    }

    /// What the words and letters of `text` say, not weighed.
    #[must_use]
    pub fn of_words(&self, text: &str) -> Logits {
        let found = features(text);
        let share = share(found.len());
        let rows = found.iter().map(|at| (usize::from(*at), share));
        self.words.sum(rows)
    }

    /// What the numbers of a meaning say, not weighed.
    #[must_use]
    pub fn of_meaning(&self, numbers: &[f32]) -> Logits {
        self.meaning.sum(numbers.iter().copied().enumerate())
    }

    /// As a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        for mix in [self.without, self.with] {
            bytes.extend(mix.numbers().iter().flat_map(|number| number.to_le_bytes()));
        }
        for head in [&self.words, &self.meaning] {
            head.write(&mut bytes);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` when it is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MARK)?;
        let (without, with) = (Mix::read(&mut rest)?, Mix::read(&mut rest)?);
        let words = Head::read(&mut rest, BUCKETS)?;
        let meaning = Head::read(&mut rest, MEANING)?;
        rest.is_empty().then_some(Self {
            words,
            meaning,
            without,
            with,
        })
    }
}

/// What a feature of so many counts: long texts are not surer than short ones.
#[must_use]
pub fn share(features: usize) -> f32 {
    1.0 / f32::from(u16::try_from(features.max(1)).unwrap_or(u16::MAX)).sqrt()
}

impl Mix {
    /// The weighed sum of what words and letters, the meaning and the lexicon say.
    #[must_use]
    pub fn sum(&self, words: &Logits, meaning: &Logits, shown: &Shown) -> Logits {
        std::array::from_fn(|at| {
            let tenths = f32::from(i16::try_from(shown.strengths[at]).unwrap_or(i16::MAX));
            let prior = match Emotion::ALL[at].into() {
                call::Sentiment::Negative => 0.0,
                call::Sentiment::Neutral => self.neutral,
                call::Sentiment::Positive => self.positive,
            };
            self.words * words[at] + self.meaning * meaning[at] + self.lexicon * tenths + prior
        })
    }

    fn numbers(&self) -> [f32; 5] {
        [
            self.words,
            self.meaning,
            self.lexicon,
            self.neutral,
            self.positive,
        ]
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        let [words, meaning, lexicon, neutral, positive] = numbers(rest)?;
        Some(Self {
            words,
            meaning,
            lexicon,
            neutral,
            positive,
        })
    }
}

impl Head {
    pub(crate) fn rounded(rows: &[Logits], bias: Logits) -> Self {
        let scales = std::array::from_fn(|at| {
            let largest = rows.iter().map(|row| row[at].abs()).fold(0.0, f32::max);
            largest.max(f32::MIN_POSITIVE) / 127.0
        });
        let round = |row: &Logits| -> [i8; EMOTIONS] {
            // Within an eighth's range by the scale's making.
            std::array::from_fn(|at| (row[at] / scales[at]).round() as i8)
        };
        Self {
            weights: rows.iter().flat_map(round).collect(),
            scales,
            bias,
        }
    }

    pub(crate) fn sum(&self, features: impl Iterator<Item = (usize, f32)>) -> Logits {
        let mut sums = [0.0; EMOTIONS];
        let (rows, _) = self.weights.as_chunks::<EMOTIONS>();
        for (at, value) in features {
            for (sum, weight) in sums.iter_mut().zip(&rows[at]) {
                *sum += value * f32::from(*weight);
            }
        }
        std::array::from_fn(|at| sums[at] * self.scales[at] + self.bias[at])
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let numbers = self.scales.iter().chain(&self.bias);
        bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
        bytes.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
    }

    pub(crate) fn read(rest: &mut &[u8], rows: usize) -> Option<Self> {
        let (scales, bias) = (numbers(rest)?, numbers(rest)?);
        let (weights, tail) = rest.split_at_checked(rows * EMOTIONS)?;
        *rest = tail;
        Some(Self {
            weights: weights.iter().map(|byte| byte.cast_signed()).collect(),
            scales,
            bias,
        })
    }
}

fn numbers<const N: usize>(rest: &mut &[u8]) -> Option<[f32; N]> {
    let (bytes, tail) = rest.split_at_checked(4 * N)?;
    *rest = tail;
    let (numbers, _) = bytes.as_chunks::<4>();
    Some(std::array::from_fn(|at| f32::from_le_bytes(numbers[at])))
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, MEANING, Mix, Weights};

    const MIX: Mix = Mix {
        words: 1.0,
        meaning: 1.0,
        lexicon: 0.1,
        neutral: 0.0,
        positive: 0.0,
    };

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let row = |at: usize| std::array::from_fn(|emotion| (at * 7 % 13 * emotion) as f32 / 9.0);
        let words: Vec<_> = (0..BUCKETS).map(row).collect();
        let meaning: Vec<_> = (0..MEANING).map(row).collect();
        let made = Weights::new((&words, [0.5; 8]), (&meaning, [-0.5; 8]), MIX, MIX);
        let bytes = made.to_bytes();
        assert_eq!(
            Weights::from_bytes(&bytes),
            Some(made),
            "what was written is read"
        );
        assert_eq!(Weights::from_bytes(&bytes[1..]), None);
        assert_eq!(Weights::from_bytes(&bytes[..bytes.len() - 1]), None);
    }

    #[test]
    fn the_kept_weights_are_whole() {
        let sums = Weights::kept().of_words("thank you");
        assert!(sums.iter().all(|sum| sum.is_finite()), "{sums:?}");
    }
}
