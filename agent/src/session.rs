//! The event loop of one call: owns the clock, the queues and the cancel
//! tokens, and wires `listen`, `turn`, `reply`, `speak` and `record` together.
//!
//! Every iteration takes one thing that happened, tells `turn`, and carries
//! out what it decides. Nothing here waits for the database, a model or the
//! data channel: those answer through queues.

mod authenticate;
mod callbacks;
mod ending;
mod figures;
mod hearing;
mod ledger;
mod opening;
mod person;
mod services;
mod speech;

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use call::CallEnding;
use futures_util::{StreamExt as _, stream::FuturesOrdered};
use insight::redact::Redactor;
use livekit::webrtc::audio_stream::native::NativeAudioStream;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::sleep_until,
};
use tokio_util::task::TaskTracker;

use crate::{
    identify::Keypad,
    listen::{Listener, SttError, Transcript},
    record::LiveSession,
    reply::{Awaiting, CallAction, ReplyMeta},
    room::{Caller, Input, Outgoing, Outputs},
    speak::{SpeechId, Voice, VoiceEvent},
    turn::{TurnAction, TurnEvent, Turns},
    worker::{CallStop, StopReason},
};

pub use ending::Ended;
pub use opening::RoomSide;
pub use services::{Services, SessionConfig};

use ledger::{Ledger, SpeechKind};

/// Voice events are few and must not be lost: the voice waits when the session is this far behind.
const VOICE_QUEUE: usize = 32;
/// The last words of a drain, synthesis included.
const FAREWELL: Duration = Duration::from_secs(12);
/// Reports of reply tasks; as above.
const REPORT_QUEUE: usize = 32;

/// What the tasks of a session report back to it.
#[derive(Debug)]
pub(crate) enum Report {
    /// A reply's first sentence was synthesised, this long after it was written.
    FirstAudio { id: SpeechId, after: Duration },
    /// A reply wrote its last sentence.
    ReplyWritten { id: SpeechId, meta: Box<ReplyMeta> },
    /// A reply could not be written or spoken.
    ReplyFailed { id: SpeechId },
    /// An authentication step came to its end.
    Authentication(authenticate::Outcome),
    /// A transfer was accepted by the carrier (or not).
    Transferred(bool),
}

/// One call.
pub struct Session {
    services: Arc<Services>,
    caller: Caller,
    id: database::SessionId,
    clock: Instant,

    inputs: mpsc::Receiver<Input>,
    microphone: Option<NativeAudioStream>,
    listener: Listener,
    transcripts: FuturesOrdered<JoinHandle<Result<Transcript, SttError>>>,
    redactor: Redactor,
    turns: Turns,
    voice: Voice,
    voice_events: mpsc::Receiver<VoiceEvent>,
    outputs: Outputs,
    ledger: Ledger,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    tasks: TaskTracker,

    /// The reply being written.
    reply: Option<speech::Writing>,
    agent_speaking: bool,
    /// A speech was cancelled and has not been told to be over.
    cut: bool,
    awaiting: Awaiting,
    /// "I did not catch that" in a row: the lines grow more helpful.
    not_caught: usize,
    keypad: Keypad,
    authentication: authenticate::State,
    /// A step of it is under way.
    authenticating: bool,
    greeted: bool,
    can_hear: bool,
    /// Whether the device was here before; asked once.
    seen_before: Option<oneshot::Receiver<bool>>,
    /// Set when the goodbye has been ordered: the call ends once it was heard.
    parting: Option<CallEnding>,
    /// Such a goodbye is not waited for any longer.
    farewell_by: Option<Duration>,
    callback_requested: bool,
    transferring: bool,
    transferred: bool,
    /// The room will be closed under us: seconds are left.
    hurried: bool,
    caller_gone: bool,
    summary_token: database::SummaryToken,
    /// Keeps the sweeper away while the call lives.
    _live: LiveSession,
    /// Name of the room.
    room: String,
    /// `None` once it was obeyed.
    stop: Option<CallStop>,
}

impl Session {
    /// Runs the call until it ends; everything that was said is on its way to the record then.
    pub async fn run(mut self) -> Ended {
        self.outputs
            .send(Outgoing::State(crate::turn::AgentState::Initializing));
        let ending = loop {
            let step = self.step().await;
            if let Some(ending) = step {
                break ending;
            }
        };
        self.close(ending).await
    }

    /// Waits for one thing to happen and deals with it.
    async fn step(&mut self) -> Option<CallEnding> {
        let deadline = self.deadline();
        tokio::select! {
            biased;
            reason = stop_requested(&mut self.stop) => self.on_stop(reason).await,
            input = self.inputs.recv() => match input {
                Some(input) => self.on_input(input).await,
                None => Some(CallEnding::RoomLost),
            },
            // Reports first: what a reply is for must be known when its playout ends.
            Some(report) = self.reports.recv() => self.on_report(report).await,
            event = self.voice_events.recv() => match event {
                Some(event) => self.on_voice(event).await,
                None => Some(CallEnding::Broken),
            },
            Some(transcript) = self.transcripts.next(), if !self.transcripts.is_empty() => {
                let transcript = transcript.unwrap_or(Err(SttError::Stopped));
                self.on_transcript(transcript).await
            }
            frame = hearing::next_frame(&mut self.microphone) => self.on_frame(frame).await,
            () = until(self.clock, deadline) => self.on_deadline().await,
        }
    }

