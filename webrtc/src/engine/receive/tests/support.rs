//! Voices and encoders for the tests of the receive path.

use std::{f64::consts::PI, sync::Arc};

use opus::{Application, Channels, Encoder};

/// A vowel of 125 Hz with ten overtones that swells four times a second; the sample at `at`.
pub(crate) fn voiced(at: u64, rate_hz: u32) -> i16 {
    let seconds = at as f64 / f64::from(rate_hz);
    let wave: f64 = (1..=10)
        .map(|harmonic| {
            let harmonic = f64::from(harmonic);
            (2.0 * PI * 125.0 * harmonic * seconds).sin() / harmonic
        })
        .sum();
    let swell = 0.7 + 0.3 * (2.0 * PI * 4.0 * seconds).sin();
    (4_000.0 * wave * swell) as i16
}

/// Opus in packets of 20 ms.
pub(crate) struct Encoder20 {
    encoder: Encoder,
    rate_hz: u32,
    channels: usize,
}

impl Encoder20 {
    pub(crate) fn new(rate_hz: u32, stereo: bool, fec: bool) -> Self {
        let layout = if stereo {
            Channels::Stereo
        } else {
            Channels::Mono
        };
        let mut encoder = Encoder::new(rate_hz, layout, Application::Voip).expect("an encoder");
        encoder.set_inband_fec(fec).expect("FEC");
        encoder
            .set_packet_loss_perc(if fec { 15 } else { 0 })
            .expect("a loss rate");
        encoder
            .set_bitrate(opus::Bitrate::Bits(32_000))
            .expect("a bit rate");
        Self {
            encoder,
            rate_hz,
            channels: if stereo { 2 } else { 1 },
        }
    }

    /// The n-th packet of a sound; the second channel is the first at half the level.
    pub(crate) fn encode(&mut self, sound: impl Fn(u64) -> i16, packet: u64) -> Arc<[u8]> {
        let frames = u64::from(self.rate_hz / 50);
        let pcm: Vec<i16> = (packet * frames..(packet + 1) * frames)
            .flat_map(|at| {
                let sample = sound(at);
                [sample, sample / 2].into_iter().take(self.channels)
            })
            .collect();
        self.encoder
            .encode_vec(&pcm, 1_500)
            .expect("a packet")
            .into()
    }
}
