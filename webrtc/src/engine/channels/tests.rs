//! Two cores on a link in virtual time that loses and delays: nothing here waits.

use std::{collections::BTreeMap, net::SocketAddr};

use str0m::net::Protocol;

use super::*;
use crate::{
    engine::test_support,
    types::configuration::{OfferOptions, RtcConfiguration},
};

const ADDRESSES: [&str; 2] = ["192.0.2.1:1000", "192.0.2.2:2000"];

/// Two connected peers and what lies between them.
struct Lab {
    peers: [Core; 2],
    /// Datagrams on the way, by when they arrive and in which order they were sent.
    flying: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
    sent: u64,
    now: Instant,
    delay: Duration,
    loss_percent: u64,
    dice: u64,
    /// Label and content of what the second peer was sent.
    messages: Vec<(String, Vec<u8>)>,
    /// Bytes that the first peer's reports add up to.
    reported: u64,
    /// How many channels of the other were announced to each peer.
    announced: [u32; 2],
}

impl Lab {
    fn new(delay: Duration) -> Self {
        let now = test_support::start();
        let peer = || {
            let config = RtcConfiguration {
                enable_sctp_snap: true,
                ..RtcConfiguration::default()
            };
            test_support::core(config, now)
        };
        Self {
            peers: [peer(), peer()],
            flying: BTreeMap::new(),
            sent: 0,
            now,
            delay,
            loss_percent: 0,
            dice: 0x9e37_79b9_7f4a_7c15,
            messages: Vec::new(),
            reported: 0,
            announced: [0, 0],
        }
    }

    fn connected(
        delay: Duration,
        channels: &[(&str, DataChannelInit)],
    ) -> (Self, Vec<Arc<Channel>>) {
        let mut lab = Self::new(delay);
        let now = lab.now;
        let opened: Vec<_> = channels
            .iter()
            .map(|(label, init)| {
                let made = lab.peers[0].create_channel(label, init.clone(), now);
                made.expect("a channel")
            })
            .collect();
        lab.negotiate();
        let all_open = |opened: &[Arc<Channel>]| {
            opened
                .iter()
                .all(|channel| channel.state() == DataChannelState::Open)
        };
        lab.run_until("the channels to open", Duration::from_secs(10), |_| {
            all_open(&opened)
        });
        (lab, opened)
    }

    fn negotiate(&mut self) {
        let now = self.now;
        let [alice, bob] = &mut self.peers;
        let offer = alice
            .create_offer(&OfferOptions::default(), now)
            .expect("an offer");
        alice.set_local(offer.clone()).expect("our own offer");
        bob.set_remote(offer, now).expect("the peer's offer");
        let answer = bob.create_answer().expect("an answer");
        bob.set_local(answer.clone()).expect("our own answer");
        alice.set_remote(answer, now).expect("the peer's answer");
        self.exchange_addresses();
    }

    fn exchange_addresses(&mut self) {
        let now = self.now;
        for (index, address) in ADDRESSES.iter().enumerate() {
            self.peers[index].add_host(address.parse().expect("an address"), now);
            let candidates: Vec<_> = self.peers[index]
                .outbox
                .events
                .drain(..)
                .filter_map(|event| match event {
                    Event::Candidate(candidate) => Some(candidate),
                    _ => None,
                })
                .collect();
            for candidate in candidates {
                let other = &mut self.peers[1 - index];
                other
                    .add_remote_candidate(&candidate, now)
                    .expect("a candidate of our own making");
            }
        }
        for peer in &mut self.peers {
            peer.settle(now);
        }
        self.collect();
    }

