//! A call told as a screenplay: who says what from when to when, then what was heard, kept and shown.
//!
//! Everything is scripted but the session itself, its turn-taking and its answers: sound marks its
//! own words (`voice`'s `test-support`), the recorder's queue is read instead of a disk, and time
//! is tokio's paused clock, so that a call of minutes takes milliseconds.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use agent::{
    line::{
        Caller, Frame, Frames, Line, OutputQueue, Outputs, RpcCall, RpcMethod, Signal, SignalKind,
        follow,
    },
    metrics::Metrics,
    session::{Services, Session, SessionConfig, Transfers},
    worker::{CallStop, StopReason},
};
use authentication::{Authenticator, ScriptedAuthenticator, Started, Verified};
use call::Channel;
use dialogue::{Replier, ReplyConfig};
use futures_util::{StreamExt as _, stream};
use knowledge::{KnowledgeBase, Pack};
use record::{LiveSessions, RecordQueue, Recorder};
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::task::TaskTracker;
use tools::{BoxFuture, SipTransfer, ToolError, TransferTarget};
use voice::{
    listen::{ListenConfig, Recognition, ScriptedLine, ScriptedStt, Stt},
    speak::{Provider, ScriptedVoice, Tts, TtsConfig},
    turn::TurnConfig,
};

use super::{
    played::{self, Played, kept},
    sink::ScriptedSink,
};

/// The caller's participant identity; everybody else is somebody else.
const CALLER: &str = "caller";
/// What the VAD needs after the last word to notice the end.
const HANGOVER: Duration = Duration::from_millis(300);
/// 10 ms at 16 kHz.
const FRAME_SAMPLES: usize = 160;

