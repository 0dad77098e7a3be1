//! Puts packets back in order and decides, every 20 ms, what the decoder gets.
//!
//! The depth follows the measured jitter (RFC 3550). What is not there when it is due is
//! recovered from the next packet's FEC or concealed; after 100 ms of that the stream counts as
//! paused and starts anew at its usual depth. No time-stretching: latency above the target is
//! shed a packet at a time.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// Packets held before playout starts on a perfect network.
const MIN_DEPTH: usize = 2;

/// Packets held at most on a bad one (200 ms).
const MAX_TARGET: usize = 10;

/// The buffer's bound (500 ms). Beyond it the oldest packets go: the playout is not keeping up,
/// and old speech is worth less than new.
const MAX_PACKETS: usize = 25;

/// This far above the target, one packet is skipped to shed latency.
const SHED_ABOVE_TARGET: usize = 5;

/// Concealed in a row before the stream counts as paused. Longer guesses are noise.
const MAX_CONCEALED: u32 = 5;

/// A sequence number that jumps back further is a sender that began anew, not a late packet.
const LATE_WINDOW: u64 = 500;

/// Arrival and RTP time that differ by more are two clocks, not jitter: the sender began anew.
const NEW_CLOCK_MS: f64 = 2_000.0;

/// RTP ticks per millisecond at Opus' 48 kHz.
const TICKS_PER_MS: f64 = 48.0;

/// The usual duration of a packet.
const PACKET_MS: f64 = 20.0;

/// One received packet.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) ssrc: u32,
    /// Extended by the RTP layer: does not wrap at 65 536.
    pub(crate) sequence: u64,
    pub(crate) rtp_time: u32,
    pub(crate) at: Instant,
    pub(crate) payload: Arc<[u8]>,
}

/// What the decoder does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Playout {
    Decode(Arc<[u8]>),
    /// The packet is missing, the one after it is here and carries its FEC.
    Recover(Arc<[u8]>),
    Conceal,
    /// Nothing is being received.
    Silence,
}

/// What happened to the packets of a track.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ReceiveCounters {
    pub(crate) packets: u64,
    /// Payload alone.
    pub(crate) bytes: u64,
    pub(crate) decoded: u64,
    /// Came after their turn.
    pub(crate) late: u64,
    /// Skipped to shed latency, or pushed out of a full buffer.
    pub(crate) dropped: u64,
    pub(crate) recovered: u64,
    pub(crate) concealed: u64,
    /// Interarrival jitter, RFC 3550.
    pub(crate) jitter_ms: f64,
}

/// A reordering buffer for one track.
#[derive(Debug, Default)]
pub(crate) struct JitterBuffer {
    packets: BTreeMap<u64, Arc<[u8]>>,
    state: State,
    last: Option<LastArrival>,
    counters: ReceiveCounters,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Collecting packets before the first is played.
    #[default]
    Filling,
    Playing {
        next: u64,
        concealed: u32,
    },
}

#[derive(Clone, Copy, Debug)]
struct LastArrival {
    ssrc: u32,
    rtp_time: u32,
    at: Instant,
}

impl JitterBuffer {
    /// Takes a packet. Empty ones are padding and say nothing.
    pub(crate) fn push(&mut self, arrival: Arrival) {
        if arrival.payload.is_empty() {
            return;
        }
        self.counters.packets += 1;
        self.counters.bytes += arrival.payload.len() as u64;
        self.measure(&arrival);
        if let State::Playing { next, .. } = self.state
            && arrival.sequence < next
        {
            if next - arrival.sequence < LATE_WINDOW {
                self.counters.late += 1;
                return;
            }
            self.restart();
        }
        self.packets.insert(arrival.sequence, arrival.payload);
        while self.packets.len() > MAX_PACKETS {
            self.packets.pop_first();
            self.counters.dropped += 1;
            if let (State::Playing { next, concealed }, Some((&oldest, _))) =
                (self.state, self.packets.first_key_value())
            {
                self.state = State::Playing {
                    next: next.max(oldest),
                    concealed,
                };
            }
        }
    }

    /// What is due now. Called every 20 ms.
    pub(crate) fn pop(&mut self) -> Playout {
        if self.state == State::Filling
            && self.packets.len() >= self.target()
            && let Some((&oldest, _)) = self.packets.first_key_value()
        {
            self.state = State::Playing {
                next: oldest,
                concealed: 0,
            };
        }
        let State::Playing {
            mut next,
            concealed,
        } = self.state
        else {
            return Playout::Silence;
        };
        if self.packets.len() > self.target() + SHED_ABOVE_TARGET {
            self.packets.remove(&next);
            self.counters.dropped += 1;
            next += 1;
        }
        if let Some(payload) = self.packets.remove(&next) {
            self.counters.decoded += 1;
            self.state = State::Playing {
                next: next + 1,
                concealed: 0,
            };
            return Playout::Decode(payload);
        }
        if let Some(following) = self.packets.get(&(next + 1)) {
            self.counters.recovered += 1;
            self.state = State::Playing {
                next: next + 1,
                concealed,
            };
            return Playout::Recover(Arc::clone(following));
        }
        if concealed >= MAX_CONCEALED {
            self.state = State::Filling;
            return Playout::Silence;
        }
        self.counters.concealed += 1;
        self.state = State::Playing {
            next: next + 1,
            concealed: concealed + 1,
        };
        Playout::Conceal
    }

    /// Forgets what is buffered.
    pub(crate) fn restart(&mut self) {
        self.packets.clear();
        self.state = State::Filling;
    }

    /// Packets that wait for their turn.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn held(&self) -> usize {
        self.packets.len()
    }

    pub(crate) const fn counters(&self) -> ReceiveCounters {
        self.counters
    }

    /// Packets to hold: twice the jitter above the minimum.
    fn target(&self) -> usize {
        let for_jitter = (2.0 * self.counters.jitter_ms / PACKET_MS) as usize;
        (MIN_DEPTH + for_jitter).min(MAX_TARGET)
    }

    /// Compares the gap between two arrivals with the gap between their RTP times, so that a
    /// pause of the sender (DTX) does not count as jitter.
    fn measure(&mut self, arrival: &Arrival) {
        let this = LastArrival {
            ssrc: arrival.ssrc,
            rtp_time: arrival.rtp_time,
            at: arrival.at,
        };
        let Some(last) = self.last.replace(this) else {
            return;
        };
        if last.ssrc != arrival.ssrc {
            self.restart(); // another sender on this section, with its own numbers
            return;
        }
        let sent_ticks = arrival.rtp_time.wrapping_sub(last.rtp_time).cast_signed();
        let sent_ms = f64::from(sent_ticks) / TICKS_PER_MS;
        let received_ms = arrival.at.saturating_duration_since(last.at).as_secs_f64() * 1e3;
        let difference_ms = (received_ms - sent_ms).abs();
        if difference_ms < NEW_CLOCK_MS {
            self.counters.jitter_ms += (difference_ms - self.counters.jitter_ms) / 16.0;
        }
    }
}

#[cfg(test)]
mod tests;
