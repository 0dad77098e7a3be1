//! When a connection counts as connected, lost or failed.
//!
//! The ICE agent underneath notices a dead path late and has no "failed"; livekit starts a
//! recovery on `Failed` alone. So this module keeps the time, with the limits of the C++ library:
//!
//! ```text
//! New -> Connecting -> Connected --5 s of silence--> Disconnected --15 s of silence--> Failed
//!            |  \______________^ <--- a sign of life -----'
//!            '---30 s--> Failed                 an ICE restart leads from any of them to Connecting
//! ```
//!
//! A sign of life is what only the peer can send: a STUN message with its integrity, or RTP that
//! its key opens. Without one for 30 s nothing is sent but checks (consent, RFC 7675).

use std::time::{Duration, Instant};

use str0m::IceConnectionState as AgentState;

use crate::types::{connection_state::PeerConnectionState, stats::IceTransportState};

/// Silence until `Disconnected`. The agent asks the peer for a sign every two seconds and more
/// often while none comes, so that four of them are lost by then.
const LOST_AFTER: Duration = Duration::from_secs(5);

/// Silence until `Failed`.
const FAIL_AFTER_LOSS: Duration = Duration::from_secs(15);

/// Time in `Connecting` until `Failed`: twice what livekit waits for a connection itself.
const FAIL_AFTER_CONNECTING: Duration = Duration::from_secs(30);

/// Silence until the peer no longer consents to be sent anything (RFC 7675 section 5.1).
const CONSENT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Connecting {
        since: Instant,
    },
    Connected {
        heard: Instant,
    },
    /// Silent, but for how long yet is not known to be too long.
    Lost {
        fails_at: Instant,
    },
    Failed(Failure),
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// A sign of life or a restart of ICE ends it.
    Silence,
    /// The peer is another one, or the engine is broken: only a new connection helps.
    Final,
}