/// Something that happens in the scene.
enum Act {
    /// A signal of the room.
    Signal(Signal),
    /// A microphone track arrives.
    Track(&'static str, &'static str),
    /// Somebody speaks into a track: the sound's level and how long it lasts.
    Sound(&'static str, i16, Duration),
    /// The page asks.
    Rpc(RpcMethod, String),
    /// The worker or the server wants the call to end.
    Stop(StopReason),
    /// The record knows whether the caller was here before.
    Recognised(bool),
}

/// A scene before it is played.
pub(crate) struct Scene {
    acts: Vec<(Duration, Act)>,
    caller: Caller,
    stt: ScriptedStt,
    /// What the agent's synthesis does.
    pub(crate) voice: ScriptedVoice,
    /// What authentication leads to; `None`: there is none.
    pub(crate) authenticator: Option<ScriptedAuthenticator>,
    /// What the carrier says to a transfer, and when; `None`: there is none.
    pub(crate) transfer: Option<(Duration, Result<(), ()>)>,
    /// How long the recognition of what is said takes.
    pub(crate) recognition_takes: Duration,
    pub(crate) config: SessionConfig,
}

/// Seconds.
pub(crate) fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Scene {
    /// A browser calls, speaks into a microphone and hears the agent from 0.1 s on.
    pub(crate) fn browser() -> Self {
        let mut scene = Self::new(Caller {
            identity: CALLER.to_owned(),
            channel: Channel::Web,
            device: Some("device".to_owned()),
            phone_hint: None,
            address: Some("address".to_owned()),
            can_hear: false,
        });
        scene.publishes(0.05);
        scene.hears_us(0.1);
        scene
    }

    /// A telephone call that is answered.
    pub(crate) fn phone() -> Self {
        let mut scene = Self::new(Caller {
            identity: CALLER.to_owned(),
            channel: Channel::Phone,
            device: None,
            phone_hint: Some("+15550100".to_owned()),
            address: None,
            can_hear: true,
        });
        scene.publishes(0.05);
        scene
    }

    /// Somebody calls of whom nothing is heard and who hears nothing yet.
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            acts: Vec::new(),
            caller,
            stt: ScriptedStt::default(),
            voice: ScriptedVoice::new(Duration::from_millis(100)),
            authenticator: None,
            transfer: None,
            recognition_takes: Duration::from_millis(150),
            config: SessionConfig {
                listen: ListenConfig {
                    scripted: true,
                    ..ListenConfig::default()
                },
                turn: TurnConfig {
                    goodbye_after: at(15.0),
                    ..TurnConfig::default()
                },
                greet_after: at(3.0),
                last_words: at(5.0),
                language_model: None,
                worker_id: "worker".to_owned(),
            },
        }
    }

    fn act(&mut self, seconds: f64, act: Act) {
        self.acts.push((at(seconds), act));
    }

    fn signal(&mut self, seconds: f64, from: &str, kind: SignalKind) {
        let from = from.to_owned();
        self.act(seconds, Act::Signal(Signal { from, kind }));
    }

    /// The caller's page subscribes to the agent's voice.
    pub(crate) fn hears_us(&mut self, seconds: f64) {
        self.signal(seconds, "", SignalKind::AgentHeard);
    }

    /// The caller publishes a microphone.
    pub(crate) fn publishes(&mut self, seconds: f64) {
        self.act(seconds, Act::Track(CALLER, "TR_1"));
    }

    /// Somebody publishes a track of this id.
    pub(crate) fn publishes_as(&mut self, seconds: f64, who: &'static str, track: &'static str) {
        self.act(seconds, Act::Track(who, track));
    }

    /// A track ends.
    pub(crate) fn unpublishes(&mut self, seconds: f64, who: &str, track: &str) {
        let track = track.to_owned();
        self.signal(seconds, who, SignalKind::TrackEnded { track });
    }

    /// The caller says this, from when to when.
    pub(crate) fn says(&mut self, from: f64, to: f64, text: &str) {
        self.says_into("TR_1", from, to, text, Recognition::Words);
    }

    /// Somebody says this into a track; what comes of its recognition may differ.
    pub(crate) fn says_into(
        &mut self,
        track: &'static str,
        from: f64,
        to: f64,
        text: &str,
        recognition: Recognition,
    ) {
        let level = self.stt.add(ScriptedLine {
            text: text.to_owned(),
            takes: self.recognition_takes,
            recognition,
        });
        self.act(from, Act::Sound(track, level, at(to) - at(from)));
    }

    /// The caller makes a sound without words.
    pub(crate) fn coughs(&mut self, from: f64, to: f64) {
        self.says(from, to, "");
    }

    /// The caller types.
    pub(crate) fn types(&mut self, seconds: f64, text: &str) {
        self.signal(seconds, CALLER, SignalKind::Typed(text.to_owned()));
    }

    /// Somebody else types.
    pub(crate) fn types_as(&mut self, seconds: f64, who: &str, text: &str) {
        self.signal(seconds, who, SignalKind::Typed(text.to_owned()));
    }

    /// The caller presses keys, one every fifth of a second.
    pub(crate) fn dials(&mut self, seconds: f64, digits: &str) {
        for (place, digit) in digits.chars().enumerate() {
            self.signal(
                seconds + place as f64 * 0.2,
                CALLER,
                SignalKind::Digit(digit),
            );
        }
    }

    /// The caller's page asks.
    pub(crate) fn asks(&mut self, seconds: f64, method: RpcMethod, payload: &str) {
        self.act(seconds, Act::Rpc(method, payload.to_owned()));
    }

    /// The caller's connection breaks.
    pub(crate) fn breaks(&mut self, seconds: f64) {
        self.signal(seconds, CALLER, SignalKind::Left { may_return: true });
    }

    /// The caller is back.
    pub(crate) fn returns(&mut self, seconds: f64) {
        self.signal(seconds, CALLER, SignalKind::Joined);
    }

    /// The caller hangs up.
    pub(crate) fn leaves(&mut self, seconds: f64) {
        self.signal(seconds, CALLER, SignalKind::Left { may_return: false });
    }

    /// Somebody else leaves.
    pub(crate) fn leaves_as(&mut self, seconds: f64, who: &str) {
        self.signal(seconds, who, SignalKind::Left { may_return: false });
    }

    /// The phone call is answered.
    pub(crate) fn is_answered(&mut self, seconds: f64) {
        self.signal(seconds, CALLER, SignalKind::Answered);
    }

    /// The room ends.
    pub(crate) fn room_ends(&mut self, seconds: f64) {
        self.signal(seconds, "", SignalKind::Ended);
    }

    /// The worker stops, or the server ends the job.
    pub(crate) fn is_stopped(&mut self, seconds: f64, reason: StopReason) {
        self.act(seconds, Act::Stop(reason));
    }

    /// The record knows whether the caller was here before.
    pub(crate) fn is_recognised(&mut self, seconds: f64, seen_before: bool) {
        self.act(seconds, Act::Recognised(seen_before));
    }

    /// Codes are sent; this one is right, and its caller is Sarah.
    pub(crate) fn authenticates_with(&mut self, code: &str) {
        self.authenticator = Some(ScriptedAuthenticator {
            takes: at(0.5),
            started: Started::CodeSent,
            code: code.to_owned(),
            verified: Verified::Authenticated {
                name: "Sarah".to_owned(),
                customer: "sarah".to_owned(),
            },
        });
    }

    /// Plays the scene to its end.
    pub(crate) async fn play(mut self) -> Played {
        let (recorder, queue) = Recorder::new(Arc::default());
        let (outputs, shown) = Outputs::new();
        let tasks = TaskTracker::new();
        let sink = ScriptedSink::new(self.voice.clone());
        let heard = sink.log();
        let (signals, signal_queue) = mpsc::channel(64);
        let (rpc, rpc_queue) = mpsc::channel(16);
        let (stop, stopped) = watch::channel(None);
        let transfers = Arc::new(ScriptedTransfers::new(self.transfer));
        let services = self.services(recorder, transfers.clone());
        let line = Line {
            inputs: follow(self.caller.clone(), signal_queue, rpc_queue, &tasks),
            caller: self.caller,
            room: "room".to_owned(),
            outputs,
            sink,
        };
        let begun = Instant::now();
        self.acts.sort_by_key(|(when, _)| *when);
        let recording = Recording::start(queue);
        let stage = Stage {
            begun,
            signals,
            rpc,
            stop,
            tracks: Vec::new(),
            recording: recording.clone(),
            answers: Arc::default(),
        };
        let answers = stage.answers.clone();
        let showing = tokio::spawn(show(begun, shown));
        let acting = tokio::spawn(stage.perform(self.acts));
        let session = Session::open(services, line, CallStop::new(stopped), tasks.clone());
        let ended = session.run().await;
        let lasted = begun.elapsed();
        acting.abort();
        tasks.close();
        let (texts, states) = showing.await.expect("what was shown was collected");
        let answers = std::mem::take(&mut *answers.lock().expect("nobody panicked"));
        Played {
            kept: recording.finish(),
            heard: heard.finish(begun),
            texts,
            states,
            answers,
            transfers: transfers.asked(),
            lasted,
            ended,
        }
    }

    fn services(&self, recorder: Recorder, transfers: Arc<ScriptedTransfers>) -> Arc<Services> {
        let pack = pack();
        let voice = Provider::Scripted(self.voice.clone());
        let to = self
            .transfer
            .map(|_| "+15550199".parse().expect("a number"));
        let config = ReplyConfig {
            llm: None,
            transfer_to: self.transfer.map(|_| "+15550199".to_owned()),
        };
        Arc::new(Services {
            stt: Stt::Scripted(self.stt.clone()),
            tts: Tts::new(&TtsConfig::new(voice)),
            replier: Replier::new(Arc::new(KnowledgeBase::new(pack.clone())), config, None),
            recorder,
            authenticator: self.authenticator.clone().map(Authenticator::Scripted),
            transfers,
            transfer_to: to,
            lines: Arc::new(pack.settings.lines.clone()),
            live: LiveSessions::default(),
            config: self.config.clone(),
            metrics: Arc::new(Metrics::default()),
        })
    }
}

