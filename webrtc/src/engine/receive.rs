//! From RTP to frames of 10 ms.
//!
//! ```text
//! packet -> intake (whose, RED, too late?) -> buffer (order)
//!              |                                 |
//!           arrivals (target delay)  ---->  playout (what is due?)
//!                                                |  decode, recover, conceal, noise; pace
//!                                      voice (Opus, noise, stretch) -> 10 ms
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

use std::{
    ops::ControlFlow,
    sync::{Arc, Weak},
    time::Instant,
};

use str0m::rtp::RtpPacket;

pub(crate) use self::{
    counters::ReceiveCounters,
    ticks::{TICKS_PER_SECOND, seconds},
};
use self::{
    playout::{Arrival, Playout},
    voice::Voice,
};
use super::{
    driver::{self, Home},
    lock::LeafMutex,
    pulse::Pulse,
    sink::{Feeder, Format, SinkSet},
};

/// What is decoded to when the listeners do not agree on one format.
const FULL_BAND: Format = Format {
    rate_hz: 48_000,
    channels: 1,
};

/// Receives one remote audio track.
pub(crate) struct AudioReceiver {
    path: LeafMutex<Path>,
    sinks: Arc<SinkSet>,
    /// Where its packets arrive.
    home: Option<Home>,
    pulse: Pulse,
}

#[derive(Default)]
struct Path {
    playout: Playout,
    voice: Voice,
}

impl AudioReceiver {
    /// Plays to these sinks, whenever there are some, until the receiver is dropped.
    pub(crate) fn start(sinks: Arc<SinkSet>, home: Option<Home>) -> Arc<Self> {
        let receiver = Arc::new(Self {
            path: LeafMutex::default(),
            sinks,
            home,
            pulse: Pulse::default(),
        });
        let feeder: Weak<Self> = Arc::downgrade(&receiver);
        receiver.sinks.set_feeder(feeder);
        // Whoever listened before it began: the first tick ends it if nobody did.
        Arc::clone(&receiver).wake(None);
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

    /// The next 10 ms in this format or the nearest that Opus has; they may be silence.
    fn play(&self, now: Instant, format: Format, block: &mut Vec<i16>) -> Format {
        let Path { playout, voice } = &mut *self.path.lock();
        voice.next_block(playout, now, format, block)
    }
}

impl Feeder for AudioReceiver {
    /// Listeners live anywhere: what counts is where the packets come from.
    fn wake(self: Arc<Self>, _: Option<Home>) {
        if self.pulse.wake() {
            start_playout(Arc::downgrade(&self), self.home.as_ref());
        }
    }
}

fn start_playout(receiver: Weak<AudioReceiver>, home: Option<&Home>) {
    let mut block = Vec::new();
    driver::spawn_ticker(home, move |_| {
        let Some(receiver) = receiver.upgrade() else {
            return ControlFlow::Break(());
        };
        let hearers = receiver.sinks.hearers();
        if hearers.is_empty() && receiver.pulse.rests(|| receiver.sinks.is_empty()) {
            return ControlFlow::Break(());
        }
        let wanted = hearers.common_format().unwrap_or(FULL_BAND);
        let format = receiver.play(driver::now(), wanted, &mut block);
        hearers.push(&block, format);
        ControlFlow::Continue(())
    });
}
