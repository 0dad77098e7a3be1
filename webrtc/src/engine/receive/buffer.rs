//! Packets in the order of their RTP times.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use super::opus_packet::PacketFacts;

/// The buffer's bound: 2.5 s in packets of 20 ms. Beyond it the oldest go, as old speech is worth
/// less than new.
pub(crate) const MAX_PACKETS: usize = 128;

/// An Opus packet within what was received.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    received: Arc<[u8]>,
    bytes: Range<usize>,
}

impl Payload {
    /// A part; empty if it is out of bounds.
    pub(crate) fn part(received: &Arc<[u8]>, bytes: Range<usize>) -> Self {
        Self {
            received: Arc::clone(received),
            bytes,
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.received.get(self.bytes.clone()).unwrap_or_default()
    }
}

/// A packet that waits to be played. Times are ticks.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// Extended RTP time.
    pub(crate) time: i64,
    /// Extended sequence number; of a copy, that of the packet it was sent with first.
    pub(crate) sequence: u64,
    pub(crate) arrived: i64,
    pub(crate) payload: Payload,
    pub(crate) facts: PacketFacts,
    /// A copy that came with a later packet (RED).
    pub(crate) copy: bool,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    New,
    Duplicate,
    /// Stored, and this many of the oldest were dropped for it.
    Overflow(u64),
}

/// The reordering buffer of one sender.
#[derive(Debug, Default)]
pub(crate) struct PacketBuffer {
    /// In order of time, no two of one time.
    packets: VecDeque<Packet>,
}

impl PacketBuffer {
    pub(crate) fn insert(&mut self, packet: Packet) -> Stored {
        // From the back: nearly every packet is the newest.
        let mut at = self.packets.len();
        while at > 0 && self.packets[at - 1].time > packet.time {
            at -= 1;
        }
        if at > 0 && self.packets[at - 1].time == packet.time {
            return Stored::Duplicate;
        }
        self.packets.insert(at, packet);
        let mut dropped = 0;
        while self.packets.len() > MAX_PACKETS {
            self.packets.pop_front();
            dropped += 1;
        }
        if dropped > 0 {
            Stored::Overflow(dropped)
        } else {
            Stored::New
        }
    }

    pub(crate) fn contains(&self, time: i64) -> bool {
        self.packets.iter().rev().any(|packet| packet.time == time)
    }

    pub(crate) fn first(&self) -> Option<&Packet> {
        self.packets.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Packet> {
        self.packets.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }

    pub(crate) fn clear(&mut self) {
        self.packets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(time: i64) -> Packet {
        let payload: Arc<[u8]> = Arc::from([9 << 3, 1, 2, 3].as_slice());
        Packet {
            time,
            sequence: 0,
            arrived: 0,
            facts: PacketFacts::of(&payload).expect("a packet"),
            payload: Payload::part(&payload, 0..payload.len()),
            copy: false,
        }
    }

    fn times(buffer: &mut PacketBuffer) -> Vec<i64> {
        std::iter::from_fn(|| buffer.pop())
            .map(|packet| packet.time)
            .collect()
    }

    #[test]
    fn packets_leave_in_the_order_of_their_times() {
        let mut buffer = PacketBuffer::default();
        for time in [30, 10, 40, 20] {
            assert_eq!(buffer.insert(packet(time)), Stored::New);
        }
        assert_eq!(times(&mut buffer), [10, 20, 30, 40]);
    }

    #[test]
    fn a_second_packet_of_one_time_is_refused() {
        let mut buffer = PacketBuffer::default();
        for time in [10, 20, 30] {
            buffer.insert(packet(time));
        }
        assert_eq!(buffer.insert(packet(20)), Stored::Duplicate);
        assert!(buffer.contains(20) && !buffer.contains(25));
        assert_eq!(buffer.len(), 3);
    }

    #[test]
    fn a_full_buffer_drops_its_oldest() {
        let mut buffer = PacketBuffer::default();
        for time in 0..MAX_PACKETS as i64 {
            assert_eq!(buffer.insert(packet(time)), Stored::New);
        }
        assert_eq!(buffer.insert(packet(1_000)), Stored::Overflow(1));
        assert_eq!(buffer.len(), MAX_PACKETS);
        assert_eq!(buffer.first().map(|packet| packet.time), Some(1));
    }

    #[test]
    fn a_part_out_of_bounds_is_empty() {
        let received: Arc<[u8]> = Arc::from([1_u8, 2, 3].as_slice());
        assert_eq!(Payload::part(&received, 1..3).as_slice(), [2, 3]);
        assert!(Payload::part(&received, 2..9).as_slice().is_empty());
    }
}
