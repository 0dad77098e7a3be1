//! From a source to RTP: queue, Opus encoder, and where the packets go.

pub(crate) mod encoder;
pub(crate) mod source;

use self::encoder::{EncodedFrame, EncoderSettings, VoiceEncoder};
use super::{
    negotiation::{sdp::Section, transceiver::Transceiver},
    sink::{Format, Sink},
};
use crate::audio_track::RtcAudioTrack;
use std::{ops::ControlFlow, sync::Weak};
use str0m::media::Mid;

/// How the peer wants Opus: the `fmtp` line of its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AudioCodec {
    pub(crate) payload_type: u8,
    pub(crate) fec: bool,
    pub(crate) dtx: bool,
    pub(crate) stereo: bool,
    /// Bits per second.
    pub(crate) max_bitrate: Option<i32>,
}

impl AudioCodec {
    pub(crate) fn of(section: &Section) -> Option<Self> {
        Some(Self {
            payload_type: section.opus_payload_type?,
            fec: section.opus_flag("useinbandfec"),
            dtx: section.opus_flag("usedtx"),
            stereo: section.opus_flag("stereo"),
            max_bitrate: section.opus_number("maxaveragebitrate"),
        })
    }
}

/// Where a section sends, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendTarget {
    pub(crate) mid: Mid,
    pub(crate) codec: AudioCodec,
    /// What the application asked for, bits per second.
    pub(crate) max_bitrate: Option<u64>,
}

/// Encodes one local track for one transceiver.
pub(crate) struct TrackEncoder {
    transceiver: Weak<Transceiver>,
    track: RtcAudioTrack,
    encoder: VoiceEncoder,
}

impl TrackEncoder {
    pub(crate) fn new(transceiver: Weak<Transceiver>, track: RtcAudioTrack) -> Self {
        Self {
            transceiver,
            track,
            encoder: VoiceEncoder::new(rand::random()),
        }
    }
}

impl Sink for TrackEncoder {
    fn on_block(&mut self, pcm: &[i16], format: Format) -> ControlFlow<()> {
        let Some(transceiver) = self.transceiver.upgrade() else {
            return ControlFlow::Break(());
        };
        let (Some(target), Some(connection)) =
            (transceiver.send_target(), transceiver.connection.upgrade())
        else {
            self.encoder.discard();
            return ControlFlow::Continue(());
        };
        let settings = EncoderSettings::new(&target, format);
        // A muted track sends silence, so that the peer's clock and level meter go on.
        let muted = !self.track.enabled();
        let result = self.encoder.push(pcm, format, settings, muted, |frame| {
            let payload_type = target.codec.payload_type;
            let cryptor = transceiver.send_cryptor();
            let payload = match &cryptor {
                Some(cryptor) => cryptor.seal(frame.payload),
                None => Some(frame.payload.into()),
            };
            let Some(payload) = payload else { return };
            let frame = EncodedFrame {
                payload: &payload,
                ..*frame
            };
            connection.with(|core, now| {
                core.send_audio(&transceiver, target.mid, payload_type, &frame, now)
            });
        });
        if let Err(error) = result {
            log::warn!("10 ms of audio were not encoded: {error}");
        }
        ControlFlow::Continue(())
    }
}
