//! The client against a relay in a script, in virtual time.

use super::{
    super::stun::{TransactionId, tests::answer},
    *,
};

const USER: &str = "agent";
const PASSWORD: &str = "secret";
const REALM: &[u8] = b"example.org";

fn relayed() -> SocketAddr {
    "203.0.113.9:50000".parse().unwrap()
}

fn peer() -> SocketAddr {
    "198.51.100.7:7882".parse().unwrap()
}

/// A relay that checks proofs and answers as the test wants.
struct Relay {
    client: TurnClient,
    nonce: &'static [u8],
    start: Instant,
    now: Instant,
    events: Vec<TurnEvent>,
}

impl Relay {
    fn new(over_stream: bool) -> Self {
        let now = crate::engine::test_support::start();
        Self {
            client: TurnClient::new(USER, PASSWORD, over_stream, now),
            nonce: b"nonce-1",
            start: now,
            now,
            events: Vec::new(),
        }
    }

    fn key() -> Key {
        stun::long_term_key(USER, REALM, PASSWORD)
    }

    /// What the client has sent since the last call.
    fn received(&mut self) -> Vec<Vec<u8>> {
        self.client.take_outgoing()
    }

    /// The one request that the client has sent: its method and transaction.
    fn request(&mut self) -> (u16, TransactionId) {
        let sent = self.received();
        assert_eq!(sent.len(), 1, "one request is expected: {sent:?}");
        let message = Message::parse(&sent[0]).unwrap();
        (message.method, message.id)
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.client.on_packet(packet, self.now);
        self.events.extend(self.client.take_events());
    }

    fn refuse(&mut self, method: u16, id: TransactionId, code: u16) {
        let class = u8::try_from(code / 100).unwrap();
        let number = u8::try_from(code % 100).unwrap();
        let packet = answer(Class::Error, method, id)
            .with(attribute::ERROR_CODE, &[0, 0, class, number, b'n', b'o'])
            .with(attribute::REALM, REALM)
            .with(attribute::NONCE, self.nonce)
            .finish(None);
        self.deliver(&packet);
    }

    fn accept(&mut self, method: u16, id: TransactionId) {
        let packet = answer(Class::Success, method, id)
            .with_address(attribute::RELAYED_ADDRESS, relayed())
            .with(attribute::LIFETIME, &600_u32.to_be_bytes())
            .finish(Some(&Self::key()));
        self.deliver(&packet);
    }

    /// Runs the client's clock to a second, answering nothing.
    fn run_to(&mut self, second: u64) {
        let end = self.start + Duration::from_secs(second);
        while let Some(deadline) = self.client.deadline().filter(|at| *at <= end) {
            self.now = deadline;
            self.client.tick(self.now);
            self.events.extend(self.client.take_events());
        }
        self.now = end;
    }

    fn allocated() -> Self {
        let mut relay = Self::new(false);
        let (method, id) = relay.request();
        relay.refuse(method, id, UNAUTHENTICATED);
        let (method, id) = relay.request();
        relay.accept(method, id);
        relay.events.clear();
        relay
    }

    fn bound() -> Self {
        let mut relay = Self::allocated();
        relay.client.send(peer(), b"check", relay.now);
        let (method, id) = relay.request();
        relay.accept(method, id);
        relay.received();
        relay
    }

    fn failure(&self) -> Option<u16> {
        self.events.iter().find_map(|event| match event {
            TurnEvent::Failed { code, .. } => Some(*code),
            _ => None,
        })
    }
}

#[test]
fn an_allocation_is_made_with_the_proof_that_the_relay_asks_for() {
    let mut relay = Relay::new(false);
    let (method, id) = relay.request();
    assert_eq!(method, method::ALLOCATE);
    relay.refuse(method, id, UNAUTHENTICATED);
    let sent = relay.received();
    let message = Message::parse(&sent[0]).unwrap();
    assert!(message.is_from(&Relay::key()), "the proof is missing");
    assert_eq!(message.get(attribute::NONCE), Some(&b"nonce-1"[..]));
    assert_eq!(message.get(attribute::USERNAME), Some(USER.as_bytes()));
    relay.accept(method::ALLOCATE, message.id);
    let allocated = TurnEvent::Allocated { relayed: relayed() };
    assert_eq!(relay.events, [allocated]);
}

