//! Two connections in virtual time over a link that breaks.

mod lossy;

use std::collections::VecDeque;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::{
    engine::test_support,
    types::{
        configuration::{OfferOptions, RtcConfiguration},
        connection_state::PeerConnectionState as State,
        data_channel::DataChannelInit,
    },
};

pub(super) const HOSTS: [&str; 2] = ["192.0.2.1:1000", "192.0.2.2:2000"];
const OTHER_HOST: &str = "198.51.100.1:3000";
const DELAY: Duration = Duration::from_millis(20);

/// A packet on its way to one of the two.
struct Flying {
    at: Instant,
    to: usize,
    packet: Transmit,
}

pub(super) struct Link {
    pub(super) peers: [Core; 2],
    pub(super) now: Instant,
    /// From end to end.
    pub(super) delay: Duration,
    /// The share of packets that are lost each way, and what decides which.
    loss: f64,
    chance: StdRng,
    flying: VecDeque<Flying>,
    is_down: bool,
    /// What the first of them announced, with the seconds since the last reset.
    states: Vec<(u64, State)>,
    since: Instant,
    sent_while_down: usize,
    /// Where the checks of the first came from.
    checks: Vec<SocketAddr>,
    /// An address over which nothing goes.
    broken: Option<SocketAddr>,
}

impl Link {
    /// Two that know each other's descriptions, but no address yet.
    pub(super) fn negotiated() -> Self {
        let now = test_support::start();
        let core = || test_support::core(RtcConfiguration::default(), now);
        let mut link = Self {
            peers: [core(), core()],
            now,
            delay: DELAY,
            loss: 0.0,
            chance: StdRng::seed_from_u64(0),
            flying: VecDeque::new(),
            is_down: false,
            states: Vec::new(),
            since: now,
            sent_while_down: 0,
            checks: Vec::new(),
            broken: None,
        };
        link.peers[0]
            .create_channel("c", DataChannelInit::default(), now)
            .expect("a channel");
        link.negotiate(false);
        link
    }

    fn connected() -> Self {
        let mut link = Self::negotiated();
        let now = link.now;
        for (index, host) in HOSTS.iter().enumerate() {
            link.peers[index].add_host(host.parse().unwrap(), now);
        }
        link.run(3);
        assert_eq!(link.peers[0].connection_state(), State::Connected);
        link.reset();
        link
    }

    fn negotiate(&mut self, ice_restart: bool) {
        let (now, [alice, bob]) = (self.now, &mut self.peers);
        let options = OfferOptions { ice_restart };
        let offer = alice.create_offer(&options, now).expect("an offer");
        alice.set_local(offer.clone()).expect("our own offer");
        bob.set_remote(offer, now).expect("the peer's offer");
        let answer = bob.create_answer().expect("an answer");
        bob.set_local(answer.clone()).expect("our own answer");
        alice.set_remote(answer, now).expect("the peer's answer");
    }

    fn reset(&mut self) {
        self.states.clear();
        self.since = self.now;
        self.sent_while_down = 0;
    }

    fn down_for(&mut self, seconds: u64) {
        self.is_down = true;
        self.run(seconds);
        self.is_down = false;
    }

    /// From now on loses this share of packets, of each kind and each way.
    pub(super) fn lose(&mut self, share: f64, seed: u64) {
        self.loss = share;
        self.chance = StdRng::seed_from_u64(seed);
    }

    /// Since the last reset.
    pub(super) fn elapsed(&self) -> Duration {
        self.now.duration_since(self.since)
    }

