//! Ordering speech that is fixed: announcements, the last words.

use tokio_util::task::TaskTracker;
use voice::speak::{SpeechId, Tts, Voice};

use super::{Session, ledger::SpeechKind};

impl Session {
    /// Says a fixed text. Never waits for the synthesis.
    pub(super) async fn announce(
        &mut self,
        kind: SpeechKind,
        text: &str,
        interruptible: bool,
    ) -> SpeechId {
        let id = self.ledger.speech(kind, None);
        self.say(id, &[text.to_owned()], interruptible).await;
        id
    }

    /// Says fixed sentences under an open speech.
    pub(super) async fn say(&mut self, id: SpeechId, sentences: &[String], interruptible: bool) {
        let (voice, tts) = (&self.voice, &self.services.tts);
        say((voice, tts, &self.tasks), id, sentences, interruptible).await;
    }
}

/// Fixed sentences of a speech, by a voice of any line.
pub(super) async fn say(
    (voice, tts, tasks): (&Voice, &Tts, &TaskTracker),
    id: SpeechId,
    sentences: &[String],
    interruptible: bool,
) {
    // Opened here, not in the task, so that speeches are heard in the order they were ordered.
    voice.begin(id, interruptible).await;
    let (voice, tts, sentences) = (voice.clone(), tts.clone(), sentences.to_vec());
    let dropped = voice.dropped();
    tasks.spawn(async move {
        let all = async {
            for sentence in sentences {
                utter(&voice, &tts, id, &sentence).await;
            }
        };
        // What nobody will hear is not made.
        dropped.run_until_cancelled(all).await;
        voice.end(id).await;
    });
}

/// One fixed sentence of an open speech.
pub(super) async fn utter(voice: &Voice, tts: &Tts, id: SpeechId, sentence: &str) {
    let said = match tts.begin(sentence).await {
        Ok(spoken) => voice.say(id, sentence.to_owned(), spoken).await,
        Err(error) => Err(error),
    };
    if let Err(error) = said {
        tracing::error!(%error, "an announcement could not be spoken");
    }
}
