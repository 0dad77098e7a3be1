//! When the product's turn-taking answers a pause, asked on virtual time.

use std::time::Duration;

use voice::turn::{Patience, TurnAction, TurnConfig, TurnEvent, Turns};

use crate::heard::Pause;

/// From the report of a pause to what the network says, and to the words: what they take on two cores.
const JUDGED_AFTER: Duration = Duration::from_millis(75);
const WORDS_AFTER: Duration = Duration::from_millis(80);

/// What is compared.
pub(crate) struct Policy {
    pub(crate) name: String,
    config: TurnConfig,
    judges: bool,
}

impl Policy {
    /// A timer alone.
    pub(crate) fn timer() -> Self {
        let half = Duration::from_millis(500);
        let config = TurnConfig {
            slot_endpointing_delay: half,
            ..TurnConfig::default()
        };
        Self {
            name: "a timer of 500 ms".to_owned(),
            config,
            judges: false,
        }
    }

    /// Without the network.
    pub(crate) fn words() -> Self {
        let config = TurnConfig::default();
        Self {
            name: "no network: 500 ms, unfinished words and digits 1200".to_owned(),
            config,
            judges: false,
        }
    }

    /// With it, at a threshold.
    pub(crate) fn at(threshold: f32) -> Self {
        let config = TurnConfig {
            finished_probability: threshold,
            ..TurnConfig::default()
        };
        let name = format!(
            "network at {threshold:.2}: {} ms, else {}",
            config.finished_delay.as_millis(),
            config.unfinished_delay.as_millis()
        );
        Self {
            name,
            config,
            judges: true,
        }
    }

    /// What the setting stands for.
    pub(crate) fn setting(patience: Patience, name: &str) -> Self {
        let config = patience.applied_to(TurnConfig::default());
        Self {
            name: format!("`ENDPOINTING={name}`"),
            config,
            judges: true,
        }
    }

    /// How long after the last sound it answers.
    pub(crate) fn delay(&self, pause: &Pause) -> Duration {
        let mut turns = Turns::new(self.config.clone());
        let (begins, stops) = (Duration::from_secs(1), Duration::from_secs(3));
        turns.on(TurnEvent::CallerStartedSpeaking, begins);
        let mut actions = turns.on(TurnEvent::CallerStoppedSpeaking, stops);
        if self.judges {
            let probability = pause.probability;
            actions.extend(turns.on(TurnEvent::EndOfTurn { probability }, stops + JUDGED_AFTER));
        }
        let text = pause.text.clone();
        actions.extend(turns.on(TurnEvent::Transcript { text }, stops + WORDS_AFTER));
        loop {
            for action in actions.drain(..) {
                match action {
                    TurnAction::Reply(turn) => return turn.endpointing,
                    // No words: it says that it did not understand, as soon as it would answer.
                    TurnAction::DidNotCatch => return self.config.endpointing_delay,
                    _ => {}
                }
            }
            let Some(at) = turns.deadline() else {
                return Duration::MAX;
            };
            actions = turns.on(TurnEvent::Tick, at);
        }
    }
}
