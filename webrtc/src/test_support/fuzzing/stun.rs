//! Answers of a hostile server: STUN, TURN, and the framing of both on a stream.

use std::time::{Duration, Instant};

use super::bytes::Bytes;
use crate::engine::{
    test_support,
    transport::{
        framing::{Deframer, Framing},
        stun::{Builder, Class, Message, TransactionId, attribute, long_term_key},
        turn::TurnClient,
    },
};

const USER: &str = "agent";
const PASSWORD: &str = "secret";

/// What one input may make a client send or report before it is asked again. A refresh of all
/// its peers at once is the most.
const MAX_AT_ONCE: usize = 256;

/// Times in a row that the client may ask to be called at once.
const MAX_RESTLESS: u32 = 100;

/// A TURN client whose relay answers anything.
///
/// # Panics
///
/// When a promise is broken.
pub fn stun(data: &[u8]) {
    let mut script = Bytes::new(data);
    let over_stream = script.u8().unwrap_or_default() % 2 == 1;
    let now = test_support::start();
    let mut attack = Attack {
        client: TurnClient::new(USER, PASSWORD, over_stream, now),
        stream: Deframer::new(if over_stream {
            Framing::Turn
        } else {
            Framing::Length
        }),
        realm: b"realm".to_vec(),
        request: None,
        now,
    };
    attack.check();
    attack.run(&mut script);
    attack.client.release(attack.now);
    attack.check();
}

struct Attack {
    client: TurnClient,
    stream: Deframer,
    realm: Vec<u8>,
    /// Method and transaction of the last request.
    request: Option<(u16, TransactionId)>,
    now: Instant,
}

impl Attack {
    fn run(&mut self, script: &mut Bytes<'_>) -> Option<()> {
        loop {
            match script.u8()? % 6 {
                0 => {
                    let length = usize::from(script.u16()?);
                    self.client.on_packet(script.take(length), self.now);
                }
                1 => {
                    let answer = self.answer(script)?;
                    self.client.on_packet(&answer, self.now);
                }
                2 => {
                    let length = usize::from(script.u8()?);
                    let (client, now) = (&mut self.client, self.now);
                    let deliver = |packet: &[u8]| client.on_packet(packet, now);
                    if self.stream.push(script.take(length), deliver).is_err() {
                        return None; // the driver closes such a stream
                    }
                }
                3 => {
                    let (port, length) = (u16::from(script.u8()?), usize::from(script.u8()?));
                    let peer = ([198, 51, 100, 7], port).into();
                    self.client.send(peer, script.take(length), self.now);
                }
                4 => {
                    self.now += Duration::from_secs(u64::from(script.u8()?) * 4);
                    self.client.tick(self.now);
                }
                _ => {
                    if let Some(deadline) = self.client.deadline() {
                        self.now = self.now.max(deadline);
                        self.client.tick(self.now);
                    }
                }
            }
            self.check();
        }
    }

    /// An answer to the client's last request, with any attributes, signed or not.
    fn answer(&mut self, script: &mut Bytes<'_>) -> Option<Vec<u8>> {
        let form = script.u8()?;
        let (method, id) = self.request?;
        let class = match form % 4 {
            0 | 1 => Class::Success,
            2 => Class::Error,
            _ => Class::Indication,
        };
        let mut answer = Builder::request(method, id);
        for _ in 0..form >> 4 {
            let (kind, length) = (u16::from(script.u8()?), usize::from(script.u8()?));
            let value = script.take(length);
            if kind == attribute::REALM {
                self.realm = value.to_vec();
            }
            answer = answer.with(kind, value);
        }
        let key = long_term_key(USER, &self.realm, PASSWORD);
        let signed = form & 8 == 0;
        Some(answer.of(class).finish(signed.then_some(&key)))
    }

    fn check(&mut self) {
        let rested = (0..MAX_RESTLESS).any(|_| {
            let rests = self.client.deadline().is_none_or(|at| at > self.now);
            if !rests {
                self.now += Duration::from_millis(1);
                self.client.tick(self.now);
            }
            rests
        });
        assert!(rested, "the timer spins");
        let sent = self.client.take_outgoing();
        assert!(sent.len() <= MAX_AT_ONCE, "{} packets at once", sent.len());
        let mut requests = sent.iter().filter_map(|packet| Message::parse(packet).ok());
        if let Some(request) = requests.next_back() {
            self.request = Some((request.method, request.id));
        }
        let events = self.client.take_events().len();
        assert!(events <= MAX_AT_ONCE, "{events} events at once");
    }
}
