//! Carries out what the script says happens, each thing at its time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use agent::{
    line::{Frames, RpcCall, RpcMethod, Signal, SignalKind},
    worker::StopReason,
};
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

use super::{
    microphones::{Microphones, broken},
    recording::Recording,
};

/// Something that happens.
pub(super) enum Act {
    /// A signal of the room.
    Signal(Signal),
    /// Somebody publishes a track.
    Publish(String, &'static str),
    /// A track of somebody ends.
    Unpublish(String, &'static str),
    /// Sound of this level goes into a track for so long.
    Sound(&'static str, i16, Duration),
    /// A track of the caller whose audio makes the session panic.
    Break(String),
    /// The page asks.
    Rpc(RpcMethod, String),
    /// The worker or the server wants the call to end.
    Stop(StopReason),
    /// The record knows whether the caller was here before.
    Recognised(bool),
}

/// Who moves everything that is not the session.
pub(super) struct Stage {
    pub(super) begun: Instant,
    pub(super) signals: mpsc::Sender<Signal>,
    pub(super) rpc: mpsc::Sender<RpcCall>,
    pub(super) stop: watch::Sender<Option<StopReason>>,
    pub(super) microphones: Microphones,
    pub(super) recording: Recording,
    pub(super) answers: Answers,
    pub(super) tasks: TaskTracker,
}

/// What the page was answered, each with its time since the scene began; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Vec<(Duration, Value)>>>);

impl Answers {
    pub(super) fn take(&self) -> Vec<(Duration, Value)> {
        std::mem::take(&mut self.0.lock().expect("nobody panicked"))
    }

    fn add(&self, after: Duration, answer: Value) {
        let mut answers = self.0.lock().expect("nobody panicked");
        answers.push((after, answer));
    }
}

impl Stage {
    /// Lets everything happen, then keeps the line open until the session ends.
    pub(super) async fn perform(mut self, acts: Vec<(Duration, Act)>) {
        for (when, act) in acts {
            sleep_until(self.begun + when).await;
            self.act(act).await;
        }
        std::future::pending().await
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Signal(Signal { from, kind }) => self.signal(from, kind).await,
            Act::Publish(who, track) => {
                let open = self.microphones.publish(track);
                self.track(who, track, open).await;
            }
            Act::Unpublish(who, track) => {
                self.microphones.unpublish(track);
                let track = track.to_owned();
                self.signal(who, SignalKind::TrackEnded { track }).await;
            }
            Act::Sound(track, level, lasts) => self.microphones.sound(track, level, lasts),
            Act::Break(who) => self.track(who, "TR_broken", broken()).await,
            Act::Rpc(method, payload) => self.ask(method, payload).await,
            Act::Stop(reason) => {
                self.stop.send_replace(Some(reason));
            }
            Act::Recognised(seen_before) => self.recording.recognise(seen_before),
        }
    }

    async fn track(&self, who: String, track: &str, open: Box<dyn FnOnce() -> Frames + Send>) {
        let track = track.to_owned();
        self.signal(who, SignalKind::Track { track, open }).await;
    }

    async fn signal(&self, from: String, kind: SignalKind) {
        // After the end of the session nobody listens.
        drop(self.signals.send(Signal { from, kind }).await);
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
        let (answers, begun) = (self.answers.clone(), self.begun);
        self.tasks.spawn(async move {
            // A page whose question is dropped learns that the call is over.
            let answer = answered.await.unwrap_or(Value::Null);
            answers.add(begun.elapsed(), answer);
        });
    }
}
