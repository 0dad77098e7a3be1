//! Whether a turn is over, by a script: the last line of it that is heard decides.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::ScriptedStt;
use crate::listen::{GivenUp, Judgement};

/// The script; clones share it.
#[derive(Debug, Clone, Default)]
pub struct ScriptedEndOfTurn {
    lines: Arc<Mutex<HashMap<i16, f32>>>,
    /// How long each turn was that it was asked about.
    asked: Arc<Mutex<Vec<Duration>>>,
    takes: Duration,
}

impl ScriptedEndOfTurn {
    /// An empty script whose answers take so long.
    #[must_use]
    pub fn new(takes: Duration) -> Self {
        Self {
            takes,
            ..Self::default()
        }
    }

    /// A turn whose last sound has the level that [`ScriptedStt::add`] gave to a line is over with this probability. Of
    /// others there is no answer.
    pub fn judges(&self, level: i16, probability: f32) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.insert(level, probability);
    }

    /// How long each turn was that it was asked about, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Duration> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    pub(crate) async fn judge(&self, turn: &[f32]) -> Result<Judgement, GivenUp> {
        let level = ScriptedStt::levels(turn).last().copied();
        let lasts = Duration::from_secs_f64(turn.len() as f64 / 16_000.0);
        self.note(lasts);
        tokio::time::sleep(self.takes).await;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let probability = level.and_then(|level| lines.get(&level).copied());
        Ok(Judgement {
            probability: probability.ok_or(GivenUp::Late)?,
            took: self.takes,
        })
    }

    fn note(&self, lasts: Duration) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(lasts);
    }
}
