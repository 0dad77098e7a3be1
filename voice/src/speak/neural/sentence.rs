//! One sentence on its way through a network, between two steps.

use std::collections::VecDeque;

/// As much as a network says in one go: a sentence, or of a long one a clause or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breath {
    /// IPA, with the marks that the voice learnt.
    pub(super) phonemes: String,
    /// Silence behind it, ms.
    pub(super) pause_ms: u32,
}

impl Breath {
    /// What its length is estimated by.
    fn units(&self) -> u64 {
        self.phonemes.chars().count() as u64
    }
}

/// What an encoder made of a breath: frames of so many channels, channel after channel.
#[derive(Debug)]
pub(super) struct Frames {
    pub(super) values: Vec<f32>,
    pub(super) channels: usize,
    pub(super) count: usize,
    /// The first frame that has not been sound yet.
    pub(super) next: usize,
    /// Silence behind them, ms.
    pub(super) pause_ms: u32,
}

/// A sentence, as far as it has been spoken.
#[derive(Debug)]
pub(super) struct Sentence {
    /// What is left of it, the next one first.
    breaths: VecDeque<Breath>,
    /// The breath that is being spoken.
    pub(super) frames: Option<Frames>,
    /// Of the whole sentence.
    units: u64,
    /// Of the breaths whose length is known, and that length in the network's samples.
    known_units: u64,
    known_samples: u64,
}

impl Sentence {
    pub(super) fn new(breaths: Vec<Breath>) -> Self {
        Self {
            units: breaths.iter().map(Breath::units).sum(),
            breaths: breaths.into(),
            frames: None,
            known_units: 0,
            known_samples: 0,
        }
    }

    /// Nothing of it is left.
    pub(super) fn is_over(&self) -> bool {
        self.breaths.is_empty() && self.frames.is_none()
    }

    /// Nothing of it has been spoken.
    pub(super) const fn is_new(&self) -> bool {
        self.known_units == 0
    }

    /// The next breath.
    pub(super) fn take_breath(&mut self) -> Option<Breath> {
        self.breaths.pop_front()
    }

    /// A breath turned out so long.
    pub(super) fn learn(&mut self, breath: &Breath, samples: u64) {
        self.known_units += breath.units();
        self.known_samples += samples;
    }

    /// The whole sentence's length in the network's samples: exact once its last breath was encoded, until then the rest
    /// is taken to be spoken as fast as what is known.
    pub(super) const fn expected_samples(&self) -> u64 {
        if self.known_units == 0 {
            return 0;
        }
        self.known_samples * self.units / self.known_units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breath(phonemes: &str) -> Breath {
        Breath {
            phonemes: phonemes.to_owned(),
            pause_ms: 0,
        }
    }

    #[test]
    fn the_length_is_estimated_by_what_is_known_and_exact_in_the_end() {
        let mut sentence = Sentence::new(vec![breath("abcd"), breath("ef")]);
        assert_eq!(sentence.expected_samples(), 0, "nothing is known yet");
        let first = sentence.take_breath().expect("there are two");
        sentence.learn(&first, 4_000);
        assert_eq!(sentence.expected_samples(), 6_000);
        let second = sentence.take_breath().expect("there are two");
        sentence.learn(&second, 2_500);
        assert_eq!(sentence.expected_samples(), 6_500);
        assert!(sentence.is_over());
    }
}
