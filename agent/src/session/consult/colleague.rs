//! The colleague's side of a warm transfer: a line of its own, with a voice and an ear of its own.
//!
//! It runs beside the session, which orders what is said there and learns what is heard. Whatever breaks here, a panic
//! included, is to the session a colleague who has left. Dropping the [`Colleague`] lets them go.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesOrdered};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;
use tools::TransferTarget;
use voice::{
    echo::Sent,
    listen::{Heard, Listener, SttError, Transcript, Utterance},
    speak::{Beneath, Live, LiveSource, SpeechId, Voice, VoiceEvent},
};

use crate::{
    consultation::{Dialer, Leg, Unreached},
    line::{Frame, Frames, Input},
    session::{
        Services, VOICE_QUEUE,
        echo::{OwnVoice, SaidMeanwhile},
        hearing::next_frame,
        speech::say,
    },
};

/// A course has three things to say at most.
const ORDERS: usize = 4;
/// What happens there waits for the session, which is never busy for long.
const EVENTS: usize = 16;

/// What the session has done on the colleague's line.
#[derive(Debug)]
enum Order {
    /// Said, instead of whatever is being said.
    Say(Vec<String>),
    /// Both sides hear each other: what comes from the caller, and where what the colleague says goes.
    Bridge(Live, LiveSource),
}

/// What happened there.
#[derive(Debug)]
pub(in crate::session) enum ColleagueEvent {
    /// They hear us.
    Answered,
    /// They could not be reached; nothing more comes.
    Unreached(Unreached),
    /// What was said last was heard to its end.
    Told,
    /// They said something once they were asked, or typed it.
    Said(String),
    /// They pressed a key.
    Key(char),
    /// They are gone; nothing more comes.
    Left,
}

/// A colleague who is called, or was. Dropped, they are let go.
#[derive(Debug)]
pub(in crate::session) struct Colleague {
    orders: mpsc::Sender<Order>,
    events: mpsc::Receiver<ColleagueEvent>,
}

/// Who is called, by whom, and for how long it rings.
pub(in crate::session) struct Called {
    pub(in crate::session) dialer: Arc<dyn Dialer>,
    pub(in crate::session) to: TransferTarget,
    pub(in crate::session) ring: Duration,
}

impl Colleague {
    /// Begins to call them.
    pub(in crate::session) fn call(
        called: Called,
        services: Arc<Services>,
        tasks: &TaskTracker,
    ) -> Self {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (happened, events) = mpsc::channel(EVENTS);
        let at_work = tasks.clone();
        tasks.spawn(run(called, services, (ordered, happened), at_work));
        Self { orders, events }
    }

    /// What happened next; `None` once nothing more comes.
    pub(in crate::session) async fn next(&mut self) -> Option<ColleagueEvent> {
        self.events.recv().await
    }

    /// Says this to them.
    pub(in crate::session) fn say(&self, sentences: Vec<String>) {
        self.order(Order::Say(sentences));
    }

    /// They hear `from_caller`, and what they say goes to `to_caller`.
    pub(in crate::session) fn bridge(&self, from_caller: Live, to_caller: LiveSource) {
        self.order(Order::Bridge(from_caller, to_caller));
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::debug!("the colleague's line is gone");
        }
    }
}

/// Calls, and serves the line of whoever answers until one side lets go.
async fn run(
    called: Called,
    services: Arc<Services>,
    (mut orders, events): (mpsc::Receiver<Order>, mpsc::Sender<ColleagueEvent>),
    tasks: TaskTracker,
) {
    let dial = called.dialer.dial(called.to, called.ring, tasks.clone());
    let reached = tokio::select! {
        biased;
        // Nothing is ordered before they answered: the session let go.
        _ = orders.recv() => return,
        reached = dial => reached,
    };
    let leg = match reached {
        Ok(leg) => leg,
        Err(why) => return report(&events, ColleagueEvent::Unreached(why)).await,
    };
    report(&events, ColleagueEvent::Answered).await;
    let side = Side::new(leg, services, events, tasks);
    let voice = side.voice.clone();
    side.serve(orders).await;
    // Nobody hears the rest of what was being said.
    voice.cancel().await;
}

async fn report(events: &mpsc::Sender<ColleagueEvent>, event: ColleagueEvent) {
    if events.send(event).await.is_err() {
        tracing::trace!("the call let its colleague go");
    }
}

/// The line of a colleague who answered.
struct Side {
    services: Arc<Services>,
    events: mpsc::Sender<ColleagueEvent>,
    inputs: mpsc::Receiver<Input>,
    clock: Instant,
    microphone: Option<Frames>,
    listener: Listener,
    own: OwnVoice,
    transcripts: FuturesOrdered<JoinHandle<Recognised>>,
    voice: Voice,
    voice_events: mpsc::Receiver<VoiceEvent>,
    /// What was said last.
    said: SpeechId,
    /// Its last sentence, and that they have begun to hear it.
    question: String,
    is_asked: bool,
    /// What they are saying began behind that: a "yes?" before it answers the phone.
    answers: bool,
    /// Where what they say goes once they talk with the caller.
    to_caller: Option<LiveSource>,
    tasks: TaskTracker,
    /// Dropped last: the connection.
    _connection: Box<dyn Send>,
}

/// What came of an utterance, and what was being said meanwhile.
type Recognised = (Result<Transcript, SttError>, Option<SaidMeanwhile>);

