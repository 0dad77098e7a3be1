//! A warm transfer: a colleague is spoken to first, and takes the call or does not.
//!
//! ```text
//! caller's room --- Session --- Course (pure) --- Colleague --- the colleague's room
//!        ^  hold tone, a word now and then    briefing, question  ^
//!        +------- frames, once it is taken, both ways ------------+
//! ```
//! The caller is heard all the time, and what they say is kept. The colleague hears them only once the call was taken.

mod colleague;
mod course;

use std::{sync::Arc, time::Duration};

use dialogue::Event;
use tokio::sync::{mpsc, oneshot};
use tools::{BoxFuture, SipTransfer, ToolError, TransferTarget};
use uuid::Uuid;
use voice::{
    speak::{Beneath, LiveSource, live},
    turn::TurnEvent,
};

use super::{End, Phase, Session, ledger::SpeechKind};
use crate::consultation::Dialer;
use colleague::{Called, Colleague, ColleagueEvent};
use course::{By, Course, CourseAction, CourseEvent, Ended, Patience};

/// From the course's end until whoever waits for it has heard.
const ANSWERED: Duration = Duration::from_secs(10);
/// A call has one transfer under way.
const REQUESTS: usize = 1;

/// How calls are put through to a colleague who is spoken to first.
#[derive(Clone)]
pub struct Consultations {
    /// Calls the colleague.
    pub dialer: Arc<dyn Dialer>,
    /// For so long.
    pub ring: Duration,
    /// The waiting caller is told so often that somebody is being called.
    pub waiting: Duration,
    /// The colleague may think so long about each question.
    pub decide: Duration,
}

impl Consultations {
    /// Longer than any course takes until the call is taken or not.
    pub(super) fn longest(&self) -> Duration {
        self.patience().longest() + ANSWERED
    }

    fn patience(&self) -> Patience {
        Patience {
            ring: self.ring,
            waiting: self.waiting,
            decide: self.decide,
        }
    }
}

/// What came of a transfer that was asked for, told to whoever asked.
type Answer = oneshot::Sender<Result<(), ToolError>>;

/// The transfers that the tool asks for, on their way to the session.
pub(super) type Requests = mpsc::Receiver<(TransferTarget, Answer)>;

/// The tool's way to a warm transfer: the session does it.
pub(super) struct ByConsultation(mpsc::Sender<(TransferTarget, Answer)>);

impl ByConsultation {
    pub(super) fn new() -> (Self, Requests) {
        let (requests, asked) = mpsc::channel(REQUESTS);
        (Self(requests), asked)
    }
}

impl SipTransfer for ByConsultation {
    fn transfer<'a>(
        &'a self,
        _participant: &'a str,
        to: &'a TransferTarget,
    ) -> BoxFuture<'a, Result<(), ToolError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let gone = |_| ToolError::Failed("the call is over".to_owned());
            let request = (to.clone(), answer);
            self.0.send(request).await.map_err(|_| gone(()))?;
            answered.await.map_err(|_| gone(()))?
        })
    }
}

/// A colleague who is being brought into the call, or is in it.
#[derive(Debug)]
pub(super) struct Consulting {
    course: Course,
    colleague: Option<Colleague>,
    /// Who waits for what comes of it.
    answer: Option<Answer>,
    /// Where what the caller says goes once it was taken, and the row of that.
    bridged: Option<(LiveSource, Uuid)>,
    /// The turn that asked for it.
    seq: i32,
}

impl Consulting {
    pub(super) fn is_bridged(&self) -> bool {
        self.course.is_bridged()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.course.deadline()
    }

    fn answer(&mut self, result: Result<(), ToolError>) {
        if let Some(answer) = self.answer.take()
            && answer.send(result).is_err()
        {
            tracing::debug!("nobody waits for what came of a transfer");
        }
    }
}

