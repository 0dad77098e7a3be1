//! From RTP to frames of 10 ms.
//!
//! ```text
//! packet -> intake (whose, RED, too late?) -> buffer (order)
//!              |                                 |
//!           arrivals (target delay)  ---->  playout (what is due?)
//!                                                |  decode, recover, conceal, noise; pace
//!                                             voice (Opus, stretch) -> 10 ms
//! ```
//!
//! [`playout`] decides in numbers alone, [`voice`] makes the sound; both are values that take
//! `now` as an argument.

mod arrivals;
mod buffer;
mod counters;
pub(crate) mod frames;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod histogram;
#[cfg(test)]
mod lab;
mod opus_packet;
mod playout;
pub(crate) mod red;
mod stretch;
#[cfg(test)]
mod test_support;
mod ticks;
mod voice;

use self::{
    playout::{Arrival, Playout},
    voice::Voice,
};
use super::{
    driver::{self, Pulse},
    lock::LeafMutex,
    sink::{Feeder, Format, SinkSet},
};
use std::{
    ops::ControlFlow,
    sync::{Arc, Weak},
    time::Instant,
};
use str0m::rtp::RtpPacket;

pub(crate) use counters::ReceiveCounters;
pub(crate) use ticks::{TICKS_PER_SECOND, seconds};

/// What is decoded to when the listeners do not agree on one format.
const FULL_BAND: Format = Format {
    rate_hz: 48_000,
    channels: 1,
};

/// Receives one remote audio track.
pub(crate) struct AudioReceiver {
    path: LeafMutex<Path>,
    sinks: Arc<SinkSet>,
    pulse: Pulse,
}

#[derive(Default)]
struct Path {
    playout: Playout,
    voice: Voice,
}

impl AudioReceiver {
    /// Plays to these sinks, whenever there are some, until the receiver is dropped.
    pub(crate) fn start(sinks: Arc<SinkSet>) -> Arc<Self> {
        let receiver = Arc::new(Self {
            path: LeafMutex::default(),
            sinks,
            pulse: Pulse::default(),
        });
        let feeder: Weak<Self> = Arc::downgrade(&receiver);
        receiver.sinks.set_feeder(feeder);
        // Whoever listened before it began: the first tick ends it if nobody did.
        Arc::clone(&receiver).wake();
        receiver
    }

    pub(crate) fn counters(&self) -> ReceiveCounters {
        self.path.lock().playout.counters
    }

    /// A packet of this track with its payload decrypted, which is `redundant` audio (RFC 2198)
    /// or Opus itself. Counted, and kept if anybody listens.
    pub(crate) fn on_packet(&self, packet: &RtpPacket, payload: &Arc<[u8]>, redundant: bool) {
        let arrival = Arrival {
            ssrc: *packet.header.ssrc,
            sequence: *packet.seq_no,
            rtp_time: packet.header.timestamp,
            at: packet.timestamp,
            header_bytes: packet.header.header_len,
            payload: Arc::clone(payload),
            redundant,
        };
        let unheard = self.sinks.is_empty();
        let mut path = self.path.lock();
        path.playout.push(arrival);
        if unheard {
            path.playout.restart();
        }
    }

    /// The next 10 ms, which may be silence.
    fn play(&self, now: Instant, block: &mut Vec<i16>) -> Format {
        let format = self.sinks.common_format().unwrap_or(FULL_BAND);
        let Path { playout, voice } = &mut *self.path.lock();
        voice.next_block(playout, now, format, block)
    }
}

impl Feeder for AudioReceiver {
    fn wake(self: Arc<Self>) {
        if self.pulse.wake() {
            start_playout(Arc::downgrade(&self));
        }
    }
}

fn start_playout(receiver: Weak<AudioReceiver>) {
    let mut block = Vec::new();
    driver::spawn_ticker(move |_| {
        let Some(receiver) = receiver.upgrade() else {
            return ControlFlow::Break(());
        };
        if receiver.pulse.rests(|| receiver.sinks.is_empty()) {
            return ControlFlow::Break(());
        }
        let format = receiver.play(driver::now(), &mut block);
        receiver.sinks.push(&block, format);
        ControlFlow::Continue(())
    });
}
