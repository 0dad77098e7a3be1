//! Opus to PCM in the listener's own format where Opus can produce it.

use super::jitter::{JitterBuffer, Playout};
use crate::engine::sink::Format;
use opus::{Channels, Decoder};

/// Rates Opus decodes to by itself, without a resampler.
const OPUS_RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// The longest packet: 120 ms.
const MAX_BLOCKS_PER_PACKET: usize = 12;

/// What is assumed of a packet that was never seen: 20 ms.
const USUAL_BLOCKS_PER_PACKET: usize = 2;

/// Decodes what a jitter buffer hands out, 10 ms at a time.
#[derive(Default)]
pub(crate) struct VoiceDecoder {
    active: Option<(Format, Decoder)>,
    /// The packet being played, and how much of it has been.
    pcm: Vec<i16>,
    played: usize,
    /// Samples of the last packet: a lost one is taken to be as long.
    packet_samples: usize,
}

impl VoiceDecoder {
    /// Fills `block` with the next 10 ms in `wanted` or the nearest format that Opus has.
    pub(crate) fn next_block(
        &mut self,
        jitter: &mut JitterBuffer,
        wanted: Format,
        block: &mut Vec<i16>,
    ) -> Format {
        let format = decodable(wanted);
        self.prepare(format);
        if self.played >= self.pcm.len() {
            self.decode(jitter.pop(), format);
        }
        let samples = format.block_samples();
        let end = (self.played + samples).min(self.pcm.len());
        block.clear();
        block.extend_from_slice(&self.pcm[self.played..end]);
        block.resize(samples, 0);
        self.played = end;
        format
    }

    fn prepare(&mut self, format: Format) {
        if self
            .active
            .as_ref()
            .is_some_and(|(current, _)| *current == format)
        {
            return;
        }
        let channels = if format.channels == 2 {
            Channels::Stereo
        } else {
            Channels::Mono
        };
        self.active = Decoder::new(format.rate_hz, channels)
            .inspect_err(|error| log::error!("no Opus decoder for {format:?}: {error}"))
            .ok()
            .map(|decoder| (format, decoder));
        self.pcm.clear();
        self.played = 0;
        self.packet_samples = USUAL_BLOCKS_PER_PACKET * format.block_samples();
    }

    fn decode(&mut self, playout: Playout, format: Format) {
        self.pcm.clear();
        self.played = 0;
        let Some((_, decoder)) = &mut self.active else {
            return;
        };
        let (payload, fec, room): (&[u8], bool, usize) = match &playout {
            Playout::Decode(payload) => (
                payload,
                false,
                MAX_BLOCKS_PER_PACKET * format.block_samples(),
            ),
            Playout::Recover(following) => (following, true, self.packet_samples),
            Playout::Conceal => (&[], false, self.packet_samples),
            Playout::Silence => return,
        };
        self.pcm.resize(room, 0);
        let frames = decoder
            .decode(payload, &mut self.pcm, fec)
            .unwrap_or_else(|error| {
                log::debug!("an audio packet was not decoded: {error}");
                0
            });
        self.pcm.truncate(frames * format.channels as usize);
        if matches!(playout, Playout::Decode(_)) && !self.pcm.is_empty() {
            self.packet_samples = self.pcm.len();
        }
    }
}

