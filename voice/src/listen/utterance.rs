//! What the listener reports, and the samples it keeps until then.

use std::collections::VecDeque;

/// Something the listener noticed. Each start is followed by exactly one end.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The caller began to speak.
    SpeechStarted {
        /// Where the voice began, milliseconds of media time since the track began.
        at_ms: u64,
    },
    /// The caller fell silent, or talked so long that the utterance was cut.
    SpeechEnded(Utterance),
}

/// One stretch of speech.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Mono, 16 kHz, -1 to 1; some audio from before the voice and the silence after it included.
    pub samples: Vec<f32>,
    /// Where the voice began, milliseconds of media time.
    pub started_ms: u64,
    /// Where the voice ended, milliseconds of media time.
    pub ended_ms: u64,
}

/// The last stretch of the track, addressed by position since the track began.
///
/// Bounded by the caller: in silence everything but the pre-roll is forgotten, in speech an utterance is cut.
#[derive(Debug, Default)]
pub(super) struct Tape {
    samples: Vec<i16>,
    /// Position of `samples[0]`.
    start: u64,
}

impl Tape {
    pub(super) fn push(&mut self, frame: &[i16]) {
        self.samples.extend_from_slice(frame);
    }

    /// The position after the last sample.
    pub(super) fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }

    /// Forgets what lies before `position`.
    pub(super) fn forget_before(&mut self, position: u64) {
        let count = self.index(position);
        self.samples.drain(..count);
        self.start += count as u64;
    }

    /// A copy from `from` to `to`, as whisper wants it.
    pub(super) fn floats(&self, from: u64, to: u64) -> Vec<f32> {
        let range = self.index(from)..self.index(to);
        self.samples[range]
            .iter()
            .map(|&s| f32::from(s) / 32_768.0)
            .collect()
    }

    /// The middle of the quietest 80 ms between `from` and the end: where a cut harms least.
    pub(super) fn quietest_after(&self, from: u64) -> u64 {
        const WINDOW: usize = 1280;
        let first = self.index(from);
        let energy = |at: usize| -> i64 {
            self.samples[at..at + WINDOW]
                .iter()
                .map(|&s| i64::from(s).pow(2))
                .sum()
        };
        let last = self.samples.len().saturating_sub(WINDOW);
        let best = (first..last)
            .step_by(WINDOW / 4)
            .min_by_key(|&at| energy(at));
        best.map_or_else(|| self.end(), |at| self.start + (at + WINDOW / 2) as u64)
    }

    fn index(&self, position: u64) -> usize {
        let offset = position.saturating_sub(self.start);
        usize::try_from(offset).map_or(self.samples.len(), |offset| offset.min(self.samples.len()))
    }
}

/// The last stretch of the track whatever was in it, for whoever looks back over several utterances.
///
/// Bounded by its length: the oldest samples make room.
#[derive(Debug)]
pub(super) struct Recent {
    samples: VecDeque<i16>,
    length: usize,
    /// Position after the last sample.
    end: u64,
}

impl Recent {
    /// Keeps so many samples.
    pub(super) fn new(length: u64) -> Self {
        Self {
            samples: VecDeque::new(),
            length: usize::try_from(length).unwrap_or(usize::MAX),
            end: 0,
        }
    }

    pub(super) fn push(&mut self, frame: &[i16]) {
        self.end += frame.len() as u64;
        self.samples.extend(frame);
        let surplus = self.samples.len().saturating_sub(self.length);
        self.samples.drain(..surplus);
    }

    /// A copy of what is kept of it since this position.
    pub(super) fn floats_since(&self, position: u64) -> Vec<f32> {
        let wanted = usize::try_from(self.end.saturating_sub(position)).unwrap_or(usize::MAX);
        let known = self.samples.len();
        self.samples
            .range(known - wanted.min(known)..)
            .map(|sample| f32::from(*sample) / 32_768.0)
            .collect()
    }
}
