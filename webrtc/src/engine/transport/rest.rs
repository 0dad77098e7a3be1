//! Which addresses are not checked any more, because another way to the peer is in use.
//!
//! The agent underneath checks every way it has found for as long as the connection lives: with
//! addresses of two families that is half of all that an idle connection sends, and a living
//! second way hides for 25 s that the first one is dead. RFC 8445 section 8.3 lets both sides
//! free the others some time after the choice. The side in control, which chooses, does so; the
//! other follows when it is no longer asked there. Both need to see that the peer keeps asking on
//! the way in use: one that took another of the ways it was offered asks there alone, and would
//! end the call when it is not answered. All addresses are checked again when the peer falls
//! silent, a restart or a new address of the peer comes, the side in control asks on an address
//! that rests, or the other side does and no longer asks on the way in use.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use str0m::{Candidate, CandidateKind, net::Protocol};

use super::stun::{Class, Message, attribute, method};
use crate::engine::core::Core;

/// How long a way has been in use until the others rest, and how long an address was not asked on
/// until the controlled side lets it rest. RFC 8445 section 8.3.1 allows 3 s; after this long the
/// checks of the beginning, which go everywhere, are over.
const REST_AFTER: Duration = Duration::from_secs(10);

/// The peer uses a way if it asked there so lately; peers ask every 2 to 2.5 s.
const AGREED_FOR: Duration = Duration::from_secs(6);

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
    /// Whether we chose the way in use; the peer's checks show it.
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
        self.is_resting(way) && (!in_control || !self.is_agreed(now))
    }

    /// Whether the peer asks on the way in use.
    fn is_agreed(&self, now: Instant) -> bool {
        let used = self.used.map(|(ours, ..)| ours);
        let asked = self.asked.iter().find(|(way, _)| Some(*way) == used);
        asked.is_some_and(|(_, at)| now.saturating_duration_since(*at) < AGREED_FOR)
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
        way != ours
            && is_old(since)
            && self.is_agreed(now)
            && !self.is_resting(way)
            && (self.in_control || !is_asked())
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
    /// The ICE agent has just reported which way is in use: lets the others rest when that is settled.
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

    /// STUN of the peer came to an address of ours. Where that rests it is not a sign of life: it
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test_support;

    const OURS: [&str; 2] = ["192.0.2.1:1000", "198.51.100.1:3000"];

    fn way(address: &str) -> Way {
        (Protocol::Udp, address.parse().expect("an address"))
    }

    fn candidate(address: &str) -> Candidate {
        let address = address.parse().expect("an address");
        Candidate::host(address, Protocol::Udp).expect("a candidate")
    }

    /// The first of our addresses is used for 30 s, while the peer asks on these every 2 s.
    fn used_while_asked_on(asked: &[&str]) -> (Rest, Instant) {
        let (mut rest, mut now) = (Rest::default(), test_support::start());
        rest.note_used(way(OURS[0]), way("192.0.2.2:2000"), now);
        for address in OURS {
            rest.note_asked(way(address), true, now); // at the beginning everywhere
        }
        for _ in 0..15 {
            now += Duration::from_secs(2);
            for address in asked {
                assert!(!rest.note_asked(way(address), true, now), "nothing rests");
            }
        }
        (rest, now)
    }

    #[test]
    fn the_way_that_the_peer_has_taken_instead_of_ours_does_not_rest() {
        let (rest, now) = used_while_asked_on(&OURS[1..]);
        assert!(!rest.may_rest(&candidate(OURS[1]), now));
        let (rest, now) = used_while_asked_on(&OURS);
        assert!(rest.may_rest(&candidate(OURS[1]), now), "it checks both");
        let (rest, now) = used_while_asked_on(&OURS[..1]);
        assert!(rest.may_rest(&candidate(OURS[1]), now), "it uses ours");
        assert!(!rest.may_rest(&candidate(OURS[0]), now), "it is in use");
    }

    #[test]
    fn a_peer_that_moves_to_an_address_that_rests_wakes_it() {
        let (mut rest, mut now) = used_while_asked_on(&OURS);
        rest.resting.push(candidate(OURS[1]));
        assert!(!rest.note_asked(way(OURS[1]), true, now), "it checks both");
        now += AGREED_FOR;
        assert!(rest.note_asked(way(OURS[1]), true, now), "it has moved");
    }
}
