//! What leaves for the caller, as levels and when.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::bands::{Bands, Levels};
use crate::speak::SPEECH_RATE_HZ;

/// Three seconds that nobody fetched; when it is full the oldest go: an echo that nobody listens for needs no knowing.
const KEPT: usize = 300;

/// What was sent; clones share it. The voice writes, whoever listens reads.
#[derive(Debug, Clone)]
pub struct Sent {
    epoch: Instant,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug)]
struct Log {
    bands: Bands,
    /// When what was sent last has been played, in tens of milliseconds since the epoch.
    played: u64,
    frames: VecDeque<(u64, Levels)>,
}

impl Sent {
    /// Nothing was sent yet. Times count from `epoch`, the beginning of the call.
    #[must_use]
    pub fn new(epoch: Instant) -> Self {
        let log = Log {
            bands: Bands::new(SPEECH_RATE_HZ),
            played: 0,
            frames: VecDeque::new(),
        };
        Self {
            epoch,
            log: Arc::new(Mutex::new(log)),
        }
    }

    /// A frame of 10 ms goes out behind what waits in the sink.
    pub(crate) fn frame(&self, samples: &[i16], waits: Duration) {
        self.frame_at(samples, tens(self.epoch.elapsed() + waits));
    }

    /// The same at a time in tens of milliseconds.
    pub(super) fn frame_at(&self, samples: &[i16], begins: u64) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let log = &mut *log;
        log.bands.push(samples, |levels| {
            let begins = begins.max(log.played);
            log.played = begins + 1;
            if log.frames.len() == KEPT {
                log.frames.pop_front();
            }
            log.frames.push_back((begins, levels));
        });
    }

    /// What was sent since it was asked last, each with its time.
    pub(super) fn take(&self, mut each: impl FnMut(u64, Levels)) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.frames
            .drain(..)
            .for_each(|(begins, levels)| each(begins, levels));
    }
}

/// Whole tens of milliseconds.
pub(super) fn tens(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / 10).unwrap_or(u64::MAX / 2)
}
