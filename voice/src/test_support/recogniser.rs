//! A recogniser that knows beforehand what is said. Each line of its script is marked by a level of
//! sound of its own, so that it recognises whatever the listener made an utterance of.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::listen::{SttError, Transcript, Utterance};

/// The level of the first line; quieter samples are silence. Between those of a scripted voice's texts.
const FIRST_LEVEL: i16 = 2_005;
/// From one line's level to the next one's.
const LEVEL_STEP: i16 = 10;
/// No line is shorter than so many samples, 5 ms: looking at each of them would find nothing more.
const LOOK: usize = 80;

/// What comes of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition {
    /// Its words.
    Words,
    /// An error.
    Fails,
    /// Nothing, ever.
    Never,
}

/// One stretch of speech.
#[derive(Debug, Clone)]
pub struct ScriptedLine {
    /// What is said.
    pub text: String,
    /// How long its recognition takes.
    pub takes: Duration,
    /// What comes of it.
    pub recognition: Recognition,
}

/// The script; clones share it.
#[derive(Debug, Clone, Default)]
pub struct ScriptedStt {
    lines: Arc<Mutex<Vec<ScriptedLine>>>,
}

impl ScriptedStt {
    /// Adds a line. Returns the level of the samples that say it.
    #[must_use]
    pub fn add(&self, line: ScriptedLine) -> i16 {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        let place = i16::try_from(lines.len() - 1).unwrap_or(i16::MAX);
        FIRST_LEVEL.saturating_add(place.saturating_mul(LEVEL_STEP))
    }

    /// Whether this is the level of a line, give or take what a resampler does to it.
    #[must_use]
    pub fn is_line(level: i16) -> bool {
        level >= FIRST_LEVEL - 1 && ((level - FIRST_LEVEL + 1) % LEVEL_STEP) < 3
    }

    /// The line that samples of this level say, give or take what a resampler does to them.
    #[must_use]
    pub fn text_of(&self, level: i16) -> Option<String> {
        if !Self::is_line(level) {
            return None;
        }
        let place = (level - FIRST_LEVEL + 1) / LEVEL_STEP;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.get(usize::try_from(place).ok()?);
        line.map(|line| line.text.clone())
    }

    /// Whether these samples say something.
    pub(crate) fn speaks(samples: &[i16]) -> bool {
        samples.iter().any(|sample| *sample >= FIRST_LEVEL)
    }

    pub(crate) async fn transcribe(&self, utterance: Utterance) -> Result<Transcript, SttError> {
        let said = self.said(&utterance.samples);
        let takes = said.iter().map(|line| line.takes).max().unwrap_or_default();
        tokio::time::sleep(takes).await;
        if said
            .iter()
            .any(|line| line.recognition == Recognition::Never)
        {
            return pending().await;
        }
        if said
            .iter()
            .any(|line| line.recognition == Recognition::Fails)
        {
            return Err(SttError::Remote("the script says so".to_owned()));
        }
        let words: Vec<&str> = said.iter().map(|line| line.text.as_str()).collect();
        Ok(Transcript {
            text: words.join(" "),
            stt: takes,
            queued: Duration::ZERO,
            fallback: false,
        })
    }

    /// The levels of the lines that are said, in order.
    pub(crate) fn levels(samples: &[f32]) -> Vec<i16> {
        let mut levels: Vec<i16> = samples
            .iter()
            .step_by(LOOK)
            .map(|sample| (sample * 32_768.0).round() as i16)
            .filter(|level| *level >= FIRST_LEVEL)
            .collect();
        // Two who speak at the same time alternate here: each line was said once.
        let mut told = BTreeSet::new();
        levels.retain(|level| told.insert(*level));
        levels
    }

    fn said(&self, samples: &[f32]) -> Vec<ScriptedLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Self::levels(samples)
            .into_iter()
            .filter_map(|level| {
                let place = usize::try_from((level - FIRST_LEVEL) / LEVEL_STEP).ok()?;
                lines.get(place).cloned()
            })
            .collect()
    }
}