    /// Lets time pass to the next thing that happens.
    fn step(&mut self) {
        let deadlines = self.peers.each_ref().map(Core::deadline);
        let arrival = self.flying.first_key_value().map(|((at, _), _)| *at);
        let next = deadlines[0].min(deadlines[1]);
        self.now = arrival.map_or(next, |at| at.min(next)).max(self.now);
        let now = self.now;
        while let Some(entry) = self.flying.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let (to, data) = entry.remove();
            let address = |index: usize| ADDRESSES[index].parse::<SocketAddr>();
            let (local, from) = (address(to), address(1 - to));
            let (local, from) = (local.expect("an address"), from.expect("an address"));
            self.peers[to].on_datagram(Protocol::Udp, local, from, &data, now);
        }
        for peer in &mut self.peers {
            if peer.deadline() <= now {
                peer.settle(now);
            }
        }
        self.collect();
    }

    /// Takes what the peers produced.
    fn collect(&mut self) {
        for from in 0..2 {
            let outbox = &mut self.peers[from].outbox;
            for datagram in outbox.datagrams.drain(..) {
                self.sent += 1;
                self.dice = self
                    .dice
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                if self.dice >> 33 & 0xffff < self.loss_percent * 0x1_0000 / 100 {
                    continue;
                }
                let key = (self.now + self.delay, self.sent);
                self.flying
                    .insert(key, (1 - from, datagram.contents.to_vec()));
            }
            for event in outbox.events.drain(..) {
                match event {
                    Event::Channel(_, ChannelEvent::Sent(bytes)) if from == 0 => {
                        self.reported += bytes;
                    }
                    Event::Channel(channel, ChannelEvent::Message { data, .. }) if from == 1 => {
                        self.messages.push((channel.label.clone(), data));
                    }
                    Event::NewChannel(_) => self.announced[from] += 1,
                    _ => {}
                }
            }
        }
    }

    fn run_until(&mut self, what: &str, patience: Duration, done: impl Fn(&Self) -> bool) {
        let start = self.now;
        while !done(self) {
            self.step();
            assert!(
                self.now - start < patience,
                "waited {patience:?} (virtual) for {what}"
            );
        }
    }

    fn send(&mut self, channel: &Channel, data: &[u8]) {
        let now = self.now;
        self.peers[0]
            .write_channel(channel, data, true, now)
            .expect("room in the buffer");
        self.peers[0].settle(now);
        self.collect();
    }
}

fn reliable() -> DataChannelInit {
    DataChannelInit::default()
}

fn lossy() -> DataChannelInit {
    DataChannelInit {
        ordered: false,
        max_retransmits: Some(0),
        ..DataChannelInit::default()
    }
}

fn numbered(n: u32) -> Vec<u8> {
    let mut data = vec![n as u8; 15_000];
    data[..4].copy_from_slice(&n.to_be_bytes());
    data
}

#[test]
fn megabytes_arrive_complete_and_in_order_through_a_link_that_loses() {
    let (mut lab, channels) = Lab::connected(Duration::from_millis(2), &[("r", reliable())]);
    lab.loss_percent = 1;
    let messages: Vec<_> = (0..200).map(numbered).collect();
    for message in &messages {
        lab.run_until("room in the buffer", Duration::from_secs(60), |_| {
            channels[0].buffered_amount() < 512 * 1024
        });
        lab.send(&channels[0], message);
    }
    let total: u64 = messages.iter().map(|message| message.len() as u64).sum();
    lab.run_until("all of it", Duration::from_secs(120), |lab| {
        lab.reported >= total && lab.messages.len() >= messages.len()
    });
    let received: Vec<_> = lab.messages.into_iter().map(|(_, data)| data).collect();
    assert!(received == messages, "messages differ, or are out of order");
    assert_eq!(lab.reported, total, "reported bytes");
    assert_eq!(channels[0].buffered_amount(), 0);
    assert_eq!(channels[0].counters().messages_sent, 200);
}

#[test]
fn a_lossy_message_behind_a_burst_arrives_long_before_its_end() {
    let (mut lab, channels) = Lab::connected(
        Duration::from_millis(2),
        &[("r", reliable()), ("l", lossy())],
    );
    for n in 0..94 {
        lab.send(&channels[0], &numbered(n));
    }
    lab.send(&channels[1], b"now");
    lab.run_until("the burst", Duration::from_secs(10), |lab| {
        lab.messages.len() == 95
    });
    let place = lab.messages.iter().position(|(label, _)| label == "l");
    let place = place.expect("the lossy message arrives");
    assert!(
        place < 20,
        "{place} of the burst's 94 messages came before it"
    );
}

#[test]
fn no_burst_puts_more_on_the_way_than_a_socket_holds() {
    let (mut lab, channels) = Lab::connected(Duration::from_millis(2), &[("r", reliable())]);
    let mut most = 0;
    for n in 0..94 {
        lab.send(&channels[0], &numbered(n));
        most = most.max(lab.flying.values().map(|(_, data)| data.len()).sum());
    }
    while lab.messages.len() < 94 {
        lab.step();
        most = most.max(lab.flying.values().map(|(_, data)| data.len()).sum());
    }
    assert!(most < 160 * 1024, "{most} bytes were on the way at once");
}

#[test]
fn a_congested_socket_holds_data_back_until_it_has_drained() {
    let (mut lab, channels) = Lab::connected(Duration::from_millis(2), &[("r", reliable())]);
    lab.peers[0].channels.set_congested(true);
    lab.send(&channels[0], &numbered(1));
    let start = lab.now;
    while lab.now - start < Duration::from_secs(3) {
        lab.step();
    }
    assert!(lab.messages.is_empty(), "data went to a full socket");
    assert_eq!(channels[0].buffered_amount(), 15_000);
    lab.peers[0].channels.set_congested(false);
    lab.peers[0].settle(lab.now);
    lab.collect();
    lab.run_until("the message", Duration::from_secs(3), |lab| {
        lab.messages.len() == 1 && lab.reported == 15_000
    });
}

