//! What the recording of a call learns from the session: sound as it was played, and what is secret.

use std::{collections::VecDeque, future::Future, ops::Range, time::Duration};

use authentication::Keypad;
use call::Speaker;
use insight::redact::digits_in;
use recording::Tape;
use tokio::time::Instant;
use voice::{listen::Utterance, speak::FrameSink};

use super::Session;

/// A code that nobody enters in this time is given up, and the recording goes on. Keys are muted in any case, and what is
/// said of a code is redacted.
const CODE_PATIENCE: Duration = Duration::from_secs(120);
/// So many digits may be a card number of which the recogniser wrote too few: the sound holds all of them.
const MANY_DIGITS: usize = 8;
/// Samples of an utterance begin so long before its voice: what the listener keeps of it.
const PRE_ROLL_MS: u64 = 400;
/// And they end so long after it.
const END_SILENCE_MS: u64 = 200;

/// A call's recording, with what is said and not understood yet.
#[derive(Debug, Default)]
pub(super) struct Taped {
    pub(super) tape: Tape,
    /// Utterances in the order of their transcripts: where the voice began, and where it ended, milliseconds of the
    /// caller's sound.
    unknown: VecDeque<Range<u64>>,
    /// Until when a code or number that is being entered keeps the recording silent.
    secret_until: Option<Duration>,
    /// A colleague talks with the caller: what they say is not understood, and so is not kept.
    with_person: bool,
}

impl Taped {
    pub(super) fn new(tape: Tape) -> Self {
        Self {
            tape,
            ..Self::default()
        }
    }

    /// This utterance is on its way to be understood.
    pub(super) fn understands(&mut self, utterance: &Utterance) {
        if self.tape.is_on() {
            self.unknown
                .push_back(utterance.started_ms..utterance.ended_ms);
        }
    }

    /// The oldest utterance was understood, and held a secret or none; `None`: nobody knows what it held.
    fn understood(&mut self, secret: Option<bool>) {
        let Some(voice) = self.unknown.pop_front() else {
            return;
        };
        // The recogniser gives no times of words: the whole utterance goes.
        let whole = voice.start.saturating_sub(PRE_ROLL_MS)..voice.end + END_SILENCE_MS;
        let is_clean = secret == Some(false);
        self.tape.heard(voice.start, (!is_clean).then_some(whole));
    }

    /// A key was pressed, or the authentication went on: while a number or code is entered, nothing is recorded.
    pub(super) fn keypad(&mut self, keypad: &Keypad, now: Duration) {
        self.secret_until = (*keypad != Keypad::Idle).then_some(now + CODE_PATIENCE);
        self.pause(now);
    }

    /// A colleague talks with the caller from now on, or does not any more.
    pub(super) fn person(&mut self, talks: bool, now: Duration) {
        self.with_person = talks;
        self.pause(now);
    }

    fn pause(&self, now: Duration) {
        let is_secret = self.secret_until.is_some() || self.with_person;
        self.tape.pause(is_secret, now);
    }

    /// When [`Self::elapsed`] is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.secret_until.filter(|_| self.tape.is_on())
    }

    /// A code was waited for long enough.
    pub(super) fn elapsed(&mut self, now: Duration) {
        if self.secret_until.take_if(|until| *until <= now).is_some() {
            self.pause(now);
        }
    }
}

impl Session {
    /// The words of the oldest utterance, without their secrets; the recording leaves the same out.
    pub(super) fn words(&mut self, heard: &str) -> String {
        let redacted = self.redactor.redact(Speaker::Caller, heard);
        let is_secret = !redacted.found.is_empty() || digits_in(heard) >= MANY_DIGITS;
        self.taped.understood(Some(is_secret));
        redacted.text
    }

    /// The oldest utterance has no words of the caller's, and may have held a secret.
    pub(super) fn no_words(&mut self) {
        self.taped.understood(None);
    }
}

/// A sink whose frames are recorded as they leave.
pub(super) struct TapedSink<S> {
    sink: S,
    tape: Tape,
    clock: Instant,
}

impl<S> TapedSink<S> {
    pub(super) fn new(sink: S, tape: Tape, clock: Instant) -> Self {
        Self { sink, tape, clock }
    }
}

impl<S: FrameSink> FrameSink for TapedSink<S> {
    fn capture(&mut self, samples: &[i16]) -> impl Future<Output = ()> + Send {
        self.tape.agent(self.clock.elapsed(), samples);
        self.sink.capture(samples)
    }

    fn clear(&mut self) {
        self.tape.unplayed(self.sink.queued());
        self.sink.clear();
    }

    fn queued(&self) -> Duration {
        self.sink.queued()
    }
}