    /// Time since the session began: the `now` of every decision.
    fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    fn deadline(&self) -> Option<Duration> {
        [
            self.turns.deadline().filter(|_| !self.transferring),
            self.farewell_by,
            self.keypad.deadline(),
            self.greeting_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    async fn on_deadline(&mut self) -> Option<CallEnding> {
        let now = self.now();
        if self.farewell_by.is_some_and(|due| due <= now) {
            return self.parting;
        }
        if self.greeting_due().is_some_and(|due| due <= now) {
            self.greet().await;
        }
        if let Some(action) = self.keypad.elapsed(now) {
            self.on_keypad(action).await;
        }
        self.tell(TurnEvent::Tick).await
    }

    async fn on_input(&mut self, input: Input) -> Option<CallEnding> {
        match input {
            Input::Microphone(stream) => self.microphone = Some(stream),
            Input::MicrophoneEnded => {
                self.microphone = None;
                return self.last_of_track().await;
            }
            Input::CanHear => {
                self.can_hear = true;
                self.greet().await;
            }
            Input::Typed(text) => {
                let text = self
                    .redactor
                    .redact(insight::Role::Caller, text.trim())
                    .text;
                if !text.is_empty() {
                    return self.tell(TurnEvent::CallerTyped { text }).await;
                }
            }
            Input::Digit(digit) => self.on_digit(digit).await,
            Input::Rpc(call) => return self.on_rpc(call).await,
            Input::CallerLeft => {
                self.caller_gone = true;
                return Some(CallEnding::CallerLeft);
            }
            Input::RoomLost => return Some(CallEnding::RoomLost),
        }
        None
    }

    async fn on_voice(&mut self, event: VoiceEvent) -> Option<CallEnding> {
        let now = self.now();
        match event {
            VoiceEvent::Started { id, interruptible } => {
                self.agent_speaking = true;
                let mut reply = false;
                if let Some(spoken) = self.ledger.spoken(id) {
                    spoken.started_at = Some(now);
                    reply = spoken.asked_at.is_some();
                }
                let event = TurnEvent::AgentStartedSpeaking {
                    interruptible,
                    reply,
                };
                self.tell(event).await
            }
            VoiceEvent::Sentence { id, text } => {
                if let Some(spoken) = self.ledger.spoken(id) {
                    let segment = spoken.segment.clone();
                    self.outputs.send(Outgoing::AgentSays { segment, text });
                }
                None
            }
            VoiceEvent::Finished {
                id,
                heard,
                interrupted,
            } => {
                self.agent_speaking = false;
                self.cut = false;
                let spoken = self.finished(id, &heard, interrupted);
                let ending = self.tell(TurnEvent::AgentStoppedSpeaking).await;
                match spoken {
                    Some(spoken) => self.after(&spoken, interrupted).or(ending),
                    None => ending,
                }
            }
        }
    }

    /// What a speech wants done once it was heard.
    fn after(&mut self, spoken: &ledger::Spoken, interrupted: bool) -> Option<CallEnding> {
        let action = spoken.meta.as_ref().and_then(|meta| meta.action);
        match action {
            Some(CallAction::Callback) => self.request_callback(),
            Some(CallAction::Transfer) => self.transfer(),
            // "One more thing" in the middle of a goodbye: the call goes on.
            Some(CallAction::HangUp) if !interrupted => return Some(CallEnding::Goodbye),
            Some(CallAction::HangUp | CallAction::Repeat) | None => {}
        }
        // Whether a silent caller answered the goodbye is for `turn` to say.
        let parting = (spoken.kind == SpeechKind::Goodbye).then_some(self.parting);
        parting
            .flatten()
            .filter(|ending| *ending != CallEnding::Silence)
    }

    /// The row of a speech that is over, and its figures.
    fn finished(&mut self, id: SpeechId, heard: &str, interrupted: bool) -> Option<ledger::Spoken> {
        let heard = self.redactor.redact(insight::Role::Agent, heard).text;
        let spoken = self
            .ledger
            .agent_said(id, &heard, interrupted, self.clock.elapsed())?;
        self.outputs.send(Outgoing::AgentDone {
            segment: spoken.segment.clone(),
        });
        self.turns.expect_digits(asks_for_digits(&heard));
        self.turns.expect_answer(heard.trim_end().ends_with('?'));
        if spoken.kind == SpeechKind::Reply {
            self.report_turn(&spoken, interrupted);
        }
        Some(spoken)
    }

    async fn on_report(&mut self, report: Report) -> Option<CallEnding> {
        match report {
            Report::FirstAudio { id, after } => {
                if let Some(spoken) = self.ledger.spoken(id) {
                    spoken.first_audio = Some(after);
                }
                None
            }
            Report::ReplyWritten { id, meta } => {
                let awaiting = meta.awaiting;
                if meta.retrieval.is_some() {
                    self.services.metrics.retrieval();
                }
                if let Some(spoken) = self.ledger.spoken(id) {
                    spoken.kind = if meta.action == Some(CallAction::HangUp) {
                        SpeechKind::Goodbye
                    } else {
                        spoken.kind
                    };
                    spoken.meta = Some(*meta);
                }
                self.reply.take_if(|reply| reply.id == id)?;
                self.awaiting = awaiting;
                self.tell(TurnEvent::ReplyEnded).await
            }
            Report::ReplyFailed { id } => {
                self.reply.take_if(|reply| reply.id == id)?;
                self.tell(TurnEvent::ReplyEnded).await
            }
            Report::Authentication(outcome) => {
                self.on_authentication(outcome).await;
                None
            }
            Report::Transferred(done) => self.on_transferred(done).await,
        }
    }

    async fn on_stop(&mut self, reason: StopReason) -> Option<CallEnding> {
        self.stop = None;
        match reason {
            StopReason::Terminated => {
                self.hurried = true;
                Some(CallEnding::RoomLost)
            }
            StopReason::Draining if !self.greeted => Some(CallEnding::Drained),
            StopReason::Draining => {
                tracing::info!(session.id = %self.id, "the worker stops; saying goodbye");
                self.cancel_reply().await;
                let text = self.services.lines.service_goodbye.clone();
                self.part(CallEnding::Drained, text).await;
                self.farewell_by = Some(self.now() + FAREWELL);
                None
            }
        }
    }

    /// Tells `turn` what happened and carries out what it decides.
    async fn tell(&mut self, event: TurnEvent) -> Option<CallEnding> {
        if self.transferring {
            // It rings at the other end: nobody is asked whether they are still there.
            return None;
        }
        let now = self.now();
        let mut ending = None;
        for action in self.turns.on(event, now) {
            ending = ending.or(self.act(action).await);
        }
        ending
    }

    async fn act(&mut self, action: TurnAction) -> Option<CallEnding> {
        if self.parting == Some(CallEnding::Drained) {
            self.while_leaving(action);
            return None;
        }
        if !self.greeted && speaks(&action) {
            self.greeting_due()?;
            // The disclosure comes before anything else.
            self.greet().await;
        }
        match action {
            TurnAction::SetState(state) => self.outputs.send(Outgoing::State(state)),
            TurnAction::PauseSpeech => self.voice.pause().await,
            TurnAction::ResumeSpeech => self.voice.resume().await,
            TurnAction::CancelReply => self.cancel_reply().await,
            TurnAction::Reply(turn) => self.reply_to(turn).await,
            TurnAction::DidNotCatch => {
                let lines = &self.services.lines.did_not_catch;
                let text = lines[self.not_caught % lines.len()].clone();
                self.not_caught += 1;
                self.announce(SpeechKind::Announcement, &text, true).await;
            }
            TurnAction::TechnicalProblem => {
                let text = self.services.lines.technical_problem.clone();
                self.announce(SpeechKind::Announcement, &text, true).await;
            }
            TurnAction::AreYouThere => {
                // A yes to this is no yes to an offer made before it.
                self.awaiting = Awaiting::None;
                let text = self.services.lines.still_there.clone();
                self.announce(SpeechKind::Announcement, &text, true).await;
            }
            TurnAction::SayGoodbye => {
                let text = self.services.lines.silence_goodbye.clone();
                self.part(CallEnding::Silence, text).await;
            }
            TurnAction::HangUp => return Some(self.parting.unwrap_or(CallEnding::Silence)),
        }
        None
    }
}

/// Whether an action is heard by the caller.
fn speaks(action: &TurnAction) -> bool {
    !matches!(
        action,
        TurnAction::SetState(_) | TurnAction::HangUp | TurnAction::CancelReply
    )
}

/// The worker's wish that this call ends; never, once it was obeyed.
async fn stop_requested(stop: &mut Option<CallStop>) -> StopReason {
    match stop {
        Some(stop) => stop.requested().await,
        None => pending().await,
    }
}

async fn until(clock: Instant, deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => sleep_until((clock + deadline).into()).await,
        None => pending().await,
    }
}

/// A question for digits gets a longer endpointing delay: people pause between groups.
fn asks_for_digits(text: &str) -> bool {
    let text = text.to_lowercase();
    let last = text
        .rsplit(['.', '!'])
        .find(|part| !part.trim().is_empty())
        .unwrap_or_default();
    last.contains('?')
        && ["number", "code", "digits", "date"]
            .iter()
            .any(|word| last.contains(word))
}
