//! Which addresses are not checked any more, because another way to the peer is in use.
//!
//! The agent underneath checks every way it has found for as long as the connection lives: with
//! addresses of two families that is half of all that an idle connection sends, and a living
//! second way hides for 25 s that the first one is dead. RFC 8445 section 8.3 lets both sides
//! free the others three seconds after the choice. The side in control, which chooses, does so;
//! the other follows when it is no longer asked there. All addresses are checked anew when the
//! peer falls silent, a restart or a new address of the peer comes, or the side in control asks
//! on an address that rests.

use super::stun::{Class, Message, attribute, method};
use crate::engine::core::Core;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use str0m::{Candidate, CandidateKind, net::Protocol};

/// How long a way has been in use until the others rest, and how long an address was not asked on
/// until the controlled side lets it rest (RFC 8445 section 8.3.1). Longer than between two checks.
const REST_AFTER: Duration = Duration::from_secs(3);

/// Addresses of ours whose last check by the peer is remembered. More rest a little earlier.
const MAX_ASKED: usize = 64;

/// An address of ours as packets know it.
type Way = (Protocol, SocketAddr);

/// Our addresses that rest, and what decides it.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// The way in use, and since when nothing has changed.
    used: Option<(Way, Way, Instant)>,
    /// When the peer last asked on each of our addresses.
    asked: Vec<(Way, Instant)>,
    /// Whether we chose the way in use; the peer's checks tell.
    in_control: bool,
    resting: Vec<Candidate>,
}

impl Rest {
    /// Something new may be a better way: it has time to be found.
    pub(crate) const fn stir(&mut self) {
        self.used = None;
    }

    /// The way in use, ours and the peer's address.
    fn note_used(&mut self, ours: Way, peers: Way, now: Instant) {
        if !matches!(self.used, Some((a, b, _)) if (a, b) == (ours, peers)) {
            self.used = Some((ours, peers, now));
        }
    }

    /// A check of the peer. True if it wants an address that rests.
    pub(super) fn note_asked(&mut self, way: Way, in_control: bool, now: Instant) -> bool {
        self.in_control = in_control;
        let known = self.asked.iter_mut().find(|(known, _)| *known == way);
        if let Some((_, at)) = known {
            *at = now;
        } else if self.asked.len() < MAX_ASKED {
            self.asked.push((way, now));
        }
        !in_control && self.is_resting(way)
    }

    fn is_resting(&self, way: Way) -> bool {
        self.resting.iter().any(|resting| base(resting) == way)
    }

    /// Whether an address may rest now.
    fn may_rest(&self, candidate: &Candidate, now: Instant) -> bool {
        let Some((ours, _, since)) = self.used else {
            return false;
        };
        let way = base(candidate);
        let is_old = |at: Instant| now.saturating_duration_since(at) >= REST_AFTER;
        let is_asked = || {
            let asked = self.asked.iter().find(|(known, _)| *known == way);
            asked.is_some_and(|(_, at)| !is_old(*at))
        };
        way != ours && is_old(since) && !self.is_resting(way) && (self.in_control || !is_asked())
    }

    /// All are checked again.
    fn wake(&mut self) -> Vec<Candidate> {
        self.stir();
        std::mem::take(&mut self.resting)
    }

    /// An address is gone.
    pub(crate) fn forget(&mut self, candidate: &Candidate) {
        let way = base(candidate);
        self.resting.retain(|resting| base(resting) != way);
        self.asked.retain(|(known, _)| *known != way);
    }
}

/// The address that packets of a candidate leave from, as the agent underneath names it.
fn base(candidate: &Candidate) -> Way {
    let address = match candidate.kind() {
        CandidateKind::Host | CandidateKind::Relayed => candidate.addr(),
        CandidateKind::ServerReflexive | CandidateKind::PeerReflexive => candidate.local(),
    };
    (candidate.proto(), address)
}

impl Core {
    /// The agent has just told which way is in use: lets the others rest when that is settled.
    pub(super) fn rest_others(&mut self, ours: Way, peers: Way, now: Instant) {
        self.paths.rest.note_used(ours, peers, now);
        if self.health.is_silent() {
            return;
        }
        let rest = &self.paths.rest;
        let local = self.paths.local().iter();
        let tired: Vec<Candidate> = local
            .filter(|candidate| rest.may_rest(candidate, now))
            .cloned()
            .collect();
        for candidate in &tired {
            self.rtc.direct_api().invalidate_candidate(candidate);
        }
        self.paths.rest.resting.extend(tired);
    }

    /// STUN of the peer came to an address of ours. Where that rests it is no sign of life: it
    /// says nothing about the way in use, and gets no answer.
    pub(in crate::engine) fn on_peer_check(&mut self, way: Way, packet: &[u8], now: Instant) {
        if !self.paths.rest.is_resting(way) {
            self.on_alive(now);
        }
        let Ok(message) = Message::parse(packet) else {
            return;
        };
        if message.class != Class::Request || message.method != method::BINDING {
            return;
        }
        let in_control = message.get(attribute::ICE_CONTROLLED).is_some();
        if self.paths.rest.note_asked(way, in_control, now) {
            self.wake_addresses();
        }
    }

    /// Checks all addresses again.
    pub(in crate::engine) fn wake_addresses(&mut self) {
        for candidate in self.paths.rest.wake() {
            self.rtc.add_local_candidate(candidate);
        }
    }
}
