//! From a source to RTP: queue, Opus encoder, and where the packets go.

pub(crate) mod adaptation;
pub(crate) mod encoder;
mod redundancy;
mod silence;
pub(crate) mod source;

use std::{ops::ControlFlow, sync::Weak};

use str0m::media::Mid;

use self::{
    adaptation::Adaptation,
    encoder::{EncodedFrame, EncoderSettings, VoiceEncoder},
    redundancy::Redundancy,
};
use super::{
    driver::{Connection, Home},
    negotiation::{sdp::Section, transceiver::Transceiver},
    sink::{Format, Sink},
};
use crate::audio_track::RtcAudioTrack;

/// How the peer wants Opus: the `fmtp` line of its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AudioCodec {
    pub(crate) payload_type: u8,
    /// Redundant audio (RFC 2198), if the peer prefers it.
    pub(crate) red_payload_type: Option<u8>,
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
            red_payload_type: section.preferred_red(),
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
    /// What the peer's reports call for.
    pub(crate) adaptation: Adaptation,
}

/// Encodes one local track for one transceiver.
pub(crate) struct TrackEncoder {
    transceiver: Weak<Transceiver>,
    track: RtcAudioTrack,
    encoder: VoiceEncoder,
    redundancy: Redundancy,
}

impl TrackEncoder {
    pub(crate) fn new(transceiver: Weak<Transceiver>, track: RtcAudioTrack) -> Self {
        Self {
            transceiver,
            track,
            encoder: VoiceEncoder::new(rand::random()),
            redundancy: Redundancy::default(),
        }
    }
}

impl Sink for TrackEncoder {
    fn home(&self) -> Option<Home> {
        let connection = self.transceiver.upgrade()?.connection.upgrade()?;
        Some(connection.home())
    }

    fn on_block(&mut self, pcm: &[i16], format: Format) -> ControlFlow<()> {
        // Half a frame only waits for the other half, whoever it is for.
        if self.encoder.keep(pcm, format, !self.track.enabled()) {
            return ControlFlow::Continue(());
        }
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
        let redundancy = &mut self.redundancy;
        let result = self.encoder.push(pcm, format, settings, muted, |frame| {
            send_frame(&transceiver, &connection, &target, redundancy, frame);
        });
        if let Err(error) = result {
            log::warn!("10 ms of audio were not encoded: {error}");
        }
        transceiver.note_source(self.encoder.meter(), settings.bitrate());
        ControlFlow::Continue(())
    }

    fn on_missed(&mut self, blocks: u32) {
        self.encoder.miss(blocks);
    }
}

/// From the encoder's output to RTP: encrypted, then made redundant.
fn send_frame(
    transceiver: &Transceiver,
    connection: &Connection,
    target: &SendTarget,
    redundancy: &mut Redundancy,
    frame: &EncodedFrame<'_>,
) {
    let cryptor = transceiver.send_cryptor();
    let sealed = match &cryptor {
        Some(cryptor) => cryptor.seal(frame.payload),
        None => Some(frame.payload.into()),
    };
    let Some(sealed) = sealed else { return };
    let codec = &target.codec;
    // With encryption a track is announced without redundancy: who receives it negotiates none,
    // and the server cannot unwrap what it cannot read.
    let red_payload_type = codec.red_payload_type.filter(|_| cryptor.is_none());
    let (payload_type, payload) = match red_payload_type {
        // All packets of a stream have one payload type, with a redundant frame or without.
        Some(red) => {
            let copies = if frame.ends_speech {
                0
            } else {
                target.adaptation.copies()
            };
            let payload = redundancy.wrap(codec.payload_type, &sealed, frame.timestamp, copies);
            (red, payload)
        }
        None => (codec.payload_type, &*sealed),
    };
    let packet = EncodedFrame { payload, ..*frame };
    connection.queue(|core, now| {
        core.send_audio(transceiver, target.mid, payload_type, &packet, now);
    });
    if frame.ends_speech {
        redundancy.reset();
    }
}
