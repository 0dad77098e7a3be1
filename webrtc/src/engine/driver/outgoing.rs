//! The queue before a socket: what its buffer does not take now waits here instead of being
//! lost.
//!
//! Sound and data fare differently. A packet of sound that waited is no longer wanted, so it
//! expires; a datagram of a data channel is, because SCTP would take its loss for a full network
//! and stand still for up to a second.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

/// Sound older than this is not sent: its listener has already played something else.
const MEDIA_LIFETIME: Duration = Duration::from_millis(100);

/// Datagrams that may wait, of each kind in bytes. More data than data channels put on the way at
/// once (see `channels`), and ten times what sound fills in its lifetime. What comes to a full queue is
/// dropped and counted.
const CAPACITY_BYTES: usize = 2 * 1024 * 1024;

/// From here on data channels should hold their next messages back.
const CONGESTED_BYTES: usize = CAPACITY_BYTES / 4;

/// What became of a datagram, or of those that waited for one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The socket has it; nothing waits.
    Done,
    /// The socket is full: flush when it becomes writable.
    Waiting,
    /// The queue is full, or the system refused it.
    Dropped,
}

/// The first bytes show what a datagram carries (RFC 7983).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// RTP and RTCP.
    Media,
    /// DTLS, which carries data channels, and STUN.
    Lasting,
}

impl Kind {
    const fn of(first_byte: Option<u8>) -> Self {
        match first_byte {
            Some(128..=191) => Self::Media,
            _ => Self::Lasting,
        }
    }
}

/// Datagrams that wait for one socket. `D` is a datagram with its destination.
#[derive(Debug)]
pub(crate) struct Outgoing<D> {
    /// Sent before the lasting ones.
    media: VecDeque<(Instant, D)>,
    lasting: VecDeque<D>,
    media_bytes: usize,
    lasting_bytes: usize,
    lost: Lost,
}

/// Datagrams that waited and were not sent in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) packets: u32,
    pub(crate) bytes: u64,
}

impl Lost {
    const fn add(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }
}

impl<D> Default for Outgoing<D> {
    fn default() -> Self {
        Self {
            media: VecDeque::new(),
            lasting: VecDeque::new(),
            media_bytes: 0,
            lasting_bytes: 0,
            lost: Lost::default(),
        }
    }
}

impl<D: AsRef<[u8]>> Outgoing<D> {
    /// Sends a datagram, or lets it wait behind those that already do.
    pub(crate) fn send(
        &mut self,
        datagram: D,
        now: Instant,
        mut try_send: impl FnMut(&D) -> io::Result<usize>,
    ) -> Sent {
        let bytes = datagram.as_ref().len();
        if self.is_empty() {
            match try_send(&datagram) {
                Ok(_) => return Sent::Done,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    log::debug!("a datagram of {bytes} bytes was refused: {error}");
                    return Sent::Dropped;
                }
            }
        }
        match Kind::of(datagram.as_ref().first().copied()) {
            Kind::Media if self.media_bytes + bytes <= CAPACITY_BYTES => {
                self.media_bytes += bytes;
                self.media.push_back((now, datagram));
                Sent::Waiting
            }
            Kind::Lasting if self.lasting_bytes + bytes <= CAPACITY_BYTES => {
                self.lasting_bytes += bytes;
                self.lasting.push_back(datagram);
                Sent::Waiting
            }
            Kind::Media | Kind::Lasting => Sent::Dropped,
        }
    }

    /// Sends what waits until the socket is full again. Sound that waited too long is dropped.
    pub(crate) fn flush(
        &mut self,
        now: Instant,
        mut try_send: impl FnMut(&D) -> io::Result<usize>,
    ) -> Sent {
        while let Some((since, datagram)) = self.media.front() {
            let bytes = datagram.as_ref().len();
            if now.saturating_duration_since(*since) > MEDIA_LIFETIME {
                self.lost.add(bytes);
            } else if let Err(error) = try_send(datagram) {
                if error.kind() == io::ErrorKind::WouldBlock {
                    return Sent::Waiting;
                }
                self.lost.add(bytes);
            }
            self.media_bytes -= bytes;
            self.media.pop_front();
        }
        while let Some(datagram) = self.lasting.front() {
            let bytes = datagram.as_ref().len();
            if let Err(error) = try_send(datagram) {
                if error.kind() == io::ErrorKind::WouldBlock {
                    return Sent::Waiting;
                }
                self.lost.add(bytes);
            }
            self.lasting_bytes -= bytes;
            self.lasting.pop_front();
        }
        Sent::Done
    }
}

