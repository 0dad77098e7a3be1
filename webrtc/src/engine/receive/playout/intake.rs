//! Packets as they arrive: whose they are, what they carry, whether they are still of use.

use std::{sync::Arc, time::Instant};

use super::{
    super::{
        arrivals::Arrived,
        buffer::{Packet, Payload, Stored},
        opus_packet::PacketFacts,
        red::{Block, Blocks},
        ticks,
    },
    Playout, State,
};

/// Losses made good from FEC that are remembered, to tell a late original from a missed one.
const REMEMBERED: usize = 8;

/// If so many packets in a row are too late (320 ms), it is the playout that is wrong: it had
/// followed a time that was not the sender's.
const MAX_TOO_LATE: u32 = 16;

/// One received packet.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) ssrc: u32,
    /// Extended by the RTP layer: does not wrap at 65 536.
    pub(crate) sequence: u64,
    pub(crate) rtp_time: u32,
    pub(crate) at: Instant,
    /// Bytes of header and extensions.
    pub(crate) header_bytes: usize,
    pub(crate) payload: Arc<[u8]>,
    /// The payload is redundant audio (RFC 2198), not Opus itself.
    pub(crate) redundant: bool,
}

/// Who sends on this track.
#[derive(Debug)]
pub(super) struct Sender {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    /// Lost from the senders before this one.
    lost_before: i64,
    /// Extended RTP time of the newest packet.
    newest: i64,
    /// The last times recovered from FEC, in a ring.
    recovered: [i64; REMEMBERED],
    recoveries: usize,
    /// Packets in a row whose turn was over.
    too_late: u32,
}

impl Sender {
    fn new(arrival: &Arrival, lost_before: i64) -> Self {
        Self {
            ssrc: arrival.ssrc,
            first: arrival.sequence,
            highest: arrival.sequence,
            received: 0,
            lost_before,
            newest: i64::from(arrival.rtp_time),
            recovered: [i64::MIN; REMEMBERED],
            recoveries: 0,
            too_late: 0,
        }
    }

    pub(super) const fn remember_recovered(&mut self, time: i64) {
        self.recovered[self.recoveries % REMEMBERED] = time;
        self.recoveries = self.recoveries.wrapping_add(1);
    }

    /// Expected less received (RFC 3550, section 6.4.1).
    fn lost(&self) -> i64 {
        let expected = (self.highest - self.first).saturating_add(1);
        self.lost_before
            .saturating_add(expected.cast_signed())
            .saturating_sub(self.received.cast_signed())
    }
}

impl Playout {
    /// Takes a packet. Empty ones are padding: counted, not played.
    pub(crate) fn push(&mut self, arrival: Arrival) {
        let epoch = *self.epoch.get_or_insert(arrival.at);
        let arrived = ticks::since(epoch, arrival.at);
        let jumped = self.count(&arrival);
        if arrival.payload.is_empty() {
            return;
        }
        let Some(sender) = &self.sender else {
            return;
        };
        let time = ticks::extend(arrival.rtp_time, sender.newest);
        let new_clock = self.arrivals.on_packet(arrived, time) == Arrived::NewClock;
        if new_clock {
            self.restart();
        }
        if let Some(sender) = &mut self.sender {
            sender.newest = if new_clock {
                time
            } else {
                sender.newest.max(time)
            };
        }
        self.counters.jitter = self.arrivals.jitter();
        let whole = [Block {
            age: 0,
            bytes: 0..arrival.payload.len(),
        }];
        let parsed = if arrival.redundant {
            Blocks::parse(&arrival.payload)
        } else {
            None
        };
        let blocks = match &parsed {
            Some(blocks) => blocks.as_slice(),
            None if arrival.redundant => &[],
            None => &whole,
        };
        for (ahead, block) in blocks.iter().rev().enumerate() {
            let payload = Payload::part(&arrival.payload, block.bytes.clone());
            let Some(facts) = PacketFacts::of(payload.as_slice()) else {
                continue;
            };
            let packet = Packet {
                time: time - i64::from(block.age),
                sequence: arrival.sequence.saturating_sub(ahead as u64),
                arrived,
                payload,
                facts,
                copy: block.age > 0,
            };
            self.store(packet, jumped);
        }
    }

    /// Counts a packet and follows its sender. True if packets before it have not come (yet).
    fn count(&mut self, arrival: &Arrival) -> bool {
        self.counters.packets += 1;
        self.counters.bytes += arrival.payload.len() as u64;
        self.counters.header_bytes += arrival.header_bytes as u64;
        self.counters.last_arrival = Some(arrival.at);
        self.counters.ssrc = arrival.ssrc;
        if self
            .sender
            .as_ref()
            .is_none_or(|sender| sender.ssrc != arrival.ssrc)
        {
            // Another sender on this section, with its own numbers and its own clock.
            let lost = self.sender.as_ref().map_or(0, Sender::lost);
            self.sender = Some(Sender::new(arrival, lost));
            self.arrivals = super::Arrivals::default();
            self.restart();
        }
        let Some(sender) = &mut self.sender else {
            return false;
        };
        let jumped = arrival.sequence > sender.highest.saturating_add(1);
        sender.received += 1;
        sender.first = sender.first.min(arrival.sequence);
        sender.highest = sender.highest.max(arrival.sequence);
        self.counters.lost = sender.lost();
        jumped
    }

    fn store(&mut self, packet: Packet, jumped: bool) {
        let (time, arrived, copy) = (packet.time, packet.arrived, packet.copy);
        let covers = (jumped && packet.facts.fec).then_some(time - packet.facts.frame);
        if copy {
            self.counters.copies += 1;
            self.counters.copy_bytes += packet.payload.as_slice().len() as u64;
        }
        if self.is_too_late(&packet) {
            if copy {
                self.counters.copies_discarded += 1;
            } else {
                self.counters.discarded += 1;
                let made_good = self
                    .sender
                    .as_ref()
                    .is_some_and(|sender| sender.recovered.contains(&time));
                if !made_good {
                    self.arrivals.learn(self.arrivals.lateness(arrived, time));
                }
            }
            return;
        }
        match self.buffer.insert(packet) {
            Stored::Duplicate if copy => self.counters.copies_discarded += 1,
            Stored::Duplicate => self.counters.discarded += 1,
            Stored::New => self.arrivals.learn(self.arrivals.lateness(arrived, time)),
            Stored::Overflow(dropped) => self.counters.discarded += dropped,
        }
        // What was lost before it can be played from now on: that late is its sound.
        if let Some(covered) = covers
            && !self.buffer.contains(covered)
        {
            self.arrivals
                .learn(self.arrivals.lateness(arrived, covered));
        }
    }

    fn is_too_late(&mut self, packet: &Packet) -> bool {
        let State::Playing { next, .. } = self.state else {
            return false;
        };
        let late = packet.time < next;
        let (Some(sender), false) = (&mut self.sender, packet.copy) else {
            return late;
        };
        sender.too_late = if late { sender.too_late + 1 } else { 0 };
        if sender.too_late < MAX_TOO_LATE {
            return late;
        }
        sender.too_late = 0;
        self.restart();
        false
    }

    /// Forgets what is buffered.
    pub(crate) fn restart(&mut self) {
        self.buffer.clear();
        self.state = State::Filling;
    }
}
