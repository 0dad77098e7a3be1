//! The agent worker protocol without a socket: what the server says, what
//! happens here and `now` go in; messages and actions come out.
//!
//! ```text
//! connected -> register -> registered -> update_worker, then offers:
//!   offer -> place reserved -> availability(true) -> assignment -> Start
//!        \-> no place or draining -> availability(false): another worker is asked
//! ```

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use livekit_protocol::{
    AvailabilityRequest, AvailabilityResponse, Job, JobAssignment, JobStatus, JobType,
    MigrateJobRequest, ParticipantPermission, RegisterWorkerRequest, UpdateJobStatus,
    UpdateWorkerStatus, WorkerPing, WorkerStatus, server_message, worker_message,
};

use super::slots::{SlotGuard, Slots};
use crate::telephony::is_consultation;

/// A server that has not confirmed the registration by then is left.
const REGISTRATION_TIMEOUT: Duration = Duration::from_secs(10);
/// A promised place is freed when no assignment came; the same patience as
/// LiveKit's own agents.
pub(super) const ASSIGNMENT_TIMEOUT: Duration = Duration::from_millis(7_500);
/// Pings go out this often, both as WebSocket frames and as messages.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// The server sets no read deadline of its own, so a half-open connection is
/// found here: after this many pings without any pong.
const MISSED_PONGS: u32 = 2;
/// Job reports kept while the server is away. When full the oldest goes: a
/// server that restarted has forgotten those jobs first.
const UNSENT_REPORTS: usize = 1_024;

/// What happened.
#[derive(Debug)]
pub(super) enum Input {
    /// The WebSocket opened.
    Connected,
    /// The WebSocket closed or failed.
    Disconnected,
    /// The server sent a message.
    Server(Box<server_message::Message>),
    /// A WebSocket pong arrived.
    Pong,
    /// A call reports on its job.
    Report { job_id: String, report: Report },
    /// A call's task ended; `Err` when it panicked.
    CallEnded {
        job_id: String,
        outcome: Result<(), String>,
    },
    /// A report could not be written: it goes again after the next registration.
    NotWritten(UpdateJobStatus),
    /// A place was taken or freed.
    SlotsChanged,
    /// No new calls from now on.
    Drain,
    /// The deadline passed.
    Tick,
}

/// What a call says about its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The agent is in the room.
    Running,
    /// The call is over in good order; sent before the agent leaves the room.
    Succeeded,
    /// The call could not be held.
    Failed(String),
}

/// What to do.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a handful at a time, gone at once; most are `Send`"
)]
pub(super) enum Action {
    /// Write this message.
    Send(worker_message::Message),
    /// Write a WebSocket ping.
    Ping,
    /// The server confirmed the registration.
    Registered { worker_id: String },
    /// Run this call.
    Start {
        assignment: Box<JobAssignment>,
        slot: SlotGuard,
    },
    /// The server wants this call to end.
    Stop { job_id: String },
    /// Close the connection and open another.
    Reconnect { why: &'static str },
}

#[derive(Debug)]
enum Link {
    Down,
    Registering {
        gives_up_at: Duration,
    },
    Registered {
        next_ping_at: Duration,
        unanswered_pings: u32,
        reported: Option<UpdateWorkerStatus>,
    },
}

#[derive(Debug)]
struct Reservation {
    slot: SlotGuard,
    expires_at: Duration,
}

#[derive(Debug)]
struct Running {
    room: String,
    /// SUCCESS or FAILED was reported: the agent leaves its room.
    settled: bool,
}

/// The state of one worker towards the server.
#[derive(Debug)]
pub(super) struct Protocol {
    agent_name: String,
    slots: Slots,
    link: Link,
    draining: bool,
    /// Places promised and not yet assigned; as many as there are slots at most.
    reserved: HashMap<String, Reservation>,
    /// Calls by job id; as many as there are slots at most.
    running: HashMap<String, Running>,
    unsent: VecDeque<UpdateJobStatus>,
}

impl Protocol {
    /// `agent_name` empty means automatic dispatch.
    pub(super) fn new(agent_name: String, slots: Slots) -> Self {
        Self {
            agent_name,
            slots,
            link: Link::Down,
            draining: false,
            reserved: HashMap::new(),
            running: HashMap::new(),
            unsent: VecDeque::new(),
        }
    }

    /// Takes one event at `now` (time since the worker started).
    pub(super) fn on(&mut self, input: Input, now: Duration) -> Vec<Action> {
        let mut out = Vec::new();
        match input {
            Input::Connected => self.on_connected(now, &mut out),
            Input::Disconnected => self.link = Link::Down,
            Input::Server(message) => self.on_server(*message, now, &mut out),
            Input::Pong => self.on_pong(),
            Input::Report { job_id, report } => self.on_report(job_id, report, &mut out),
            Input::CallEnded { job_id, outcome } => self.on_call_ended(job_id, outcome, &mut out),
            Input::NotWritten(update) => self.keep(update),
            Input::SlotsChanged => {}
            Input::Drain => self.draining = true,
            Input::Tick => self.on_tick(now, &mut out),
        }
        self.report_status(&mut out);
        out
    }

