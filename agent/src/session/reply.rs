//! Replies: drafted in a pause that may be the end of the turn, begun when it was, cancelled when the caller goes on.

use std::time::Duration;

use dialogue::{CallerTurn, Draft, Event, Mood, Reply, ReplyEvent};
use insight::moment::Urgency;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use voice::{
    speak::{SpeechId, Spoken, Tts, Voice},
    turn::UserTurn,
};

use super::{
    AgentVoice, Leaving, Phase, Report, Session,
    ledger::{Said, SpeechKind},
};
use crate::line::Outgoing;

/// A cancelled voice reports what was heard within a frame or two.
const SETTLE: Duration = Duration::from_millis(60);
/// Sentences written and not yet synthesised. The writer waits: a voice is slower than a model.
const SENTENCE_QUEUE: usize = 4;

impl Session {
    /// Commits the caller's turn and starts the reply to it, or goes on with what was drafted.
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
        let said = self.ledger.caller_said(&turn, now);
        let seq = said.seq;
        self.services.metrics.moment(&said.moment);
        // Front-ends show what was typed themselves: sent back, it would stand there twice.
        if !turn.typed {
            self.outputs.send(Outgoing::CallerSaid {
                segment: format!("SG_caller_{seq}"),
                text: turn.text.clone(),
                is_final: true,
            });
        }
        let id = self.ledger.speech(SpeechKind::Reply, Some((&turn, seq)));
        let turn = caller_turn(turn, said);
        let writing = match self.settle_draft(&turn) {
            Some((writing, begun)) => {
                if let Some(spoken) = self.ledger.spoken(id) {
                    spoken.head_start = Some(now.saturating_sub(begun));
                }
                writing
            }
            None => self.write(self.dialogue.reply_to(turn)),
        };
        self.reply = Some(writing.go_on(id));
    }

    /// The turn is probably over: its reply is written as far as its first sentence, which nobody hears yet.
    pub(super) fn draft(&mut self, turn: UserTurn) {
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        let said = self.ledger.would_say(&turn);
        let turn = caller_turn(turn, said);
        let (draft, reply) = self.dialogue.draft(turn.clone());
        let drafted = Drafted {
            turn,
            begun: self.now(),
            draft,
            writing: self.write(reply),
        };
        self.drafted = Some(drafted);
    }

    /// What was drafted is not the reply.
    pub(super) fn drop_draft(&mut self) {
        if self.drafted.take().is_some() {
            self.services.metrics.draft(false);
        }
    }

    /// What was drafted, and when, if it answers this turn and nothing has happened since.
    fn settle_draft(&mut self, turn: &CallerTurn) -> Option<(Waiting, Duration)> {
        let drafted = self.drafted.take()?;
        let is_the_reply = drafted.turn == *turn && drafted.draft.settle();
        self.services.metrics.draft(is_the_reply);
        is_the_reply.then_some((drafted.writing, drafted.begun))
    }

    /// Begins to write a reply; it is heard once it may go on.
    fn write(&self, reply: Reply) -> Waiting {
        let cancel = CancellationToken::new();
        let job = ReplyJob {
            voice: self.voice.clone(),
            tts: self.services.tts.clone(),
            reports: self.reporter.clone(),
        };
        let (go, may_go) = oneshot::channel();
        let cancelled = cancel.clone();
        let task = self.tasks.spawn(async move {
            let (sentences, written) = mpsc::channel(SENTENCE_QUEUE);
            tokio::select! {
                biased;
                () = cancelled.cancelled() => {}
                ((), ()) = async { tokio::join!(reply.write(sentences), job.speak(may_go, written)) } => {}
            }
        });
        Waiting {
            go,
            cancel: cancel.drop_guard(),
            task,
        }
    }

    /// Stops what is being written and said.
    pub(super) async fn cancel_reply(&mut self) {
        self.drop_draft();
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
}

fn caller_turn(turn: UserTurn, said: Said) -> CallerTurn {
    let moment = said.moment;
    CallerTurn {
        question: turn.question(),
        text: turn.text,
        seq: said.seq,
        recall: said.recall,
        mood: Mood {
            frustration: moment.frustration.level,
            is_critical: moment.urgency == Urgency::Critical,
            now: moment.now,
        },
    }
}

/// A reply that is written in case.
pub(super) struct Drafted {
    /// What it answers.
    turn: CallerTurn,
    begun: Duration,
    draft: Draft,
    writing: Waiting,
}

/// A reply that is written, of which nothing is heard before it may go on. Dropping it ends it.
struct Waiting {
    go: oneshot::Sender<SpeechId>,
    cancel: DropGuard,
    task: JoinHandle<()>,
}

impl Waiting {
    /// The turn is over: this is what the reply is on record as.
    fn go_on(self, id: SpeechId) -> Writing {
        if self.go.send(id).is_err() {
            tracing::error!("a reply broke off before it was heard");
        }
        Writing {
            id,
            cancel: self.cancel.disarm(),
            task: self.task,
        }
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
    voice: Voice,
    tts: Tts,
    reports: mpsc::Sender<Report>,
}

/// What was written of a reply, ready to be heard.
enum Ready {
    /// A sentence, the sound that is there of it, and how long that took.
    Sentence(String, Spoken, Duration),
    Done(Box<dialogue::ReplyMeta>),
    /// It cannot be spoken.
    Broken,
}

impl ReplyJob {
    /// Speaks what is written. The first sentence is synthesised at once and heard when `may_go` says as what; each as
    /// soon as there is some sound of it.
    async fn speak(
        self,
        may_go: oneshot::Receiver<SpeechId>,
        mut written: mpsc::Receiver<ReplyEvent>,
    ) {
        let mut ready = self.next(&mut written).await;
        let Ok(id) = may_go.await else {
            return;
        };
        let mut begun = false;
        let mut done = None;
        while let Some(next) = ready {
            match next {
                Ready::Sentence(sentence, spoken, after) => {
                    if !begun {
                        let fallback = spoken.fallback();
                        self.report(Report::FirstAudio {
                            id,
                            after,
                            fallback,
                        })
                        .await;
                        self.voice.begin(id, true).await;
                        begun = true;
                    }
                    if let Err(error) = self.voice.say(id, sentence, spoken).await {
                        tracing::error!(%error, "a reply could not be spoken");
                        break;
                    }
                }
                Ready::Done(meta) => {
                    // Reported before the voice ends, so that the meta is there when the row is written.
                    done = Some(());
                    self.report(Report::ReplyWritten { id, meta }).await;
                }
                Ready::Broken => break,
            }
            ready = self.next(&mut written).await;
        }
        if begun {
            self.voice.end(id).await;
        }
        if done.is_none() {
            self.report(Report::ReplyFailed { id }).await;
        }
    }

    async fn next(&self, written: &mut mpsc::Receiver<ReplyEvent>) -> Option<Ready> {
        Some(match written.recv().await? {
            ReplyEvent::Sentence(sentence) => self.synthesize(sentence).await,
            ReplyEvent::Done(meta) => Ready::Done(Box::new(meta)),
        })
    }

    async fn synthesize(&self, sentence: String) -> Ready {
        let asked = Instant::now();
        match self.tts.begin(&sentence).await {
            Ok(spoken) => Ready::Sentence(sentence, spoken, asked.elapsed()),
            Err(error) => {
                tracing::error!(%error, "a reply could not be spoken");
                Ready::Broken
            }
        }
    }

    async fn report(&self, report: Report) {
        if self.reports.send(report).await.is_err() {
            tracing::trace!("the session ended before its reply");
        }
    }
}