#[test]
fn a_closed_channel_sends_what_it_had_taken() {
    let (mut lab, channels) = Lab::connected(Duration::from_millis(2), &[("r", reliable())]);
    for n in 0..30 {
        lab.send(&channels[0], &numbered(n));
    }
    lab.peers[0].close_channel(&channels[0]);
    assert_eq!(channels[0].state(), DataChannelState::Closing);
    let now = lab.now;
    assert!(
        lab.peers[0]
            .write_channel(&channels[0], b"late", true, now)
            .is_err()
    );
    lab.peers[0].settle(now);
    lab.collect();
    lab.run_until("the channel to close", Duration::from_secs(30), |_| {
        channels[0].state() == DataChannelState::Closed
    });
    assert_eq!(
        lab.messages.len(),
        30,
        "messages that were sent before the close"
    );
}

#[test]
fn a_channel_closed_before_the_peer_confirmed_it_closes_there_too() {
    let (mut lab, _) = Lab::connected(Duration::from_millis(20), &[("r", reliable())]);
    let now = lab.now;
    let made = lab.peers[0].create_channel("brief", reliable(), now);
    let brief = made.expect("a channel");
    lab.peers[0].settle(now);
    lab.collect();
    lab.run_until("the peer to see it", Duration::from_secs(5), |lab| {
        lab.peers[1].channels.by_id.len() == 2
    });
    assert_eq!(
        brief.state(),
        DataChannelState::Connecting,
        "its confirmation is still on the way"
    );
    lab.peers[0].close_channel(&brief);
    lab.peers[0].settle(lab.now);
    lab.collect();
    assert_eq!(brief.state(), DataChannelState::Closed);
    lab.run_until("both sides to forget it", Duration::from_secs(5), |lab| {
        let known = |peer: &Core| peer.channels.by_id.len();
        lab.peers.each_ref().map(known) == [1, 1]
    });
    assert_eq!(brief.state(), DataChannelState::Closed);
}

#[test]
fn a_channel_closed_between_the_offer_and_its_answer_is_not_the_peers() {
    let mut lab = Lab::new(Duration::from_millis(2));
    let now = lab.now;
    let made = ["wanted", "unwanted"].map(|label| {
        let made = lab.peers[0].create_channel(label, reliable(), now);
        made.expect("a channel")
    });
    let [alice, bob] = &mut lab.peers;
    let offer = alice
        .create_offer(&OfferOptions::default(), now)
        .expect("an offer");
    alice.close_channel(&made[1]);
    alice.set_local(offer.clone()).expect("our own offer");
    bob.set_remote(offer, now).expect("the peer's offer");
    let answer = bob.create_answer().expect("an answer");
    bob.set_local(answer.clone()).expect("our own answer");
    alice.set_remote(answer, now).expect("the peer's answer");
    lab.exchange_addresses();
    lab.run_until("the other to open", Duration::from_secs(5), |_| {
        made[0].state() == DataChannelState::Open
    });
    let end = lab.now + Duration::from_secs(2);
    while lab.now < end {
        lab.step();
    }
    assert_eq!(made[1].state(), DataChannelState::Closed);
    let known = |peer: &Core| peer.channels.by_id.len();
    assert_eq!(
        lab.peers.each_ref().map(known),
        [1, 1],
        "channels that live"
    );
    assert_eq!(lab.announced[0], 0, "its own channel was announced to it");
}

#[test]
fn a_message_the_peer_would_not_take_is_refused_at_once() {
    let (mut lab, channels) = Lab::connected(Duration::from_millis(2), &[("r", reliable())]);
    let now = lab.now;
    lab.peers[0].channels.max_message_bytes = 1_000;
    let mut write = |bytes| lab.peers[0].write_channel(&channels[0], &vec![0; bytes], true, now);
    assert!(write(1_001).is_err());
    assert!(write(1_000).is_ok());
    assert_eq!(channels[0].buffered_amount(), 1_000);
}

#[test]
fn a_name_that_does_not_fit_the_opening_message_is_refused_and_the_longest_opens() {
    let longest = "n".repeat(MAX_NAME_BYTES - 4);
    let init = DataChannelInit {
        protocol: "talk".to_owned(),
        ..reliable()
    };
    let (mut lab, channels) = Lab::connected(Duration::from_millis(2), &[(&longest, init.clone())]);
    assert_eq!(channels[0].state(), DataChannelState::Open);
    let now = lab.now;
    let longer = lab.peers[0].create_channel(&format!("{longest}n"), init, now);
    assert!(longer.is_err(), "the engine would panic over it");
}