/// The pack of all scenes, with short fixed lines.
fn pack() -> Pack {
    static PACK: std::sync::OnceLock<Pack> = std::sync::OnceLock::new();
    PACK.get_or_init(|| {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank"));
        let mut pack = Pack::load(folder).expect("the pack is in order");
        let lines = &mut pack.settings.lines;
        let short = |text: &str| text.to_owned();
        lines.disclosure = short("This call is recorded.");
        lines.greeting = short("How can I help you today?");
        lines.welcome_back = short("Welcome back.");
        lines.still_there = short("Are you still there?");
        lines.silence_goodbye = short("I cannot hear you, goodbye.");
        lines.service_goodbye = short("Our service restarts, goodbye.");
        lines.technical_problem = short("Something went wrong.");
        lines.did_not_catch = vec![
            short("I did not catch that."),
            short("Please say it slower."),
        ];
        lines.transfer_failed = short("The transfer failed. Shall we call you back?");
        lines.code_sent = short("Please enter the code.");
        lines.code_wrong = short("That code is wrong.");
        lines.authenticated = short("Thank you, {name}.");
        lines.authenticate_phone = short("Enter your number and the hash key.");
        pack
    })
    .clone()
}

/// Who moves everything that is not the session.
struct Stage {
    begun: Instant,
    signals: mpsc::Sender<Signal>,
    rpc: mpsc::Sender<RpcCall>,
    stop: watch::Sender<Option<StopReason>>,
    /// Open microphones by track.
    tracks: Vec<(&'static str, mpsc::UnboundedSender<Frame>)>,
    recording: Recording,
    answers: Arc<Mutex<Vec<Value>>>,
}

impl Stage {
    async fn perform(mut self, acts: Vec<(Duration, Act)>) {
        for (when, act) in acts {
            sleep_until(self.begun + when).await;
            self.act(act).await;
        }
        // The line stays open until the session ends.
        std::future::pending().await
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Signal(signal) => self.signal(signal).await,
            Act::Track(who, track) => self.publish(who, track).await,
            Act::Sound(track, level, lasts) => self.sound(track, level, lasts),
            Act::Rpc(method, payload) => self.ask(method, payload).await,
            Act::Stop(reason) => {
                self.stop.send_replace(Some(reason));
            }
            Act::Recognised(seen_before) => self.recording.recognise(seen_before),
        }
    }

