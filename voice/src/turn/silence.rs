//! Mutual silence: "are you still there?", then goodbye, then hanging up.

use super::config::TurnConfig;
use std::time::Duration;

/// How far the agent has gone towards ending a silent call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing said about it yet.
    Patient,
    /// "Are you still there?" was asked.
    Asked,
    /// Goodbye was said; hang up when it has been heard.
    Leaving,
}

/// What silence calls for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    AreYouThere,
    Goodbye,
    HangUp,
}

/// Measures mutual silence from the last thing either side meant to say.
///
/// Noise that yields no words does not count: a line with a television on it would never end.
#[derive(Debug)]
pub(super) struct Silence {
    stage: Stage,
    since: Duration,
}

impl Silence {
    pub(super) const fn new() -> Self {
        Self {
            stage: Stage::Patient,
            since: Duration::ZERO,
        }
    }

    /// The caller has taken a turn: the measuring starts over.
    pub(super) fn excused(&mut self, now: Duration) {
        self.stage = Stage::Patient;
        self.since = now;
    }

    /// Someone meant to say something: the measuring starts over.
    pub(super) fn broken(&mut self, now: Duration) {
        self.since = now;
    }

    /// The caller owes an answer to "are you still there?", so that a bare "yes" is one.
    pub(super) fn awaits_answer(&self) -> bool {
        self.stage != Stage::Patient
    }

    /// What to do if the silence lasts, and when.
    pub(super) fn due(&self, config: &TurnConfig) -> Option<(Duration, Prompt)> {
        let first = config.are_you_there_after?;
        Some(match self.stage {
            Stage::Patient => (self.since + first, Prompt::AreYouThere),
            Stage::Asked => (self.since + config.goodbye_after, Prompt::Goodbye),
            Stage::Leaving => (Duration::ZERO, Prompt::HangUp),
        })
    }

    /// `prompt` is being carried out.
    pub(super) fn carried_out(&mut self, prompt: Prompt, now: Duration) {
        self.since = now;
        self.stage = match prompt {
            Prompt::AreYouThere => Stage::Asked,
            Prompt::Goodbye | Prompt::HangUp => Stage::Leaving,
        };
    }
}
