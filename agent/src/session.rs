//! The event loop of one call: owns the clock, the queues and the cancel
//! tokens, and wires hearing, turns, dialogue, speech and record together.
//!
//! Every iteration takes one thing that happened, reports it to `turn`, and carries
//! out what that decides. Nothing here waits for the database, a model or the
//! data channel: those answer through queues.

mod authenticate;
mod before;
mod consult;
mod echo;
mod ending;
mod handoff;
mod hearing;
mod ledger;
mod memory;
mod opening;
mod pause;
mod phase;
mod ports;
mod reply;
mod services;
mod speech;
mod taped;
mod turn_metrics;

use std::{future::pending, sync::Arc, time::Duration};

use authentication::Keypad;
use call::{CallEnding, LineQuality};
use dialogue::{CallAction, Driver, Event, ReplyMeta};
use futures_util::{StreamExt as _, stream::FuturesOrdered};
use insight::redact::Redactor;
use record::LiveSession;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;
use tools::Outcome;
use voice::{
    listen::Listener,
    speak::{SpeechId, Voice, VoiceEvent},
    turn::{AgentState, TurnAction, TurnEvent, Turns},
};

use crate::{
    line::{Caller, Frames, Input, Outgoing, Outputs},
    metrics::Stage,
    worker::CallStop,
};
use ledger::{Ledger, SpeechKind};
use phase::{AgentVoice, End, Leaving, Phase};

pub use consult::Consultations;
pub use ending::Ended;
pub use ports::{KeptSound, Recorded};
pub use services::{Services, SessionConfig, Transfers};

/// Voice events are few and must not be lost: the voice waits when the session is this far behind.
const VOICE_QUEUE: usize = 32;
/// Reports of reply tasks; as above.
const REPORT_QUEUE: usize = 32;
/// The last words of a drain, synthesis included.
const FAREWELL: Duration = Duration::from_secs(12);
/// A caller whose connection broke, or whose page is loading again, may come back in this time.
/// The server notices a dead network after 15 to 20 s itself; a client that finds its network
/// again needs some seconds more to join anew.
const RETURN_GRACE: Duration = Duration::from_secs(15);

/// What the tasks of a session report back to it.
#[derive(Debug)]
pub(crate) enum Report {
    /// A reply's first sentence was synthesised, this long after it was written.
    FirstAudio {
        id: SpeechId,
        after: Duration,
        /// By the second voice.
        fallback: bool,
    },
    /// A reply wrote its last sentence.
    ReplyWritten { id: SpeechId, meta: Box<ReplyMeta> },
    /// A reply could not be written or spoken.
    ReplyFailed { id: SpeechId },
    /// An authentication step came to its end.
    Authentication(authenticate::Outcome),
    /// What came of a transfer.
    Transferred(Outcome),
}

/// One call.
pub struct Session {
    services: Arc<Services>,
    caller: Caller,
    id: call::SessionId,
    clock: Instant,

    inputs: mpsc::Receiver<Input>,
    /// How well the caller is heard.
    quality: watch::Receiver<Option<LineQuality>>,
    microphone: Option<Frames>,
    listener: Listener,
    /// Knows the agent's own voice in what is heard.
    own: echo::OwnVoice,
    /// The recognitions under way, in the order of the utterances: bounded by them.
    transcripts: FuturesOrdered<JoinHandle<hearing::Recognised>>,
    pause: pause::Pause,
    /// What the caller is saying is for a colleague.
    to_person: bool,
    redactor: Redactor,
    taped: taped::Taped,
    turns: Turns,
    voice: Voice,
    voice_events: mpsc::Receiver<VoiceEvent>,
    outputs: Outputs,
    ledger: Ledger,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    tasks: TaskTracker,

    phase: Phase,
    /// Warm transfers that are to begin; `None`: none ever are.
    consults: Option<consult::Requests>,
    agent: AgentVoice,
    /// The reply being written.
    reply: Option<reply::Writing>,
    /// A reply that is written in case the turn is over.
    drafted: Option<reply::Drafted>,
    /// What is said, and why; it knows the turns so far.
    dialogue: Driver,
    /// "I did not catch that" in a row: the lines grow more helpful.
    not_caught: usize,
    keypad: Keypad,
    authentication: authenticate::Authentication,
    /// The caller's connection broke: they are waited for until then.
    away_until: Option<Duration>,
    summary_token: record::SummaryToken,
    /// Keeps the sweeper away while the call lives.
    _live: LiveSession,
    stop: CallStop,
}

impl Session {
    /// Runs the call until it ends; everything that was said is on its way to the record then.
    pub async fn run(mut self) -> Ended {
        self.outputs.set_state(AgentState::Initializing);
        let end = loop {
            let step = self.step().await;
            if let Some(end) = step {
                break end;
            }
        };
        self.close(end).await
    }

