//! Opus to PCM in the listener's own format where Opus can produce it, at the pace the playout
//! asks for.

mod noise;

use std::time::Instant;

use opus::{Channels, Decoder};

use self::noise::Noise;
use super::{
    playout::{Pace, Playout, Step},
    stretch::{Layout, Stretcher},
    ticks::{BLOCK_TICKS, TICKS_PER_SECOND},
};
use crate::engine::sink::Format;

/// Rates Opus decodes to by itself, without a resampler.
const OPUS_RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// How alike two periods must be for one of them to go unnoticed, and when time presses.
const ALIKE: f32 = 0.85;
const ALIKE_ENOUGH: f32 = 0.5;

/// Below twice the quietest sound lately, or this level, nobody is speaking: anything may go.
const QUIET_RMS: f32 = 40.0;
const FLOOR_FACTOR: f32 = 2.0;

/// The quietest sound lately is forgotten at this rate with each packet.
const FLOOR_RISE: f32 = 1.005;

/// Blocks between two stretches: repeated at once they would be heard as roughness.
const REST_BLOCKS: u32 = 5;
const REST_BLOCKS_URGENT: u32 = 2;

/// Sound that returns after it had faded comes back within this, in blocks (5 ms).
const FADE_IN_BLOCKS: f32 = 0.5;

/// Decodes what a playout hands out, 10 ms at a time.
#[derive(Default)]
pub(crate) struct Voice {
    active: Option<Active>,
    stretcher: Stretcher,
    /// Decoded sound: up to `played` it was handed out and serves as the past for a stretch.
    pcm: Vec<i16>,
    /// Samples.
    played: usize,
    /// Blocks since the last stretch.
    rested: u32,
    /// Loudness at the end of what is decoded; below 1 while a long gap fades.
    loudness: f32,
    /// The level of the quietest packet lately.
    floor: f32,
    noise: Noise,
}

struct Active {
    format: Format,
    decoder: Decoder,
}

impl Voice {
    /// Fills `block` with the next 10 ms in `wanted` or the nearest format that Opus has.
    pub(crate) fn next_block(
        &mut self,
        playout: &mut Playout,
        now: Instant,
        wanted: Format,
        block: &mut Vec<i16>,
    ) -> Format {
        let format = decodable(wanted);
        self.prepare(format);
        if playout.tick(now) {
            self.played = self.pcm.len();
        }
        let samples = format.block_samples();
        while self.ahead() < samples {
            let queued = self.queued_ticks(format);
            self.advance(playout.step(queued), format);
        }
        self.rested = self.rested.saturating_add(1);
        self.keep_pace(playout, format);
        block.clear();
        block.extend_from_slice(&self.pcm[self.played..self.played + samples]);
        self.played += samples;
        self.forget_past(format);
        playout.counters.play(block, BLOCK_TICKS);
        format
    }

    fn prepare(&mut self, format: Format) {
        if self
            .active
            .as_ref()
            .is_some_and(|active| active.format == format)
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
            .map(|decoder| Active { format, decoder });
        self.pcm.clear();
        self.played = 0;
        self.loudness = 1.0;
        self.noise.forget();
    }

    /// Samples decoded and not handed out.
    fn ahead(&self) -> usize {
        self.pcm.len() - self.played
    }

    /// How late the sound is that was handed out last, behind the fastest packet, ticks.
    #[cfg(test)]
    pub(crate) fn delay(&self, playout: &Playout) -> Option<i64> {
        let format = self.active.as_ref()?.format;
        playout.delay(self.queued_ticks(format) + BLOCK_TICKS)
    }

    fn queued_ticks(&self, format: Format) -> i64 {
        to_ticks(self.ahead() / format.channels as usize, format)
    }

    /// Appends what one step brings; never nothing.
    fn advance(&mut self, step: Step, format: Format) {
        let begin = self.pcm.len();
        match step {
            // It says that nothing comes: the noise begins with it, or goes on.
            Step::Decode(packet) if packet.facts.dtx && self.noise.is_ready() => {
                let room = to_samples(packet.facts.duration, format);
                self.noise
                    .cut(room, format.channels as usize, &mut self.pcm);
                self.fade_in(begin, format);
            }
            Step::Decode(packet) => {
                let room = to_samples(packet.facts.duration, format);
                self.decode(packet.payload.as_slice(), false, room);
                let level = self.learn_floor(begin);
                if !packet.facts.dtx {
                    self.noise.hear(level);
                }
                self.fade_in(begin, format);
            }
            Step::Recover(packet, duration) => {
                let room = to_samples(duration, format);
                self.decode(packet.payload.as_slice(), true, room);
                self.fade_in(begin, format);
            }
            Step::Conceal(loudness) | Step::Noise(loudness)
                if loudness <= 0.0 && self.loudness <= 0.0 =>
            {
                self.pcm.resize(begin + format.block_samples(), 0);
            }
            Step::Conceal(loudness) => {
                self.decode(&[], false, format.block_samples());
                self.fade(begin, loudness, format);
            }
            Step::Noise(loudness) => {
                self.make_noise(format);
                self.fade(begin, loudness, format);
            }
            Step::Silence => {
                self.pcm.resize(begin + format.block_samples(), 0);
                self.loudness = 0.0;
            }
        }
    }