#[test]
fn an_answer_without_the_relays_proof_is_ignored() {
    let mut relay = Relay::new(false);
    let (method, id) = relay.request();
    relay.refuse(method, id, UNAUTHENTICATED);
    let (method, id) = relay.request();
    let forged = answer(Class::Success, method, id)
        .with_address(attribute::RELAYED_ADDRESS, relayed())
        .finish(Some(&[0; 16]));
    relay.deliver(&forged);
    assert_eq!(relay.client.relayed(), None);
    relay.accept(method, id);
    assert_eq!(relay.client.relayed(), Some(relayed()));
}

#[test]
fn a_wrong_password_is_a_failure_and_no_endless_loop() {
    let mut relay = Relay::new(false);
    for _ in 0..2 {
        let (method, id) = relay.request();
        relay.refuse(method, id, UNAUTHENTICATED);
    }
    assert_eq!(relay.failure(), Some(UNAUTHENTICATED));
    assert!(relay.received().is_empty());
}

#[test]
fn a_stale_nonce_is_replaced_but_not_for_ever() {
    let mut relay = Relay::allocated();
    relay.client.send(peer(), b"check", relay.now);
    relay.nonce = b"nonce-2";
    let (method, id) = relay.request();
    relay.refuse(method, id, STALE_NONCE);
    let sent = relay.received();
    let message = Message::parse(&sent[0]).unwrap();
    assert_eq!(message.get(attribute::NONCE), Some(&b"nonce-2"[..]));
    let mut id = message.id;
    for _ in 1..MAX_NONCES {
        relay.refuse(method, id, STALE_NONCE);
        (_, id) = relay.request();
    }
    relay.refuse(method, id, STALE_NONCE);
    assert!(relay.received().is_empty(), "the nonce is renewed for ever");
}

#[test]
fn a_relay_that_is_full_or_confused_is_a_failure_with_its_code() {
    for code in [437, 486, 508, 300] {
        let mut relay = Relay::new(false);
        let (method, id) = relay.request();
        relay.refuse(method, id, code);
        assert_eq!(relay.failure(), Some(code));
        assert_eq!(relay.client.deadline(), None, "{code} leaves work behind");
    }
}

#[test]
fn a_lost_request_is_repeated_and_a_silent_relay_given_up() {
    let mut relay = Relay::new(false);
    relay.run_to(10);
    let sent = relay.received();
    assert_eq!(sent.len(), 5, "at 0, 0.5, 1.5, 3.5 and 7.5 s");
    assert!(sent.windows(2).all(|pair| pair[0] == pair[1]));
    relay.run_to(20);
    assert_eq!(relay.failure(), Some(0));
}

#[test]
fn packets_wait_for_their_channel_and_then_go_through_it() {
    let mut relay = Relay::allocated();
    for packet in [b"one", b"two"] {
        relay.client.send(peer(), packet, relay.now);
    }
    let sent = relay.received();
    assert_eq!(sent.len(), 1, "only the binding goes out at first");
    let message = Message::parse(&sent[0]).unwrap();
    assert_eq!(message.method, method::CHANNEL_BIND);
    assert_eq!(message.address(attribute::PEER_ADDRESS), Some(peer()));
    relay.accept(message.method, message.id);
    relay.client.send(peer(), b"three", relay.now);
    let sent = relay.received();
    let contents: Vec<_> = sent
        .iter()
        .filter_map(|packet| peers::read_channel_data(packet))
        .collect();
    let expected: [(u16, &[u8]); 3] = [(0x4000, b"one"), (0x4000, b"two"), (0x4000, b"three")];
    assert_eq!(contents, expected);
}

