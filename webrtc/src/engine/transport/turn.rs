//! A client of a relay (TURN, RFC 8656), as a value: an allocation, and channels through it.
//!
//! ```text
//! Allocate --401 with a nonce--> Allocate with the proof --> Allocated --Refresh ...-->
//!                                                              | first packet to a peer
//!                                                              '--> ChannelBind --> channel data
//! ```
//!
//! A channel is bound for each peer: one request, which permits the peer as well (section 12).

mod peers;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use self::peers::Peers;
use super::{
    stun::{self, Builder, Class, Key, Message, attribute, method},
    transaction::{Step, Transaction, new_id},
};

/// A relay that refuses its own fresh nonce again and again is given up.
const MAX_NONCES: u32 = 3;

/// How long before its end an allocation is renewed.
const REFRESH_BEFORE: Duration = Duration::from_secs(60);

/// An allocation is renewed at most this often, whatever its lifetime.
const MIN_REFRESH: Duration = Duration::from_secs(10);

/// UDP, as the relay is to speak with peers (RFC 8656 section 18.7).
const RELAY_OVER_UDP: [u8; 4] = [17, 0, 0, 0];

/// Error codes.
const UNAUTHENTICATED: u16 = 401;
const STALE_NONCE: u16 = 438;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TurnEvent {
    /// The relay forwards what peers send to this address.
    Allocated { relayed: SocketAddr },
    /// A peer sent a packet to the relayed address.
    Data { peer: SocketAddr, packet: Vec<u8> },
    /// There is no allocation, or no longer. Nothing more will come.
    Failed {
        code: u16,
        reason: String,
        /// The address that peers must no longer be sent from.
        lost: Option<SocketAddr>,
    },
}

/// A request under way.
#[derive(Debug)]
struct Pending {
    what: Request,
    transaction: Transaction,
    /// Fresh nonces it was sent with so far.
    nonces: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Allocate,
    Refresh,
    /// Ends the allocation; the answer is not waited for.
    Release,
    Bind {
        peer: SocketAddr,
        channel: u16,
    },
}

#[derive(Debug)]
struct Authentication {
    key: Key,
    realm: Vec<u8>,
    nonce: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Allocating,
    Allocated {
        relayed: SocketAddr,
        refresh_at: Instant,
    },
    Failed,
}

/// One allocation.
#[derive(Debug)]
pub(crate) struct TurnClient {
    user: String,
    password: String,
    over_stream: bool,
    state: State,
    authentication: Option<Authentication>,
    /// At most one for the allocation and one for each peer.
    pending: Vec<Pending>,
    peers: Peers,
    /// To the relay, in order.
    outgoing: Vec<Vec<u8>>,
    events: Vec<TurnEvent>,
}

impl TurnClient {
    /// Begins to allocate. `over_stream`: the relay is reached by TCP or TLS.
    pub(crate) fn new(user: &str, password: &str, over_stream: bool, now: Instant) -> Self {
        let mut client = Self {
            user: user.to_owned(),
            password: password.to_owned(),
            over_stream,
            state: State::Allocating,
            authentication: None,
            pending: Vec::new(),
            peers: Peers::default(),
            outgoing: Vec::new(),
            events: Vec::new(),
        };
        client.request(Request::Allocate, 0, now);
        client
    }

    /// The address peers see.
    pub(crate) const fn relayed(&self) -> Option<SocketAddr> {
        match self.state {
            State::Allocated { relayed, .. } => Some(relayed),
            State::Allocating | State::Failed => None,
        }
    }

