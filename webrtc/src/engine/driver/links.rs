//! The ways out of this machine: UDP sockets, and streams to peers and relays that UDP does not
//! reach.

mod names;
mod stream;
mod tls;
mod udp;
mod watch;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use str0m::net::{Protocol, Transmit};
use tokio::{runtime::Handle, task::AbortHandle};

use self::stream::Stream;
pub(super) use self::udp::{UdpLink, drain};
pub(crate) use self::{names::look_up, udp::addresses, watch::watch};
use super::{Connection, events::EventQueue};
use crate::engine::transport::{
    framing::{ACTIVE_PORT, Framing},
    servers::url::{ServerUrl, Service},
};

/// Streams of one connection at a time. A peer that offers more TCP addresses is not followed:
/// it could have this machine connect anywhere.
const MAX_STREAMS: usize = 8;

/// A stream that ended is opened again for a packet that comes this much later.
const REOPEN_AFTER: Duration = Duration::from_secs(2);

/// What became of a packet for a stream.
pub(super) struct StreamReport {
    /// It will be sent, unless the stream breaks.
    pub(super) is_taken: bool,
    /// Data channels should hold their next messages back until the stream has drained.
    pub(super) is_congested: bool,
}

impl StreamReport {
    const REFUSED: Self = Self {
        is_taken: false,
        is_congested: false,
    };
}

/// One stream, as the core names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StreamKey {
    /// [`Protocol::Tcp`], or [`Protocol::Tls`] to a relay.
    pub(crate) proto: Protocol,
    /// [`ACTIVE_PORT`] of an own address towards a peer, [`relay_label`] towards a relay.
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

impl StreamKey {
    /// Peers and relays delimit packets differently.
    const fn framing(self) -> Framing {
        if self.local.port() == ACTIVE_PORT {
            Framing::Length
        } else {
            Framing::Turn
        }
    }

    /// The own address to connect from, if that matters.
    fn bind_to(self) -> Option<IpAddr> {
        Some(self.local.ip()).filter(|ip| !ip.is_unspecified())
    }
}

/// Our end of any stream to a relay.
pub(crate) const fn relay_label(server: SocketAddr) -> SocketAddr {
    match server {
        SocketAddr::V4(_) => SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0),
        SocketAddr::V6(_) => SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED), 0),
    }
}

/// All links of one connection.
pub(crate) struct Links {
    udp: Vec<(UdpLink, AbortHandle)>,
    /// Opened by the first packet that needs them.
    streams: HashMap<StreamKey, Stream>,
    /// The names that relays prove over TLS.
    tls_names: HashMap<SocketAddr, String>,
    connection: Weak<Connection>,
    events: Arc<EventQueue>,
    /// The engine thread that serves the connection.
    thread: Handle,
}

impl Links {
    pub(super) fn new(
        connection: Weak<Connection>,
        events: Arc<EventQueue>,
        thread: Handle,
    ) -> Self {
        Self {
            udp: Vec::new(),
            streams: HashMap::new(),
            tls_names: HashMap::new(),
            connection,
            events,
            thread,
        }
    }

    /// The socket of an own address.
    pub(super) fn udp(&self, address: SocketAddr) -> Option<UdpLink> {
        let mut links = self.udp.iter().map(|(link, _)| link);
        links.find(|link| link.address == address).cloned()
    }

    /// Queues a packet for a stream, which is opened for it if need be.
    pub(super) fn send_on_stream(&mut self, packet: &Transmit, now: Instant) -> StreamReport {
        let key = StreamKey {
            proto: packet.proto,
            local: packet.source,
            remote: packet.destination,
        };
        let ended = self.streams.get(&key).and_then(Stream::ended);
        match ended {
            Some(opened) if now.saturating_duration_since(opened) < REOPEN_AFTER => {
                return StreamReport::REFUSED;
            }
            Some(_) => drop(self.streams.remove(&key)),
            None => {}
        }
        if !self.streams.contains_key(&key) {
            self.streams.retain(|_, stream| stream.ended().is_none());
            if self.streams.len() >= MAX_STREAMS {
                return StreamReport::REFUSED;
            }
            let (stream, packets) = Stream::new(now);
            let task = stream::run(
                key,
                self.tls_names.get(&key.remote).cloned(),
                Weak::clone(&self.connection),
                Arc::clone(&self.events),
                packets,
            );
            self.thread.spawn(task);
            self.streams.insert(key, stream);
        }
        self.streams
            .get(&key)
            .map_or(StreamReport::REFUSED, |stream| {
                stream.send(&packet.contents, now)
            })
    }

    /// Opens a socket on an address, and reads from it from now on.
    pub(crate) fn add_udp(&mut self, ip: IpAddr) -> Option<SocketAddr> {
        let link = udp::bind(ip, &self.thread)?;
        let address = link.address;
        let receive = udp::receive(
            Weak::clone(&self.connection),
            Arc::clone(&self.events),
            link.clone(),
        );
        let task = self.thread.spawn(receive).abort_handle();
        self.udp.push((link, task));
        Some(address)
    }

    /// Where to ask a server from: each socket of its family for the address that it sees, the
    /// one that the system would take for a relay, or our end of a stream.
    pub(crate) fn locals_for(&self, url: &ServerUrl, server: SocketAddr) -> Vec<SocketAddr> {
        if url.proto != Protocol::Udp {
            return vec![relay_label(server)];
        }
        let mut locals: Vec<SocketAddr> = self
            .udp
            .iter()
            .map(|(link, _)| link.address)
            .filter(|local| local.is_ipv4() == server.is_ipv4())
            .collect();
        if url.service == Service::Relay {
            let routed = udp::route_to(server);
            locals.sort_by_key(|local| Some(local.ip()) != routed);
            locals.truncate(1);
        }
        locals
    }

    /// The addresses with a UDP socket.
    pub(crate) fn udp_ips(&self) -> Vec<IpAddr> {
        self.udp.iter().map(|(link, _)| link.address.ip()).collect()
    }

    /// Closes the socket of an address that is gone, and the streams from it.
    pub(crate) fn remove(&mut self, ip: IpAddr) {
        self.udp.retain(|(link, task)| {
            let stays = link.address.ip() != ip;
            if !stays {
                task.abort();
            }
            stays
        });
        self.streams.retain(|key, _| key.local.ip() != ip);
    }

    /// The name that the certificate of a relay must carry.
    pub(crate) fn expect_tls_name(&mut self, server: SocketAddr, name: String) {
        self.tls_names.insert(server, name);
    }

    /// Closes everything. Streams first pass on what they have taken.
    pub(crate) fn close(&mut self) {
        for (_, task) in self.udp.drain(..) {
            task.abort();
        }
        self.streams.clear();
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.close();
    }
}