    async fn signal(&self, signal: Signal) {
        // After the end of the session nobody listens.
        drop(self.signals.send(signal).await);
    }

    async fn publish(&mut self, who: &'static str, track: &'static str) {
        let (frames, queue) = mpsc::unbounded_channel();
        self.tracks.retain(|(known, _)| *known != track);
        self.tracks.push((track, frames));
        let open = move || -> Frames {
            stream::unfold(queue, |mut queue| async move {
                let frame = queue.recv().await?;
                Some((frame, queue))
            })
            .boxed()
        };
        let kind = SignalKind::Track {
            track: track.to_owned(),
            open: Box::new(open),
        };
        let from = who.to_owned();
        self.signal(Signal { from, kind }).await;
    }

    /// Frames of a sound, then silence until its end is noticed.
    fn sound(&self, track: &'static str, level: i16, lasts: Duration) {
        let Some((_, frames)) = self.tracks.iter().find(|(known, _)| *known == track) else {
            panic!("{track} is not published");
        };
        let frames = frames.clone();
        tokio::spawn(async move {
            for (level, lasts) in [(level, lasts), (0, HANGOVER)] {
                for _ in 0..lasts.as_millis() / 10 {
                    sleep(Duration::from_millis(10)).await;
                    if frames
                        .send(Frame::Owned(vec![level; FRAME_SAMPLES]))
                        .is_err()
                    {
                        return;
                    }
                }
            }
        });
    }

    async fn ask(&self, method: RpcMethod, payload: String) {
        let (answer, answered) = oneshot::channel();
        let call = RpcCall {
            method,
            payload,
            answer,
        };
        if self.rpc.send(call).await.is_err() {
            return;
        }
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let answer = answered.await.unwrap_or(Value::Null);
            answers.lock().expect("nobody panicked").push(answer);
        });
    }
}

/// Reads the recorder's queue as the record's thread would.
#[derive(Clone)]
struct Recording(Arc<Mutex<RecordingState>>);

struct RecordingState {
    queue: RecordQueue,
    kept: Vec<String>,
    recognised: Option<oneshot::Sender<bool>>,
}

impl Recording {
    fn start(queue: RecordQueue) -> Self {
        Self(Arc::new(Mutex::new(RecordingState {
            queue,
            kept: Vec::new(),
            recognised: None,
        })))
    }

    fn take(&self) -> std::sync::MutexGuard<'_, RecordingState> {
        let mut state = self.0.lock().expect("nobody panicked");
        while let Some(mut record) = state.queue.try_take() {
            if let record::Record::Started(start) = &mut record {
                state.recognised = start.recognised.take();
            }
            state.kept.extend(kept(&record));
        }
        state
    }

    fn recognise(&self, seen_before: bool) {
        if let Some(answer) = self.take().recognised.take() {
            answer.send(seen_before).unwrap_or_default();
        }
    }

    fn finish(&self) -> Vec<String> {
        self.take().kept.clone()
    }
}

async fn show(
    begun: Instant,
    mut shown: OutputQueue,
) -> (Vec<String>, Vec<(Duration, &'static str)>) {
    let (mut texts, mut states) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            text = shown.texts.recv() => match text {
                Some(text) => texts.extend(played::text(&text)),
                None => return (texts, states),
            },
            Ok(()) = shown.state.changed() => {
                let state = *shown.state.borrow_and_update();
                states.extend(state.map(|state| (begun.elapsed(), state.as_str())));
            }
        }
    }
}

/// A carrier that answers as told.
struct ScriptedTransfers {
    outcome: Option<(Duration, Result<(), ()>)>,
    asked: Arc<Mutex<usize>>,
}

impl ScriptedTransfers {
    fn new(outcome: Option<(Duration, Result<(), ()>)>) -> Self {
        Self {
            outcome,
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> usize {
        *self.asked.lock().expect("nobody panicked")
    }
}

impl Transfers for ScriptedTransfers {
    fn in_room(&self, _room: &str) -> Arc<dyn SipTransfer> {
        Arc::new(Self {
            outcome: self.outcome,
            asked: self.asked.clone(),
        })
    }
}

impl SipTransfer for ScriptedTransfers {
    fn transfer<'a>(
        &'a self,
        _participant: &'a str,
        _to: &'a TransferTarget,
    ) -> BoxFuture<'a, Result<(), ToolError>> {
        *self.asked.lock().expect("nobody panicked") += 1;
        Box::pin(async move {
            let (takes, outcome) = self.outcome.expect("a transfer was scripted");
            sleep(takes).await;
            outcome.map_err(|()| ToolError::Failed("the script says so".to_owned()))
        })
    }
}
