//! From the encoder of a track to its connection.

use std::{
    ops::ControlFlow,
    sync::{Arc, Weak},
};

use super::Connection;
use crate::engine::{
    negotiation::transceiver::Transceiver,
    send::TrackEncoder,
    sink::{Format, Sink},
    ticker::Ticker,
    track::Track,
};

/// Replaces what a section sends. An audio track is encoded from now on, and sent through the
/// connection.
pub(crate) fn set_send_track(
    connection: &Weak<Connection>,
    transceiver: &Arc<Transceiver>,
    track: Option<Track>,
) {
    let Some(track) = track else {
        transceiver.clear_send_track();
        return;
    };
    transceiver.set_send_track(track, |audio| {
        Box::new(EncoderSink {
            encoder: TrackEncoder::new(Arc::downgrade(transceiver), Arc::clone(audio)),
            connection: Weak::clone(connection),
        })
    });
}

/// Hears one local track for one section.
struct EncoderSink {
    encoder: TrackEncoder,
    connection: Weak<Connection>,
}

impl Sink for EncoderSink {
    fn home(&self) -> Option<Arc<dyn Ticker>> {
        Some(self.connection.upgrade()?.ticker())
    }

    fn on_block(&mut self, pcm: &[i16], format: Format) -> ControlFlow<()> {
        if self.encoder.keep(pcm, format) {
            return ControlFlow::Continue(());
        }
        // A connection that is gone never comes back.
        let Some(connection) = self.connection.upgrade() else {
            return ControlFlow::Break(());
        };
        self.encoder.encode(pcm, format, |packet| {
            connection.queue(|core, now| core.send_audio(packet, now));
        })
    }

    fn on_missed(&mut self, blocks: u32) {
        self.encoder.miss(blocks);
    }
}
