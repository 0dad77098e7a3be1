//! Opus for voice: 20 ms frames, in-band FEC, a level for each frame.

use super::SendTarget;
use crate::engine::{resample::Converter, sink::Format};
use opus::{Application, Bitrate, Channels, Encoder};

/// RTP time runs at 48 kHz for Opus, whatever rate it encodes (RFC 7587).
const RTP_TICKS_PER_FRAME: u32 = 960;

/// Rates that Opus takes as they are; others are resampled to 48 kHz.
const OPUS_RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// Good speech for less time than libopus' default 9 (measured: 160 against 195 µs per 20 ms).
const COMPLEXITY: i32 = 5;

/// With DTX the least at which libopus runs its signal analysis (10 µs more). Below it, a low
/// tone or hum counts as silence and is not sent.
const COMPLEXITY_WITH_DTX: i32 = 7;

/// What FEC prepares for, percent of packets lost.
const EXPECTED_LOSS_PERCENT: i32 = 10;

/// Without a wish of the application or the peer, bits per second.
const DEFAULT_BITRATE: i64 = 32_000;

/// What libopus accepts, bits per second.
const BITRATE_RANGE: (i64, i64) = (6_000, 510_000);

/// A packet this short says "silence goes on" and need not be sent.
const DTX_PACKET_BYTES: usize = 2;

/// The largest packet of 20 ms that Opus makes.
const MAX_PACKET_BYTES: usize = 1_500;

/// What an encoder is made for. Any change but the bit rate makes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EncoderSettings {
    input: Format,
    fec: bool,
    dtx: bool,
    bitrate: i32,
}

impl EncoderSettings {
    /// Mono unless both the source and the peer are stereo.
    pub(crate) fn new(target: &SendTarget, source: Format) -> Self {
        let channels = if target.codec.stereo && source.channels >= 2 {
            2
        } else {
            1
        };
        let rate_hz = if OPUS_RATES_HZ.contains(&source.rate_hz) {
            source.rate_hz
        } else {
            48_000
        };
        let wished = target
            .max_bitrate
            .map(|bits| i64::try_from(bits).unwrap_or(i64::MAX));
        let bitrate = wished
            .or_else(|| target.codec.max_bitrate.map(i64::from))
            .unwrap_or(DEFAULT_BITRATE);
        let bitrate = bitrate.clamp(BITRATE_RANGE.0, BITRATE_RANGE.1);
        Self {
            input: Format { rate_hz, channels },
            fec: target.codec.fec,
            dtx: target.codec.dtx,
            bitrate: i32::try_from(bitrate).unwrap_or(i32::MAX),
        }
    }
}

/// One encoded frame of 20 ms.
#[derive(Debug)]
pub(crate) struct EncodedFrame<'a> {
    pub(crate) payload: &'a [u8],
    /// RTP time, 48 kHz.
    pub(crate) timestamp: u32,
    /// First frame after a silence that was not sent.
    pub(crate) marker: bool,
    /// -127 (silence) to 0 dBov.
    pub(crate) level_dbov: i8,
}

/// Turns blocks of PCM into Opus frames.
pub(crate) struct VoiceEncoder {
    active: Option<Active>,
    pending: Vec<i16>,
    timestamp: u32,
    marker: bool,
    packet: Vec<u8>,
}

struct Active {
    settings: EncoderSettings,
    encoder: Encoder,
    converter: Converter,
}

impl VoiceEncoder {
    /// `timestamp` is the first frame's RTP time, which should be random (RFC 3550).
    pub(crate) fn new(timestamp: u32) -> Self {
        let packet = vec![0; MAX_PACKET_BYTES];
        Self {
            active: None,
            pending: Vec::new(),
            timestamp,
            marker: true,
            packet,
        }
    }

    /// Forgets half a frame: nobody is listening.
    pub(crate) fn discard(&mut self) {
        self.pending.clear();
        self.marker = true;
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
        let mut block = active.converter.convert(pcm, format);
        if muted {
            block.fill(0);
        }
        self.pending.extend_from_slice(&block);
        let frame_samples = 2 * settings.input.block_samples();
        while self.pending.len() >= frame_samples {
            let frame = &self.pending[..frame_samples];
            let level_dbov = level(frame);
            let encoded = active.encoder.encode(frame, &mut self.packet);
            self.pending.drain(..frame_samples);
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(RTP_TICKS_PER_FRAME);
            let bytes = encoded?;
            if bytes <= DTX_PACKET_BYTES {
                self.marker = true;
                continue;
            }
            let marker = std::mem::replace(&mut self.marker, false);
            send(&EncodedFrame {
                payload: &self.packet[..bytes],
                timestamp,
                marker,
                level_dbov,
            });
        }
        self.active = Some(active);
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
        encoder.set_complexity(if settings.dtx {
            COMPLEXITY_WITH_DTX
        } else {
            COMPLEXITY
        })?;
        encoder.set_inband_fec(settings.fec)?;
        encoder.set_packet_loss_perc(if settings.fec {
            EXPECTED_LOSS_PERCENT
        } else {
            0
        })?;
        encoder.set_dtx(settings.dtx)?;
        encoder.set_bitrate(Bitrate::Bits(settings.bitrate))?;
        Ok(Self {
            settings,
            encoder,
            converter: Converter::new(settings.input),
        })
    }

    /// This encoder with other settings: kept for a change of bit rate, else replaced.
    fn with(mut self, settings: EncoderSettings) -> Result<Self, opus::Error> {
        if self.settings == settings {
            return Ok(self);
        }
        if (EncoderSettings {
            bitrate: settings.bitrate,
            ..self.settings
        }) != settings
        {
            return Self::new(settings);
        }
        self.encoder.set_bitrate(Bitrate::Bits(settings.bitrate))?;
        self.settings = settings;
        Ok(self)
    }
}