    fn run(&mut self, seconds: u64) {
        self.run_for(Duration::from_secs(seconds));
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.collect();
            let deadlines = self.peers.each_ref().map(Core::deadline);
            let arrival = self.flying.front().map_or(end, |flying| flying.at);
            let next = deadlines[0].min(deadlines[1]).min(arrival).min(end);
            // As the driver's clock, time goes on by a millisecond at least.
            self.now = next.max(self.now + Duration::from_millis(1));
            while self.flying.front().is_some_and(|next| next.at <= self.now) {
                let Some(Flying { to, packet, .. }) = self.flying.pop_front() else {
                    break;
                };
                self.peers[to].on_datagram(
                    packet.proto,
                    packet.destination,
                    packet.source,
                    &packet.contents,
                    self.now,
                );
            }
            for peer in &mut self.peers {
                peer.settle(self.now);
            }
        }
        self.collect();
    }

    /// Takes what both have produced: packets fly or are lost, candidates cross at once.
    fn collect(&mut self) {
        for from in 0..2 {
            for packet in std::mem::take(&mut self.peers[from].outbox.datagrams) {
                let at = self.now + self.delay;
                let to = 1 - from;
                let host = packet.source == HOSTS[0].parse().unwrap();
                let is_gone = host
                    && self.peers[0]
                        .paths
                        .local
                        .iter()
                        .all(|c| c.addr() != packet.source);
                if from == 0 && packet.contents.starts_with(&[0, 1]) {
                    self.checks.push(packet.source);
                }
                let is_gone = is_gone
                    || self.broken.is_some()
                        && [Some(packet.source), Some(packet.destination)].contains(&self.broken);
                if self.is_down || is_gone || packet.proto != Protocol::Udp {
                    self.sent_while_down += usize::from(!is_stun(&packet.contents));
                    continue;
                }
                if self.chance.random_bool(self.loss) {
                    continue;
                }
                self.flying.push_back(Flying { at, to, packet });
            }
            for event in std::mem::take(&mut self.peers[from].outbox.events) {
                match event {
                    Event::Candidate(candidate) => {
                        let other = &mut self.peers[1 - from];
                        other.add_remote_candidate(&candidate, self.now).ok();
                    }
                    Event::Connection(state) if from == 0 => {
                        let at = self.now.duration_since(self.since).as_secs();
                        self.states.push((at, state));
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn a_second_without_a_link_is_not_noticed() {
    let mut link = Link::connected();
    link.down_for(1);
    link.run(30);
    assert_eq!(link.states, []);
}

#[test]
fn eight_seconds_without_a_link_end_by_themselves() {
    let mut link = Link::connected();
    link.down_for(8);
    link.run(10);
    let states: Vec<State> = link.states.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [State::Disconnected, State::Connected]);
    let (lost, back) = (link.states[0].0, link.states[1].0);
    assert!((3..=5).contains(&lost), "lost after {lost} s");
    assert!((8..=9).contains(&back), "back after {back} s");
}

#[test]
fn twenty_seconds_without_a_link_fail_and_a_restart_brings_it_back() {
    let mut link = Link::connected();
    link.down_for(20);
    let states: Vec<State> = link.states.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [State::Disconnected, State::Failed]);
    let failed = link.states[1].0;
    assert!((13..=15).contains(&failed), "failed after {failed} s");
    link.reset();
    link.negotiate(true);
    link.run(3);
    assert_eq!(link.peers[0].connection_state(), State::Connected);
    link.run(30);
    assert_eq!(link.peers[0].connection_state(), State::Connected);
}

#[test]
fn a_link_that_comes_back_after_a_minute_is_found_again() {
    let mut link = Link::connected();
    link.down_for(60);
    link.reset();
    link.run(10);
    assert_eq!(link.peers[0].connection_state(), State::Connected);
}

#[test]
fn nothing_but_checks_is_sent_without_consent() {
    let mut link = Link::connected();
    link.down_for(40);
    link.reset();
    link.peers[0].close(link.now); // would send the end of DTLS
    link.is_down = true;
    link.run(1);
    assert_eq!(link.sent_while_down, 0);
}

#[test]
fn a_new_address_takes_over_from_one_that_is_gone() {
    let mut link = Link::connected();
    let gone: SocketAddr = HOSTS[0].parse().unwrap();
    link.peers[0].remove_host(gone.ip());
    link.run(1);
    let now = link.now;
    link.peers[0].add_host(OTHER_HOST.parse().unwrap(), now);
    link.run(10);
    assert_eq!(link.peers[0].connection_state(), State::Connected);
    link.run(30);
    assert_eq!(
        link.peers[0].connection_state(),
        State::Connected,
        "{:?}",
        link.states
    );
}

#[test]
fn another_certificate_is_refused_for_good() {
    let mut link = Link::connected();
    let now = link.now;
    let mut impostor = link.peers[0].session.remote().expect("an answer").clone();
    let line = sdp::fingerprints(&impostor.sdp)
        .remove(0)
        .to_ascii_uppercase();
    let digest = line.split_once(' ').expect("an algorithm").1.to_owned();
    let other = digest.replace('A', "B");
    assert!(impostor.sdp.contains(&digest) && other != digest);
    impostor.sdp = impostor.sdp.replace(&digest, &other);
    assert!(link.peers[0].set_remote(impostor, now).is_err());
    link.run(5);
    assert_eq!(link.peers[0].connection_state(), State::Failed);
    let announced: Vec<State> = link.states.iter().map(|(_, state)| *state).collect();
    assert_eq!(announced, [State::Failed]);
}

#[test]
fn streams_are_offered_only_where_udp_does_not_connect() {
    let link = Link::connected();
    let is_tcp = |candidate: &Candidate| candidate.proto() == Protocol::Tcp;
    assert!(!link.peers[0].paths.local.iter().any(is_tcp));
    let mut link = Link::connected();
    link.down_for(6);
    assert!(link.peers[0].paths.local.iter().any(is_tcp));
}

#[test]
fn only_the_allowed_kinds_of_addresses_are_offered() {
    let now = test_support::start();
    for (policy, expected) in [
        (IceTransportsType::All, 1),
        (IceTransportsType::NoHost, 0),
        (IceTransportsType::Relay, 0),
    ] {
        let config = RtcConfiguration {
            ice_transport_type: policy,
            ..RtcConfiguration::default()
        };
        let mut core = test_support::core(config, now);
        core.add_host(HOSTS[0].parse().unwrap(), now);
        assert_eq!(core.paths.local.len(), expected, "{policy:?}");
    }
}

/// How many checks the first sent from an address in some seconds.
fn checks_from(link: &mut Link, seconds: u64, from: &str) -> usize {
    let from: SocketAddr = from.parse().unwrap();
    link.checks.clear();
    link.run(seconds);
    link.checks.iter().filter(|source| **source == from).count()
}

/// A link on which the first has two addresses, and the one it uses.
fn with_two_ways() -> (Link, [&'static str; 2]) {
    let mut link = Link::connected();
    let now = link.now;
    link.peers[0].add_host(OTHER_HOST.parse().unwrap(), now);
    assert!(
        checks_from(&mut link, 2, OTHER_HOST) > 0,
        "a new address is tried"
    );
    let used = link.peers[0].paths.pair().expect("a way in use");
    let used = used.stats.local.addr.to_string();
    let ways = if used == HOSTS[0] {
        [HOSTS[0], OTHER_HOST]
    } else {
        [OTHER_HOST, HOSTS[0]]
    };
    (link, ways)
}

#[test]
fn addresses_that_are_not_in_use_are_not_checked_any_more() {
    let (mut link, [used, other]) = with_two_ways();
    link.run(20);
    assert_eq!(checks_from(&mut link, 20, other), 0, "from the other");
    let kept = checks_from(&mut link, 20, used);
    assert!((8..=12).contains(&kept), "{kept} checks on the way in use");
    assert_eq!(link.states, [], "nothing is announced");
}

#[test]
fn an_address_that_rests_wakes_when_the_side_in_control_asks_there() {
    let (mut link, [_, other]) = with_two_ways();
    link.run(20);
    let way = (Protocol::Udp, other.parse().unwrap());
    let rest = &mut link.peers[0].paths.rest;
    assert!(!rest.note_asked(way, true, link.now), "we chose");
    assert!(rest.note_asked(way, false, link.now), "the peer chose");
}

#[test]
fn a_dead_way_is_left_for_one_that_rested() {
    let (mut link, [used, other]) = with_two_ways();
    link.run(20);
    link.broken = Some(used.parse().unwrap());
    link.run(9);
    let pair = link.peers[0].paths.pair().expect("a way in use");
    assert_eq!(
        pair.stats.local.addr.to_string(),
        other,
        "nine seconds after the way in use died: {:?}",
        link.states
    );
    assert_eq!(link.peers[0].connection_state(), State::Connected);
}

#[test]
fn a_restart_offers_addresses_that_rested() {
    let (mut link, [_, other]) = with_two_ways();
    link.run(20);
    link.negotiate(true);
    assert!(checks_from(&mut link, 2, other) > 0, "it is checked again");
    assert_eq!(link.peers[0].connection_state(), State::Connected);
}

#[test]
fn the_agent_is_given_each_candidate_of_the_peer_once() {
    let mut link = Link::connected();
    link.negotiate(false);
    let present = link.peers[0].session.remote().expect("an answer").clone();
    assert!(present.sdp.contains("a=candidate:"), "{}", present.sdp);
    let again = link.peers[0].without_known_candidates(&present.sdp);
    assert!(!again.contains("a=candidate:"), "{again}");
    assert_eq!(
        again.lines().count(),
        present
            .sdp
            .lines()
            .filter(|line| !line.starts_with("a=candidate:"))
            .count()
    );
    let restart = present.sdp.replace("a=ice-ufrag:", "a=ice-ufrag:x");
    assert_eq!(link.peers[0].without_known_candidates(&restart), restart);
}