    /// 10 ms of the sender's background.
    fn make_noise(&mut self, format: Format) {
        let (begin, channels) = (self.pcm.len(), format.channels as usize);
        if self.noise.is_ready() {
            self.noise
                .cut(format.block_samples(), channels, &mut self.pcm);
        } else {
            self.decode(&[], false, format.block_samples());
            self.noise.learn(&mut self.pcm[begin..], channels);
        }
    }

    /// Decodes to `room` samples, concealing what cannot be decoded.
    fn decode(&mut self, payload: &[u8], fec: bool, room: usize) {
        let begin = self.pcm.len();
        self.pcm.resize(begin + room, 0);
        let Some(Active { format, decoder }) = &mut self.active else {
            return;
        };
        let output = &mut self.pcm[begin..];
        let frames = decoder
            .decode(payload, output, fec)
            .unwrap_or_else(|error| {
                log::debug!("an audio packet was not decoded: {error}");
                decoder.decode(&[], output, false).unwrap_or(0)
            });
        let decoded = (frames * format.channels as usize).max(format.channels as usize);
        self.pcm.truncate(begin + decoded.min(room));
    }

    /// Brings the sound from `begin` on from the present loudness to `loudness` at its end.
    fn fade(&mut self, begin: usize, loudness: f32, format: Format) {
        let from = std::mem::replace(&mut self.loudness, loudness);
        if from >= 1.0 && loudness >= 1.0 {
            return;
        }
        ramp(
            &mut self.pcm[begin..],
            from,
            loudness,
            format.channels as usize,
        );
    }

    /// Lets sound return after a gap that had faded.
    fn fade_in(&mut self, begin: usize, format: Format) {
        let from = std::mem::replace(&mut self.loudness, 1.0);
        if from < 1.0 {
            let samples = (format.block_samples() as f32 * FADE_IN_BLOCKS) as usize;
            let end = (begin + samples).min(self.pcm.len());
            ramp(
                &mut self.pcm[begin..end],
                from,
                1.0,
                format.channels as usize,
            );
        }
    }

    /// Returns the level of what was decoded.
    fn learn_floor(&mut self, begin: usize) -> f32 {
        let level = rms(&self.pcm[begin..]);
        self.floor = level.min(self.floor * FLOOR_RISE + 0.01);
        level
    }

    fn is_quiet(&self) -> bool {
        let level = rms(&self.pcm[self.played..]);
        level < QUIET_RMS.max(self.floor * FLOOR_FACTOR)
    }

    /// Stretches what is decoded if the delay is off its target.
    fn keep_pace(&mut self, playout: &mut Playout, format: Format) {
        let pace = playout.pace(self.queued_ticks(format));
        let (rest, alike) = match pace {
            Pace::Keep => return,
            Pace::Shorten { urgent: true } => (REST_BLOCKS_URGENT, ALIKE_ENOUGH),
            Pace::Shorten { urgent: false } | Pace::Lengthen => (REST_BLOCKS, ALIKE),
        };
        if self.rested < rest {
            return;
        }
        let layout = Layout {
            rate_hz: format.rate_hz,
            channels: format.channels,
        };
        let channels = format.channels as usize;
        let needs = match pace {
            Pace::Shorten { .. } => layout.shorten_needs() * channels,
            Pace::Keep | Pace::Lengthen => layout.lengthen_needs() * channels,
        };
        while self.ahead() < needs && playout.has_next() {
            let queued = self.queued_ticks(format);
            self.advance(playout.step(queued), format);
        }
        let alike = if self.is_quiet() { -1.0 } else { alike };
        let cut = self.played / channels;
        let changed = if pace == Pace::Lengthen {
            let inserted = self.stretcher.lengthen(&mut self.pcm, cut, layout, alike);
            let ticks = inserted.map_or(0, |frames| to_ticks(frames, format));
            playout.counters.inserted += ticks.unsigned_abs();
            inserted
        } else {
            let removed = self.stretcher.shorten(&mut self.pcm, cut, layout, alike);
            let ticks = removed.map_or(0, |frames| to_ticks(frames, format));
            playout.counters.removed += ticks.unsigned_abs();
            removed
        };
        if changed.is_some() {
            self.rested = 0;
        }
    }

    /// Keeps 20 ms of the past.
    fn forget_past(&mut self, format: Format) {
        let past = 2 * format.block_samples();
        if self.played > 4 * past {
            self.pcm.drain(..self.played - past);
            self.played = past;
        }
    }
}

fn to_ticks(frames: usize, format: Format) -> i64 {
    frames as i64 * TICKS_PER_SECOND / i64::from(format.rate_hz.max(1))
}

/// Interleaved samples of a duration; at least one frame.
fn to_samples(ticks: i64, format: Format) -> usize {
    let frames = ticks * i64::from(format.rate_hz) / TICKS_PER_SECOND;
    usize::try_from(frames).unwrap_or(0).max(1) * format.channels as usize
}

fn ramp(pcm: &mut [i16], from: f32, to: f32, channels: usize) {
    let frames = (pcm.len() / channels).max(1) as f32;
    for (index, frame) in pcm.chunks_mut(channels).enumerate() {
        let gain = from + (to - from) * (index + 1) as f32 / frames;
        for sample in frame {
            *sample = (f32::from(*sample) * gain) as i16;
        }
    }
}

fn rms(pcm: &[i16]) -> f32 {
    let sum: f32 = pcm.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    (sum / pcm.len().max(1) as f32).sqrt()
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
mod tests;