/// The connection's state, from what ICE and DTLS report. Each report returns the public state
/// if that changed.
#[derive(Debug)]
pub(crate) struct Health {
    phase: Phase,
    /// What the agent says, which counts until the first connection.
    agent: AgentState,
    /// The last sign of life.
    heard: Option<Instant>,
    /// DTLS has given the keys: media can flow.
    dtls_up: bool,
    /// The peer said goodbye; ICE may stay up for a while, which means nothing then.
    remote_closed: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            phase: Phase::New,
            agent: AgentState::New,
            heard: None,
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
        self.agent = state;
        if self.remote_closed {
            return None;
        }
        match (state, self.phase) {
            (AgentState::Checking, Phase::New) => self.enter(Phase::Connecting { since: now }),
            (AgentState::Connected | AgentState::Completed, _) if self.dtls_up => {
                self.on_alive(now);
                self.enter(Phase::Connected { heard: now })
            }
            (AgentState::Connected | AgentState::Completed, Phase::Connecting { .. }) => None,
            (AgentState::Connected | AgentState::Completed, _) => {
                self.enter(Phase::Connecting { since: now })
            }
            (AgentState::Disconnected, _) => self.lose(now),
            // Checks of other ways in a living connection: silence decides whether it is lost.
            (AgentState::New | AgentState::Checking, _) => None,
        }
    }

    /// Both sides agreed on new ICE credentials: the way is looked for again.
    pub(crate) fn on_restart(&mut self, now: Instant) -> Option<PeerConnectionState> {
        if self.remote_closed {
            return None;
        }
        self.enter(Phase::Connecting { since: now })
    }

    pub(crate) fn on_dtls_connected(&mut self, now: Instant) -> Option<PeerConnectionState> {
        self.dtls_up = true;
        self.heard = Some(now);
        self.enter(Phase::Connected { heard: now })
    }

    /// The peer sent something that only it can send.
    pub(crate) fn on_alive(&mut self, now: Instant) -> Option<PeerConnectionState> {
        self.heard = Some(now);
        if self.remote_closed || !self.dtls_up {
            return None;
        }
        match self.phase {
            Phase::Connected { .. } | Phase::Lost { .. } | Phase::Failed(Failure::Silence) => {
                self.enter(Phase::Connected { heard: now })
            }
            _ => None,
        }
    }

    /// The peer closed DTLS.
    pub(crate) fn on_remote_close(&mut self, now: Instant) -> Option<PeerConnectionState> {
        self.remote_closed = true;
        self.lose(now)
    }

    /// The engine cannot go on, or must not because the peer is not who it was.
    pub(crate) fn on_final_failure(&mut self) -> Option<PeerConnectionState> {
        self.enter(Phase::Failed(Failure::Final))
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<PeerConnectionState> {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return None;
        }
        match self.phase {
            Phase::Connected { heard } => self.enter(Phase::Lost {
                fails_at: heard + FAIL_AFTER_LOSS,
            }),
            _ => self.enter(Phase::Failed(Failure::Silence)),
        }
    }

    /// When patience ends, if it is being tried.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Connecting { since } => Some(since + FAIL_AFTER_CONNECTING),
            Phase::Connected { heard } => Some(heard + LOST_AFTER),
            Phase::Lost { fails_at } => Some(fails_at),
            Phase::New | Phase::Failed(_) | Phase::Closed => None,
        }
    }

    /// The application closed the connection. No event follows.
    pub(crate) const fn close(&mut self) {
        self.phase = Phase::Closed;
    }

    pub(crate) const fn connection(&self) -> PeerConnectionState {
        match self.phase {
            Phase::New => PeerConnectionState::New,
            Phase::Connecting { .. } => PeerConnectionState::Connecting,
            Phase::Connected { .. } => PeerConnectionState::Connected,
            Phase::Lost { .. } => PeerConnectionState::Disconnected,
            Phase::Failed(_) => PeerConnectionState::Failed,
            Phase::Closed => PeerConnectionState::Closed,
        }
    }

    pub(crate) const fn ice(&self) -> IceTransportState {
        match (self.phase, self.agent) {
            (Phase::Closed, _) => IceTransportState::Closed,
            (Phase::Failed(_), _) => IceTransportState::Failed,
            (Phase::Lost { .. }, _) | (_, AgentState::Disconnected) => {
                IceTransportState::Disconnected
            }
            (_, AgentState::New) => IceTransportState::New,
            (_, AgentState::Completed) => IceTransportState::Completed,
            (Phase::Connected { .. }, _) | (_, AgentState::Connected) => {
                IceTransportState::Connected
            }
            (_, AgentState::Checking) => IceTransportState::Checking,
        }
    }

    /// Whether RTP can be encrypted.
    pub(crate) const fn can_send(&self) -> bool {
        self.dtls_up && !matches!(self.phase, Phase::Closed)
    }

    /// Whether more than checks may be sent.
    pub(crate) fn has_consent(&self, now: Instant) -> bool {
        self.heard
            .is_none_or(|heard| now.saturating_duration_since(heard) < CONSENT)
    }

    /// Whether other ways to the peer should be tried: it is silent and was not replaced.
    pub(crate) const fn is_silent(&self) -> bool {
        !self.remote_closed
            && matches!(
                self.phase,
                Phase::Lost { .. } | Phase::Failed(Failure::Silence)
            )
    }

    fn lose(&mut self, now: Instant) -> Option<PeerConnectionState> {
        let fails_at = match self.phase {
            Phase::Lost { .. } | Phase::Failed(_) => return None,
            Phase::Connected { heard } if !self.remote_closed => heard + FAIL_AFTER_LOSS,
            _ => now + FAIL_AFTER_LOSS,
        };
        self.enter(Phase::Lost { fails_at })
    }

    fn enter(&mut self, phase: Phase) -> Option<PeerConnectionState> {
        if matches!(self.phase, Phase::Closed | Phase::Failed(Failure::Final)) {
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
    use PeerConnectionState as State;

    use super::*;

    enum Step {
        Ice(AgentState),
        Dtls,
        Alive,
        Restart,
        RemoteClose,
        Impostor,
        Close,
        Wait,
    }

    /// Runs steps at seconds; each names the state it must announce, if any.
    fn check(script: Vec<(u64, Step, Option<State>)>) -> Health {
        let start = crate::engine::test_support::start();
        let mut health = Health::default();
        for (index, (at, step, expected)) in script.into_iter().enumerate() {
            let now = start + Duration::from_secs(at);
            let announced = match step {
                Step::Ice(state) => health.on_ice(state, now),
                Step::Dtls => health.on_dtls_connected(now),
                Step::Alive => health.on_alive(now),
                Step::Restart => health.on_restart(now),
                Step::RemoteClose => health.on_remote_close(now),
                Step::Impostor => health.on_final_failure(),
                Step::Close => {
                    health.close();
                    None
                }
                Step::Wait => health.tick(now),
            };
            assert_eq!(announced, expected, "announced by step {index} at {at} s");
            assert_eq!(
                health.has_consent(now + CONSENT),
                health.heard.is_none(),
                "consent after 30 s of silence"
            );
        }
        health
    }

    /// Connected at 0 s, then the given steps.
    fn connected(more: Vec<(u64, Step, Option<State>)>) -> Health {
        let mut script = vec![
            (0, Step::Ice(AgentState::Checking), Some(State::Connecting)),
            (0, Step::Ice(AgentState::Connected), None),
            (0, Step::Dtls, Some(State::Connected)),
        ];
        script.extend(more);
        check(script)
    }

    #[test]
    fn a_connection_is_connected_only_with_dtls() {
        connected(vec![]);
    }

    #[test]
    fn five_silent_seconds_are_a_loss_and_fifteen_a_failure() {
        connected(vec![
            (4, Step::Wait, None),
            (5, Step::Wait, Some(State::Disconnected)),
            (14, Step::Wait, None),
            (15, Step::Wait, Some(State::Failed)),
            (60, Step::Wait, None),
        ]);
    }

    #[test]
    fn a_sign_of_life_keeps_a_connection_and_brings_it_back() {
        let health = connected(vec![
            (4, Step::Alive, None),
            (8, Step::Wait, None),
            (9, Step::Wait, Some(State::Disconnected)),
            (18, Step::Alive, Some(State::Connected)),
            (23, Step::Wait, Some(State::Disconnected)),
            (33, Step::Wait, Some(State::Failed)),
            (40, Step::Alive, Some(State::Connected)),
        ]);
        assert_eq!(health.ice(), IceTransportState::Connected);
    }

    #[test]
    fn the_agents_checks_say_nothing_about_a_living_connection() {
        connected(vec![
            (1, Step::Ice(AgentState::Checking), None),
            (2, Step::Ice(AgentState::Completed), None),
            (3, Step::Wait, None),
        ]);
    }

    #[test]
    fn a_restart_after_a_failure_connects_again() {
        connected(vec![
            (
                10,
                Step::Ice(AgentState::Disconnected),
                Some(State::Disconnected),
            ),
            (15, Step::Wait, Some(State::Failed)),
            (26, Step::Restart, Some(State::Connecting)),
            (26, Step::Ice(AgentState::Checking), None),
            (27, Step::Ice(AgentState::Connected), Some(State::Connected)),
        ]);
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
    fn a_goodbye_is_a_loss_whatever_comes_afterwards() {
        connected(vec![
            (5, Step::RemoteClose, Some(State::Disconnected)),
            (6, Step::Ice(AgentState::Completed), None),
            (7, Step::Alive, None),
            (20, Step::Wait, Some(State::Failed)),
        ]);
    }

    #[test]
    fn another_peer_in_its_place_is_a_failure_for_good() {
        let health = connected(vec![
            (5, Step::Impostor, Some(State::Failed)),
            (6, Step::Alive, None),
            (7, Step::Restart, None),
            (8, Step::Ice(AgentState::Connected), None),
        ]);
        assert!(
            !health.is_silent(),
            "other ways to an impostor are looked for"
        );
    }

    #[test]
    fn a_closed_connection_announces_nothing_more() {
        connected(vec![
            (5, Step::Close, None),
            (6, Step::Ice(AgentState::Disconnected), None),
            (60, Step::Wait, None),
        ]);
    }
}
