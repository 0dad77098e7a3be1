//! When a connection counts as connected, lost or failed.
//!
//! The ICE agent underneath never gives up and has no "failed"; livekit starts a recovery
//! on `Failed` alone. So this module keeps the time:
//!
//! ```text
//! New -> Connecting -> Connected -> Disconnected --15 s--> Failed
//!            |  \________________________^
//!            '---30 s--> Failed                 an ICE restart leads from any of them to Connecting
//! ```

use crate::peer_connection::{IceConnectionState, PeerConnectionState};
use std::time::{Duration, Instant};
use str0m::IceConnectionState as AgentState;

/// Time in `Disconnected` until `Failed`. As long as browsers take.
const FAIL_AFTER_LOSS: Duration = Duration::from_secs(15);

/// Time in `Connecting` until `Failed`: twice what livekit waits for a connection itself.
const FAIL_AFTER_CONNECTING: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Connecting { since: Instant },
    Connected,
    Lost { since: Instant },
    Failed,
    Closed,
}

/// The connection's state, from what ICE and DTLS report. Each report returns the public state
/// if that changed.
#[derive(Debug)]
pub(crate) struct Health {
    phase: Phase,
    ice: IceConnectionState,
    /// DTLS has given the keys: media can flow.
    dtls_up: bool,
    /// The peer said goodbye; ICE may stay up for a while, which means nothing then.
    remote_closed: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            phase: Phase::New,
            ice: IceConnectionState::New,
            dtls_up: false,
            remote_closed: false,
        }
    }
}

impl Health {
    pub(crate) fn on_ice(
        &mut self,
        state: AgentState,
        now: Instant,
    ) -> Option<PeerConnectionState> {
        if self.phase == Phase::Closed {
            return None;
        }
        self.ice = match state {
            AgentState::New => IceConnectionState::New,
            AgentState::Checking => IceConnectionState::Checking,
            AgentState::Connected => IceConnectionState::Connected,
            AgentState::Completed => IceConnectionState::Completed,
            AgentState::Disconnected => IceConnectionState::Disconnected,
        };
        match state {
            AgentState::New => None,
            _ if self.remote_closed => None,
            AgentState::Checking => self.enter(Phase::Connecting { since: now }),
            AgentState::Connected | AgentState::Completed if self.dtls_up => {
                self.enter(Phase::Connected)
            }
            AgentState::Connected | AgentState::Completed => match self.phase {
                Phase::Connecting { .. } => None, // waits for DTLS
                _ => self.enter(Phase::Connecting { since: now }),
            },
            AgentState::Disconnected => self.lose(now),
        }
    }

    pub(crate) fn on_dtls_connected(&mut self) -> Option<PeerConnectionState> {
        self.dtls_up = true;
        self.enter(Phase::Connected)
    }

    /// The peer closed DTLS.
    pub(crate) fn on_remote_close(&mut self, now: Instant) -> Option<PeerConnectionState> {
        self.remote_closed = true;
        self.lose(now)
    }

    /// The engine cannot go on.
    pub(crate) fn on_engine_error(&mut self) -> Option<PeerConnectionState> {
        self.enter(Phase::Failed)
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<PeerConnectionState> {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.enter(Phase::Failed)
        } else {
            None
        }
    }

