//! Host sockets: one UDP socket on each of the machine's IPv4 addresses.

use super::Connection;
use crate::engine::events::EventQueue;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Weak},
};
use tokio::{net::UdpSocket, runtime::Handle};

/// Larger than any datagram that DTLS, SRTP or STUN sends over an Ethernet path.
const DATAGRAM_BYTES: usize = 2_000;

/// A bound socket and the address it is known by.
#[derive(Clone, Debug)]
pub(crate) struct HostSocket {
    pub(crate) address: SocketAddr,
    pub(crate) socket: Arc<UdpSocket>,
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
        let address = socket.local_addr()?;
        Ok(HostSocket {
            address,
            socket: Arc::new(UdpSocket::from_std(socket)?),
        })
    });
    bound
        .inspect_err(|error| log::warn!("no media socket on {ip}: {error}"))
        .ok()
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
