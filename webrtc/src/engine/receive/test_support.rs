//! The receive path of one track in virtual time, for hostile input (see `crate::test_support::fuzzing`).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    buffer::MAX_PACKETS,
    playout::{Arrival, Playout},
    voice::Voice,
};
use crate::engine::sink::Format;

/// What a peer chooses freely of a packet.
pub(crate) struct Packet {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u64,
    pub(crate) rtp_time: u32,
    pub(crate) payload: Arc<[u8]>,
    /// Redundant audio (RFC 2198).
    pub(crate) redundant: bool,
}

/// Playout, voice and a clock.
pub(crate) struct Listener {
    playout: Playout,
    voice: Voice,
    now: Instant,
    block: Vec<i16>,
}

impl Listener {
    /// Packets held at most, whatever the peer sends.
    pub(crate) const MAX_HELD: usize = MAX_PACKETS;

    /// Packets held once the peer has sent properly for some seconds.
    pub(crate) const MAX_HELD_IN_PEACE: usize = 20;

    pub(crate) fn new(now: Instant) -> Self {
        Self {
            playout: Playout::default(),
            voice: Voice::default(),
            now,
            block: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, packet: Packet) {
        self.playout.push(Arrival {
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            rtp_time: packet.rtp_time,
            at: self.now,
            header_bytes: 12,
            payload: packet.payload,
            redundant: packet.redundant,
        });
    }

    /// The next 10 ms and their format.
    pub(crate) fn play(&mut self, wanted: Format) -> (&[i16], Format) {
        self.now += Duration::from_millis(10);
        let Self {
            playout,
            voice,
            now,
            block,
        } = self;
        let format = voice.next_block(playout, *now, wanted, block);
        (&self.block, format)
    }

    /// Packets that wait for their turn.
    pub(crate) fn held(&self) -> usize {
        self.playout.held()
    }

    /// Packets received so far.
    pub(crate) fn packets(&self) -> u64 {
        self.playout.counters.packets
    }
}
