//! Which callers nobody serves: rooms as listed and `now` in, rooms to send an
//! agent to out. No I/O.

use std::collections::HashMap;
use std::time::Duration;

use livekit_protocol::participant_info::{Kind, State};
use livekit_protocol::{AgentDispatch, JobStatus, ParticipantInfo};

/// A caller who waited this long without an agent is helped.
const PATIENCE: Duration = Duration::from_secs(3);
/// When a job was given to a worker, that worker has this long to appear.
const JOIN_PATIENCE: Duration = Duration::from_secs(12);
/// A room is sent no second agent within this time.
const DISPATCH_INTERVAL: Duration = Duration::from_secs(15);
/// A room whose agent was seen is looked at again after this time.
const SERVED_INTERVAL: Duration = Duration::from_secs(6);

/// Who is in a room, as far as the watcher cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RoomView {
    pub(super) caller: bool,
    pub(super) agent: bool,
}

impl RoomView {
    pub(super) fn of(participants: &[ParticipantInfo]) -> Self {
        let mut view = Self {
            caller: false,
            agent: false,
        };
        for participant in participants {
            if participant.state() == State::Disconnected {
                continue;
            }
            let hidden = participant.permission.as_ref().is_some_and(|p| p.hidden);
            match participant.kind() {
                Kind::Agent => view.agent = true,
                Kind::Standard | Kind::Sip if !hidden => view.caller = true,
                _ => {}
            }
        }
        view
    }
}

/// What was already done for a room's caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispatched {
    /// Nothing, or dispatches that found no worker: the server never retries those.
    Nothing,
    /// A worker was given a job for this room and should appear. The open-source
    /// server keeps saying so after the agent left, so this does not prove that it is there.
    Pending,
    /// An agent held the call to its end; the caller merely lingers. Not every
    /// server tells; a call that ends therefore deletes its room.
    Served,
}

impl Dispatched {
    /// The state of the dispatches that name `agent_name`.
    pub(super) fn of(dispatches: &[AgentDispatch], agent_name: &str) -> Self {
        let ours = dispatches.iter().filter(|d| d.agent_name == agent_name);
        let jobs = ours.filter_map(|d| d.state.as_ref()).flat_map(|s| &s.jobs);
        let mut found = Self::Nothing;
        for job in jobs {
            let status = job.state.as_ref().map(|state| state.status());
            match status {
                Some(JobStatus::JsSuccess) => return Self::Served,
                Some(JobStatus::JsFailed) => {}
                Some(JobStatus::JsPending | JobStatus::JsRunning) | None => found = Self::Pending,
            }
        }
        found
    }
}

#[derive(Clone, Debug, Default)]
struct Seen {
    waiting_since: Option<Duration>,
    dispatched_at: Option<Duration>,
    /// The agent sent last did join: if it is gone now, it will not come.
    agent_joined: bool,
    look_at: Duration,
}

/// The memory of the watcher: one entry for each room of the server.
#[derive(Debug, Default)]
pub(super) struct Watch {
    rooms: HashMap<String, Seen>,
}

impl Watch {
    /// Takes the rooms that exist, by SID, and answers which to look into.
    pub(super) fn due(&mut self, listed: &[String], now: Duration) -> Vec<String> {
        let mut rooms = HashMap::with_capacity(listed.len());
        for sid in listed {
            let seen = self.rooms.remove(sid).unwrap_or_default();
            rooms.insert(sid.clone(), seen);
        }
        self.rooms = rooms;
        let due = |sid: &&String| self.rooms[*sid].look_at <= now;
        listed.iter().filter(due).cloned().collect()
    }

    /// Takes who is in a room; `true` when its caller waited long enough to
    /// ask what was dispatched.
    pub(super) fn looked(&mut self, sid: &str, view: RoomView, now: Duration) -> bool {
        let seen = self.rooms.entry(sid.to_owned()).or_default();
        seen.look_at = if view.agent {
            now + SERVED_INTERVAL
        } else {
            now
        };
        seen.agent_joined |= view.agent;
        if view.agent || !view.caller {
            seen.waiting_since = None;
            return false;
        }
        let since = *seen.waiting_since.get_or_insert(now);
        let recently = seen
            .dispatched_at
            .is_some_and(|at| now < at + DISPATCH_INTERVAL);
        now > since + PATIENCE && !recently
    }

    /// Whether to send an agent now, given what was dispatched before.
    pub(super) fn decide(&self, sid: &str, dispatched: Dispatched, now: Duration) -> bool {
        let Some(seen) = self.rooms.get(sid) else {
            return false;
        };
        let Some(since) = seen.waiting_since else {
            return false;
        };
        match dispatched {
            Dispatched::Served => false,
            Dispatched::Nothing => true,
            Dispatched::Pending => seen.agent_joined || now > since + JOIN_PATIENCE,
        }
    }

    /// An agent was sent at `now`, or the attempt failed: leave the room alone
    /// for a while either way.
    pub(super) fn sent(&mut self, sid: &str, now: Duration) {
        let seen = self.rooms.entry(sid.to_owned()).or_default();
        seen.dispatched_at = Some(now);
        seen.agent_joined = false;
    }
}

#[cfg(test)]
mod tests {
    use livekit_protocol::{AgentDispatchState, Job, JobState, ParticipantPermission};

    use super::*;