/// The format to decode to: the wanted one, or 48 kHz where Opus lacks its rate; mono or stereo.
fn decodable(wanted: Format) -> Format {
    let rate_hz = if OPUS_RATES_HZ.contains(&wanted.rate_hz) {
        wanted.rate_hz
    } else {
        48_000
    };
    Format {
        rate_hz,
        channels: wanted.channels.clamp(1, 2),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::jitter::Arrival, *};
    use opus::{Application, Encoder};
    use std::{f64::consts::PI, sync::Arc, time::Duration};

    const MONO_16K: Format = Format {
        rate_hz: 16_000,
        channels: 1,
    };

    /// 400 ms of a 400 Hz tone in 20 packets, without those for which `lost` is true.
    fn tone(lost: impl Fn(u64) -> bool) -> Vec<Arrival> {
        let mut encoder =
            Encoder::new(48_000, Channels::Mono, Application::Voip).expect("an encoder");
        encoder.set_inband_fec(true).expect("FEC");
        encoder.set_packet_loss_perc(20).expect("a loss rate");
        let start = crate::engine::driver::now();
        let mut arrivals = Vec::new();
        for sequence in 0..20_u64 {
            let sample = |n: u64| {
                (8_000.0 * (2.0 * PI * 400.0 * (sequence * 960 + n) as f64 / 48_000.0).sin()) as i16
            };
            let pcm: Vec<i16> = (0..960).map(sample).collect();
            let payload: Arc<[u8]> = encoder.encode_vec(&pcm, 1_500).expect("a packet").into();
            if !lost(sequence) {
                let at = start + Duration::from_millis(20 * sequence);
                arrivals.push(Arrival {
                    ssrc: 1,
                    sequence,
                    rtp_time: sequence as u32 * 960,
                    at,
                    payload,
                });
            }
        }
        arrivals
    }

    /// Plays blocks of 10 ms while packets arrive in time.
    fn play(arrivals: Vec<Arrival>, format: Format, blocks: u64) -> Vec<i16> {
        let (mut jitter, mut decoder) = (JitterBuffer::default(), VoiceDecoder::default());
        let mut arrivals = arrivals.into_iter().peekable();
        let (mut pcm, mut block) = (Vec::new(), Vec::new());
        for tick in 0..blocks {
            while let Some(arrival) = arrivals.next_if(|arrival| arrival.sequence < 2 + tick / 2) {
                jitter.push(arrival);
            }
            assert_eq!(decoder.next_block(&mut jitter, format, &mut block), format);
            assert_eq!(block.len(), format.block_samples());
            pcm.extend_from_slice(&block);
        }
        pcm
    }

    fn rms(pcm: &[i16]) -> f64 {
        (pcm.iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum::<f64>()
            / pcm.len() as f64)
            .sqrt()
    }

    #[test]
    fn speech_is_decoded_to_the_listeners_rate() {
        let pcm = play(tone(|_| false), MONO_16K, 20);
        let crossings = pcm[800..]
            .windows(2)
            .filter(|pair| pair[0] < 0 && pair[1] >= 0)
            .count();
        assert!(
            (59..=61).contains(&crossings),
            "{crossings} periods of 400 Hz in 150 ms, not 60"
        );
    }

    #[test]
    fn a_stereo_listener_hears_a_mono_speaker_on_both_sides() {
        let pcm = play(
            tone(|_| false),
            Format {
                rate_hz: 48_000,
                channels: 2,
            },
            10,
        );
        assert!(pcm.chunks(2).all(|frame| frame[0] == frame[1]));
        assert!(rms(&pcm) > 3_000.0);
    }

    #[test]
    fn a_lost_packet_leaves_no_hole() {
        let pcm = play(tone(|sequence| sequence == 15), MONO_16K, 18);
        for (index, block) in pcm.chunks(160).enumerate().skip(4) {
            assert!(
                rms(block) > 2_000.0,
                "block {index} is a hole with rms {:.0}",
                rms(block)
            );
        }
    }

    #[test]
    fn nothing_received_is_silence() {
        let pcm = play(Vec::new(), MONO_16K, 5);
        assert!(pcm.iter().all(|sample| *sample == 0));
    }

    #[test]
    fn a_packet_of_rubbish_is_survived() {
        let mut arrivals = tone(|_| false);
        arrivals[3].payload = Arc::from([0xff_u8; 7].as_slice());
        let pcm = play(arrivals, MONO_16K, 30);
        assert!(rms(&pcm) > 2_000.0, "one bad packet silenced the stream");
    }

    #[test]
    fn a_rate_that_opus_lacks_is_decoded_at_full_band() {
        assert_eq!(
            decodable(Format {
                rate_hz: 44_100,
                channels: 1
            }),
            Format {
                rate_hz: 48_000,
                channels: 1
            }
        );
        assert_eq!(
            decodable(Format {
                rate_hz: 16_000,
                channels: 6
            }),
            Format {
                rate_hz: 16_000,
                channels: 2
            }
        );
    }
}
