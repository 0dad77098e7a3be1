//! The sound of one sentence: there, still being made, or ended early.

use std::sync::Arc;

use super::super::super::Speech;

/// What is there of it and what is known of the rest.
#[derive(Debug)]
pub(super) enum Sound {
    /// As synthesised, shared with the cache.
    Whole(Arc<Speech>),
    /// More comes; it will probably have `expected` samples.
    Growing { samples: Vec<i16>, expected: u64 },
    /// More should have come: it would have had `expected` samples.
    Cut { samples: Vec<i16>, expected: u64 },
}

impl Sound {
    pub(super) const fn whole(speech: Arc<Speech>) -> Self {
        Self::Whole(speech)
    }

    pub(super) const fn growing(samples: Vec<i16>, expected: u64) -> Self {
        Self::Growing { samples, expected }
    }

    pub(super) fn samples(&self) -> &[i16] {
        match self {
            Self::Whole(speech) => &speech.samples,
            Self::Growing { samples, .. } | Self::Cut { samples, .. } => samples,
        }
    }

    /// Samples of the whole sentence: counted, or expected.
    pub(super) fn length(&self) -> u64 {
        let there = self.samples().len() as u64;
        match self {
            Self::Whole(_) => there,
            Self::Growing { expected, .. } | Self::Cut { expected, .. } => there.max(*expected),
        }
    }

    pub(super) const fn is_growing(&self) -> bool {
        matches!(self, Self::Growing { .. })
    }

    pub(super) const fn is_cut(&self) -> bool {
        matches!(self, Self::Cut { .. })
    }

    pub(super) fn grow(&mut self, more: &[i16], now_expected: u64) {
        if let Self::Growing { samples, expected } = self {
            samples.extend_from_slice(more);
            *expected = now_expected;
        }
    }

    /// That was all of it.
    pub(super) fn complete(&mut self) {
        if let Self::Growing { samples, .. } = self {
            *self = Self::Whole(Arc::new(Speech {
                samples: std::mem::take(samples),
                ..Speech::default()
            }));
        }
    }

    /// If more should have come, it does not.
    pub(super) fn close(&mut self) {
        if let Self::Growing { samples, expected } = self {
            *self = Self::Cut {
                samples: std::mem::take(samples),
                expected: *expected,
            };
        }
    }
}
