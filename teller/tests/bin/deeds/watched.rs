//! The record and the tools of a call, with the places at which it stops.

use std::{
    collections::HashMap,
    sync::Arc,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use agent::session::Recorded;
use call::{AuthLevel, SessionId};
use database::test_support::die_at;
use serde::Deserialize;
use serde_json::{Value, json};
use tools::{
    BoxFuture, CallbackRequest, Callbacks, Effect, Intent, NotRecorded, Outcome, TicketTool, Tool,
    ToolCall, ToolCallLog, ToolError, ToolSpec,
};
use uuid::Uuid;

use super::{Controls, print_line};

/// Where a call stops, to be killed there. `…OnItsWay`: it dies by itself at a point of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stop {
    IntentUnwritten,
    IntentOnItsWay(Place),
    IntentWritten,
    AnswerRead,
    OutcomeOnItsWay(Place),
    OutcomeWritten,
    TicketUnwritten,
    TicketWritten,
    ToldOnItsWay(Place),
}

/// A point of the record's writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    BeforeAppend,
    MidFrame,
    AfterAppend,
}

impl Stop {
    pub(crate) fn is_told(self) -> Option<Place> {
        match self {
            Self::ToldOnItsWay(place) => Some(place),
            _ => None,
        }
    }
}

/// Where this call stops, and how far it got.
pub(crate) struct Points {
    stop: Option<Stop>,
    deed: AtomicBool,
}

impl Points {
    pub(crate) fn new(stop: Option<Stop>) -> Self {
        Self {
            stop,
            deed: AtomicBool::new(false),
        }
    }

    pub(crate) fn saw_a_deed(&self) -> bool {
        self.deed.load(Ordering::Relaxed)
    }

    /// Here nothing goes on any more, if that is where it stops.
    fn stop_at(&self, here: Stop) {
        if self.stop == Some(here) {
            print_line("at");
            loop {
                std::thread::park();
            }
        }
    }

    /// What is put on its way now does not arrive, or arrives as the last, if that is where it dies: then it is `true`.
    pub(crate) fn die_on_the_way(&self, of: impl Fn(Stop) -> Option<Place>) -> bool {
        let place = self.stop.and_then(of);
        if let Some(place) = place {
            die_at(match place {
                Place::BeforeAppend => "before-append",
                Place::MidFrame => "mid-frame",
                Place::AfterAppend => "after-append",
            });
        }
        place.is_some()
    }
}

/// A call that an earlier life left on record.
pub(crate) struct Before {
    pub(crate) tool: String,
    pub(crate) seq: i32,
    pub(crate) arguments: Value,
    pub(crate) outcome: Option<Outcome>,
}

/// The rows of a call's tools, as the worker writes them.
pub(crate) struct Log {
    recorded: Recorded,
    session: SessionId,
    before: HashMap<Uuid, Before>,
    points: Arc<Points>,
    /// What each call that is under way is.
    tools: Mutex<HashMap<Uuid, String>>,
    /// Outcomes that are nowhere else, where that is the control.
    memory: Option<Mutex<Vec<(Uuid, Outcome)>>>,
}

impl Log {
    pub(crate) fn new(
        recorded: Recorded,
        session: SessionId,
        before: HashMap<Uuid, Before>,
        points: Arc<Points>,
        in_memory: bool,
    ) -> Self {
        let tools = before.iter();
        let tools = tools.map(|(key, known)| (*key, known.tool.clone()));
        Self {
            tools: Mutex::new(tools.collect()),
            recorded,
            session,
            before,
            points,
            memory: in_memory.then(Mutex::default),
        }
    }

    /// What was kept in memory goes on record.
    pub(crate) fn write_down(&self) {
        if let Some(memory) = &self.memory {
            let outcomes = std::mem::take(&mut *locked(memory));
            for (key, outcome) in outcomes {
                drop(self.recorded.finish(self.session, key, &outcome));
            }
        }
    }

    fn is_deed(&self, key: Uuid) -> bool {
        let tools = locked(&self.tools);
        tools.get(&key).is_some_and(|tool| tool != TicketTool::NAME)
    }
}

impl ToolCallLog for Log {
    fn intend(&self, intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        locked(&self.tools).insert(intent.key, intent.tool.clone());
        if intent.tool != TicketTool::NAME {
            self.points.deed.store(true, Ordering::Relaxed);
            self.points.stop_at(Stop::IntentUnwritten);
            self.points.die_on_the_way(|stop| match stop {
                Stop::IntentOnItsWay(place) => Some(place),
                _ => None,
            });
        }
        self.recorded.intend(Intent {
            session: self.session,
            ..intent
        })
    }

    fn finish(
        &self,
        _: SessionId,
        key: Uuid,
        outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        let is_deed = self.is_deed(key);
        if is_deed {
            self.points.deed.store(true, Ordering::Relaxed);
            self.points.stop_at(Stop::AnswerRead);
            self.points.die_on_the_way(|stop| match stop {
                Stop::OutcomeOnItsWay(place) => Some(place),
                _ => None,
            });
        }
        if let Some(memory) = &self.memory {
            locked(memory).push((key, outcome.clone()));
            return Box::pin(async { Ok(()) });
        }
        if let Some(known) = self.before.get(&key) {
            // Its intent is on record in another session, and an outcome stands beside its intent.
            drop(self.recorded.intend(Intent {
                session: self.session,
                key,
                seq: known.seq,
                tool: known.tool.clone(),
                deed: true,
                arguments: known.arguments.clone(),
            }));
        }
        let kept = self.recorded.finish(self.session, key, outcome);
        let points = self.points.clone();
        Box::pin(async move {
            let kept = kept.await;
            if is_deed {
                points.stop_at(Stop::OutcomeWritten);
            }
            kept
        })
    }
}

impl Callbacks for Log {
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        self.points.stop_at(Stop::TicketUnwritten);
        let session = self.session;
        Box::pin(async move {
            let request = CallbackRequest { session, ..request };
            self.recorded.record(request).await?;
            self.points.stop_at(Stop::TicketWritten);
            Ok(())
        })
    }
}

/// A deed of the pack, and what a control does wrong with it.
pub(crate) struct WatchedTool {
    tool: Arc<dyn Tool>,
    points: Arc<Points>,
    controls: Controls,
}

impl WatchedTool {
    pub(crate) fn new(tool: Arc<dyn Tool>, points: Arc<Points>, controls: Controls) -> Self {
        Self {
            tool,
            points,
            controls,
        }
    }

    async fn carry_out(&self, mut call: ToolCall<'_>) -> Result<Value, ToolError> {
        if self.tool.spec().effect != Effect::Reads {
            self.points.stop_at(Stop::IntentWritten);
        }
        if self.controls.fresh_keys {
            call.key = Uuid::new_v4();
        }
        match self.tool.call(call).await {
            Err(ToolError::Unclear(_)) if self.controls.credulous => {
                Ok(json!({ "reference": "0" }))
            }
            answer => answer,
        }
    }
}

impl Tool for WatchedTool {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn needs(&self) -> AuthLevel {
        self.tool.needs()
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(self.carry_out(call))
    }

    fn status(&self, key: Uuid) -> BoxFuture<'_, Result<Option<Value>, ToolError>> {
        self.tool.status(key)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