/// What happens on the colleague's line; never, where there is none.
pub(super) async fn next(phase: &mut Phase) -> Option<ColleagueEvent> {
    match phase {
        Phase::Consulting(consulting) => match &mut consulting.colleague {
            Some(colleague) => colleague.next().await,
            None => std::future::pending().await,
        },
        _ => std::future::pending().await,
    }
}

/// What the tool asks for; never, where calls are not put through like that.
pub(super) async fn requested(requests: &mut Option<Requests>) -> Option<(TransferTarget, Answer)> {
    match requests {
        Some(asked) => asked.recv().await,
        None => std::future::pending().await,
    }
}

impl Session {
    /// The transfer is on record: the colleague is called, and the caller hears that they wait.
    pub(super) async fn consult(&mut self, to: TransferTarget, answer: Answer) {
        let (
            Some(consultations),
            Phase::Transferring {
                leave_by: None,
                seq,
            },
        ) = (self.services.consultations.clone(), &self.phase)
        else {
            // Meanwhile the worker stops: the answer's end is dropped.
            return;
        };
        let patience = consultations.patience();
        let called = Called {
            dialer: consultations.dialer,
            to,
            ring: consultations.ring,
        };
        let colleague = Colleague::call(called, self.services.clone(), &self.tasks);
        self.phase = Phase::Consulting(Box::new(Consulting {
            course: Course::new(patience, self.now()),
            colleague: Some(colleague),
            answer: Some(answer),
            bridged: None,
            seq: *seq,
        }));
        self.voice.beneath(Beneath::Hold).await;
    }

    pub(super) async fn on_colleague(&mut self, event: Option<ColleagueEvent>) {
        let event = match event {
            Some(ColleagueEvent::Answered) => CourseEvent::Answered,
            Some(ColleagueEvent::Unreached(why)) => CourseEvent::Unreached(why),
            Some(ColleagueEvent::Told) => CourseEvent::Told,
            Some(ColleagueEvent::Said(text)) => {
                CourseEvent::Said(self.services.replier.knowledge().takes_call(&text))
            }
            Some(ColleagueEvent::Key(key)) => CourseEvent::Key(key),
            Some(ColleagueEvent::Left) | None => CourseEvent::ColleagueLeft,
        };
        self.on_course(event).await;
    }

    /// Reports to the course what happened, and carries out what follows.
    pub(super) async fn on_course(&mut self, event: CourseEvent) {
        let now = self.now();
        let Phase::Consulting(consulting) = &mut self.phase else {
            return;
        };
        for action in consulting.course.on(event, now) {
            self.carry_out(action).await;
        }
    }

    /// The course's time has come.
    pub(super) async fn course_due(&mut self) {
        self.on_course(CourseEvent::Tick).await;
    }

    async fn carry_out(&mut self, action: CourseAction) {
        let Phase::Consulting(consulting) = &mut self.phase else {
            return;
        };
        let base = self.services.replier.knowledge();
        let lines = &base.pack().transfer.lines;
        match action {
            CourseAction::TellWaiting => {
                let line = lines.waiting.clone();
                self.announce(SpeechKind::Announcement, &line, false).await;
            }
            CourseAction::Brief => {
                let [about, open] = self.dialogue.briefing();
                if let Some(colleague) = &consulting.colleague {
                    colleague.say(vec![about, open, lines.ask.clone()]);
                }
            }
            CourseAction::AskAgain => {
                if let Some(colleague) = &consulting.colleague {
                    colleague.say(vec![lines.ask_again.clone()]);
                }
            }
            CourseAction::Bridge => self.bridge().await,
            CourseAction::Release => {
                consulting.colleague = None;
                self.voice.beneath(Beneath::Silence).await;
            }
            CourseAction::End(ended) => self.course_ended(ended).await,
        }
    }

