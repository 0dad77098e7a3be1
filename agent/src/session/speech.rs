//! Ordering speech: replies, announcements, the last words.

use std::{sync::Arc, time::Duration};

use dialogue::{CallerTurn, Event, ReplyEvent};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use voice::{
    speak::{Speech, SpeechId, Tts, Voice},
    turn::UserTurn,
};

use super::{AgentVoice, Leaving, Phase, Report, Session, ledger::SpeechKind};
use crate::line::Outgoing;

/// A cancelled voice reports what was heard within a frame or two.
const SETTLE: Duration = Duration::from_millis(60);
/// Sentences written and not yet synthesised. The writer waits: a voice is slower than a model.
const SENTENCE_QUEUE: usize = 4;

impl Session {
    /// Commits the caller's turn and starts the reply to it.
    pub(super) async fn reply_to(&mut self, turn: UserTurn) {
        self.not_caught = 0;
        // Somebody is there after all.
        if matches!(self.phase, Phase::Leaving(Leaving::Silence)) {
            self.phase = Phase::Talking;
        }
        // What was cut short was said before this turn: its row comes first. A frame's wait.
        if self.agent == AgentVoice::Interrupted && !self.settle_voice(SETTLE).await {
            tracing::debug!("a cancelled speech is written after the turn that cut it");
        }
        let now = self.now();
        let seq = self.ledger.caller_said(&turn, now);
        // Front-ends show what was typed themselves: sent back, it would stand there twice.
        if !turn.typed {
            self.outputs.send(Outgoing::CallerSaid {
                segment: format!("SG_caller_{seq}"),
                text: turn.text.clone(),
                is_final: true,
            });
        }
        let id = self.ledger.speech(SpeechKind::Reply, Some((&turn, seq)));
        let cancel = CancellationToken::new();
        let reply = self.dialogue.reply_to(CallerTurn {
            question: turn.question(),
            text: turn.text,
            seq,
        });
        let job = ReplyJob {
            id,
            voice: self.voice.clone(),
            tts: self.services.tts.clone(),
            reports: self.reporter.clone(),
        };
        let cancelled = cancel.clone();
        let task = self.tasks.spawn(async move {
            let (sentences, written) = mpsc::channel(SENTENCE_QUEUE);
            tokio::select! {
                biased;
                () = cancelled.cancelled() => {}
                ((), ()) = async { tokio::join!(reply.write(sentences), job.speak(written)) } => {}
            }
        });
        self.reply = Some(Writing { id, cancel, task });
    }

    /// Stops what is being written and said.
    pub(super) async fn cancel_reply(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply.cancel.cancel();
            // At most one poll away. Without the wait it could open a speech behind the cancellation.
            if reply.task.await.is_err() {
                tracing::error!("a reply broke off");
            }
            self.ledger.forget(reply.id);
            self.dialogue.on(Event::ReplyCancelled);
        }
        self.agent = if self.ledger.audible() > 0 {
            AgentVoice::Interrupted
        } else {
            AgentVoice::Silent
        };
        self.voice.cancel().await;
    }

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
        // Opened here, not in the task, so that speeches are heard in the order they were ordered.
        self.voice.begin(id, interruptible).await;
        let (voice, tts, sentences) = (
            self.voice.clone(),
            self.services.tts.clone(),
            sentences.to_vec(),
        );
        self.tasks.spawn(async move {
            for sentence in sentences {
                utter(&voice, &tts, id, &sentence).await;
            }
            voice.end(id).await;
        });
    }
}

/// One fixed sentence of an open speech.
pub(super) async fn utter(voice: &Voice, tts: &Tts, id: SpeechId, sentence: &str) {
    match tts.synthesize(sentence).await {
        Ok(speech) => voice.sentence(id, sentence.to_owned(), speech).await,
        Err(error) => tracing::error!(%error, "an announcement could not be spoken"),
    }
}

/// A reply that is being written.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) id: SpeechId,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

/// One reply on its way from the writer to the voice.
struct ReplyJob {
    id: SpeechId,
    voice: Voice,
    tts: Tts,
    reports: mpsc::Sender<Report>,
}

impl ReplyJob {
    async fn speak(self, mut written: mpsc::Receiver<ReplyEvent>) {
        let mut begun = false;
        let mut done = None;
        while let Some(event) = written.recv().await {
            match event {
                ReplyEvent::Sentence(sentence) => {
                    let Some(speech) = self.synthesize(&sentence, begun).await else {
                        break;
                    };
                    if !begun {
                        self.voice.begin(self.id, true).await;
                        begun = true;
                    }
                    self.voice.sentence(self.id, sentence, speech).await;
                }
                ReplyEvent::Done(meta) => {
                    // Reported before the voice ends, so that the meta is there when the row is written.
                    done = Some(());
                    self.report(Report::ReplyWritten {
                        id: self.id,
                        meta: Box::new(meta),
                    })
                    .await;
                }
            }
        }
        if begun {
            self.voice.end(self.id).await;
        }
        if done.is_none() {
            self.report(Report::ReplyFailed { id: self.id }).await;
        }
    }

    async fn synthesize(&self, sentence: &str, begun: bool) -> Option<Arc<Speech>> {
        let asked = Instant::now();
        match self.tts.synthesize(sentence).await {
            Ok(speech) => {
                if !begun {
                    self.report(Report::FirstAudio {
                        id: self.id,
                        after: asked.elapsed(),
                    })
                    .await;
                }
                Some(speech)
            }
            Err(error) => {
                tracing::error!(%error, "a reply could not be spoken");
                None
            }
        }
    }

    async fn report(&self, report: Report) {
        if self.reports.send(report).await.is_err() {
            tracing::trace!("the session ended before its reply");
        }
    }
}