impl Side {
    fn new(
        leg: Leg,
        services: Arc<Services>,
        events: mpsc::Sender<ColleagueEvent>,
        tasks: TaskTracker,
    ) -> Self {
        let clock = Instant::now();
        let sent = Sent::new(clock);
        let (voice_sender, voice_events) = mpsc::channel(VOICE_QUEUE);
        Self {
            listener: Listener::new(&services.config.listen),
            own: OwnVoice::new(sent.clone()),
            voice: Voice::start(leg.sink, sent, voice_sender, &tasks),
            services,
            events,
            inputs: leg.inputs,
            clock,
            microphone: None,
            transcripts: FuturesOrdered::new(),
            voice_events,
            said: SpeechId(0),
            question: String::new(),
            is_asked: false,
            answers: false,
            to_caller: None,
            tasks,
            _connection: leg.connection,
        }
    }

    /// Until they leave, or are let go.
    async fn serve(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let event = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.obey(order).await;
                        None
                    }
                    None => return,
                },
                input = self.inputs.recv() => self.on_input(input),
                event = self.voice_events.recv() => match event {
                    Some(event) => self.on_voice(event),
                    None => Some(ColleagueEvent::Left),
                },
                Some(recognised) = self.transcripts.next(), if !self.transcripts.is_empty() => {
                    self.on_recognised(recognised.ok())
                }
                frame = next_frame(&mut self.microphone) => {
                    self.on_frame(frame);
                    None
                }
            };
            let Some(event) = event else { continue };
            let is_last = matches!(event, ColleagueEvent::Left);
            report(&self.events, event).await;
            if is_last {
                return;
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Say(sentences) => {
                self.voice.cancel().await;
                self.said = SpeechId(self.said.0 + 1);
                self.question = sentences.last().cloned().unwrap_or_default();
                self.is_asked = false;
                let by = (&self.voice, &self.services.tts, &self.tasks);
                say(by, self.said, &sentences, true).await;
            }
            Order::Bridge(from_caller, to_caller) => {
                self.voice.cancel().await;
                self.voice.beneath(Beneath::Live(from_caller)).await;
                self.to_caller = Some(to_caller);
                self.transcripts = FuturesOrdered::new();
            }
        }
    }

    fn on_input(&mut self, input: Option<Input>) -> Option<ColleagueEvent> {
        match input {
            Some(Input::Microphone(frames)) => self.microphone = Some(frames),
            Some(Input::MicrophoneEnded) => self.microphone = None,
            Some(Input::Digit(key)) => return Some(ColleagueEvent::Key(key)),
            Some(Input::Typed(text)) => return Some(ColleagueEvent::Said(text)),
            Some(Input::CallerLeft | Input::CallerAway | Input::CallerIs(_) | Input::RoomLost)
            | None => return Some(ColleagueEvent::Left),
            // Their page is no caller's.
            Some(Input::CanHear | Input::CallerBack | Input::Rpc(_)) => {}
        }
        None
    }

    fn on_voice(&mut self, event: VoiceEvent) -> Option<ColleagueEvent> {
        let now = self.clock.elapsed();
        match event {
            VoiceEvent::Started { .. } => {}
            VoiceEvent::Sentence { text, .. } => {
                self.is_asked |= text == self.question;
                self.own.says(&text, now);
            }
            VoiceEvent::Finished {
                id, interrupted, ..
            } => {
                self.own.falls_silent(now);
                let is_told = id == self.said && !interrupted;
                return is_told.then_some(match self.is_asked {
                    true => ColleagueEvent::Told,
                    // The question was not heard: it could not be spoken.
                    false => ColleagueEvent::Unreached(Unreached::Failed),
                });
            }
        }
        None
    }

    fn on_frame(&mut self, frame: Option<Frame>) {
        let Some(frame) = frame else {
            self.microphone = None;
            return;
        };
        if let Some(caller) = &mut self.to_caller {
            let lost = caller.push(&frame);
            self.services.metrics.bridged_frames_dropped(lost);
            return;
        }
        let is_own = self.own.is_heard_in(&frame, self.clock.elapsed());
        let heard = self.listener.push_judged(&frame, is_own);
        match heard {
            Some(Heard::SpeechStarted { .. }) => self.answers = self.is_asked,
            Some(Heard::SpeechEnded(utterance)) if self.answers => self.recognise(utterance),
            Some(Heard::SpeechEnded(_)) | None => {}
        }
    }

    fn recognise(&mut self, utterance: Utterance) {
        let said = self.own.said_during(&utterance, self.clock.elapsed());
        let stt = self.services.stt.clone();
        let patience = self.services.config.turn.transcript_timeout;
        let task = self.tasks.spawn(async move {
            let transcript = timeout(patience, stt.transcribe(utterance)).await;
            (
                transcript.unwrap_or(Err(SttError::TimedOut(patience))),
                said,
            )
        });
        self.transcripts.push_back(task);
    }

    /// Their words; nothing where they were our own, coming back.
    fn on_recognised(&mut self, recognised: Option<Recognised>) -> Option<ColleagueEvent> {
        let (transcript, said) = recognised?;
        let heard = transcript.ok()?.text;
        let text = match said {
            Some(said) => said.leaves(&heard, &self.services.config.turn)?,
            None => heard,
        };
        (!text.trim().is_empty()).then_some(ColleagueEvent::Said(text))
    }
}
