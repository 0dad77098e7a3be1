//! A voice whose sound says which text it is: whoever takes the frames can tell what is heard.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::speak::{SPEECH_RATE_HZ, Speech, TtsError};

/// The level of the first text; 0 is silence.
const FIRST_LEVEL: i16 = 2_000;
/// From one text's level to the next one's.
const LEVEL_STEP: i16 = 10;
/// The voice; clones share its texts.
#[derive(Debug, Clone, Default)]
pub struct ScriptedVoice {
    /// How long the synthesis of each text takes.
    pub takes: Duration,
    /// Texts that hold this fail.
    pub fails_on: Option<String>,
    texts: Arc<Mutex<Vec<String>>>,
}

impl ScriptedVoice {
    /// How long a word sounds.
    pub const WORD: Duration = Duration::from_millis(300);

    /// A voice whose synthesis takes so long.
    #[must_use]
    pub fn new(takes: Duration) -> Self {
        Self {
            takes,
            ..Self::default()
        }
    }

    /// The text that samples of this level say; `None` in silence.
    #[must_use]
    pub fn text_of(&self, level: i16) -> Option<String> {
        let place = usize::try_from(level.checked_sub(FIRST_LEVEL)? / LEVEL_STEP).ok()?;
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.get(place).cloned()
    }

    pub(crate) async fn speak(&self, text: &str) -> Result<Speech, TtsError> {
        tokio::time::sleep(self.takes).await;
        if self
            .fails_on
            .as_ref()
            .is_some_and(|part| text.contains(part))
        {
            return Err(TtsError::Remote("the script says so"));
        }
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = texts.iter().position(|known| known == text);
        let place = known.unwrap_or_else(|| {
            texts.push(text.to_owned());
            texts.len() - 1
        });
        let level = FIRST_LEVEL + i16::try_from(place).unwrap_or(i16::MAX / 20) * LEVEL_STEP;
        let sounds = Self::WORD * u32::try_from(text.split_whitespace().count()).unwrap_or(1);
        let samples = sounds.as_millis() * u128::from(SPEECH_RATE_HZ) / 1_000;
        Ok(Speech {
            samples: vec![level; usize::try_from(samples).unwrap_or_default()],
            ..Speech::default()
        })
    }
}
