//! Holds the calls that the worker was given: joins the room, runs the session,
//! reports the job, leaves.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::{
    line::Caller,
    metrics::Stage,
    room::{JoinedRoom, RoomHandle},
    session::{Ended, Services, Session},
    telephony::Telephony,
    worker::{Assignment, CallRunner, JobReporter, SlotGuard},
};

/// A room whose caller does not come in this time is left.
const CALLER_PATIENCE: Duration = Duration::from_secs(60);
/// Sound in the sink, on the network and in the caller's jitter buffer.
const TAIL: Duration = Duration::from_millis(500);
/// Tasks of a call that are still busy after it are left to themselves.
const TASK_PATIENCE: Duration = Duration::from_secs(5);

/// Runs calls with what they share.
#[derive(Clone)]
pub struct Calls {
    services: Arc<Services>,
    telephony: Telephony,
}

impl Calls {
    /// All calls use these services; `telephony` disconnects callers.
    pub fn new(services: Services, telephony: Telephony) -> Self {
        Self {
            services: Arc::new(services),
            telephony,
        }
    }

    async fn hold(&self, assignment: Assignment, reports: &JobReporter) {
        let assigned = Instant::now();
        let room = match JoinedRoom::join(&assignment.url, &assignment.token).await {
            Ok(room) => room,
            Err(error) => {
                tracing::error!(%error, "the room could not be joined");
                reports.failed("the room could not be joined").await;
                return;
            }
        };
        self.services
            .metrics
            .observe(Stage::Join, assigned.elapsed());
        reports.running().await;
        let mut room = room;
        let mut stop = assignment.stop.clone();
        let caller = tokio::select! {
            caller = room.caller(CALLER_PATIENCE) => caller,
            _ = stop.requested() => None,
        };
        match caller {
            Some(caller) => self.talk(room, caller, assignment, reports).await,
            None => {
                tracing::info!("nobody came; leaving the room");
                reports.succeeded().await;
                room.leave().await;
            }
        }
    }

    /// Talks with the caller, and with whoever turns out to be the caller instead: a session each.
    async fn talk(
        &self,
        mut room: JoinedRoom,
        mut caller: Caller,
        assignment: Assignment,
        reports: &JobReporter,
    ) {
        let mut has_spoken = false;
        loop {
            let tasks = TaskTracker::new();
            let (line, handle) = room.open(caller, has_spoken, &self.services.metrics, &tasks);
            let name = line.room.clone();
            let stop = assignment.stop.clone();
            let session = Session::open(self.services.clone(), line, stop, tasks.clone());
            let (ended, handle) = self.hold_session(session, handle, reports).await;
            if let Some(next) = ended.goes_on_with.clone() {
                tasks.close();
                tracing::info!("the caller never made a sound; somebody else speaks");
                let Some(mut again) = handle.again().await else {
                    reports.failed("the room was lost").await;
                    return;
                };
                // Somebody who spoke and left meanwhile is waited for in vain.
                has_spoken = again.has(&next);
                let next = match has_spoken {
                    true => Some(next),
                    false => again.caller(CALLER_PATIENCE).await,
                };
                let Some(next) = next else {
                    tracing::info!("nobody is left in the room");
                    reports.succeeded().await;
                    again.leave().await;
                    return;
                };
                // The agent's track has long been there, and whoever speaks to it hears it.
                let can_hear = true;
                (room, caller) = (again, Caller { can_hear, ..next });
                continue;
            }
            self.leave(&name, &ended, handle, reports).await;
            tasks.close();
            if timeout(TASK_PATIENCE, tasks.wait()).await.is_err() {
                tracing::warn!("a task of this call is still busy");
            }
            return;
        }
    }

    /// Runs one session to its end.
    async fn hold_session(
        &self,
        session: Session,
        handle: RoomHandle,
        reports: &JobReporter,
    ) -> (Ended, RoomHandle) {
        let active = self.services.metrics.call_started();
        let ended = match AssertUnwindSafe(session.run()).catch_unwind().await {
            Ok(ended) => ended,
            Err(panic) => {
                // The connection would outlive the call, and the caller would sit with a mute agent.
                reports.failed("the call broke off").await;
                handle.leave().await;
                std::panic::resume_unwind(panic)
            }
        };
        self.services.metrics.call_ended(ended.ending.as_str());
        drop(active);
        (ended, handle)
    }

    /// Success is reported before the room is left, or the server counts a failure.
    async fn leave(&self, room: &str, ended: &Ended, handle: RoomHandle, reports: &JobReporter) {
        if ended.hang_up {
            // What was played is still on its way to the caller's ear.
            tokio::time::sleep(TAIL).await;
        }
        reports.succeeded().await;
        if ended.hang_up
            && let Err(error) = self.telephony.hang_up(room).await
        {
            tracing::warn!(%error, "the caller could not be disconnected");
        }
        handle.leave().await;
    }
}

impl CallRunner for Calls {
    async fn run(&self, assignment: Assignment, slot: SlotGuard, reports: JobReporter) {
        // Not the room's name: a dispatch rule may have put the caller's number into it.
        let span = tracing::info_span!("call", job.id = %assignment.job.id);
        self.hold(assignment, &reports).instrument(span).await;
        drop(slot);
    }
}