    const CALLER: RoomView = RoomView {
        caller: true,
        agent: false,
    };
    const SERVED: RoomView = RoomView {
        caller: true,
        agent: true,
    };
    const EMPTY: RoomView = RoomView {
        caller: false,
        agent: false,
    };

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Looks each time the room is due; collects the times at which an agent is sent.
    fn check(script: &[(u64, RoomView, Dispatched)], expected: &[u64]) {
        let mut watch = Watch::default();
        let listed = ["RM_1".to_owned()];
        let mut sent = Vec::new();
        for &(millis, view, dispatched) in script {
            let now = at(millis);
            for sid in watch.due(&listed, now) {
                if watch.looked(&sid, view, now) && watch.decide(&sid, dispatched, now) {
                    watch.sent(&sid, now);
                    sent.push(millis);
                }
            }
        }
        assert_eq!(sent, expected, "for {script:?}");
    }

    #[test]
    fn a_caller_alone_for_three_seconds_gets_one_agent() {
        let alone = |t| (t, CALLER, Dispatched::Nothing);
        check(&[0, 2_000, 4_000, 6_000, 8_000].map(alone), &[4_000]);
    }

    #[test]
    fn a_room_gets_no_second_agent_within_fifteen_seconds() {
        let alone = |t| (t, CALLER, Dispatched::Nothing);
        let rounds: Vec<_> = (0..12).map(|n| alone(n * 2_000)).collect();
        check(&rounds, &[4_000, 20_000]);
    }

    #[test]
    fn a_worker_that_has_the_job_gets_time_to_appear() {
        let pending = |t| (t, CALLER, Dispatched::Pending);
        let rounds: Vec<_> = (0..8).map(|n| pending(n * 2_000)).collect();
        check(&rounds, &[14_000]);
    }

    #[test]
    fn a_served_caller_who_lingers_gets_no_new_agent() {
        let lingering = |t| (t, CALLER, Dispatched::Served);
        let rounds: Vec<_> = (0..20).map(|n| lingering(n * 2_000)).collect();
        check(&rounds, &[]);
    }

    #[test]
    fn the_wait_begins_again_when_an_agent_was_there() {
        check(
            &[
                (0, CALLER, Dispatched::Nothing),
                (2_000, SERVED, Dispatched::Pending),
                (8_000, CALLER, Dispatched::Nothing),
                (10_000, CALLER, Dispatched::Nothing),
                (12_000, CALLER, Dispatched::Nothing),
            ],
            &[12_000],
        );
    }

    #[test]
    fn a_caller_whose_agent_died_gets_another_soon() {
        check(
            &[
                (0, SERVED, Dispatched::Pending),
                (6_000, CALLER, Dispatched::Pending),
                (8_000, CALLER, Dispatched::Pending),
                (10_000, CALLER, Dispatched::Pending),
                (12_000, CALLER, Dispatched::Pending),
            ],
            &[10_000],
        );
    }

    #[test]
    fn an_empty_room_gets_nobody() {
        let empty = |t| (t, EMPTY, Dispatched::Nothing);
        check(&[0, 4_000, 8_000, 40_000].map(empty), &[]);
    }

    #[test]
    fn rooms_that_are_gone_are_forgotten() {
        let mut watch = Watch::default();
        assert_eq!(watch.due(&["RM_1".to_owned()], at(0)).len(), 1);
        assert!(!watch.looked("RM_1", CALLER, at(0)));
        assert!(watch.due(&[], at(2_000)).is_empty());
        assert!(watch.rooms.is_empty());
    }

    #[test]
    fn only_callers_and_agents_who_are_there_count() {
        let participant = |kind: Kind, state: State, hidden| ParticipantInfo {
            kind: kind.into(),
            state: state.into(),
            permission: Some(ParticipantPermission {
                hidden,
                ..Default::default()
            }),
            ..Default::default()
        };
        for (kind, state, hidden, expected) in [
            (Kind::Standard, State::Active, false, CALLER),
            (Kind::Sip, State::Active, false, CALLER),
            (Kind::Standard, State::Disconnected, false, EMPTY),
            (Kind::Standard, State::Active, true, EMPTY),
            (Kind::Egress, State::Active, false, EMPTY),
            (Kind::Ingress, State::Active, false, EMPTY),
            (Kind::Agent, State::Disconnected, false, EMPTY),
        ] {
            let view = RoomView::of(&[participant(kind, state, hidden)]);
            assert_eq!(view, expected, "{kind:?} {state:?} hidden: {hidden}");
        }
        let agent = participant(Kind::Agent, State::Joined, true);
        assert!(RoomView::of(&[agent]).agent, "an agent that joins counts");
    }

    #[test]
    fn only_jobs_of_our_own_agent_count_as_dispatched() {
        let dispatch = |agent_name: &str, statuses: &[JobStatus]| AgentDispatch {
            agent_name: agent_name.to_owned(),
            state: Some(AgentDispatchState {
                jobs: statuses
                    .iter()
                    .map(|&status| Job {
                        state: Some(JobState {
                            status: status.into(),
                            ..Default::default()
                        }),
                        ..Default::default()
                    })
                    .collect(),
                ..Default::default()
            }),
            ..Default::default()
        };
        for (dispatches, expected) in [
            (vec![], Dispatched::Nothing),
            (vec![dispatch("us", &[])], Dispatched::Nothing),
            (
                vec![dispatch("them", &[JobStatus::JsRunning])],
                Dispatched::Nothing,
            ),
            (
                vec![dispatch("us", &[JobStatus::JsPending])],
                Dispatched::Pending,
            ),
            (
                vec![dispatch("us", &[JobStatus::JsFailed])],
                Dispatched::Nothing,
            ),
            (
                vec![
                    dispatch("us", &[JobStatus::JsSuccess]),
                    dispatch("us", &[JobStatus::JsRunning]),
                ],
                Dispatched::Served,
            ),
        ] {
            assert_eq!(Dispatched::of(&dispatches, "us"), expected);
        }
    }
}
