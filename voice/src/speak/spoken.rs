//! A sentence on its way to the caller: whole, or heard while the rest of it is being made.

use std::sync::Arc;

use tokio::time::timeout;

use super::neural::Outlet;
use super::{Speech, Tts, TtsError};

/// What [`Tts::begin`] gives.
#[derive(Debug)]
pub enum Spoken {
    /// All of its sound.
    Whole(Arc<Speech>),
    /// Its beginning, and where the rest comes from.
    Growing(Piece, Box<Rest>),
}

/// A part of a sentence's sound.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// Mono, [`SPEECH_RATE_HZ`](super::SPEECH_RATE_HZ).
    pub samples: Vec<i16>,
    /// How many samples the whole sentence will probably have.
    pub expected: u64,
}

/// What comes after the beginning.
#[derive(Debug, PartialEq, Eq)]
pub enum More {
    /// The next part.
    Sound(Piece),
    /// It broke off: the second voice says the sentence from its beginning.
    Anew(Arc<Speech>),
}

impl Spoken {
    /// Whether the second voice speaks.
    #[must_use]
    pub fn fallback(&self) -> bool {
        matches!(self, Self::Whole(speech) if speech.fallback)
    }
}

/// The rest of a sentence that is being made. Dropped, it stops the synthesis.
pub struct Rest {
    outlet: Outlet,
    /// All so far, for the cache.
    made: Vec<i16>,
    tts: Tts,
    /// What is spoken, in letters.
    text: String,
    is_over: bool,
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rest")
            .field("made", &self.made.len())
            .finish_non_exhaustive()
    }
}

impl Rest {
    /// Behind a first piece.
    pub(super) fn behind(first: &Piece, outlet: Outlet, tts: Tts, text: String) -> Self {
        Self {
            outlet,
            made: first.samples.clone(),
            tts,
            text,
            is_over: false,
        }
    }

    /// What comes next; `None` when the sentence is whole.
    ///
    /// # Errors
    /// When it broke off, or the next part took too long, and no second voice says it.
    pub async fn next(&mut self) -> Result<Option<More>, TtsError> {
        if self.is_over {
            return Ok(None);
        }
        let patience = self.tts.timeout();
        let error = match timeout(patience, self.outlet.next()).await {
            Ok(Some(Ok(piece))) => {
                self.made.extend_from_slice(&piece.samples);
                return Ok(Some(More::Sound(piece)));
            }
            Ok(None) => {
                self.is_over = true;
                let speech = Speech {
                    samples: std::mem::take(&mut self.made),
                    fallback: false,
                };
                self.tts.remember(&self.text, &Arc::new(speech));
                return Ok(None);
            }
            Ok(Some(Err(reason))) => self.tts.broke_off(reason),
            Err(_) => TtsError::TimedOut(patience),
        };
        self.is_over = true;
        let anew = timeout(patience, self.tts.second_voice(&self.text, error));
        let anew = anew.await.map_err(|_| TtsError::TimedOut(patience))??;
        Ok(Some(More::Anew(Arc::new(anew))))
    }

    /// The sentence whole.
    ///
    /// # Errors
    /// As [`Rest::next`].
    pub(super) async fn whole(mut self) -> Result<Arc<Speech>, TtsError> {
        let mut samples = self.made.clone();
        loop {
            match self.next().await? {
                Some(More::Sound(piece)) => samples.extend(piece.samples),
                Some(More::Anew(speech)) => return Ok(speech),
                None => break,
            }
        }
        Ok(Arc::new(Speech {
            samples,
            fallback: false,
        }))
    }
}