/// Mean level of a frame for the RTP audio level extension (RFC 6464). Without it the server
/// cannot tell who speaks.
fn level(frame: &[i16]) -> i8 {
    let energy = frame
        .iter()
        .map(|sample| f32::from(*sample).powi(2))
        .sum::<f32>();
    let mean = energy / (frame.len().max(1) as f32) / 32_768.0_f32.powi(2);
    (10.0 * mean.max(1e-13).log10()).clamp(-127.0, 0.0) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::send::AudioCodec;

    const MONO_24K: Format = Format {
        rate_hz: 24_000,
        channels: 1,
    };

    fn target(dtx: bool, stereo: bool, max_bitrate: Option<u64>) -> SendTarget {
        let codec = AudioCodec {
            payload_type: 111,
            fec: true,
            dtx,
            stereo,
            max_bitrate: None,
        };
        SendTarget {
            mid: "0".into(),
            codec,
            max_bitrate,
        }
    }

    fn voice(blocks: usize) -> Vec<i16> {
        let sample = |n: usize| {
            (6_000.0 * (n as f64 * 0.08).sin() * (1.0 + (n as f64 * 0.003).sin()) / 2.0) as i16
        };
        (0..blocks * MONO_24K.block_samples()).map(sample).collect()
    }

    /// Encodes blocks; returns (timestamp, marker, level) of each frame that was sent.
    fn encode(
        encoder: &mut VoiceEncoder,
        pcm: &[i16],
        target: &SendTarget,
        muted: bool,
    ) -> Vec<(u32, bool, i8)> {
        let mut sent = Vec::new();
        for block in pcm.chunks(MONO_24K.block_samples()) {
            let settings = EncoderSettings::new(target, MONO_24K);
            let result = encoder.push(block, MONO_24K, settings, muted, |frame| {
                assert!(!frame.payload.is_empty());
                sent.push((frame.timestamp, frame.marker, frame.level_dbov));
            });
            result.expect("libopus encodes 10 ms of 24 kHz");
        }
        sent
    }

    #[test]
    fn every_second_block_completes_a_frame_and_time_runs_at_48_khz() {
        let mut encoder = VoiceEncoder::new(u32::MAX - 100);
        let sent = encode(&mut encoder, &voice(6), &target(false, false, None), false);
        let timestamps: Vec<u32> = sent.iter().map(|frame| frame.0).collect();
        assert_eq!(timestamps, [u32::MAX - 100, 859, 1_819], "time must wrap");
        let markers: Vec<bool> = sent.iter().map(|frame| frame.1).collect();
        assert_eq!(markers, [true, false, false]);
    }

    #[test]
    fn a_muted_track_sends_silence() {
        let mut encoder = VoiceEncoder::new(0);
        let sent = encode(&mut encoder, &voice(4), &target(false, false, None), true);
        assert_eq!(
            sent.iter().map(|frame| frame.2).collect::<Vec<_>>(),
            [-127, -127]
        );
    }

    #[test]
    fn silence_is_not_sent_with_dtx_and_speech_after_it_is_marked() {
        let mut encoder = VoiceEncoder::new(0);
        let target = target(true, false, None);
        encode(&mut encoder, &voice(10), &target, false);
        let silence = encode(&mut encoder, &vec![0; 200 * 240], &target, false);
        assert!(
            silence.len() < 40,
            "{} of 100 silent frames were sent",
            silence.len()
        );
        let speech = encode(&mut encoder, &voice(10), &target, false);
        assert_eq!(speech.len(), 5);
        assert!(speech[0].1, "the first frame of speech is not marked");
        assert_eq!(speech[0].0 / 960, 105, "time stood still in the silence");
    }

    #[test]
    fn a_low_tone_is_not_taken_for_silence() {
        let tone = |n: usize| {
            (30_000.0 * (n as f64 * std::f64::consts::TAU * 60.0 / 24_000.0).sin()) as i16
        };
        let pcm: Vec<i16> = (0..400 * 240).map(tone).collect();
        let sent = encode(
            &mut VoiceEncoder::new(0),
            &pcm,
            &target(true, false, None),
            false,
        );
        assert_eq!(sent.len(), 200, "frames of a 60 Hz tone that were sent");
    }

    #[test]
    fn a_change_of_bit_rate_keeps_the_stream() {
        let mut encoder = VoiceEncoder::new(0);
        encode(
            &mut encoder,
            &voice(3),
            &target(false, false, Some(16_000)),
            false,
        );
        let sent = encode(
            &mut encoder,
            &voice(3),
            &target(false, false, Some(64_000)),
            false,
        );
        assert_eq!(
            sent.iter()
                .map(|frame| (frame.0, frame.1))
                .collect::<Vec<_>>(),
            [(960, false), (1_920, false)]
        );
    }

    #[test]
    fn settings_follow_the_source_and_the_peer() {
        let stereo_441 = Format {
            rate_hz: 44_100,
            channels: 2,
        };
        let settings = EncoderSettings::new(&target(false, true, Some(1)), stereo_441);
        assert_eq!(
            settings.input,
            Format {
                rate_hz: 48_000,
                channels: 2
            }
        );
        assert_eq!(settings.bitrate, 6_000);
        let settings = EncoderSettings::new(&target(false, false, None), stereo_441);
        assert_eq!((settings.input.channels, settings.bitrate), (1, 32_000));
    }

    #[test]
    fn levels_run_from_silence_to_full_scale() {
        assert_eq!(level(&[0; 480]), -127);
        assert_eq!(level(&[i16::MIN; 480]), 0);
        assert_eq!(level(&[3_277; 480]), -19);
    }
}
