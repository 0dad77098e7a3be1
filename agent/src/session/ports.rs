//! The dialogue of a call with its tools, and the record as the ports that these know.

use std::{sync::Arc, time::Duration};

use call::SessionId;
use chrono::{TimeDelta, Utc};
use dialogue::{CallFacts, Driver};
use record::{
    Acknowledgement, NewCallback, NewLeftTask, NewSound, NewToolCall, NewToolOutcome, Recorder,
};
use recording::{Keep, Segment};
use tokio_util::task::TaskTracker;
use tools::{
    BoxFuture, CallbackRequest, CallbackTool, Callbacks, Intent, LeftTask, Limits, MessageTool,
    NotRecorded, Outcome, Registry, TicketTool, Tool, ToolCallLog, ToolCaller, ToolError,
    TransferTool,
};
use uuid::Uuid;

use super::{
    Services,
    consult::{ByConsultation, Requests},
};
use crate::line::Caller;

/// A disk that takes longer does not answer, and a caller waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// The dialogue of a call in this room, in which nothing was said yet, and the warm transfers that it asks for.
pub(super) fn dialogue(
    services: &Services,
    caller: &Caller,
    (session, room): (SessionId, &str),
    tasks: TaskTracker,
) -> (Driver, Option<Requests>) {
    let unfinished_days = services.replier.knowledge().pack().settings.unfinished_days;
    let recorded = Arc::new(Recorded {
        recorder: services.recorder.clone(),
        unfinished: TimeDelta::days(unfinished_days.into()),
    });
    let mut tools = services.replier.tools();
    tools.push(Arc::new(CallbackTool::new(recorded.clone())));
    let tickets = TicketTool::new(recorded.clone(), services.replier.tickets());
    tools.push(Arc::new(tickets));
    if let Some(port) = services.messages.clone() {
        tools.push(Arc::new(MessageTool::new(port)));
    }
    let mut consults = None;
    if let Some(to) = services.transfer_to.clone() {
        let transfer = match &services.consultations {
            None => TransferTool::new(services.transfers.in_room(room), to),
            Some(consultations) => {
                let (port, requests) = ByConsultation::new();
                consults = Some(requests);
                TransferTool::new(Arc::new(port), to).within(consultations.longest())
            }
        };
        tools.push(Arc::new(transfer) as Arc<dyn Tool>);
    }
    let offset = services.replier.knowledge().pack().settings.utc_offset;
    let limits = Limits::new(services.replier.limits(), offset.map(|offset| offset.0));
    let registry = Registry::new(session, tools, recorded, Vec::new()).with_limits(limits);
    let facts = CallFacts {
        channel: caller.channel,
        can_authenticate: services.authenticator.is_some(),
        name: None,
        caller: ToolCaller {
            participant: caller.identity.clone(),
            phone: caller.phone_hint.clone(),
            ..ToolCaller::default()
        },
        begun: Some(services.replier.local_time()),
    };
    let driver = Driver::new(services.replier.clone(), registry, facts, tasks);
    (driver, consults)
}

/// The rows of a call's tools and callbacks, on their way to the record.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Takes them.
    pub recorder: Recorder,
    /// How long a task that was left can be gone on with.
    pub unfinished: TimeDelta,
}

impl ToolCallLog for Recorded {
    fn intend(&self, intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        kept(self.recorder.tool_call(NewToolCall {
            session_id: intent.session,
            idempotency_key: intent.key,
            seq: intent.seq,
            tool: intent.tool,
            deed: intent.deed,
            arguments: intent.arguments,
            requested_at: Utc::now(),
        }))
    }

    fn finish(
        &self,
        session: SessionId,
        key: Uuid,
        outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        kept(self.recorder.tool_outcome(NewToolOutcome {
            session_id: session,
            idempotency_key: key,
            outcome: outcome.kind(),
            result: outcome.result(),
            finished_at: Utc::now(),
        }))
    }

    fn left(&self, session: SessionId, task: Option<LeftTask>) {
        if self.unfinished.is_zero() {
            return;
        }
        let now = Utc::now();
        self.recorder.left_task(NewLeftTask {
            session_id: session,
            task: task.map(|left| (left.task, left.values)),
            kept_at: now,
            expires_at: now + self.unfinished,
        });
    }
}

impl Callbacks for Recorded {
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        let acknowledgement = self.recorder.callback(NewCallback {
            id: request.key,
            session: request.session,
            kind: request.kind,
            phone_number: request.phone,
            reason: request.reason,
            wanted: request.wanted,
            urgent: request.urgent,
            due_at: Some(request.due_at),
            requested_at: Utc::now(),
        });
        Box::pin(async move {
            let kept = kept(acknowledgement).await;
            kept.map_err(|error| ToolError::Unclear(error.to_string()))
        })
    }
}

/// Segments of recordings go the way of all records.
#[derive(Debug, Clone)]
pub struct KeptSound(pub Recorder);

impl Keep for KeptSound {
    fn keep(&self, segment: Segment) -> bool {
        let number = i32::try_from(segment.number);
        number.is_ok_and(|number| {
            self.0.sound(NewSound {
                session_id: segment.session,
                number,
                pages: segment.pages,
                recorded_at: Utc::now(),
            })
        })
    }
}

fn kept(acknowledgement: Acknowledgement) -> BoxFuture<'static, Result<(), NotRecorded>> {
    Box::pin(async move {
        let kept = acknowledgement.within(PATIENCE).await;
        kept.then_some(()).ok_or(NotRecorded)
    })
}
