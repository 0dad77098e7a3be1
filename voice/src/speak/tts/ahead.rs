//! Sentences voiced before a call needs them: in the background, one at a time, giving way to calls.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use language::pronunciation::{SpokenPart, in_letters};

use super::{Source, Tts};
use crate::speak::kept::{Kept, name_of};
use crate::speak::spoken::Piece;
use crate::speak::{Speech, TtsError};

/// While children or requests of calls are at work, the next sentence waits so long and looks again.
const GIVE_WAY: Duration = Duration::from_millis(200);

/// What became of sentences that were to be voiced ahead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Were kept from before.
    pub there: usize,
    /// Were voiced now.
    pub voiced: usize,
    /// Could not be voiced, or not kept: calls have them voiced when they need them.
    pub failed: usize,
}

impl Tts {
    /// Voices sentences that are known beforehand, in their order: `fixed` stay in memory, and both are kept on disk where
    /// there is a folder for it. `more` is left to the calls without one, and where the voice is no network: a child says it
    /// as quickly as it could be read, and a server may have to be paid.
    ///
    /// Takes as long as it takes: one sentence at a time, at a low priority, none while a call is being spoken to.
    pub async fn voice_ahead(&self, fixed: &[String], more: &[String]) -> Ahead {
        let is_network = matches!(self.shared.source, Source::Neural(_));
        let may_more = self.shared.kept.is_some() && is_network;
        let more = if may_more { more } else { &[] };
        let all: Vec<(Vec<SpokenPart>, String)> = fixed
            .iter()
            .chain(more)
            .map(|text| self.spoken_form(text))
            .collect();
        let asked: Arc<HashSet<String>> =
            Arc::new(all.iter().map(|(_, text)| name_of(text)).collect());
        let mut ahead = Ahead::default();
        for (at, (parts, text)) in all.iter().enumerate() {
            if !text.contains(char::is_alphanumeric) {
                continue;
            }
            let is_fixed = at < fixed.len();
            match self.voice_one(parts, text, is_fixed, &asked).await {
                Ok(true) => ahead.voiced += 1,
                Ok(false) => ahead.there += 1,
                Err(reason) => {
                    ahead.failed += 1;
                    tracing::warn!(%reason, "a sentence could not be voiced ahead");
                    if matches!(reason, NotVoiced::Full) {
                        ahead.failed += all.len() - at - 1;
                        break;
                    }
                }
            }
        }
        if let Source::Neural(neural) = &self.shared.source {
            neural.end_ahead();
        }
        ahead
    }

    /// Speaks a text, whole, and keeps it on disk where there is a folder for it.
    ///
    /// # Errors
    /// As [`Tts::begin`]. That it could not be kept is said in the log alone.
    pub async fn synthesize_and_keep(&self, text: &str) -> Result<Arc<Speech>, TtsError> {
        let speech = self.synthesize(text).await?;
        let (_, letters) = self.spoken_form(text);
        if let Some(kept) = self.shared.kept.as_ref().filter(|_| !speech.fallback)
            && let Err(error) = keep(kept, &letters, &speech, &Arc::default()).await
        {
            tracing::warn!(%error, "a sentence was not kept");
        }
        Ok(speech)
    }

    fn spoken_form(&self, text: &str) -> (Vec<SpokenPart>, String) {
        let parts = self.shared.pronunciations.speakable(text);
        let letters = in_letters(&parts);
        (parts, letters)
    }

    /// Whether it had to be voiced.
    async fn voice_one(
        &self,
        parts: &[SpokenPart],
        text: &str,
        is_fixed: bool,
        asked: &Arc<HashSet<String>>,
    ) -> Result<bool, NotVoiced> {
        let kept = self.shared.kept.as_ref();
        if kept.is_some_and(|kept| kept.has(text)) && !is_fixed {
            return Ok(false);
        }
        if let Some(kept) = kept
            && let Some(speech) = kept.get(text).await
        {
            self.remember(text, &speech);
            return Ok(false);
        }
        let speech = Arc::new(self.make_ahead(parts, text).await?);
        if is_fixed {
            self.remember(text, &speech);
        }
        if let Some(kept) = kept {
            keep(kept, text, &speech, asked).await?;
        }
        Ok(true)
    }

    async fn make_ahead(&self, parts: &[SpokenPart], text: &str) -> Result<Speech, TtsError> {
        let neural = match &self.shared.source {
            Source::Neural(neural) => neural,
            Source::Remote(remote) => return remote.speak(text).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => return script.speak(text).await,
            Source::Child(engine) => {
                // A child of a call's at work: this one can wait.
                while self.shared.permits.available_permits() < self.shared.concurrency {
                    tokio::time::sleep(GIVE_WAY).await;
                }
                let _permit = self.permit().await?;
                return engine.speak_or_other(text).await;
            }
        };
        let mut outlet = neural.speak_ahead(parts).await?;
        let mut speech = Speech::default();
        while let Some(piece) = outlet.next().await {
            let Piece { samples, .. } = piece.map_err(|reason| neural.failed(reason))?;
            speech.samples.extend(samples);
        }
        Ok(speech)
    }
}

/// Why a sentence is left to the calls.
#[derive(Debug, thiserror::Error)]
enum NotVoiced {
    #[error(transparent)]
    Voice(#[from] TtsError),
    #[error("it could not be kept: {0}")]
    Disk(#[from] std::io::Error),
    #[error("the folder for sentences is full: the rest is voiced when it is needed")]
    Full,
}

async fn keep(
    kept: &Arc<Kept>,
    text: &str,
    speech: &Arc<Speech>,
    asked: &Arc<HashSet<String>>,
) -> Result<(), NotVoiced> {
    let (kept, text, speech, asked) =
        (kept.clone(), text.to_owned(), speech.clone(), asked.clone());
    let put = tokio::task::spawn_blocking(move || kept.put(&text, &speech, &asked)).await;
    match put.map_err(std::io::Error::other)?? {
        true => Ok(()),
        false => Err(NotVoiced::Full),
    }
}
