//! What the caller heard, against what should have been said.

use std::path::Path;

use voice::{
    listen::{Heard, LISTEN_RATE_HZ, ListenConfig, Listener, Stt},
    speak::{SPEECH_RATE_HZ, Speech},
};

/// 10 ms at [`LISTEN_RATE_HZ`].
const BLOCK: usize = LISTEN_RATE_HZ as usize / 100;
/// Stretches that are compared closely, of those whose loudness is likest.
const CANDIDATES: usize = 12;
/// One second is compared at a time.
const PIECE: usize = 100 * BLOCK;
/// Each second may lie this much earlier or later: 100 ms.
const SLACK: usize = 10 * BLOCK;

/// The agent's side of a caller's recording: the right channel.
pub(crate) fn agents_side(recording: &Path) -> Vec<i16> {
    let mut reader = hound::WavReader::open(recording).expect("the caller recorded the call");
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate),
        (2, LISTEN_RATE_HZ),
        "a stereo recording at 16 kHz"
    );
    let samples: Vec<i16> = reader.samples::<i16>().map(Result::unwrap).collect();
    samples.chunks(2).map(|frame| frame[1]).collect()
}

/// The words in a recording, by the product's own ear.
pub(crate) async fn transcribe(stt: &Stt, samples: &[i16]) -> String {
    let mut listener = Listener::new(&ListenConfig::default());
    let silence = vec![0; LISTEN_RATE_HZ as usize];
    let mut words = String::new();
    for frame in [samples, &silence].concat().chunks(BLOCK) {
        if let Some(Heard::SpeechEnded(utterance)) = listener.push(frame, false) {
            let heard = stt.transcribe(utterance).await.expect("it is transcribed");
            words += &heard.text;
            words.push(' ');
        }
    }
    words
}

/// A rendering of our own, at the recording's rate.
pub(crate) fn at_listening_rate(speech: &Speech) -> Vec<i16> {
    let step = f64::from(SPEECH_RATE_HZ) / f64::from(LISTEN_RATE_HZ);
    let last = speech.samples.len().saturating_sub(1);
    let length = (speech.samples.len() as f64 / step) as usize;
    let sample = |i: usize| {
        let (index, part) = ((i as f64 * step) as usize, (i as f64 * step).fract());
        let a = f64::from(speech.samples[index.min(last)]);
        let b = f64::from(speech.samples[(index + 1).min(last)]);
        (a + (b - a) * part).round() as i16
    };
    (0..length).map(sample).collect()
}

/// How alike `wanted` is to a stretch of `recording`, 0 to 1, and where that begins (samples): the first stretch that
/// is alike `enough`, else the likest.
///
/// The lag is searched by loudness first (10 ms steps), then by the samples, piece by piece: a jitter buffer may have
/// stretched a pause in between.
pub(crate) fn likeness(recording: &[i16], wanted: &[i16], enough: f64) -> (f64, usize) {
    let (loud, shape) = (loudness(recording), loudness(wanted));
    let Some(lags) = loud.len().checked_sub(shape.len()) else {
        return (0.0, 0);
    };
    let mut coarse: Vec<(f64, usize)> = (0..=lags)
        .map(|lag| (correlation(&loud[lag..lag + shape.len()], &shape), lag))
        .collect();
    coarse.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut candidates: Vec<usize> = Vec::new();
    for (_, lag) in coarse {
        if candidates.len() < CANDIDATES && candidates.iter().all(|c| c.abs_diff(lag) > 50) {
            candidates.push(lag);
        }
    }
    candidates.sort_unstable();
    let (recording, wanted) = (halved(recording), halved(wanted));
    let mut best = (0.0, 0);
    for lag in candidates {
        let alike = alike_at(&recording, &wanted, lag * BLOCK / 2);
        if alike > best.0 {
            best = (alike, lag * BLOCK);
        }
        if alike >= enough {
            break;
        }
    }
    best
}

/// The mean over pieces of `wanted`, each with the best lag near `from`; both at half the rate.
fn alike_at(recording: &[f64], wanted: &[f64], from: usize) -> f64 {
    let pieces = wanted.chunks(PIECE / 2).enumerate();
    let weighted = pieces.map(|(i, piece)| {
        let middle = from + i * PIECE / 2;
        let lags = middle.saturating_sub(SLACK / 2)..=middle + SLACK / 2;
        let stretch = |lag: usize| recording.get(lag..lag + piece.len());
        let alike = lags.filter_map(|lag| Some(correlation(stretch(lag)?, piece)));
        alike.fold(0.0, f64::max) * piece.len() as f64
    });
    weighted.sum::<f64>() / wanted.len().max(1) as f64
}

/// Half the rate: neighbours averaged.
fn halved(samples: &[i16]) -> Vec<f64> {
    samples
        .chunks(2)
        .map(|pair| pair.iter().map(|s| f64::from(*s)).sum::<f64>() / 2.0)
        .collect()
}

/// Root of the mean square of each 10 ms.
fn loudness(samples: &[i16]) -> Vec<f64> {
    let power = |block: &[i16]| block.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    samples
        .chunks(BLOCK)
        .map(|block| (power(block) / block.len() as f64).sqrt())
        .collect()
}

/// Normalised, means removed: -1 to 1.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len().max(1) as f64;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - ma, y - mb);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa * bb > 0.0 {
        ab / (aa * bb).sqrt()
    } else {
        0.0
    }
}
