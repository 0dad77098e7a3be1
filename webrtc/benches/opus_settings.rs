//! What each Opus setting costs and keeps: microseconds and bytes per 20 ms, and how far the
//! decoded speech is from the original.
//!
//! `cargo bench -p libwebrtc --bench opus_settings -- [speech as raw 24 kHz mono i16]`
//!
//! Without a file a synthetic voice is used: a pitch that glides through vowels, with pauses.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark is its own shell and owns its clock"
)]

use std::{f64::consts::TAU, time::Instant};

use opus::{Application, Bitrate, Channels, Decoder, Encoder};

const RATE_HZ: usize = 24_000;
const FRAME: usize = RATE_HZ / 50;

/// One way to configure the encoder.
#[derive(Clone, Copy)]
struct Case {
    complexity: i32,
    loss_percent: i32,
    dtx: bool,
    bitrate: i32,
}

fn main() {
    let file = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let speech = file.map_or_else(synthetic_voice, |path| read_pcm(&path));
    println!("{} frames of 20 ms at 24 kHz", speech.len() / FRAME);
    println!(
        "{:>10} {:>8} {:>5} {:>8} | {:>9} {:>7} {:>8} {:>8}",
        "complexity", "loss %", "DTX", "bit/s", "us/frame", "bytes", "SNR dB", "LSD dB"
    );
    let case = |complexity, loss_percent, dtx, bitrate| Case {
        complexity,
        loss_percent,
        dtx,
        bitrate,
    };
    let mut cases = Vec::new();
    for complexity in [0, 1, 2, 3, 5, 7, 9] {
        cases.push(case(complexity, 10, false, 32_000));
    }
    cases.push(case(7, 10, true, 32_000));
    for loss in [0, 20] {
        cases.push(case(5, loss, false, 32_000));
        cases.push(case(1, loss, false, 32_000));
    }
    for bitrate in [16_000, 24_000, 48_000] {
        for complexity in [1, 3, 5] {
            cases.push(case(complexity, 10, false, bitrate));
            cases.push(case(complexity, 0, false, bitrate));
        }
    }
    for case in cases {
        let (micros, bytes, decoded) = measure(case, &speech);
        let snr = signal_to_noise(&speech, &decoded);
        let distance = spectral_distance(&speech, &decoded);
        println!(
            "{:>10} {:>8} {:>5} {:>8} | {micros:>9.1} {bytes:>7.1} {snr:>8.2} {distance:>8.3}",
            case.complexity, case.loss_percent, case.dtx, case.bitrate
        );
    }
}

/// The best of five runs: microseconds per frame, bytes per frame, and the speech that a
/// receiver decodes, shifted back by the codec's delay.
fn measure(case: Case, speech: &[i16]) -> (f64, f64, Vec<i16>) {
    let mut best = f64::MAX;
    let (mut bytes, mut decoded) = (0.0, Vec::new());
    for _ in 0..5 {
        let mut encoder =
            Encoder::new(RATE_HZ as u32, Channels::Mono, Application::Voip).expect("an encoder");
        encoder.set_complexity(case.complexity).expect("complexity");
        encoder
            .set_inband_fec(case.loss_percent > 0)
            .expect("in-band FEC");
        encoder
            .set_packet_loss_perc(case.loss_percent)
            .expect("a loss");
        encoder.set_dtx(case.dtx).expect("DTX");
        encoder
            .set_bitrate(Bitrate::Bits(case.bitrate))
            .expect("a bit rate");
        let lookahead = encoder.get_lookahead().expect("a delay") as usize;
        let mut packets = Vec::new();
        let mut buffer = vec![0; 1_500];
        let start = Instant::now();
        for frame in speech.chunks_exact(FRAME) {
            let length = encoder
                .encode(frame, &mut buffer)
                .expect("an encoded frame");
            packets.push(buffer[..length].to_vec());
        }
        let frames = packets.len() as f64;
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / frames);
        bytes = packets.iter().map(Vec::len).sum::<usize>() as f64 / frames;
        decoded = decode(&packets).split_off(lookahead);
    }
    (best, bytes, decoded)
}

