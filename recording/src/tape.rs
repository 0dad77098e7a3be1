//! The way of one call into its recording. Nothing here waits.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use crate::{
    Side,
    recorder::{Event, Recordings},
};

/// One call's way into its recording; cheap to clone. Without a recording every method does nothing.
///
/// Times are since the session began.
#[derive(Debug, Clone, Default)]
pub struct Tape(Option<Arc<Line>>);

#[derive(Debug)]
struct Line {
    recordings: Recordings,
    call: u64,
    /// Samples of the caller that were heard, recorded or not.
    media: AtomicU64,
    /// A report was lost.
    blind: Arc<AtomicBool>,
    /// Something secret goes on.
    paused: AtomicBool,
}

impl Tape {
    /// Of a call that is not recorded.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    pub(crate) fn new(recordings: Recordings, call: u64, blind: Arc<AtomicBool>) -> Self {
        Self(Some(Arc::new(Line {
            recordings,
            call,
            media: AtomicU64::new(0),
            blind,
            paused: AtomicBool::new(false),
        })))
    }

    /// Whether the call is recorded.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The caller's sound, as heard: mono, 16 kHz. Every frame that the listener gets, in the same order.
    pub fn caller(&self, at: Duration, samples: &[i16]) {
        let Some(line) = &self.0 else { return };
        let length = samples.len() as u64;
        let media = line.media.fetch_add(length, Ordering::Relaxed);
        line.sound(Side::Caller, at, media, samples);
    }

    /// The agent's sound, as played: mono, 24 kHz.
    pub fn agent(&self, at: Duration, samples: &[i16]) {
        let Some(line) = &self.0 else { return };
        line.sound(Side::Agent, at, 0, samples);
    }

    /// The agent's last sound was not played after all.
    pub fn unplayed(&self, length: Duration) {
        self.report(|| Event::Unplayed(length));
    }

    /// The caller began to speak, at this millisecond of their sound; [`Self::heard`] follows.
    pub fn speaks(&self, began_ms: u64) {
        self.report(|| Event::Speaks(began_ms));
    }

    /// What was said from there on is known, and which stretch of the caller's sound is secret, in
    /// milliseconds of it.
    pub fn heard(&self, began_ms: u64, secret_ms: Option<Range<u64>>) {
        self.report(|| Event::Heard(began_ms, secret_ms));
    }

    /// The agent began to speak; [`Self::said`] follows with the same name.
    pub fn begins(&self, speech: u64, at: Duration) {
        self.report(|| Event::Begins(speech, at));
    }

    /// What the agent said is known, and whether it was a secret.
    pub fn said(&self, speech: u64, at: Duration, secret: bool) {
        self.report(|| Event::Said(speech, at, secret));
    }

    /// A key of the phone was pressed.
    pub fn key(&self, at: Duration) {
        self.report(|| Event::Key(at));
    }

    /// Whether something secret goes on: meanwhile both sides are silence.
    pub fn pause(&self, paused: bool, at: Duration) {
        let Some(line) = &self.0 else { return };
        if line.paused.swap(paused, Ordering::Relaxed) != paused {
            line.report(if paused {
                Event::Pause(at)
            } else {
                Event::Resume(at)
            });
        }
    }

    /// The call is over. Returns once everything that may be kept was handed over; `false` when that took longer
    /// than `patience`, and what was left is lost.
    pub async fn finish(&self, at: Duration, patience: Duration) -> bool {
        let Some(line) = &self.0 else { return true };
        let (done, finished) = oneshot::channel();
        line.report(Event::Finish(at, done));
        matches!(timeout(patience, finished).await, Ok(Ok(())))
    }

    fn report(&self, event: impl FnOnce() -> Event) {
        if let Some(line) = &self.0 {
            line.report(event());
        }
    }
}

impl Line {
    fn sound(&self, side: Side, at: Duration, media: u64, samples: &[i16]) {
        let samples = samples.into();
        self.recordings.sound(
            self.call,
            Event::Sound {
                side,
                at,
                media,
                samples,
            },
        );
    }

    fn report(&self, event: Event) {
        if !self.recordings.report(self.call, event) && !self.blind.swap(true, Ordering::Relaxed) {
            self.recordings.metrics.blind.inc();
            tracing::error!("a report to the recording was lost: from here on it is silence");
        }
    }
}

/// What is not finished by now is given up: the session broke off, and its key with it.
impl Drop for Line {
    fn drop(&mut self) {
        self.recordings.report(self.call, Event::Gone);
    }
}