    /// Packets for the relay.
    pub(crate) fn take_outgoing(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.outgoing)
    }

    pub(crate) fn take_events(&mut self) -> Vec<TurnEvent> {
        std::mem::take(&mut self.events)
    }

    /// Sends a packet to a peer. Those before its channel is bound wait, a few of them.
    pub(crate) fn send(&mut self, peer: SocketAddr, packet: &[u8], now: Instant) {
        if self.relayed().is_none() {
            return;
        }
        match self.peers.send(peer, packet, now) {
            peers::Way::Channel(channel_data) => self.outgoing.push(channel_data),
            peers::Way::Bind(channel) => self.request(Request::Bind { peer, channel }, 0, now),
            peers::Way::Later => {}
        }
    }

    /// Ends the allocation, as far as one packet can.
    pub(crate) fn release(&mut self, now: Instant) {
        if self.relayed().is_some() {
            self.pending.clear();
            self.request(Request::Release, 0, now);
            self.pending.clear();
        }
        self.state = State::Failed;
    }

    /// When [`Self::tick`] must be called at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let requests = self
            .pending
            .iter()
            .map(|pending| pending.transaction.deadline())
            .min();
        // Without an allocation nothing is renewed, its channels included.
        let State::Allocated { refresh_at, .. } = self.state else {
            return requests;
        };
        let renewals = self.peers.deadline().into_iter().chain([refresh_at]);
        renewals.chain(requests).min()
    }

    /// Time passes: repeats, renews, gives up.
    pub(crate) fn tick(&mut self, now: Instant) {
        let mut silent = Vec::new();
        for pending in &mut self.pending {
            match pending.transaction.step(now) {
                Step::Send => self.outgoing.push(pending.transaction.bytes.clone()),
                Step::Wait => {}
                Step::GiveUp => silent.push(pending.what),
            }
        }
        self.pending
            .retain(|pending| !silent.contains(&pending.what));
        for what in silent {
            self.on_refused(what, 0, "the relay does not answer".to_owned(), now);
        }
        let State::Allocated { refresh_at, .. } = &mut self.state else {
            return;
        };
        if *refresh_at <= now {
            *refresh_at = now + MIN_REFRESH; // set again by the answer
            if !self.is_pending(Request::Refresh) {
                self.request(Request::Refresh, 0, now);
            }
        }
        for (peer, channel) in self.peers.due(now) {
            self.request(Request::Bind { peer, channel }, 0, now);
        }
    }

    /// A packet from the relay. Anything unexpected is ignored.
    pub(crate) fn on_packet(&mut self, packet: &[u8], now: Instant) {
        if let Some((channel, packet)) = peers::read_channel_data(packet) {
            if let Some(peer) = self.peers.on_channel(channel) {
                let packet = packet.to_vec();
                self.events.push(TurnEvent::Data { peer, packet });
            }
            return;
        }
        let Ok(message) = Message::parse(packet) else {
            return;
        };
        match (message.class, message.method) {
            (Class::Indication, method::DATA) => {
                let data = message.get(attribute::DATA);
                let peer = message.address(attribute::PEER_ADDRESS);
                if let (Some(data), Some(peer), Some(_)) = (data, peer, self.relayed()) {
                    let packet = data.to_vec();
                    self.events.push(TurnEvent::Data { peer, packet });
                }
            }
            (Class::Success | Class::Error, _) => self.on_answer(&message, now),
            _ => {}
        }
    }

    fn is_pending(&self, what: Request) -> bool {
        self.pending.iter().any(|pending| pending.what == what)
    }

    fn on_answer(&mut self, message: &Message<'_>, now: Instant) {
        let ours = |pending: &Pending| {
            pending.transaction.id == message.id && pending.what.method() == message.method
        };
        let Some(index) = self.pending.iter().position(ours) else {
            return;
        };
        if message.class == Class::Success {
            // Success must prove that the relay knows the password (RFC 8489 section 9.2.5).
            if let Some(authentication) = &self.authentication
                && !message.is_from(&authentication.key)
            {
                return;
            }
            let what = self.pending.swap_remove(index).what;
            self.on_success(what, message, now);
            return;
        }
        let Some((code, reason)) = message.error() else {
            return;
        };
        let Pending { what, nonces, .. } = self.pending.swap_remove(index);
        let is_challenge = code == STALE_NONCE
            || (code == UNAUTHENTICATED && (self.authentication.is_none() || nonces == 0));
        if is_challenge && nonces < MAX_NONCES && self.learn_nonce(message) {
            self.request(what, nonces + 1, now);
        } else {
            self.on_refused(what, code, reason, now);
        }
    }

    /// Takes realm and nonce from a challenge; false if it has none.
    fn learn_nonce(&mut self, message: &Message<'_>) -> bool {
        let (Some(realm), Some(nonce)) =
            (message.get(attribute::REALM), message.get(attribute::NONCE))
        else {
            return false;
        };
        self.authentication = Some(Authentication {
            key: stun::long_term_key(&self.user, realm, &self.password),
            realm: realm.to_vec(),
            nonce: nonce.to_vec(),
        });
        true
    }

    fn on_success(&mut self, what: Request, message: &Message<'_>, now: Instant) {
        match what {
            Request::Allocate => {
                let Some(relayed) = message.address(attribute::RELAYED_ADDRESS) else {
                    let reason = "the relay told no address".to_owned();
                    self.on_refused(what, 0, reason, now);
                    return;
                };
                let refresh_at = refresh_at(message, now);
                self.state = State::Allocated {
                    relayed,
                    refresh_at,
                };
                self.events.push(TurnEvent::Allocated { relayed });
            }
            Request::Refresh => {
                if let State::Allocated { refresh_at: at, .. } = &mut self.state {
                    *at = refresh_at(message, now);
                }
            }
            Request::Bind { peer, .. } => {
                self.outgoing.extend(self.peers.on_bound(peer, now));
            }
            Request::Release => {}
        }
    }

    fn on_refused(&mut self, what: Request, code: u16, reason: String, now: Instant) {
        match what {
            Request::Bind { peer, .. } => {
                log::debug!("the relay does not forward to {peer}: {code} {reason}");
                self.peers.on_refused(peer, now);
            }
            Request::Allocate | Request::Refresh => {
                let lost = self.relayed();
                self.state = State::Failed;
                self.pending.clear();
                self.events.push(TurnEvent::Failed { code, reason, lost });
            }
            Request::Release => {}
        }
    }

    fn request(&mut self, what: Request, nonces: u32, now: Instant) {
        let id = new_id();
        let mut message = Builder::request(what.method(), id);
        message = match what {
            Request::Allocate => message.with(attribute::REQUESTED_TRANSPORT, &RELAY_OVER_UDP),
            Request::Refresh => message,
            Request::Release => message.with(attribute::LIFETIME, &[0; 4]),
            Request::Bind { peer, channel } => {
                let [high, low] = channel.to_be_bytes();
                message
                    .with(attribute::CHANNEL_NUMBER, &[high, low, 0, 0])
                    .with_address(attribute::PEER_ADDRESS, peer)
            }
        };
        let bytes = match &self.authentication {
            Some(authentication) => message
                .with(attribute::USERNAME, self.user.as_bytes())
                .with(attribute::REALM, &authentication.realm)
                .with(attribute::NONCE, &authentication.nonce)
                .finish(Some(&authentication.key)),
            None => message.finish(None),
        };
        let mut transaction = Transaction::new(id, bytes, self.over_stream, now);
        if transaction.step(now) == Step::Send {
            self.outgoing.push(transaction.bytes.clone());
        }
        self.pending.push(Pending {
            what,
            transaction,
            nonces,
        });
    }
}

impl Request {
    const fn method(self) -> u16 {
        match self {
            Self::Allocate => method::ALLOCATE,
            Self::Refresh | Self::Release => method::REFRESH,
            Self::Bind { .. } => method::CHANNEL_BIND,
        }
    }
}

/// When to renew an allocation with the lifetime that a relay grants.
fn refresh_at(message: &Message<'_>, now: Instant) -> Instant {
    let seconds = message
        .number(attribute::LIFETIME)
        .unwrap_or(600)
        .min(3_600);
    let lifetime = Duration::from_secs(u64::from(seconds));
    let early = lifetime
        .saturating_sub(REFRESH_BEFORE)
        .max(lifetime / 2)
        .max(MIN_REFRESH);
    now + early
}