    /// When patience ends, if it is being tried.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Connecting { since } => Some(since + FAIL_AFTER_CONNECTING),
            Phase::Lost { since } => Some(since + FAIL_AFTER_LOSS),
            Phase::New | Phase::Connected | Phase::Failed | Phase::Closed => None,
        }
    }

    /// The application closed the connection. No event follows.
    pub(crate) const fn close(&mut self) {
        self.phase = Phase::Closed;
        self.ice = IceConnectionState::Closed;
    }

    pub(crate) const fn connection(&self) -> PeerConnectionState {
        match self.phase {
            Phase::New => PeerConnectionState::New,
            Phase::Connecting { .. } => PeerConnectionState::Connecting,
            Phase::Connected => PeerConnectionState::Connected,
            Phase::Lost { .. } => PeerConnectionState::Disconnected,
            Phase::Failed => PeerConnectionState::Failed,
            Phase::Closed => PeerConnectionState::Closed,
        }
    }

    pub(crate) const fn ice(&self) -> IceConnectionState {
        self.ice
    }

    /// Whether RTP can be encrypted.
    pub(crate) const fn can_send(&self) -> bool {
        self.dtls_up && !matches!(self.phase, Phase::Closed)
    }

    fn lose(&mut self, now: Instant) -> Option<PeerConnectionState> {
        match self.phase {
            Phase::Lost { .. } | Phase::Failed => None,
            _ => self.enter(Phase::Lost { since: now }),
        }
    }

    fn enter(&mut self, phase: Phase) -> Option<PeerConnectionState> {
        if self.phase == Phase::Closed {
            return None;
        }
        let before = self.connection();
        self.phase = phase;
        let after = self.connection();
        (after != before).then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PeerConnectionState as State;

    enum Step {
        Ice(AgentState),
        Dtls,
        RemoteClose,
        Close,
        Wait,
    }

    /// Runs steps at seconds; each names the state it must announce, if any.
    fn check(script: Vec<(u64, Step, Option<State>)>) {
        let start = crate::engine::driver::now();
        let mut health = Health::default();
        for (index, (at, step, expected)) in script.into_iter().enumerate() {
            let now = start + Duration::from_secs(at);
            let announced = match step {
                Step::Ice(state) => health.on_ice(state, now),
                Step::Dtls => health.on_dtls_connected(),
                Step::RemoteClose => health.on_remote_close(now),
                Step::Close => {
                    health.close();
                    None
                }
                Step::Wait => health.tick(now),
            };
            assert_eq!(announced, expected, "announced by step {index} at {at} s");
        }
    }

    fn connected() -> Vec<(u64, Step, Option<State>)> {
        vec![
            (0, Step::Ice(AgentState::Checking), Some(State::Connecting)),
            (0, Step::Ice(AgentState::Connected), None),
            (0, Step::Dtls, Some(State::Connected)),
        ]
    }

    #[test]
    fn a_connection_is_connected_only_with_dtls() {
        check(connected());
    }

    #[test]
    fn a_loss_of_fifteen_seconds_is_a_failure() {
        let mut script = connected();
        script.extend([
            (
                10,
                Step::Ice(AgentState::Disconnected),
                Some(State::Disconnected),
            ),
            (24, Step::Wait, None),
            (25, Step::Wait, Some(State::Failed)),
            (26, Step::Wait, None),
        ]);
        check(script);
    }

    #[test]
    fn a_path_that_comes_back_in_time_is_connected_again() {
        let mut script = connected();
        script.extend([
            (
                10,
                Step::Ice(AgentState::Disconnected),
                Some(State::Disconnected),
            ),
            (20, Step::Ice(AgentState::Connected), Some(State::Connected)),
            (60, Step::Wait, None),
        ]);
        check(script);
    }

    #[test]
    fn a_restart_after_a_failure_connects_again() {
        let mut script = connected();
        script.extend([
            (
                10,
                Step::Ice(AgentState::Disconnected),
                Some(State::Disconnected),
            ),
            (25, Step::Wait, Some(State::Failed)),
            (26, Step::Ice(AgentState::Checking), Some(State::Connecting)),
            (27, Step::Ice(AgentState::Connected), Some(State::Connected)),
        ]);
        check(script);
    }

    #[test]
    fn a_peer_that_never_answers_is_a_failure() {
        check(vec![
            (0, Step::Ice(AgentState::Checking), Some(State::Connecting)),
            (29, Step::Wait, None),
            (30, Step::Wait, Some(State::Failed)),
        ]);
    }

    #[test]
    fn a_goodbye_is_a_loss_whatever_ice_says_afterwards() {
        let mut script = connected();
        script.extend([
            (5, Step::RemoteClose, Some(State::Disconnected)),
            (6, Step::Ice(AgentState::Completed), None),
            (20, Step::Wait, Some(State::Failed)),
        ]);
        check(script);
    }

    #[test]
    fn a_closed_connection_announces_nothing_more() {
        let mut script = connected();
        script.extend([
            (5, Step::Close, None),
            (6, Step::Ice(AgentState::Disconnected), None),
            (60, Step::Wait, None),
        ]);
        check(script);
    }
}