    /// Waits for one thing to happen and deals with it.
    async fn step(&mut self) -> Option<End> {
        let deadline = self.deadline();
        tokio::select! {
            biased;
            reason = self.stop.requested() => self.on_stop(reason).await,
            input = self.inputs.recv() => match input {
                Some(input) => self.on_input(input).await,
                None => Some(End::RoomGone),
            },
            // Reports first: what a reply is for must be known when its playout ends.
            Some(report) = self.reports.recv() => self.on_report(report).await,
            event = self.voice_events.recv() => match event {
                Some(event) => self.on_voice(event).await,
                None => Some(End::HangUp(CallEnding::Broken)),
            },
            event = consult::next(&mut self.phase) => {
                self.on_colleague(event).await;
                None
            }
            Some((to, answer)) = consult::requested(&mut self.consults) => {
                self.consult(to, answer).await;
                None
            }
            judged = self.pause.judged() => self.on_judged(judged).await,
            Some(recognised) = self.transcripts.next(), if !self.transcripts.is_empty() => {
                self.on_recognised(recognised.unwrap_or_default()).await
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
            // No silence prompts while a transfer rings or the caller's connection is broken.
            self.turns
                .deadline()
                .filter(|_| !self.phase.is_transferring() && self.away_until.is_none()),
            self.phase.deadline(),
            self.phase.course_deadline(),
            self.keypad.deadline(),
            self.away_until,
            self.taped.deadline(),
            self.greeting_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    async fn on_deadline(&mut self) -> Option<End> {
        let now = self.now();
        let passed = |due: Option<Duration>| due.is_some_and(|due| due <= now);
        if passed(self.away_until) {
            return Some(self.caller_hung_up());
        }
        if passed(self.phase.deadline()) {
            return Some(End::HangUp(CallEnding::Drained));
        }
        if passed(self.phase.course_deadline()) {
            self.course_due().await;
        }
        if passed(self.greeting_due()) {
            self.greet().await;
        }
        if let Some(action) = self.keypad.elapsed(now) {
            self.taped.keypad(&self.keypad, now);
            if let Some(end) = self.on_keypad(action).await {
                return Some(end);
            }
        }
        self.taped.elapsed(now);
        self.tell(TurnEvent::Tick).await
    }

    async fn on_input(&mut self, input: Input) -> Option<End> {
        match input {
            Input::Microphone(frames) => self.microphone = Some(frames),
            Input::MicrophoneEnded => {
                self.microphone = None;
                return self.last_of_track().await;
            }
            Input::CanHear => self.on_can_hear().await,
            Input::Typed(text) => {
                let text = self
                    .redactor
                    .redact(call::Speaker::Caller, text.trim())
                    .text;
                if !text.is_empty() {
                    return self.tell(TurnEvent::CallerTyped { text }).await;
                }
            }
            Input::Digit(digit) => return self.on_digit(digit).await,
            Input::Rpc(call) => return self.on_rpc(call).await,
            Input::CallerAway => self.away_until = Some(self.now() + RETURN_GRACE),
            Input::CallerBack => {
                self.away_until = None;
                self.turns.excuse_silence(self.now());
            }
            Input::CallerIs(caller) => return Some(End::CallerIs(caller)),
            Input::CallerLeft => return Some(self.caller_hung_up()),
            Input::RoomLost => return Some(End::RoomGone),
        }
        None
    }

    async fn on_voice(&mut self, event: VoiceEvent) -> Option<End> {
        let now = self.now();
        match event {
            VoiceEvent::Started { id, interruptible } => {
                self.agent = AgentVoice::Speaking;
                self.taped.tape.begins(id.0, now);
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
                self.own.says(&text, now);
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
                self.agent = AgentVoice::Silent;
                self.own.falls_silent(now);
                let spoken = self.finished(id, &heard, interrupted);
                let end = self.tell(TurnEvent::AgentStoppedSpeaking).await;
                match spoken {
                    Some(spoken) => self.after(&spoken, interrupted).or(end),
                    None => end,
                }
            }
        }
    }

    /// What a speech wants done once it was heard.
    fn after(&mut self, spoken: &ledger::Spoken, interrupted: bool) -> Option<End> {
        let action = spoken.meta.as_ref().and_then(|meta| meta.action);
        match action {
            Some(CallAction::Transfer) => self.transfer(spoken.turn),
            // "One more thing" in the middle of a goodbye: the call goes on.
            Some(CallAction::Leave) => return Some(End::HangUp(CallEnding::Goodbye)),
            Some(CallAction::HangUp) if !interrupted => {
                return Some(End::HangUp(CallEnding::Goodbye));
            }
            Some(CallAction::Callback | CallAction::HangUp | CallAction::Repeat) | None => {}
        }
        // Whether a silent caller answered the goodbye is for `turn` to say.
        // Another goodbye that the worker's own cut short is not the last word.
        let last_words =
            spoken.kind == SpeechKind::Goodbye && !interrupted && self.phase.is_drained();
        last_words.then_some(End::HangUp(CallEnding::Drained))
    }

    /// The row of a speech that is over, and its figures.
    fn finished(&mut self, id: SpeechId, heard: &str, interrupted: bool) -> Option<ledger::Spoken> {
        let words = heard.split_whitespace().count();
        let redacted = self.redactor.redact(call::Speaker::Agent, heard);
        let (heard, now) = (redacted.text, self.now());
        let secret = !redacted.found.is_empty();
        self.taped.tape.said(id.0, now, secret);
        let spoken = self.ledger.agent_said(id, &heard, interrupted, now)?;
        if !heard.trim().is_empty() {
            let heard = heard.trim().to_owned();
            let is_cut = interrupted && spoken.kind == SpeechKind::Reply;
            self.dialogue.on(if is_cut {
                Event::ReplyCut { heard, words }
            } else {
                Event::AgentHeard(heard)
            });
        }
        self.outputs.send(Outgoing::AgentDone {
            segment: spoken.segment.clone(),
            citations: spoken.citations(),
        });
        let listening = &self.services.config.turn.listening;
        self.turns.expect_digits(listening.asks_for_digits(&heard));
        self.turns.expect_answer(heard.trim_end().ends_with('?'));
        if spoken.kind == SpeechKind::Reply {
            self.report_turn(&spoken, interrupted);
        }
        Some(spoken)
    }

    async fn on_report(&mut self, report: Report) -> Option<End> {
        match report {
            Report::FirstAudio {
                id,
                after,
                fallback,
            } => {
                if let Some(spoken) = self.ledger.spoken(id) {
                    spoken.first_audio = Some(after);
                    spoken.tts_fallback = fallback;
                }
                if fallback {
                    self.services.metrics.fallback(Stage::TtsFirstAudio);
                }
                None
            }
            Report::ReplyWritten { id, meta } => {
                if meta.retrieval.is_some() {
                    self.services.metrics.retrieval();
                }
                if let Some(frustration) = meta.person_offered {
                    self.services.metrics.person_offered();
                    tracing::info!(session.id = %self.id, frustration, "HUMAN ESCALATION OFFERED");
                }
                let is_useful = !meta.is_useless();
                if let Some(spoken) = self.ledger.spoken(id) {
                    if matches!(meta.action, Some(CallAction::HangUp | CallAction::Leave)) {
                        spoken.kind = SpeechKind::Goodbye;
                    }
                    spoken.meta = Some(*meta);
                }
                self.reply.take_if(|reply| reply.id == id)?;
                self.dialogue.on(Event::ReplyWritten);
                let now = self.now();
                self.turns.judge_reply(is_useful, now);
                self.tell(TurnEvent::ReplyEnded).await
            }
            Report::ReplyFailed { id } => {
                self.reply.take_if(|reply| reply.id == id)?;
                self.dialogue.on(Event::ReplyCancelled);
                self.tell(TurnEvent::ReplyEnded).await
            }
            Report::Authentication(outcome) => self.on_authentication(outcome).await,
            Report::Transferred(outcome) => self.on_transferred(outcome).await,
        }
    }

    /// Reports to `turn` what happened and carries out what it decides.
    async fn tell(&mut self, event: TurnEvent) -> Option<End> {
        let mut events = vec![event];
        match self.phase {
            Phase::Transferring { .. } => {
                self.keep_unanswered(&events[0]);
                return None;
            }
            Phase::Consulting(_) => events = self.heard_while_consulting(events.remove(0)).await,
            _ => {}
        }
        let now = self.now();
        let mut end = None;
        for event in events {
            for action in self.turns.on(event, now) {
                end = end.or(self.act(action).await);
            }
        }
        end
    }

    async fn act(&mut self, action: TurnAction) -> Option<End> {
        if self.phase.is_drained() || speaks(&action) && !self.may_speak().await {
            self.act_silently(action);
            return None;
        }
        match action {
            TurnAction::SetState(state) => self.outputs.set_state(state),
            TurnAction::DuckSpeech => self.voice.duck().await,
            TurnAction::PauseSpeech => self.voice.pause().await,
            TurnAction::ResumeSpeech => self.voice.resume().await,
            TurnAction::CancelReply => self.cancel_reply().await,
            TurnAction::Draft(turn) => self.draft(turn),
            TurnAction::DropDraft => self.drop_draft(),
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
                self.dialogue.on(Event::OfferLapsed);
                let text = self.services.lines.still_there.clone();
                self.announce(SpeechKind::Announcement, &text, true).await;
            }
            TurnAction::SayGoodbye => {
                self.phase = Phase::Leaving(Leaving::Silence);
                let text = self.services.lines.silence_goodbye.clone();
                self.announce(SpeechKind::Goodbye, &text, false).await;
            }
            TurnAction::HangUp => {
                let ending = self.phase.ends_as().unwrap_or(CallEnding::Silence);
                return Some(End::HangUp(ending));
            }
        }
        None
    }
}

/// Whether an action is heard by the caller.
fn speaks(action: &TurnAction) -> bool {
    !matches!(
        action,
        TurnAction::SetState(_)
            | TurnAction::HangUp
            | TurnAction::CancelReply
            | TurnAction::Draft(_)
            | TurnAction::DropDraft
    )
}

async fn until(clock: Instant, deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => sleep_until(clock + deadline).await,
        None => pending().await,
    }
}
