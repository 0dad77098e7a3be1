//! UDP: one socket on each of the machine's addresses.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::Instant,
};

use str0m::net::{Protocol, Transmit};
use tokio::{net::UdpSocket, runtime::Handle};

use super::Connection;
use crate::engine::{
    driver::{
        events::EventQueue,
        now,
        outgoing::{Lost, Outgoing, Sent},
    },
    lock::LeafMutex,
    transport::addresses,
};

/// Larger than any datagram that DTLS, SRTP or STUN sends over an Ethernet path.
const DATAGRAM_BYTES: usize = 2_000;

/// What the system is asked to keep for a reader that is late, bytes. Some 900 datagrams: what
/// data channels put on the way at once, on a machine that allows it (`net.core.rmem_max`).
const RECEIVE_BUFFER_BYTES: usize = 1024 * 1024;

/// What the system is asked to take at once, bytes. The rest waits in [`Outgoing`], where sound
/// overtakes data.
const SEND_BUFFER_BYTES: usize = 512 * 1024;

/// A bound socket and the address it is known by.
#[derive(Clone, Debug)]
pub(crate) struct UdpLink {
    pub(crate) address: SocketAddr,
    pub(crate) socket: Arc<UdpSocket>,
    /// Leaf lock.
    outgoing: Arc<LeafMutex<Outgoing<Packet>>>,
}

#[derive(Debug)]
struct Packet(Transmit);

impl AsRef<[u8]> for Packet {
    fn as_ref(&self) -> &[u8] {
        &self.0.contents
    }
}

impl UdpLink {
    fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self {
            address: socket.local_addr()?,
            socket: Arc::new(socket),
            outgoing: Arc::default(),
        })
    }

    /// Sends a datagram or queues it. The caller that gets [`Sent::Waiting`] for the first time
    /// starts [`drain`].
    pub(in crate::engine::driver) fn send(&self, datagram: Transmit, now: Instant) -> SendReport {
        let mut outgoing = self.outgoing.lock();
        let was_empty = outgoing.is_empty();
        let sent = outgoing.send(Packet(datagram), now, |packet| self.try_send(packet));
        SendReport {
            sent,
            starts_waiting: was_empty && sent == Sent::Waiting,
            is_congested: outgoing.is_congested(),
        }
    }

    fn try_send(&self, packet: &Packet) -> io::Result<usize> {
        self.socket
            .try_send_to(&packet.0.contents, packet.0.destination)
    }
}

/// What [`UdpLink::send`] did.
pub(in crate::engine::driver) struct SendReport {
    pub(in crate::engine::driver) sent: Sent,
    /// Nothing waited before: somebody must now see to it that the queue drains.
    pub(in crate::engine::driver) starts_waiting: bool,
    pub(in crate::engine::driver) is_congested: bool,
}

/// Sends what waits for a socket as it becomes writable; ends when nothing does.
pub(in crate::engine::driver) async fn drain(connection: Weak<Connection>, link: UdpLink) {
    loop {
        if let Err(error) = link.socket.writable().await {
            log::warn!("media socket {} failed: {error}", link.address);
            link.outgoing.lock().clear();
            return;
        }
        let Some(connection) = connection.upgrade() else {
            return;
        };
        let (sent, is_congested, lost) = {
            let mut outgoing = link.outgoing.lock();
            let sent = outgoing.flush(now(), |packet| link.try_send(packet));
            (sent, outgoing.is_congested(), outgoing.take_lost())
        };
        if lost != Lost::default() || !is_congested {
            connection.on_drained(lost, is_congested);
        }
        if sent == Sent::Done {
            return;
        }
    }
}

/// The addresses to offer now, best first.
pub(crate) fn addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::warn!("network interfaces cannot be listed, only loopback is used: {error}");
        Vec::new()
    });
    // Only on Linux; elsewhere all addresses count as permanent.
    let table = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    addresses::usable(&interfaces, &addresses::ipv6_flags(&table))
}

/// The address of ours that the system would send from. No packet is sent.
pub(super) fn route_to(server: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = super::relay_label(server);
    let socket = std::net::UdpSocket::bind(any).ok()?;
    socket.connect(server).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// A socket on any port of an address, served by an engine thread.
pub(super) fn bind(ip: IpAddr, thread: &Handle) -> Option<UdpLink> {
    let _runtime = thread.enter();
    let bound = std::net::UdpSocket::bind((ip, 0)).and_then(|socket| {
        socket.set_nonblocking(true)?;
        enlarge_buffers(&socket);
        UdpLink::new(UdpSocket::from_std(socket)?)
    });
    bound
        .inspect_err(|error| log::warn!("no media socket on {ip}: {error}"))
        .ok()
}

/// The system may grant less; then [`Outgoing`] has more to hold.
fn enlarge_buffers(socket: &std::net::UdpSocket) {
    let socket = socket2::SockRef::from(socket);
    let receive = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    if let Err(error) = receive.and_then(|()| socket.set_send_buffer_size(SEND_BUFFER_BYTES)) {
        log::debug!("socket buffers stay as they are: {error}");
    }
}

/// Hands each datagram to the connection until that is gone or the socket fails. Reads no
/// further while the application is behind with its events, so that a peer cannot fill memory:
/// the kernel's buffer overflows instead, and SCTP sends again.
pub(super) async fn receive(connection: Weak<Connection>, events: Arc<EventQueue>, link: UdpLink) {
    let mut buffer = vec![0_u8; DATAGRAM_BYTES];
    loop {
        events.room().await;
        if let Err(error) = link.socket.readable().await {
            log::warn!("media socket {} failed: {error}", link.address);
            return;
        }
        let Some(connection) = connection.upgrade() else {
            return;
        };
        while let Ok((length, from)) = link.socket.try_recv_from(&mut buffer) {
            connection.on_datagram(Protocol::Udp, link.address, from, &buffer[..length]);
            if events.is_congested() {
                break;
            }
        }
    }
}