impl<D> Outgoing<D> {
    pub(crate) fn is_empty(&self) -> bool {
        self.media.is_empty() && self.lasting.is_empty()
    }

    /// So much waits that data channels should not add to it.
    pub(crate) const fn is_congested(&self) -> bool {
        self.lasting_bytes >= CONGESTED_BYTES
    }

    /// What was lost of that which had been waiting, since the last call.
    pub(crate) fn take_lost(&mut self) -> Lost {
        std::mem::take(&mut self.lost)
    }

    /// Forgets what waits: the socket is gone.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket whose buffer takes so many datagrams.
    struct Socket {
        room: usize,
        sent: Vec<Vec<u8>>,
    }

    impl Socket {
        const fn with_room(room: usize) -> Self {
            Self {
                room,
                sent: Vec::new(),
            }
        }

        fn try_send(&mut self, datagram: &[u8]) -> io::Result<usize> {
            if self.sent.len() == self.room {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.sent.push(datagram.to_vec());
            Ok(datagram.len())
        }
    }

    fn data(n: u8) -> Vec<u8> {
        vec![23, n]
    }

    fn sound(n: u8) -> Vec<u8> {
        vec![128, n]
    }

    #[test]
    fn a_full_socket_loses_no_data_and_keeps_its_order() {
        let now = crate::engine::driver::now();
        let (mut queue, mut socket) = (Outgoing::default(), Socket::with_room(2));
        for n in 0..100 {
            let sent = queue.send(data(n), now, |datagram| socket.try_send(datagram));
            let expected = if n < 2 { Sent::Done } else { Sent::Waiting };
            assert_eq!(sent, expected, "datagram {n}");
        }
        socket.room = 50;
        let later = now + Duration::from_secs(10);
        assert_eq!(
            queue.flush(later, |datagram| socket.try_send(datagram)),
            Sent::Waiting
        );
        socket.room = 1_000;
        assert_eq!(
            queue.flush(later, |datagram| socket.try_send(datagram)),
            Sent::Done
        );
        let expected: Vec<_> = (0..100).map(data).collect();
        assert_eq!(socket.sent, expected);
        assert_eq!(queue.take_lost(), Lost::default());
    }

    #[test]
    fn sound_goes_before_data_and_expires() {
        let now = crate::engine::driver::now();
        let (mut queue, mut socket) = (Outgoing::default(), Socket::with_room(0));
        queue.send(data(1), now, |datagram| socket.try_send(datagram));
        queue.send(sound(2), now, |datagram| socket.try_send(datagram));
        let later = now + Duration::from_millis(90);
        queue.send(sound(3), later, |datagram| socket.try_send(datagram));
        socket.room = 10;
        queue.flush(now + Duration::from_millis(120), |datagram| {
            socket.try_send(datagram)
        });
        assert_eq!(
            socket.sent,
            [sound(3), data(1)],
            "old sound must not be sent, and data must follow"
        );
        assert_eq!(
            queue.take_lost(),
            Lost {
                packets: 1,
                bytes: 2
            }
        );
        assert!(queue.is_empty());
    }

    #[test]
    fn the_queue_is_bounded_and_says_when_it_fills() {
        let now = crate::engine::driver::now();
        let mut queue = Outgoing::default();
        let full = |_: &Vec<u8>| Err(io::ErrorKind::WouldBlock.into());
        let mut waiting = 0;
        let mut congested_at = None;
        while queue.send(vec![23; 1_200], now, full) == Sent::Waiting {
            waiting += 1_200;
            if queue.is_congested() {
                congested_at.get_or_insert(waiting);
            }
            assert!(waiting <= CAPACITY_BYTES, "the queue grows without bound");
        }
        let congested_at = congested_at.expect("congestion is reported before the queue is full");
        assert!(congested_at < CAPACITY_BYTES / 2, "{congested_at}");
    }

    #[test]
    fn a_datagram_that_the_system_refuses_does_not_block_the_next() {
        let now = crate::engine::driver::now();
        let mut queue = Outgoing::default();
        queue.send(data(1), now, |_| Err(io::ErrorKind::WouldBlock.into()));
        queue.send(data(2), now, |_| Err(io::ErrorKind::WouldBlock.into()));
        let mut sent = Vec::new();
        let outcome = queue.flush(now, |datagram| {
            if *datagram == data(1) {
                return Err(io::ErrorKind::NetworkUnreachable.into());
            }
            sent.push(datagram.clone());
            Ok(2)
        });
        assert_eq!((outcome, sent), (Sent::Done, vec![data(2)]));
        assert_eq!(queue.take_lost().packets, 1);
    }
}