    /// The colleague takes the call: from now on we only pass on what is said.
    async fn bridge(&mut self) {
        let now = self.now();
        let Phase::Consulting(consulting) = &mut self.phase else {
            return;
        };
        consulting.answer(Ok(()));
        let (from_caller, to_colleague) = live();
        let (from_colleague, to_caller) = live();
        if let Some(colleague) = &consulting.colleague {
            colleague.bridge(to_colleague, from_colleague);
        }
        let row = self.ledger.person_took_over(consulting.seq);
        consulting.bridged = Some((from_caller, row));
        // Nobody knows what the two will say that is a secret.
        self.taped.person(true, now);
        self.cancel_reply().await;
        self.voice.beneath(Beneath::Live(to_caller)).await;
    }

    /// What the caller says goes to the colleague who has taken the call.
    pub(super) fn pass_on(&mut self, frame: &[i16]) {
        if let Phase::Consulting(consulting) = &mut self.phase
            && let Some((colleague, _)) = &mut consulting.bridged
        {
            let lost = colleague.push(frame);
            self.services.metrics.bridged_frames_dropped(lost);
        }
    }

    async fn course_ended(&mut self, ended: Ended) {
        let now = self.now();
        let Phase::Consulting(mut consulting) = std::mem::replace(&mut self.phase, Phase::Talking)
        else {
            return;
        };
        self.turns.excuse_silence(now);
        let event = match ended {
            Ended::NotTaken(why) => {
                let reason = format!("the call was not taken: {why:?}");
                consulting.answer(Err(ToolError::Failed(reason)));
                Event::NotTaken(why)
            }
            Ended::CallbackWanted => {
                let reason = "the caller would rather be called back".to_owned();
                consulting.answer(Err(ToolError::Failed(reason)));
                Event::CallbackWanted
            }
            Ended::Abandoned => {
                let reason = "the call ended before it was taken".to_owned();
                consulting.answer(Err(ToolError::Failed(reason)));
                return;
            }
            Ended::Talked(by, lasted) => {
                self.taped.person(false, now);
                if let Some((_, row)) = consulting.bridged.take() {
                    self.ledger.person_left(row, by.as_str(), lasted);
                }
                if by != By::Colleague {
                    return;
                }
                Event::BackFromPerson
            }
        };
        let texts = self.dialogue.on(event);
        if !texts.is_empty() {
            // In one breath: who answers the first has not heard the second.
            let id = self.ledger.speech(SpeechKind::Announcement, None);
            self.say(id, &texts, true).await;
        }
    }

    /// What the caller says while a colleague is called, or talks with them: it is kept. One thing is heeded: who would
    /// rather be called back is talked with again, and what they said is returned as if they had said it now.
    pub(super) async fn heard_while_consulting(&mut self, event: TurnEvent) -> Vec<TurnEvent> {
        let base = self.services.replier.knowledge();
        let wants_call_back = match &event {
            TurnEvent::Transcript { text } | TurnEvent::CallerTyped { text } => {
                !self.phase.is_bridged() && base.wants_call_back(text)
            }
            _ => false,
        };
        if !wants_call_back {
            self.keep_unanswered(&event);
            return Vec::new();
        }
        self.on_course(CourseEvent::CallbackWanted).await;
        // An announcement may be in the middle of its sentence.
        self.cancel_reply().await;
        match event {
            // Their voice was nobody's turn when it was heard.
            TurnEvent::Transcript { .. } => vec![
                TurnEvent::CallerStartedSpeaking,
                TurnEvent::CallerStoppedSpeaking,
                event,
            ],
            event => vec![event],
        }
    }

    /// The call ends, or the worker stops: the colleague is let go at once.
    pub(super) async fn end_consultation(&mut self, is_stop: bool) {
        let event = if is_stop {
            CourseEvent::Stopped
        } else {
            CourseEvent::CallerLeft
        };
        self.on_course(event).await;
        // Whoever asks from now on is told at once that nobody does it.
        self.consults = None;
    }

    /// The caller hung up; with a colleague who had taken the call, it was put through.
    pub(super) fn caller_hung_up(&self) -> End {
        if self.phase.is_bridged() {
            End::Transferred
        } else {
            End::CallerGone
        }
    }
}
