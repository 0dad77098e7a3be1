//! From a source to RTP: queue, Opus encoder, and where the packets go.

pub(crate) mod adaptation;
pub(crate) mod encoder;
mod redundancy;
mod silence;
pub(crate) mod source;

use std::{
    ops::ControlFlow,
    sync::{Arc, Weak},
};

use str0m::media::Mid;

use self::{
    adaptation::Adaptation,
    encoder::{EncodedFrame, EncoderSettings, VoiceEncoder},
    redundancy::Redundancy,
};
use super::{
    negotiation::{sdp::Section, transceiver::Transceiver},
    sink::Format,
    track::AudioTrack,
};

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
    track: Arc<AudioTrack>,
    encoder: VoiceEncoder,
    redundancy: Redundancy,
}

impl TrackEncoder {
    pub(crate) fn new(transceiver: Weak<Transceiver>, track: Arc<AudioTrack>) -> Self {
        Self {
            transceiver,
            track,
            encoder: VoiceEncoder::new(rand::random()),
            redundancy: Redundancy::default(),
        }
    }
}

impl TrackEncoder {
    /// Keeps half a frame until the other half comes, whoever it is for. False for the half that
    /// completes a frame: [`Self::encode`] it.
    pub(crate) fn keep(&mut self, pcm: &[i16], format: Format) -> bool {
        self.encoder.keep(pcm, format, !self.track.enabled.get())
    }

    /// Encodes a frame's last 10 ms; `send` is given the packets that this makes. Breaks when the
    /// section is gone.
    pub(crate) fn encode(
        &mut self,
        pcm: &[i16],
        format: Format,
        mut send: impl FnMut(&OutgoingPacket<'_>),
    ) -> ControlFlow<()> {
        let Some(transceiver) = self.transceiver.upgrade() else {
            return ControlFlow::Break(());
        };
        let Some(target) = transceiver.send_target() else {
            self.encoder.discard();
            return ControlFlow::Continue(());
        };
        let settings = EncoderSettings::new(&target, format);
        // A muted track sends silence, so that the peer's clock and level meter go on.
        let muted = !self.track.enabled.get();
        let redundancy = &mut self.redundancy;
        let result = self.encoder.push(pcm, format, settings, muted, |frame| {
            pack(&transceiver, &target, redundancy, frame, &mut send);
        });
        if let Err(error) = result {
            log::warn!("10 ms of audio were not encoded: {error}");
        }
        transceiver.note_source(self.encoder.meter(), settings.bitrate());
        ControlFlow::Continue(())
    }

    /// Time passed without blocks: so many of 10 ms were skipped after a stall.
    pub(crate) fn miss(&mut self, blocks: u32) {
        self.encoder.miss(blocks);
    }
}

/// What one section sends next.
pub(crate) struct OutgoingPacket<'a> {
    pub(crate) transceiver: &'a Transceiver,
    pub(crate) mid: Mid,
    pub(crate) payload_type: u8,
    pub(crate) frame: EncodedFrame<'a>,
}

/// From the encoder's output to RTP: encrypted, then made redundant.
fn pack(
    transceiver: &Transceiver,
    target: &SendTarget,
    redundancy: &mut Redundancy,
    frame: &EncodedFrame<'_>,
    send: &mut impl FnMut(&OutgoingPacket<'_>),
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
    send(&OutgoingPacket {
        transceiver,
        mid: target.mid,
        payload_type,
        frame: EncodedFrame { payload, ..*frame },
    });
    if frame.ends_speech {
        redundancy.reset();
    }
}
