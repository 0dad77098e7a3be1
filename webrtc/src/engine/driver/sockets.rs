//! Host sockets: one UDP socket on each of the machine's IPv4 addresses.

use super::{
    Connection,
    outgoing::{Lost, Outgoing, Sent},
};
use crate::engine::{events::EventQueue, lock::LeafMutex};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Weak},
    time::Instant,
};
use str0m::net::Transmit;
use tokio::{net::UdpSocket, runtime::Handle};

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
pub(crate) struct HostSocket {
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

impl HostSocket {
    fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self {
            address: socket.local_addr()?,
            socket: Arc::new(socket),
            outgoing: Arc::default(),
        })
    }

    /// Sends a datagram or queues it. The caller that gets [`Sent::Waiting`] for the first time
    /// starts [`drain`].
    pub(super) fn send(&self, datagram: Transmit, now: Instant) -> SendReport {
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

/// What [`HostSocket::send`] did.
pub(super) struct SendReport {
    pub(super) sent: Sent,
    /// Nothing waited before: somebody must now see to it that the queue drains.
    pub(super) starts_waiting: bool,
    pub(super) is_congested: bool,
}

/// Sends what waits for a socket as it becomes writable; ends when nothing does.
pub(super) async fn drain(connection: Weak<Connection>, host: HostSocket) {
    loop {
        if let Err(error) = host.socket.writable().await {
            log::warn!("media socket {} failed: {error}", host.address);
            host.outgoing.lock().clear();
            return;
        }
        let Some(connection) = connection.upgrade() else {
            return;
        };
        let (sent, is_congested, lost) = {
            let mut outgoing = host.outgoing.lock();
            let sent = outgoing.flush(super::now(), |packet| host.try_send(packet));
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

/// Binds a socket on each address in use, or on loopback on a machine without a network.
///
/// Loopback is not offered beside others: packets from an outer address of this machine reach a
/// server on 127.0.0.1 just as well, and the peer of a remote server has no use for it.
pub(super) fn bind_host_sockets(thread: &Handle) -> Vec<HostSocket> {
    let _runtime = thread.enter();
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::warn!("network interfaces cannot be listed, only loopback is used: {error}");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .into_iter()
        .map(|interface| interface.ip())
        .filter(|ip| ip.is_ipv4() && !ip.is_loopback())
        .collect();
    if addresses.is_empty() {
        addresses.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    addresses.into_iter().filter_map(bind).collect()
}

fn bind(ip: IpAddr) -> Option<HostSocket> {
    let bound = std::net::UdpSocket::bind((ip, 0)).and_then(|socket| {
        socket.set_nonblocking(true)?;
        enlarge_buffers(&socket);
        HostSocket::new(UdpSocket::from_std(socket)?)
    });
    bound
        .inspect_err(|error| log::warn!("no media socket on {ip}: {error}"))
        .ok()
}

/// The system may grant less; that is no error, only more for [`Outgoing`] to hold.
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
pub(super) async fn receive(
    connection: Weak<Connection>,
    events: Arc<EventQueue>,
    host: HostSocket,
) {
    let mut buffer = vec![0_u8; DATAGRAM_BYTES];
    loop {
        events.room().await;
        if let Err(error) = host.socket.readable().await {
            log::warn!("media socket {} failed: {error}", host.address);
            return;
        }
        let Some(connection) = connection.upgrade() else {
            return;
        };
        while let Ok((length, from)) = host.socket.try_recv_from(&mut buffer) {
            connection.on_datagram(host.address, from, &buffer[..length]);
            if events.is_congested() {
                break;
            }
        }
    }
}
