//! Both sides of a call on one timeline, and what of it may be handed out. No clock, no I/O.
//!
//! ```text
//!            | handed out |  waits: lag, words not known yet            |
//! caller     |============|=====[ utterance ]======[ utterance …        |
//! agent      |============|====================[ speech …               |
//!                         ^ out                                         ^ seen: the session's newest word
//! ```
//!
//! Times come as [`Duration`] since the session began, or as milliseconds of the caller's own sound,
//! which stands still while no microphone is there. Inside, all are positions in samples.

mod track;

use std::{ops::Range, time::Duration};

use track::Track;

/// Of the recording, Hz: what the recogniser hears, and telephony's wide band.
pub const RATE_HZ: u32 = 16_000;

/// Samples of one side that are handed out at once: 20 ms, an Opus frame.
pub(crate) const BLOCK: usize = RATE_HZ as usize / 50;

/// What is younger than this waits: speech is noticed a quarter of a second after it began, a key
/// after its tone, and a session may be busy.
const LAG: u64 = ms(2_000);
/// The most that waits for words to be known; what is older is handed out as silence. Longer than an
/// utterance (28 s) with its recognition, and than the longest answer.
const MOST_HELD: u64 = ms(120_000);
/// An utterance is reported by where its voice began; sound from before belongs to it, too.
const BEFORE_UTTERANCE: u64 = ms(700);
/// The same of the agent's speech, which is reported once its first frame is out.
const BEFORE_SPEECH: u64 = ms(500);
/// Muted on both sides of a secret.
const MARGIN: u64 = ms(300);
/// The agent's sound comes back through the caller's microphone so much later at most.
const ECHO: u64 = ms(1_000);
/// A key is reported while its tone sounds or some time after.
const KEY_BEFORE: u64 = ms(1_000);
const KEY_AFTER: u64 = ms(500);

/// Which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The left channel.
    Caller,
    /// The right one.
    Agent,
}

/// The recording of one call as far as it is not handed out.
#[derive(Debug, Default)]
pub struct Timeline {
    caller: Track,
    agent: Track,
    /// Everything before it was handed out.
    out: u64,
    /// The newest moment that the session spoke of: what happened before it was reported.
    seen: u64,
    /// Something secret goes on since then: both sides are muted.
    paused: Option<u64>,
    /// Nobody knows any more what is secret.
    blind: bool,
    /// The call ended there.
    over: Option<u64>,
}

impl Timeline {
    /// The caller's sound, heard at `at`; its first sample is number `media` of all that were heard.
    pub fn caller(&mut self, at: Duration, media: u64, samples: &[i16]) {
        let at = position(at);
        self.seen = self.seen.max(at);
        let placed = self.caller.push(at, samples, self.out);
        self.caller.note(media, placed);
    }

    /// The agent's sound, played at `at`.
    pub fn agent(&mut self, at: Duration, samples: &[i16]) {
        self.agent.push(position(at), samples, self.out);
    }

    /// The agent's last sound was not played after all.
    pub fn unplayed(&mut self, length: Duration) {
        self.agent.take_back(position(length));
    }

    /// The session's time: everything that happened before was reported.
    pub fn seen(&mut self, at: Duration) {
        self.seen = self.seen.max(position(at));
    }

    /// The caller began to speak at this place of their sound. What is said waits for [`Self::heard`].
    pub fn speaks(&mut self, began_ms: u64) {
        let from = self.caller.position_of(ms(began_ms));
        let from = from.saturating_sub(BEFORE_UTTERANCE);
        self.caller.hold(began_ms, from);
    }

    /// What was said from `began_ms` on is known: this stretch of the caller's sound is secret.
    pub fn heard(&mut self, began_ms: u64, secret_ms: Option<Range<u64>>) {
        if let Some(secret) = secret_ms {
            let from = self.caller.position_of(ms(secret.start));
            let to = self.caller.position_of(ms(secret.end));
            self.caller.mute(margin(from, to));
        }
        self.caller.release(began_ms);
    }

    /// The agent began to speak. What it says waits for [`Self::said`].
    pub fn begins(&mut self, speech: u64, at: Duration) {
        let from = position(at).saturating_sub(BEFORE_SPEECH);
        self.agent.hold(speech, from);
    }

    /// What the agent said in this speech is known, and whether it was a secret.
    pub fn said(&mut self, speech: u64, at: Duration, secret: bool) {
        if let Some(from) = self.agent.release(speech)
            && secret
        {
            // A loud speaker brings it into the caller's microphone.
            self.caller.mute(from..position(at) + ECHO);
            self.agent.mute(from..position(at) + MARGIN);
        }
        self.seen(at);
    }

    /// A key was pressed: its tone tells which.
    pub fn key(&mut self, at: Duration) {
        let at = position(at);
        self.caller
            .mute(at.saturating_sub(KEY_BEFORE)..at + KEY_AFTER);
        self.seen = self.seen.max(at);
    }

    /// Something secret begins, on both sides, until [`Self::resume`].
    pub fn pause(&mut self, at: Duration) {
        let from = position(at).saturating_sub(BEFORE_SPEECH);
        self.paused.get_or_insert(from);
    }

    /// It is over.
    pub fn resume(&mut self, at: Duration) {
        if let Some(from) = self.paused.take() {
            let secret = from..position(at) + MARGIN;
            self.caller.mute(secret.clone());
            self.agent.mute(secret);
        }
    }

    /// A report was lost: nothing more is handed out but silence.
    pub fn lose_sight(&mut self) {
        self.blind = true;
    }

    /// The call is over at `at`. What is not known by now is silence.
    pub fn finish(&mut self, at: Duration) {
        // Up to the end of the block in which it ends.
        self.over = Some(position(at).div_ceil(BLOCK as u64) * BLOCK as u64);
    }

    /// The next 20 ms of both sides, left and right in turn, if they may be handed out.
    pub fn take(&mut self) -> Option<[i16; 2 * BLOCK]> {
        let end = self.out + BLOCK as u64;
        if end > self.ready() {
            return None;
        }
        let paused = self.blind || self.paused.is_some_and(|from| from < end);
        let left = self.caller.take(self.out, paused);
        let right = self.agent.take(self.out, paused);
        self.out = end;
        let mut block = [0; 2 * BLOCK];
        for (pair, (left, right)) in block.chunks_exact_mut(2).zip(left.iter().zip(right)) {
            pair.copy_from_slice(&[*left, right]);
        }
        Some(block)
    }

    /// Sound that there was no place for, on either side: it came faster than time passes.
    pub(crate) fn dropped(&self) -> u64 {
        self.caller.dropped() + self.agent.dropped()
    }

    /// Up to where everything is known, or waited long enough.
    fn ready(&self) -> u64 {
        if let Some(end) = self.over {
            return end;
        }
        let held = [self.caller.held(), self.agent.held()];
        let known = held.into_iter().flatten().min().unwrap_or(u64::MAX);
        let settled = self.seen.saturating_sub(LAG);
        settled.min(known.max(self.seen.saturating_sub(LAG + MOST_HELD)))
    }
}

fn margin(from: u64, to: u64) -> Range<u64> {
    from.saturating_sub(MARGIN)..to + MARGIN
}

const fn ms(milliseconds: u64) -> u64 {
    milliseconds * (RATE_HZ as u64 / 1_000)
}

fn position(at: Duration) -> u64 {
    let samples = at.as_micros() * u128::from(RATE_HZ) / 1_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests;
