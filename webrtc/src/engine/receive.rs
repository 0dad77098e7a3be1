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
mod histogram;
mod opus_packet;
mod playout;
pub(crate) mod red;
mod stretch;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod test_support;
#[cfg(test)]
mod tests;
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
    lock::LeafMutex,
    pulse::Pulse,
    sink::{Feeder, Format, SinkSet},
    ticker::{Tick, Ticker},
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
    /// Where its packets arrive: listeners may live anywhere.
    ticker: Arc<dyn Ticker>,
    pulse: Pulse,
}

#[derive(Default)]
struct Path {
    playout: Playout,
    voice: Voice,
}

impl AudioReceiver {
    /// Plays to these sinks, whenever there are some, until the receiver is dropped.
    pub(crate) fn start(sinks: Arc<SinkSet>, ticker: Arc<dyn Ticker>) -> Arc<Self> {
        let receiver = Arc::new(Self {
            path: LeafMutex::default(),
            sinks,
            ticker,
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
    fn wake(self: Arc<Self>, _: Option<Arc<dyn Ticker>>) {
        if self.pulse.wake() {
            self.ticker.start(playout_of(Arc::downgrade(&self)));
        }
    }
}

fn playout_of(receiver: Weak<AudioReceiver>) -> Tick {
    let mut block = Vec::new();
    Box::new(move |now, _| {
        let Some(receiver) = receiver.upgrade() else {
            return ControlFlow::Break(());
        };
        let hearers = receiver.sinks.hearers();
        if hearers.is_empty() && receiver.pulse.rests(|| receiver.sinks.is_empty()) {
            return ControlFlow::Break(());
        }
        let wanted = hearers.common_format().unwrap_or(FULL_BAND);
        let format = receiver.play(now, wanted, &mut block);
        hearers.push(&block, format);
        ControlFlow::Continue(())
    })
}
