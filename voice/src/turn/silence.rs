//! Mutual silence: "are you still there?", then goodbye, then hanging up. Measured is that nothing goes on, not that nobody
//! speaks: what somebody waits for stops the clock, and words that lead nowhere do not wind it for ever.

use super::config::TurnConfig;
use std::{collections::BTreeMap, time::Duration};

/// So many turns in a row that led nowhere, and further ones do not count as talk: a television would keep a call for
/// ever. A person is offered before that.
const USELESS_TURNS: u32 = 5;

/// What goes on without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// Keys are being pressed, or a form is filled in.
    Keys,
    /// A one-time code is awaited.
    Code,
    /// Something of ours is at work, and an answer will come.
    Work,
    /// The caller asked for a moment.
    Moment,
}

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

/// Measures mutual silence from the last thing either side meant to say, or from the end of what stopped the clock.
///
/// Noise that yields no words does not count: a line with a television on it would never end.
#[derive(Debug)]
pub(super) struct Silence {
    stage: Stage,
    since: Duration,
    /// What stops the clock, each until when. One of each kind at most.
    holds: BTreeMap<Hold, Duration>,
    /// Turns in a row that led nowhere.
    useless: u32,
}

impl Silence {
    pub(super) const fn new() -> Self {
        Self {
            stage: Stage::Patient,
            since: Duration::ZERO,
            holds: BTreeMap::new(),
            useless: 0,
        }
    }

    /// The silence was not the caller's: the measuring starts over.
    pub(super) fn excused(&mut self, now: Duration) {
        self.stage = Stage::Patient;
        self.since = now;
    }

    /// The caller has taken a turn: they are back from whatever they asked a moment for.
    pub(super) fn taken(&mut self, now: Duration) {
        self.holds.remove(&Hold::Moment);
        if !self.is_worn_out() {
            self.excused(now);
        }
    }

    /// What came of that turn is known.
    pub(super) fn judged(&mut self, is_useful: bool, now: Duration) {
        if is_useful {
            self.useless = 0;
            self.excused(now);
        } else {
            self.useless += 1;
        }
    }

    /// Someone meant to say something: the measuring starts over.
    pub(super) fn broken(&mut self, now: Duration) {
        if !self.is_worn_out() {
            self.since = now;
        }
    }

    /// Something goes on: the clock stands until it is released, or until `until`.
    pub(super) fn hold(&mut self, what: Hold, until: Duration, now: Duration) {
        self.excused(now);
        self.holds.insert(what, until);
    }

    /// It goes on no longer.
    pub(super) fn release(&mut self, what: Hold, now: Duration) {
        if self.holds.remove(&what).is_some_and(|until| until > now) {
            self.since = self.since.max(now);
        }
    }

    /// The caller owes an answer to "are you still there?", so that a bare "yes" is one.
    pub(super) fn awaits_answer(&self) -> bool {
        self.stage != Stage::Patient
    }

    /// What to do if the silence lasts, and when.
    pub(super) fn due(&self, config: &TurnConfig) -> Option<(Duration, Prompt)> {
        let first = config.are_you_there_after?;
        let held_until = self.holds.values().max().copied().unwrap_or_default();
        let since = self.since.max(held_until);
        Some(match self.stage {
            Stage::Patient => (since + first, Prompt::AreYouThere),
            Stage::Asked => (since + config.goodbye_after, Prompt::Goodbye),
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

    fn is_worn_out(&self) -> bool {
        self.useless >= USELESS_TURNS
    }
}
