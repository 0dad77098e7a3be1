//! When a turn is over: the caller's utterances since the last turn, and how long to wait for more.

use std::time::Duration;

use super::{config::TurnConfig, pauses::Pauses};

/// The turn that is being spoken.
#[derive(Debug, Default)]
pub(super) struct OpenTurn {
    /// The words so far.
    pub(super) text: String,
    /// The last part was typed.
    pub(super) typed: bool,
    /// When the caller's last sound ended.
    pub(super) stopped_at: Duration,
    /// How much speech there was, words or not.
    pub(super) spoken_for: Duration,
    /// Recognition of a part of it failed.
    pub(super) failed: bool,
    /// All of it began while the agent spoke: a bare "okay" is not a turn.
    pub(super) over_agent: bool,
    /// All of it ended while the agent spoke as well: without words it is not a silent turn.
    pub(super) overlapped: bool,
    /// When its first speech or text came; `None` when there is nothing yet.
    pub(super) begun_at: Option<Duration>,
    /// How likely it is that it is over, by how it sounds in the pause that lasts; `None` where nobody knows.
    pub(super) finished: Option<f32>,
}

impl OpenTurn {
    /// The caller begins an utterance.
    pub(super) fn begin(&mut self, agent_speaks: bool, now: Duration) {
        self.over_agent = agent_speaks && (self.over_agent || self.begun_at.is_none());
        self.begun_at.get_or_insert(now);
        self.finished = None;
    }

    /// An utterance that began at `since` has ended at `stopped_at`.
    pub(super) fn end(&mut self, since: Duration, stopped_at: Duration, agent_speaks: bool) {
        self.overlapped = self.over_agent && agent_speaks;
        self.stopped_at = stopped_at;
        self.spoken_for += stopped_at.saturating_sub(since);
    }

    /// The words of an utterance, or of a typed message.
    pub(super) fn add(&mut self, text: &str, now: Duration) {
        self.text = joined(&self.text, text);
        if !self.text.is_empty() {
            self.begun_at.get_or_insert(now);
        }
    }

    /// What the pause that has begun sounds like. Of one that is over, nothing is taken.
    pub(super) fn sounds(&mut self, probability: f32) {
        self.finished = self.begun_at.is_some().then_some(probability);
    }

    /// The silence after `stopped_at` that closes this turn: digits have their own, then its words decide, then how it
    /// sounds; where nobody knows that, a timer.
    pub(super) fn delay(
        &self,
        config: &TurnConfig,
        pauses: &Pauses,
        digits_expected: bool,
    ) -> Duration {
        if self.typed {
            return Duration::ZERO;
        }
        if self.takes_digits(config, digits_expected) {
            return pauses.between_digits(config);
        }
        let words_ask_for_more = config.listening.is_unfinished(&self.text);
        match self.finished {
            None if words_ask_for_more => config.slot_endpointing_delay,
            None => config.endpointing_delay,
            Some(_) if words_ask_for_more => pauses.unfinished(config),
            Some(_) if self.sounds_unfinished(config) => pauses.unfinished(config),
            Some(_) => pauses.finished(config),
        }
    }

    /// Whether its words so far ask for more of them.
    pub(super) fn is_unfinished(&self, config: &TurnConfig, digits_expected: bool) -> bool {
        self.takes_digits(config, digits_expected) || config.listening.is_unfinished(&self.text)
    }

    /// Whether it sounds as if more came.
    pub(super) fn sounds_unfinished(&self, config: &TurnConfig) -> bool {
        self.finished
            .is_some_and(|probability| probability < config.finished_probability)
    }

    /// Digits are asked for or being dictated: how they sound says nothing about their end.
    pub(super) fn takes_digits(&self, config: &TurnConfig, digits_expected: bool) -> bool {
        digits_expected || config.listening.is_dictating(&self.text) || ends_redacted(&self.text)
    }

    /// Whether speech that gave no words deserves an answer all the same.
    pub(super) fn was_not_understood(&self, config: &TurnConfig) -> bool {
        !self.overlapped && (self.failed || self.spoken_for >= config.silent_turn_min_speech)
    }
}

/// Whether the last words were taken out before anybody saw them, "[number]": they were digits, and maybe not all of them.
fn ends_redacted(text: &str) -> bool {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ','));
    text.ends_with(']')
}

/// Two stretches of text as one, single-spaced.
pub(super) fn joined(first: &str, second: &str) -> String {
    let (first, second) = (first.trim(), second.trim());
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second.to_owned(),
        (_, true) => first.to_owned(),
        _ => format!("{first} {second}"),
    }
}