#[test]
fn what_a_peer_sends_arrives_with_its_address() {
    let mut relay = Relay::bound();
    relay.deliver(&[0x40, 0, 0, 2, 8, 9, 0, 0]);
    relay.deliver(&[0x40, 1, 0, 2, 8, 9]); // a channel nobody bound
    let other: SocketAddr = "198.51.100.7:9".parse().unwrap();
    let indication = answer(Class::Indication, method::DATA, [4; 12])
        .with_address(attribute::PEER_ADDRESS, other)
        .with(attribute::DATA, b"hey")
        .finish(None);
    relay.deliver(&indication);
    let data = |peer, packet: &[u8]| TurnEvent::Data {
        peer,
        packet: packet.to_vec(),
    };
    assert_eq!(relay.events, [data(peer(), &[8, 9]), data(other, b"hey")]);
}

#[test]
fn a_peer_that_the_relay_refuses_is_left_alone_for_a_while() {
    let mut relay = Relay::allocated();
    relay.client.send(peer(), b"check", relay.now);
    let (method, id) = relay.request();
    relay.refuse(method, id, 403);
    relay.client.send(peer(), b"check", relay.now);
    assert!(relay.received().is_empty());
    assert_eq!(relay.failure(), None, "the allocation itself is fine");
    relay.now += Duration::from_secs(31);
    relay.client.send(peer(), b"check", relay.now);
    assert_eq!(relay.request().0, method::CHANNEL_BIND);
}

#[test]
fn allocation_and_channels_are_renewed_in_time() {
    let mut relay = Relay::bound();
    relay.run_to(239);
    assert!(relay.received().is_empty());
    relay.run_to(240);
    let (method, id) = relay.request();
    assert_eq!(method, method::CHANNEL_BIND);
    relay.accept(method, id);
    relay.run_to(479);
    relay.received();
    relay.run_to(480);
    let (method, id) = relay.request();
    relay.accept(method, id);
    relay.run_to(540);
    let (method, id) = relay.request();
    assert_eq!(method, method::REFRESH);
    relay.accept(method, id);
    assert_eq!(relay.client.relayed(), Some(relayed()));
}

#[test]
fn an_allocation_that_cannot_be_renewed_is_lost() {
    let mut relay = Relay::allocated();
    relay.run_to(540);
    let (method, id) = relay.request();
    relay.refuse(method, id, 437);
    assert_eq!(relay.failure(), Some(437));
    assert_eq!(relay.client.relayed(), None);
}

#[test]
fn an_allocation_is_given_back() {
    let mut relay = Relay::allocated();
    relay.client.release(relay.now);
    let sent = relay.received();
    let message = Message::parse(&sent[0]).unwrap();
    assert_eq!(message.method, method::REFRESH);
    assert_eq!(message.number(attribute::LIFETIME), Some(0));
    assert_eq!(relay.client.deadline(), None);
}

#[test]
fn hostile_packets_do_no_harm() {
    let mut relay = Relay::bound();
    relay.run_to(240);
    let sent = relay.received();
    let request = Message::parse(&sent[0]).unwrap();
    let genuine = answer(Class::Success, request.method, request.id)
        .with_address(attribute::RELAYED_ADDRESS, relayed())
        .with(attribute::ERROR_CODE, b"\0\0\x04\x26x")
        .finish(Some(&[1; 16]));
    for end in 0..genuine.len() {
        relay.deliver(&genuine[..end]);
    }
    for at in 0..genuine.len() {
        for value in 0..=255 {
            let mut spoilt = genuine.clone();
            spoilt[at] = value;
            relay.deliver(&spoilt);
        }
    }
    relay.deliver(&[0x40]);
    relay.deliver(&[0x40, 0, 0xff, 0xff]);
    assert_eq!(relay.client.relayed(), Some(relayed()));
}