    /// When to send [`Input::Tick`]: the next ping, or a promise that lapses.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let link = match self.link {
            Link::Down => None,
            Link::Registering { gives_up_at } => Some(gives_up_at),
            Link::Registered { next_ping_at, .. } => Some(next_ping_at),
        };
        let promises = self.reserved.values().map(|held| held.expires_at);
        promises.chain(link).min()
    }

    /// Whether reports are written now rather than kept for later.
    pub(super) fn is_registered(&self) -> bool {
        matches!(self.link, Link::Registered { .. })
    }

    /// Whether no call runs and none is promised.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.reserved.is_empty()
    }

    fn on_connected(&mut self, now: Duration, out: &mut Vec<Action>) {
        self.link = Link::Registering {
            gives_up_at: now + REGISTRATION_TIMEOUT,
        };
        out.push(Action::Send(worker_message::Message::Register(
            RegisterWorkerRequest {
                r#type: JobType::JtRoom.into(),
                agent_name: self.agent_name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                allowed_permissions: Some(agent_permissions()),
                ..Default::default()
            },
        )));
    }

    fn on_server(
        &mut self,
        message: server_message::Message,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        use server_message::Message;
        match message {
            Message::Register(registered) => self.on_registered(registered.worker_id, now, out),
            Message::Availability(offer) => self.on_offer(offer, now, out),
            Message::Assignment(assignment) => self.on_assignment(assignment, out),
            Message::Termination(end) => out.push(Action::Stop { job_id: end.job_id }),
            Message::Pong(_) => self.on_pong(),
            Message::GoAway(_) => out.push(Action::Reconnect {
                why: "the server asks its workers to register elsewhere",
            }),
        }
    }

    fn on_registered(&mut self, worker_id: String, now: Duration, out: &mut Vec<Action>) {
        self.link = Link::Registered {
            next_ping_at: now + PING_INTERVAL,
            unanswered_pings: 0,
            reported: None,
        };
        out.push(Action::Registered { worker_id });
        // A fresh worker counts as available with load 0 until it says otherwise.
        self.report_status(out);
        if !self.running.is_empty() {
            let job_ids = self.running.keys().cloned().collect();
            let live = MigrateJobRequest { job_ids };
            out.push(Action::Send(worker_message::Message::MigrateJob(live)));
        }
        let unsent = self.unsent.drain(..);
        out.extend(unsent.map(|report| Action::Send(worker_message::Message::UpdateJob(report))));
    }

    fn on_offer(&mut self, offer: AvailabilityRequest, now: Duration, out: &mut Vec<Action>) {
        let job = offer.job.unwrap_or_default();
        let slot = if self.draining || job.agent_name != self.agent_name || is_for_nobody(&job) {
            None
        } else {
            self.slots.try_reserve()
        };
        out.push(Action::Send(worker_message::Message::Availability(
            self.answer(&job, slot.is_some()),
        )));
        if let Some(slot) = slot {
            let expires_at = now + ASSIGNMENT_TIMEOUT;
            self.reserved
                .insert(job.id, Reservation { slot, expires_at });
        }
    }

    /// `terminate` stays false where a caller waits: a refusal sends the job to another worker
    /// instead of ending it for all.
    fn answer(&self, job: &Job, available: bool) -> AvailabilityResponse {
        let mut answer = AvailabilityResponse {
            job_id: job.id.clone(),
            available,
            terminate: is_for_nobody(job),
            ..Default::default()
        };
        if available {
            answer.participant_identity = format!("agent-{}", job.id);
            answer.participant_name = self.agent_name.clone();
            // The server sets `lk.agent_name`; clients of the SDKs read this one.
            answer
                .participant_attributes
                .insert("lk.agent.name".to_owned(), self.agent_name.clone());
        }
        answer
    }

    fn on_assignment(&mut self, assignment: JobAssignment, out: &mut Vec<Action>) {
        let job = assignment.job.clone().unwrap_or_default();
        if job.id.is_empty() || self.running.contains_key(&job.id) {
            return;
        }
        // An assignment later than promised is still a caller who waits.
        let held = self.reserved.remove(&job.id).map(|held| held.slot);
        let Some(slot) = held.or_else(|| self.slots.try_reserve()) else {
            let report = Report::Failed("the worker is full".to_owned());
            self.report(job.id, &report, out);
            return;
        };
        let room = room_key(&job);
        if self
            .running
            .values()
            .any(|call| !call.settled && !room.is_empty() && call.room == room)
        {
            // One agent a room, even when two jobs arrive for it.
            self.report(job.id, &Report::Succeeded, out);
            return;
        }
        let settled = false;
        self.running.insert(job.id, Running { room, settled });
        out.push(Action::Start {
            assignment: Box::new(assignment),
            slot,
        });
    }

    fn on_pong(&mut self) {
        if let Link::Registered {
            unanswered_pings, ..
        } = &mut self.link
        {
            *unanswered_pings = 0;
        }
    }

    fn on_report(&mut self, job_id: String, report: Report, out: &mut Vec<Action>) {
        if let Some(call) = self.running.get_mut(&job_id) {
            call.settled |= report != Report::Running;
        }
        self.report(job_id, &report, out);
    }

    fn on_call_ended(
        &mut self,
        job_id: String,
        outcome: Result<(), String>,
        out: &mut Vec<Action>,
    ) {
        let unsettled = self
            .running
            .remove(&job_id)
            .is_some_and(|call| !call.settled);
        match outcome {
            Err(panic) if unsettled => self.report(job_id, &Report::Failed(panic), out),
            Ok(()) if unsettled => self.report(job_id, &Report::Succeeded, out),
            _ => {}
        }
    }

    fn on_tick(&mut self, now: Duration, out: &mut Vec<Action>) {
        self.reserved.retain(|_, held| held.expires_at > now);
        match &mut self.link {
            Link::Registering { gives_up_at } if *gives_up_at <= now => {
                out.push(Action::Reconnect {
                    why: "the server did not confirm the registration",
                });
            }
            Link::Registered {
                next_ping_at,
                unanswered_pings,
                ..
            } if *next_ping_at <= now => {
                *next_ping_at = now + PING_INTERVAL;
                if *unanswered_pings >= MISSED_PONGS {
                    out.push(Action::Reconnect {
                        why: "the server stopped answering pings",
                    });
                    return;
                }
                *unanswered_pings += 1;
                let timestamp = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
                let ping = WorkerPing { timestamp };
                out.push(Action::Send(worker_message::Message::Ping(ping)));
                out.push(Action::Ping);
            }
            _ => {}
        }
    }

    fn report(&mut self, job_id: String, report: &Report, out: &mut Vec<Action>) {
        let (status, error) = match report {
            Report::Running => (JobStatus::JsRunning, String::new()),
            Report::Succeeded => (JobStatus::JsSuccess, String::new()),
            Report::Failed(why) => (JobStatus::JsFailed, why.clone()),
        };
        let update = UpdateJobStatus {
            job_id,
            status: status.into(),
            error,
        };
        if self.is_registered() {
            out.push(Action::Send(worker_message::Message::UpdateJob(update)));
            return;
        }
        self.keep(update);
    }

    fn keep(&mut self, update: UpdateJobStatus) {
        if self.unsent.len() == UNSENT_REPORTS {
            self.unsent.pop_front();
        }
        self.unsent.push_back(update);
    }

    /// Tells the server load and status whenever they changed. The server
    /// overwrites the load with every message, so each one carries it.
    fn report_status(&mut self, out: &mut Vec<Action>) {
        let Link::Registered { reported, .. } = &mut self.link else {
            return;
        };
        let load = self.slots.load();
        let status = if self.draining || load >= 1.0 {
            WorkerStatus::WsFull
        } else {
            WorkerStatus::WsAvailable
        };
        let update = UpdateWorkerStatus {
            status: Some(status.into()),
            load,
            job_count: u32::try_from(self.running.len()).unwrap_or(u32::MAX),
            draining: self.draining,
            seq: reported.map_or(0, |last| last.seq),
        };
        if *reported != Some(update) {
            let update = UpdateWorkerStatus {
                seq: update.seq + 1,
                ..update
            };
            *reported = Some(update);
            out.push(Action::Send(worker_message::Message::UpdateWorker(update)));
        }
    }
}

/// The room is one in which a worker talks with a colleague: whoever made it is in it.
fn is_for_nobody(job: &Job) -> bool {
    let room = job.room.as_ref();
    room.is_some_and(|room| is_consultation(&room.name))
}

fn room_key(job: &Job) -> String {
    let room = job.room.as_ref();
    room.map_or_else(String::new, |room| {
        if room.sid.is_empty() {
            room.name.clone()
        } else {
            room.sid.clone()
        }
    })
}

fn agent_permissions() -> ParticipantPermission {
    #[expect(deprecated, reason = "the server still reads `agent` from here")]
    ParticipantPermission {
        can_subscribe: true,
        can_publish: true,
        can_publish_data: true,
        can_update_metadata: true,
        agent: true,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests;