fn decode(packets: &[Vec<u8>]) -> Vec<i16> {
    let mut decoder = Decoder::new(RATE_HZ as u32, Channels::Mono).expect("a decoder");
    let mut pcm = vec![0; FRAME];
    let mut all = Vec::new();
    for packet in packets {
        let length = decoder
            .decode(packet, &mut pcm, false)
            .expect("a decoded frame");
        all.extend(&pcm[..length]);
    }
    all
}

/// Mean over the frames that are not silent of the ratio of speech to error, in dB.
fn signal_to_noise(speech: &[i16], decoded: &[i16]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (original, heard) in speech.chunks_exact(FRAME).zip(decoded.chunks_exact(FRAME)) {
        let power = power(original);
        if is_quiet(power) {
            continue;
        }
        let error: f64 = original
            .iter()
            .zip(heard)
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum();
        sum += 10.0 * (power / error.max(1.0)).log10();
        count += 1.0;
    }
    sum / f64::max(count, 1.0)
}

/// Mean over the frames that are not silent of how far the levels of 20 bands, spaced as the
/// ear hears them, are apart (root mean square, dB). Unlike the ratio above it does not count
/// what a codec does to the phase.
fn spectral_distance(speech: &[i16], decoded: &[i16]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (original, heard) in speech.chunks_exact(FRAME).zip(decoded.chunks_exact(FRAME)) {
        if is_quiet(power(original)) {
            continue;
        }
        let squares = bands(original)
            .into_iter()
            .zip(bands(heard))
            .map(|(a, b)| (a - b).powi(2));
        sum += (squares.sum::<f64>() / 20.0).sqrt();
        count += 1.0;
    }
    sum / f64::max(count, 1.0)
}

/// Levels of 20 bands up to 8 kHz, dB.
fn bands(frame: &[i16]) -> Vec<f64> {
    let hz = |band: f64| 700.0 * (10_f64.powf(band * 2_840.0 / 20.0 / 2_595.0) - 1.0);
    let level = |band: usize| {
        let first = (hz(band as f64) / 50.0).floor() as usize + 1;
        let last = (hz(band as f64 + 1.0) / 50.0).floor().max(first as f64) as usize;
        let energy: f64 = (first..=last).map(|bin| bin_energy(frame, bin)).sum();
        10.0 * (energy / FRAME as f64 + 100.0).log10()
    };
    (0..20).map(level).collect()
}

/// Energy at a multiple of 50 Hz, in a Hann window.
fn bin_energy(frame: &[i16], bin: usize) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in frame.iter().enumerate() {
        let turn = TAU * n as f64 / FRAME as f64;
        let windowed = f64::from(*sample) * (0.5 - 0.5 * turn.cos());
        re += windowed * (turn * bin as f64).cos();
        im += windowed * (turn * bin as f64).sin();
    }
    (re * re + im * im) / FRAME as f64
}

fn power(frame: &[i16]) -> f64 {
    frame.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

/// Below an rms of 100.
fn is_quiet(power: f64) -> bool {
    power < 1e4 * FRAME as f64
}

fn synthetic_voice() -> Vec<i16> {
    let mut phase = 0.0;
    let sample = |n: usize| {
        let t = n as f64 / RATE_HZ as f64;
        let pitch = 120.0 + 30.0 * (TAU * 0.7 * t).sin();
        phase += TAU * pitch / RATE_HZ as f64;
        let vowel: f64 = (1..20)
            .map(|k| {
                let hz = f64::from(k) * pitch;
                let formant = 600.0 + 200.0 * (TAU * 1.3 * t).sin();
                let gain = 1.0 / (1.0 + ((hz - formant) / 300.0).powi(2))
                    + 0.3 / (1.0 + ((hz - 1_800.0) / 400.0).powi(2));
                gain * (f64::from(k) * phase).sin()
            })
            .sum();
        let syllable = (TAU * 2.0 * t).sin().max(0.0);
        (3_000.0 * vowel * syllable) as i16
    };
    (0..10 * RATE_HZ).map(sample).collect()
}

fn read_pcm(path: &str) -> Vec<i16> {
    let bytes = std::fs::read(path).expect("a readable file");
    bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}
