//! From RTP to frames: jitter buffer, Opus decoder, 10 ms playout.

mod decoder;
pub(crate) mod frames;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod jitter;

use self::{
    decoder::VoiceDecoder,
    jitter::{Arrival, JitterBuffer},
};
use super::{
    driver,
    lock::LeafMutex,
    sink::{Format, SinkSet},
};
use std::{
    ops::ControlFlow,
    sync::{Arc, Weak},
};
use str0m::rtp::RtpPacket;

pub(crate) use jitter::ReceiveCounters;

/// What is decoded to when the listeners do not agree on one format.
const FULL_BAND: Format = Format {
    rate_hz: 48_000,
    channels: 1,
};

/// Receives one remote audio track.
pub(crate) struct AudioReceiver {
    path: LeafMutex<Path>,
    sinks: Arc<SinkSet>,
}

#[derive(Default)]
struct Path {
    jitter: JitterBuffer,
    decoder: VoiceDecoder,
}

impl AudioReceiver {
    /// Starts the playout, which ends with the receiver.
    pub(crate) fn start(sinks: Arc<SinkSet>) -> Arc<Self> {
        let receiver = Arc::new(Self {
            path: LeafMutex::default(),
            sinks,
        });
        start_playout(Arc::downgrade(&receiver));
        receiver
    }

    pub(crate) fn counters(&self) -> ReceiveCounters {
        self.path.lock().jitter.counters()
    }

    /// A packet of this track with its payload decrypted. Counted, and kept if anybody listens.
    pub(crate) fn on_packet(&self, packet: &RtpPacket, payload: &Arc<[u8]>) {
        let arrival = Arrival {
            ssrc: *packet.header.ssrc,
            sequence: *packet.seq_no,
            rtp_time: packet.header.timestamp,
            at: packet.timestamp,
            payload: Arc::clone(payload),
        };
        let unheard = self.sinks.is_empty();
        let mut path = self.path.lock();
        path.jitter.push(arrival);
        if unheard {
            path.jitter.restart();
        }
    }

    /// The next 10 ms, which may be silence.
    fn play(&self, block: &mut Vec<i16>) -> Format {
        let format = self.sinks.common_format().unwrap_or(FULL_BAND);
        let Path { jitter, decoder } = &mut *self.path.lock();
        decoder.next_block(jitter, format, block)
    }
}

fn start_playout(receiver: Weak<AudioReceiver>) {
    let mut block = Vec::new();
    driver::spawn_ticker(move || {
        let Some(receiver) = receiver.upgrade() else {
            return ControlFlow::Break(());
        };
        if !receiver.sinks.is_empty() {
            let format = receiver.play(&mut block);
            receiver.sinks.push(&block, format);
        }
        ControlFlow::Continue(())
    });
}
