//! Opus for voice: 20 ms frames, in-band FEC, silence that is not sent, a level for each frame.

use opus::{Application, Bitrate, Channels, Encoder};

use super::{
    SendTarget,
    silence::{SilenceGate, Verdict},
};
use crate::engine::{resample::Converter, sink::Format};

/// RTP time runs at 48 kHz for Opus, whatever rate it encodes (RFC 7587).
const RTP_TICKS_PER_FRAME: u32 = 960;

/// Rates that Opus takes as they are; others are resampled to the next of them.
const OPUS_RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// Measured on speech (`benches/opus_settings.rs`): a third less time than libopus' default of 9
/// and half an audible step from it; 3 and below are three steps away.
const COMPLEXITY: i32 = 5;

/// Without a wish of the application or the peer, bits per second.
const DEFAULT_BITRATE: i64 = 32_000;

/// What libopus accepts, bits per second.
const BITRATE_RANGE: (i64, i64) = (6_000, 510_000);

/// The largest packet of 20 ms that Opus makes.
const MAX_PACKET_BYTES: usize = 1_500;

/// The part of the first byte that gives the mode; what it leaves out is the number of frames
/// (RFC 6716 section 3.1). Alone it is a packet without a frame: nothing is sent for now.
const MODE_BITS: u8 = !0b11;

/// What an encoder is made for. A change of the input makes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EncoderSettings {
    input: Format,
    dtx: bool,
    /// Bits per second.
    bitrate: i32,
    /// What FEC prepares for, percent of packets lost; 0 without FEC.
    expected_loss: i32,
}

impl EncoderSettings {
    /// Mono unless both the source and the peer are stereo.
    pub(crate) fn new(target: &SendTarget, source: Format) -> Self {
        let channels = if target.codec.stereo && source.channels >= 2 {
            2
        } else {
            1
        };
        let rate_hz = OPUS_RATES_HZ
            .into_iter()
            .find(|rate_hz| *rate_hz >= source.rate_hz)
            .unwrap_or(48_000);
        let expected_loss = if target.codec.fec {
            let has_redundancy = target.codec.red_payload_type.is_some();
            target.adaptation.fec_percent(has_redundancy)
        } else {
            0
        };
        let bitrate = target.adaptation.bitrate(wanted_bitrate(target));
        let bitrate = bitrate.clamp(BITRATE_RANGE.0, BITRATE_RANGE.1);
        Self {
            input: Format { rate_hz, channels },
            dtx: target.codec.dtx,
            bitrate: i32::try_from(bitrate).unwrap_or(i32::MAX),
            expected_loss,
        }
    }

    /// Bits per second.
    pub(crate) const fn bitrate(&self) -> i32 {
        self.bitrate
    }
}

/// What the application asks for, but at most what the peer takes.
fn wanted_bitrate(target: &SendTarget) -> i64 {
    let wished = target
        .max_bitrate
        .map(|bits| i64::try_from(bits).unwrap_or(i64::MAX));
    let limit = target.codec.max_bitrate.map(i64::from);
    match (wished, limit) {
        (Some(wished), Some(limit)) => wished.min(limit),
        (Some(bitrate), None) | (None, Some(bitrate)) => bitrate,
        (None, None) => DEFAULT_BITRATE,
    }
    .clamp(BITRATE_RANGE.0, BITRATE_RANGE.1)
}

/// One frame of 20 ms to be sent.
#[derive(Debug)]
pub(crate) struct EncodedFrame<'a> {
    pub(crate) payload: &'a [u8],
    /// RTP time, 48 kHz.
    pub(crate) timestamp: u32,
    /// First frame of speech after a silence that was not sent.
    pub(crate) marker: bool,
    /// -127 (silence) to 0 dBov.
    pub(crate) level_dbov: i8,
    /// Nothing is sent for a while after this.
    pub(crate) ends_speech: bool,
}

/// Turns blocks of PCM into Opus frames.
pub(crate) struct VoiceEncoder {
    active: Option<Active>,
    pending: Vec<i16>,
    /// Nobody took what was said last.
    is_unheard: bool,
    timestamp: u32,
    /// 10 ms of time that passed without sound and is not in `timestamp` yet: half a frame.
    missed: bool,
    marker: bool,
    silence: SilenceGate,
    packet: Vec<u8>,
    meter: Meter,
}

/// What a source gave so far, for statistics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    /// Root mean square of the last frame, 1.0 is full scale.
    pub(crate) level: f64,
    /// Sum of mean square times seconds.
    pub(crate) energy: f64,
    pub(crate) seconds: f64,
}

impl Meter {
    fn add(&mut self, mean_square: f32) {
        let seconds = 0.02;
        self.level = f64::from(mean_square).sqrt();
        self.energy += f64::from(mean_square) * seconds;
        self.seconds += seconds;
    }
}

struct Active {
    settings: EncoderSettings,
    encoder: Encoder,
    converter: Converter,
    /// The first byte of the last packet.
    mode: Option<u8>,
}

impl VoiceEncoder {
    /// `timestamp` is the first frame's RTP time, which should be random (RFC 3550).
    pub(crate) fn new(timestamp: u32) -> Self {
        let packet = vec![0; MAX_PACKET_BYTES];
        Self {
            active: None,
            pending: Vec::new(),
            is_unheard: true,
            timestamp,
            missed: false,
            marker: true,
            silence: SilenceGate::default(),
            packet,
            meter: Meter::default(),
        }
    }

