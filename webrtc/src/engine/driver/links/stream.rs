//! TCP: a stream to a peer (ICE-TCP, active side, RFC 6544) or to a relay (RFC 8656), there
//! also inside TLS.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use str0m::net::Protocol;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::{StreamKey, StreamReport, tls};
use crate::engine::{
    driver::{Connection, events::EventQueue, now, outgoing::Lost},
    transport::framing::{Deframer, Framing},
};

/// Packets that wait for the stream; 600 kB of full ones. More are dropped: sound that waits
/// is of no use, and SCTP sends again.
const QUEUED_PACKETS: usize = 512;

/// Sound that waited longer than this is left out when the stream moves on.
const STALE_MEDIA: Duration = Duration::from_millis(300);

/// Time to connect, and for TLS to be agreed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Read at a time.
const PIECE_BYTES: usize = 4_096;

/// A packet and when it came.
pub(super) struct Queued {
    packet: Vec<u8>,
    since: Instant,
}

/// A stream with a bounded queue before it. Ends with its handle, once the queue is written.
pub(super) struct Stream {
    queue: mpsc::Sender<Queued>,
    opened: Instant,
}

impl Stream {
    /// Packets may be queued at once; [`run`] carries them.
    pub(super) fn new(now: Instant) -> (Self, mpsc::Receiver<Queued>) {
        let (queue, packets) = mpsc::channel(QUEUED_PACKETS);
        (Self { queue, opened: now }, packets)
    }

    /// Queues a packet, unless the queue is full or the stream has ended.
    pub(super) fn send(&self, packet: &[u8], now: Instant) -> StreamReport {
        let packet = packet.to_vec();
        StreamReport {
            is_taken: self.queue.try_send(Queued { packet, since: now }).is_ok(),
            is_congested: !self.queue.is_closed() && self.queue.capacity() < QUEUED_PACKETS / 2,
        }
    }

    /// When it was opened, if it has ended since.
    pub(super) fn ended(&self) -> Option<Instant> {
        self.queue.is_closed().then_some(self.opened)
    }
}

/// Connects, and carries packets until the stream or its handle ends.
pub(super) async fn run(
    key: StreamKey,
    tls_name: Option<String>,
    connection: Weak<Connection>,
    events: Arc<EventQueue>,
    packets: mpsc::Receiver<Queued>,
) {
    if let Err(error) = connect_and_carry(key, tls_name, connection, events, packets).await {
        log::debug!(
            "stream to {} over {:?} ended: {error}",
            key.remote,
            key.proto
        );
    }
}

async fn connect_and_carry(
    key: StreamKey,
    tls_name: Option<String>,
    connection: Weak<Connection>,
    events: Arc<EventQueue>,
    packets: mpsc::Receiver<Queued>,
) -> io::Result<()> {
    let connecting = connect(key.bind_to(), key.remote);
    let stream = timeout(CONNECT_TIMEOUT, connecting).await??;
    stream.set_nodelay(true)?;
    if key.proto == Protocol::Tls {
        let name = tls_name.unwrap_or_else(|| key.remote.ip().to_string());
        let stream = timeout(CONNECT_TIMEOUT, tls::handshake(&name, stream)).await??;
        carry(key, stream, connection, events, packets).await
    } else {
        carry(key, stream, connection, events, packets).await
    }
}

async fn connect(from: Option<IpAddr>, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(ip) = from {
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    socket.connect(to).await
}

/// Both directions, until one of them ends.
async fn carry<S: AsyncRead + AsyncWrite>(
    key: StreamKey,
    stream: S,
    connection: Weak<Connection>,
    events: Arc<EventQueue>,
    packets: mpsc::Receiver<Queued>,
) -> io::Result<()> {
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        result = read(key, reader, Weak::clone(&connection), events) => result,
        result = write(key.framing(), writer, packets, connection) => result,
    }
}

async fn read(
    key: StreamKey,
    mut reader: impl AsyncRead + Unpin,
    connection: Weak<Connection>,
    events: Arc<EventQueue>,
) -> io::Result<()> {
    let mut deframer = Deframer::new(key.framing());
    let mut piece = vec![0_u8; PIECE_BYTES];
    loop {
        events.room().await;
        let length = reader.read(&mut piece).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(connection) = connection.upgrade() else {
            return Ok(());
        };
        deframer
            .push(&piece[..length], |packet| {
                connection.on_datagram(key.proto, key.local, key.remote, packet);
            })
            .map_err(io::Error::other)?;
    }
}

async fn write(
    framing: Framing,
    mut writer: impl AsyncWrite + Unpin,
    mut packets: mpsc::Receiver<Queued>,
    connection: Weak<Connection>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    while let Some(first) = packets.recv().await {
        let moment = now();
        let was_congested = packets.len() >= QUEUED_PACKETS / 4;
        let mut next = Some(first);
        while let Some(queued) = next {
            let waited = moment.saturating_duration_since(queued.since);
            if waited < STALE_MEDIA || !is_media(&queued.packet) {
                framing.write(&queued.packet, &mut bytes);
            }
            next = packets.try_recv().ok();
        }
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        bytes.clear();
        if was_congested && let Some(connection) = connection.upgrade() {
            connection.on_drained(Lost::default(), false);
        }
    }
    writer.shutdown().await
}

/// RTP and RTCP, bare or in channel data (RFC 7983).
fn is_media(packet: &[u8]) -> bool {
    let first = match packet {
        [0x40..=0x4f, _, _, _, first, ..] | [first, ..] => *first,
        [] => return false,
    };
    (128..192).contains(&first)
}
