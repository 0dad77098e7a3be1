//! A colleague who is called, by a script: whether they answer, what they say, press and hear.

use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use agent::{
    consultation::{Dialer, Leg, LegSink, Unreached},
    line::Input,
    session::Consultations,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::task::TaskTracker;
use tools::{BoxFuture, TransferTarget};
use voice::test_support::{Recognition, ScriptedLine, ScriptedStt, ScriptedVoice};

use super::{
    at,
    microphones::Microphones,
    sink::{Heard, ScriptedSink, SinkLog},
};

/// Their track.
const MICROPHONE: &str = "TR_colleague";
/// It rings so long, the caller is told so often that it does, and the colleague thinks so long.
const RING: Duration = Duration::from_secs(20);
const WAITING: Duration = Duration::from_secs(8);
const DECIDE: Duration = Duration::from_secs(6);

/// What comes of calling them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PicksUp {
    /// They answer after so long.
    After(f64),
    /// This, after so long.
    Not(Unreached, f64),
    /// It rings until nobody wants to call them any more.
    Never,
    /// Whoever calls them breaks.
    Panics,
}

/// What they do, in seconds since the scene began.
enum Act {
    Sound(i16, Duration),
    Press(char),
    Type(String),
    Leave,
    Break,
}

/// A colleague before they are called.
pub(crate) struct Colleague {
    picks_up: PicksUp,
    acts: Vec<(Duration, Act)>,
    stt: ScriptedStt,
}

impl Colleague {
    pub(super) fn new(picks_up: PicksUp, stt: ScriptedStt) -> Self {
        Self {
            picks_up,
            acts: Vec::new(),
            stt,
        }
    }

    /// They say this, from when to when.
    pub(crate) fn says(&mut self, from: f64, to: f64, text: &str) -> &mut Self {
        let level = self.stt.add(ScriptedLine {
            text: text.to_owned(),
            takes: at(0.15),
            recognition: Recognition::Words,
        });
        self.act(from, Act::Sound(level, at(to) - at(from)))
    }

    /// They press a key.
    pub(crate) fn presses(&mut self, when: f64, key: char) -> &mut Self {
        self.act(when, Act::Press(key))
    }

    /// They type.
    pub(crate) fn types(&mut self, when: f64, text: &str) -> &mut Self {
        self.act(when, Act::Type(text.to_owned()))
    }

    /// They hang up.
    pub(crate) fn hangs_up(&mut self, when: f64) -> &mut Self {
        self.act(when, Act::Leave)
    }

    /// Their line breaks: nothing comes from it any more.
    pub(crate) fn breaks(&mut self, when: f64) -> &mut Self {
        self.act(when, Act::Break)
    }

    fn act(&mut self, when: f64, act: Act) -> &mut Self {
        self.acts.push((at(when), act));
        self
    }

    /// Who calls them, in a scene that began then.
    pub(super) fn called(mut self, voice: ScriptedVoice, begun: Instant) -> ScriptedDialer {
        self.acts.sort_by_key(|(when, _)| *when);
        let sink = ScriptedSink::new(voice, self.stt.clone(), None);
        ScriptedDialer(Arc::new(Shared {
            picks_up: self.picks_up,
            begun,
            log: sink.log(),
            state: Mutex::new(State {
                acts: self.acts,
                sink: Some(sink),
                rang: Vec::new(),
                let_go: Vec::new(),
            }),
        }))
    }
}

/// Calls them; clones share what happened.
#[derive(Clone)]
pub(super) struct ScriptedDialer(Arc<Shared>);

struct Shared {
    picks_up: PicksUp,
    begun: Instant,
    log: SinkLog,
    state: Mutex<State>,
}

struct State {
    acts: Vec<(Duration, Act)>,
    sink: Option<ScriptedSink>,
    rang: Vec<Duration>,
    let_go: Vec<Duration>,
}

/// What the colleague's side came to.
#[derive(Debug, Default)]
pub(crate) struct Consulted {
    /// What they heard: what was said to them, and the caller.
    pub(crate) heard: Vec<Heard>,
    /// When each call to them began to ring.
    pub(crate) rang: Vec<Duration>,
    /// When each ended, and nothing rang or listened there any more.
    pub(crate) let_go: Vec<Duration>,
}

impl ScriptedDialer {
    pub(super) fn consultations(&self) -> Consultations {
        Consultations {
            dialer: Arc::new(self.clone()),
            ring: RING,
            waiting: WAITING,
            decide: DECIDE,
        }
    }

    pub(super) fn finish(&self) -> Consulted {
        let state = self.0.lock();
        Consulted {
            heard: self.0.log.finish(self.0.begun),
            rang: state.rang.clone(),
            let_go: state.let_go.clone(),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }
}

/// The call to them: dropped, it is over.
struct Call(Arc<Shared>);

impl Drop for Call {
    fn drop(&mut self) {
        let when = self.0.begun.elapsed();
        self.0.lock().let_go.push(when);
    }
}

impl Dialer for ScriptedDialer {
    fn dial(
        &self,
        to: TransferTarget,
        ring: Duration,
        tasks: TaskTracker,
    ) -> BoxFuture<'static, Result<Leg, Unreached>> {
        assert_eq!((to.as_str(), ring), ("tel:+15550199", RING));
        let shared = self.0.clone();
        Box::pin(async move {
            let when = shared.begun.elapsed();
            shared.lock().rang.push(when);
            let call = Call(shared.clone());
            match shared.picks_up {
                PicksUp::After(seconds) => sleep(at(seconds)).await,
                PicksUp::Not(why, seconds) => {
                    sleep(at(seconds)).await;
                    return Err(why);
                }
                PicksUp::Never => pending().await,
                PicksUp::Panics => panic!("the script says so"),
            }
            let sink = shared.lock().sink.take().expect("they answer once");
            let acts = std::mem::take(&mut shared.lock().acts);
            let (inputs, happened) = mpsc::channel(16);
            tasks.spawn(perform(acts, shared.begun, inputs, tasks.clone()));
            Ok(Leg {
                inputs: happened,
                sink: LegSink::new(sink),
                connection: Box::new(call),
            })
        })
    }
}

/// Lets everything happen until nobody listens any more.
async fn perform(
    acts: Vec<(Duration, Act)>,
    begun: Instant,
    inputs: mpsc::Sender<Input>,
    tasks: TaskTracker,
) {
    let mut microphones = Microphones::new(None, tasks);
    let frames = microphones.publish(MICROPHONE)();
    let mut next = Some(Input::Microphone(frames));
    for (when, act) in acts {
        if let Some(input) = next.take()
            && inputs.send(input).await.is_err()
        {
            return;
        }
        tokio::select! {
            () = sleep_until(begun + when) => {}
            () = inputs.closed() => return,
        }
        match act {
            Act::Sound(level, lasts) => microphones.sound(MICROPHONE, level, lasts),
            Act::Press(key) => next = Some(Input::Digit(key)),
            Act::Type(text) => next = Some(Input::Typed(text)),
            Act::Leave => next = Some(Input::CallerLeft),
            Act::Break => return,
        }
    }
    if let Some(input) = next {
        // Nobody may be listening any more.
        drop(inputs.send(input).await);
    }
    inputs.closed().await;
}