    /// So many blocks of 10 ms were skipped after a stall. RTP time goes on with the clock that
    /// sound is taken by (RFC 3550 section 5.1): if it stood still, all that follows would be late
    /// by the stall, and every receiver would hold speech back for it. Whole frames, so that
    /// frames stay 20 ms apart; the rest is added to the next.
    pub(crate) fn miss(&mut self, blocks: u32) {
        let blocks = blocks.saturating_add(u32::from(self.missed));
        self.missed = blocks % 2 == 1;
        let ticks = (blocks / 2).wrapping_mul(RTP_TICKS_PER_FRAME);
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// 10 ms that nobody listens to: time goes on, and half a frame is forgotten.
    pub(crate) fn discard(&mut self) {
        self.miss(1 + u32::from(!self.pending.is_empty()));
        self.pending.clear();
        self.is_unheard = true;
        self.marker = true;
        self.silence.reset();
    }

    pub(crate) const fn meter(&self) -> Meter {
        self.meter
    }

    /// Takes a block that completes no frame and needs no conversion; false if it is not such a
    /// block, or nobody listened so far.
    pub(crate) fn keep(&mut self, pcm: &[i16], format: Format, muted: bool) -> bool {
        let input = self.active.as_ref().map(|active| active.settings.input);
        let is_whole = self.pending.len() + pcm.len() >= 2 * format.block_samples();
        if input != Some(format) || self.is_unheard || is_whole {
            return false;
        }
        self.append(pcm, muted);
        true
    }

    fn append(&mut self, pcm: &[i16], muted: bool) {
        let before = self.pending.len();
        self.pending.extend_from_slice(pcm);
        if muted {
            self.pending[before..].fill(0);
        }
    }

    /// Takes a block and gives `send` each frame that is complete.
    ///
    /// # Errors
    ///
    /// When libopus refuses; the samples are lost.
    pub(crate) fn push(
        &mut self,
        pcm: &[i16],
        format: Format,
        settings: EncoderSettings,
        muted: bool,
        mut send: impl FnMut(&EncodedFrame<'_>),
    ) -> Result<(), opus::Error> {
        let mut active = match self.active.take() {
            Some(active) => active.with(settings)?,
            None => Active::new(settings)?,
        };
        self.is_unheard = false;
        if format == settings.input {
            self.append(pcm, muted);
        } else {
            self.append(&active.converter.convert(pcm, format), muted);
        }
        let frame_samples = 2 * settings.input.block_samples();
        let mut result = Ok(());
        while self.pending.len() >= frame_samples {
            result = self.encode(&mut active, frame_samples, &mut send);
            self.pending.drain(..frame_samples);
        }
        self.active = Some(active);
        result
    }

    /// Encodes the first frame that is pending, unless it is silence that need not be sent.
    fn encode(
        &mut self,
        active: &mut Active,
        samples: usize,
        send: &mut impl FnMut(&EncodedFrame<'_>),
    ) -> Result<(), opus::Error> {
        let frame = self.pending.get(..samples).unwrap_or_default();
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(RTP_TICKS_PER_FRAME);
        let mean_square = mean_square(frame);
        self.meter.add(mean_square);
        let verdict = if active.settings.dtx {
            self.silence.judge(frame)
        } else {
            self.silence.reset();
            Verdict::Speech
        };
        let bytes = match (verdict, active.mode) {
            (Verdict::Skip, _) => return Ok(()),
            (Verdict::Announce, Some(mode)) => {
                self.packet[0] = mode & MODE_BITS;
                1
            }
            (Verdict::Announce | Verdict::Refresh | Verdict::Speech, _) => {
                let bytes = active.encoder.encode(frame, &mut self.packet)?;
                active.mode = self.packet.first().copied();
                bytes
            }
        };
        // The marker waits for speech: a refresh of silence begins nothing.
        let marker = verdict == Verdict::Speech && self.marker;
        self.marker = verdict != Verdict::Speech;
        send(&EncodedFrame {
            payload: &self.packet[..bytes],
            timestamp,
            marker,
            level_dbov: level(mean_square),
            ends_speech: verdict != Verdict::Speech,
        });
        Ok(())
    }
}

impl Active {
    fn new(settings: EncoderSettings) -> Result<Self, opus::Error> {
        let channels = if settings.input.channels == 2 {
            Channels::Stereo
        } else {
            Channels::Mono
        };
        let mut encoder = Encoder::new(settings.input.rate_hz, channels, Application::Voip)?;
        encoder.set_complexity(COMPLEXITY)?;
        let mut active = Self {
            settings,
            encoder,
            converter: Converter::new(settings.input),
            mode: None,
        };
        active.adjust(settings)?;
        Ok(active)
    }

    /// This encoder with other settings: replaced for another input, else kept.
    fn with(mut self, settings: EncoderSettings) -> Result<Self, opus::Error> {
        if self.settings == settings {
            return Ok(self);
        }
        if self.settings.input != settings.input {
            return Self::new(settings);
        }
        self.adjust(settings)?;
        Ok(self)
    }

    fn adjust(&mut self, settings: EncoderSettings) -> Result<(), opus::Error> {
        self.encoder.set_inband_fec(settings.expected_loss > 0)?;
        self.encoder.set_packet_loss_perc(settings.expected_loss)?;
        self.encoder.set_bitrate(Bitrate::Bits(settings.bitrate))?;
        self.settings = settings;
        Ok(())
    }
}

/// 1.0 is full scale.
fn mean_square(frame: &[i16]) -> f32 {
    let energy = frame
        .iter()
        .map(|sample| f32::from(*sample).powi(2))
        .sum::<f32>();
    energy / (frame.len().max(1) as f32) / 32_768.0_f32.powi(2)
}

/// Level of a frame for the RTP audio level extension (RFC 6464), dBov. Without it the server
/// cannot detect who speaks.
fn level(mean_square: f32) -> i8 {
    (10.0 * mean_square.max(1e-13).log10()).clamp(-127.0, 0.0) as i8
}

#[cfg(test)]
mod tests;
