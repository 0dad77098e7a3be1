//! One call in writing, wired as a session wires it.

use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agent::session::Recorded;
use call::{CallEnding, Channel, SessionId, Speaker};
use chrono::{TimeDelta, Utc};
use database::SummaryToken;
use dialogue::{CallFacts, CallerTurn, Driver, Event, ReplyEvent};
use record::{MessageRow, Recorder, SessionEnd, SessionStart};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tools::{Outcome, RecordedCall, Refusal, Registry, TicketTool, Tool, ToolCaller};
use uuid::Uuid;

use super::{
    Worker, print_line,
    watched::{Before, Log, Points, Stop, WatchedTool},
};

/// As at the end of a call.
const LAST_DEEDS: Duration = Duration::from_millis(500);

pub(crate) struct OneCall {
    session: SessionId,
    driver: Driver,
    recorder: Recorder,
    log: Arc<Log>,
    points: Arc<Points>,
    told: AtomicBool,
}

impl OneCall {
    /// A caller who proved who they are. The call goes on with what calls of tools earlier lives left on record, under
    /// the keys of the first of them; its own rows are of a session of its own, as a record cannot be taken up again.
    pub(crate) async fn begin(
        worker: &Worker,
        session: Uuid,
        continues: Vec<Uuid>,
        stop: Option<Stop>,
    ) -> anyhow::Result<Self> {
        let recorder = worker.record.recorder();
        let session = SessionId(session);
        recorder.session_started(start(session));
        let before = left_by(worker, &continues).await?;
        let recorded = before.iter().map(|(key, known)| RecordedCall {
            key: *key,
            tool: known.tool.clone(),
            outcome: known.outcome.clone(),
        });
        let recorded = recorded.collect();
        let points = Arc::new(Points::new(stop));
        let log = Arc::new(Log::new(
            Recorded {
                recorder: recorder.clone(),
                unfinished: TimeDelta::zero(),
            },
            session,
            before,
            points.clone(),
            worker.controls.outcomes_in_memory,
        ));
        let keys_of = continues.first().map_or(session, |first| SessionId(*first));
        let tools = tools(worker, &log, &points);
        let registry = Registry::new(keys_of, tools, log.clone(), recorded);
        Ok(Self {
            session,
            driver: dialogue(worker, registry),
            recorder,
            log,
            points,
            told: AtomicBool::new(false),
        })
    }

    /// Answers a turn; each sentence is heard when it is printed.
    pub(crate) async fn say(&self, seq: i32, text: String) {
        self.recorder
            .message(self.row(seq, Speaker::Caller, text.clone()));
        let reply = self.driver.reply_to(CallerTurn {
            question: text.clone(),
            text,
            seq,
            ..CallerTurn::default()
        });
        let (sentences, mut written) = mpsc::channel(4);
        let hearing = async {
            let mut heard = Vec::new();
            while let Some(event) = written.recv().await {
                match event {
                    ReplyEvent::Sentence(sentence) => {
                        print_line(&format!("say {sentence}"));
                        heard.push(sentence);
                    }
                    ReplyEvent::Done(_) => {
                        self.driver.on(Event::ReplyWritten);
                    }
                }
            }
            heard.join(" ")
        };
        let ((), heard) = tokio::join!(reply.write(sentences), hearing);
        self.driver.on(Event::AgentHeard(heard.clone()));
        let is_first = self.points.saw_a_deed() && !self.told.swap(true, Ordering::Relaxed);
        let is_last = is_first && self.points.die_on_the_way(Stop::is_told);
        self.recorder
            .message(self.row(seq.saturating_add(1), Speaker::Agent, heard));
        if is_last {
            pending::<()>().await;
        }
    }

    pub(crate) async fn hang_up(self) {
        self.driver.close(LAST_DEEDS).await;
        self.log.write_down();
        self.recorder.session_ended(SessionEnd {
            session: self.session,
            ending: CallEnding::CallerLeft,
            ended_at: Utc::now(),
            duration: Duration::from_secs(30),
            transferred: false,
            callback_requested: false,
            authentication_attempted: false,
            line: None,
        });
    }

    fn row(&self, seq: i32, speaker: Speaker, content: String) -> MessageRow {
        MessageRow {
            session: self.session,
            seq,
            speaker,
            content,
            redacted: false,
            started_ms: None,
            ended_ms: None,
            interrupted: false,
            intent: None,
            latency_ms: None,
            meta: json!({}),
        }
    }
}

/// The calls of tools that these sessions left on record, by their keys. An outcome that any of them has is the one.
async fn left_by(worker: &Worker, sessions: &[Uuid]) -> anyhow::Result<HashMap<Uuid, Before>> {
    let mut before: HashMap<Uuid, Before> = HashMap::new();
    for session in sessions {
        for row in worker.calls.by_session(SessionId(*session)).await? {
            let outcome = row.outcome.map(|kind| outcome(kind.as_str(), row.result));
            let known = before.entry(row.idempotency_key).or_insert_with(|| Before {
                tool: row.tool,
                seq: row.seq,
                arguments: row.arguments.unwrap_or_default(),
                outcome: None,
            });
            known.outcome = outcome.or_else(|| known.outcome.take());
        }
    }
    Ok(before)
}

/// The deeds of the pack, and tickets.
fn tools(worker: &Worker, log: &Arc<Log>, points: &Arc<Points>) -> Vec<Arc<dyn Tool>> {
    let watched = |tool| WatchedTool::new(tool, points.clone(), worker.controls);
    let deeds = worker.replier.tools().into_iter();
    let deeds = deeds.map(|tool| Arc::new(watched(tool)) as Arc<dyn Tool>);
    let tickets = TicketTool::new(log.clone(), worker.replier.tickets());
    let tickets: Arc<dyn Tool> = Arc::new(tickets);
    deeds.chain([tickets]).collect()
}

/// A conversation in which nothing was said yet, with a caller whom a code proved.
fn dialogue(worker: &Worker, registry: Registry) -> Driver {
    let facts = CallFacts {
        can_authenticate: true,
        caller: ToolCaller {
            participant: "caller".to_owned(),
            ..ToolCaller::default()
        },
        begun: Some(worker.replier.local_time()),
        ..CallFacts::default()
    };
    let tasks = worker.tasks.clone();
    let driver = Driver::new(worker.replier.clone(), registry, facts, tasks);
    driver.on(Event::Proven {
        name: "Ana".to_owned(),
        customer: "ana".to_owned(),
    });
    driver
}

fn start(session: SessionId) -> SessionStart {
    SessionStart {
        session,
        room: format!("deeds-{session}"),
        participant: "caller".to_owned(),
        device: None,
        phone_hint: None,
        channel: Channel::Web,
        worker_id: "deeds".to_owned(),
        started_at: Utc::now(),
        summary_token: SummaryToken::random(),
        recognised: None,
    }
}

/// What is on record as what it was.
fn outcome(kind: &str, result: Option<Value>) -> Outcome {
    let result = result.unwrap_or_default();
    let reason = result.get("reason").and_then(Value::as_str);
    let reason = reason.unwrap_or_default().to_owned();
    match kind {
        "success" => Outcome::Success(result),
        "refused" => Outcome::Refused(Refusal::Declined(reason)),
        "failed" => Outcome::Failed(reason),
        "timed_out" => Outcome::TimedOut,
        "cancelled" => Outcome::Cancelled,
        _ => Outcome::Unknown,
    }
}
