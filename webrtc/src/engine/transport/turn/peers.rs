//! The peers behind a relay, each with its channel (RFC 8656 section 12).

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// The first of the channel numbers.
const FIRST_CHANNEL: u16 = 0x4000;

/// The last of them.
const LAST_CHANNEL: u16 = 0x4fff;

/// Peers at a time: as many as a server has addresses, several times over. More are not served.
const MAX_PEERS: usize = 64;

/// Packets that wait for a channel; more push the oldest out. They are checks of ICE, which are
/// repeated.
const MAX_WAITING: usize = 4;

/// A binding holds 10 minutes and its permission 5; both are renewed in time for the shorter.
const REBIND_AFTER: Duration = Duration::from_secs(240);

/// How long a peer that the relay refused is not asked for again.
const REFUSED_FOR: Duration = Duration::from_secs(30);

#[derive(Debug)]
enum Binding {
    /// Asked for; these packets wait.
    Asked(Vec<Vec<u8>>),
    /// Until then the channel is good, and being renewed after.
    Bound {
        renew_at: Instant,
    },
    Refused {
        until: Instant,
    },
}

#[derive(Debug)]
struct Peer {
    channel: u16,
    binding: Binding,
}

/// How a packet gets to a peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As this channel data.
    Channel(Vec<u8>),
    /// Once this channel is bound.
    Bind(u16),
    /// Once the channel is bound that was asked for, or never.
    Later,
}

#[derive(Debug, Default)]
pub(super) struct Peers {
    known: HashMap<SocketAddr, Peer>,
    by_channel: HashMap<u16, SocketAddr>,
}

impl Peers {
    pub(super) fn send(&mut self, address: SocketAddr, packet: &[u8], now: Instant) -> Way {
        let Some(peer) = self.known.get_mut(&address) else {
            let Some(channel) = self.free_channel() else {
                return Way::Later;
            };
            let binding = Binding::Asked(vec![packet.to_vec()]);
            self.by_channel.insert(channel, address);
            self.known.insert(address, Peer { channel, binding });
            return Way::Bind(channel);
        };
        match &mut peer.binding {
            Binding::Bound { .. } => Way::Channel(channel_data(peer.channel, packet)),
            Binding::Asked(waiting) => {
                if waiting.len() == MAX_WAITING {
                    waiting.remove(0);
                }
                waiting.push(packet.to_vec());
                Way::Later
            }
            Binding::Refused { until } if *until <= now => {
                peer.binding = Binding::Asked(vec![packet.to_vec()]);
                Way::Bind(peer.channel)
            }
            Binding::Refused { .. } => Way::Later,
        }
    }

    fn free_channel(&self) -> Option<u16> {
        let next = FIRST_CHANNEL + u16::try_from(self.known.len()).ok()?;
        (self.known.len() < MAX_PEERS && next <= LAST_CHANNEL).then_some(next)
    }

    /// The peer behind a channel.
    pub(super) fn on_channel(&self, channel: u16) -> Option<SocketAddr> {
        self.by_channel.get(&channel).copied()
    }

    /// A channel was bound or renewed: what waited for it, as channel data.
    pub(super) fn on_bound(&mut self, address: SocketAddr, now: Instant) -> Vec<Vec<u8>> {
        let Some(peer) = self.known.get_mut(&address) else {
            return Vec::new();
        };
        let bound = Binding::Bound {
            renew_at: now + REBIND_AFTER,
        };
        match std::mem::replace(&mut peer.binding, bound) {
            Binding::Asked(waiting) => waiting
                .iter()
                .map(|packet| channel_data(peer.channel, packet))
                .collect(),
            Binding::Bound { .. } | Binding::Refused { .. } => Vec::new(),
        }
    }

    pub(super) fn on_refused(&mut self, address: SocketAddr, now: Instant) {
        if let Some(peer) = self.known.get_mut(&address) {
            let until = now + REFUSED_FOR;
            peer.binding = Binding::Refused { until };
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let renewals = self.known.values().filter_map(|peer| match peer.binding {
            Binding::Bound { renew_at } => Some(renew_at),
            Binding::Asked(_) | Binding::Refused { .. } => None,
        });
        renewals.min()
    }

    /// The channels to renew now; each is named once in that time.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(SocketAddr, u16)> {
        let mut due = Vec::new();
        for (address, peer) in &mut self.known {
            if let Binding::Bound { renew_at } = &mut peer.binding
                && *renew_at <= now
            {
                *renew_at = now + REBIND_AFTER;
                due.push((*address, peer.channel));
            }
        }
        due
    }
}

fn channel_data(channel: u16, packet: &[u8]) -> Vec<u8> {
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
    let mut data = Vec::with_capacity(4 + packet.len());
    data.extend_from_slice(&channel.to_be_bytes());
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(&packet[..usize::from(length)]);
    data
}

/// Channel and content of channel data; over UDP there may be padding behind it.
pub(crate) fn read_channel_data(packet: &[u8]) -> Option<(u16, &[u8])> {
    let [a, b, c, d, rest @ ..] = packet else {
        return None;
    };
    let channel = u16::from_be_bytes([*a, *b]);
    let length = usize::from(u16::from_be_bytes([*c, *d]));
    if !(FIRST_CHANNEL..=LAST_CHANNEL).contains(&channel) {
        return None;
    }
    Some((channel, rest.get(..length)?))
}
