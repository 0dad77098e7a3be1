//! What the caller heard, against what should have been said.

use std::{ops::Range, path::Path};

use voice::{
    listen::{Heard, LISTEN_RATE_HZ, ListenConfig, Listener, Stt},
    speak::{SPEECH_RATE_HZ, Speech},
};

/// 10 ms at [`LISTEN_RATE_HZ`].
const BLOCK: usize = LISTEN_RATE_HZ as usize / 100;
/// Places that are compared closely, of those whose loudness is likest: for the beginning of a sentence.
const CANDIDATES: usize = 12;
/// And for each second after it.
const CANDIDATES_NEAR: usize = 3;
/// One second is compared at a time.
const PIECE: usize = 100 * BLOCK;
/// Each second may lie so many blocks earlier than expected: 100 ms.
const SLACK: usize = 10;
/// Or later, where a busy machine made a pause: 600 ms.
const STRETCH: usize = 60;
/// What is less alike does not say where it is.
const UNALIKE: f64 = 0.5;

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
        if let Some(Heard::SpeechEnded(utterance)) = listener.push(frame) {
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
/// Compared is piece by piece, each near the place where the one before was found: a jitter buffer stretches what a
/// busy machine delays. The median counts, since such a machine also tears a hole into a piece now and then.
pub(crate) fn likeness(recording: &[i16], wanted: &[i16], enough: f64) -> (f64, usize) {
    let heard = Recording {
        loudness: loudness(recording),
        halved: halved(recording),
    };
    let pieces: Vec<Piece> = wanted
        .chunks(PIECE)
        .enumerate()
        // A short end says little.
        .filter(|(index, piece)| *index == 0 || piece.len() > PIECE / 2)
        .map(|(_, piece)| Piece {
            loudness: loudness(piece),
            halved: halved(piece),
        })
        .collect();
    let Some((first, rest)) = pieces.split_first() else {
        return (0.0, 0);
    };
    let mut starts = heard.places(first, 0..heard.loudness.len(), CANDIDATES);
    starts.sort_unstable();
    let mut best = (0.0, 0);
    for start in starts {
        let (alike, begins) = heard.alike_at(first, start);
        let mut all = vec![alike];
        let mut ends = begins + PIECE;
        for piece in rest {
            let near = (ends / BLOCK).saturating_sub(SLACK)..ends / BLOCK + STRETCH;
            let places = heard.places(piece, near, CANDIDATES_NEAR);
            let found = places.into_iter().map(|place| heard.alike_at(piece, place));
            let found = found.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
            all.push(found.0);
            ends = if found.0 > UNALIKE { found.1 } else { ends } + PIECE;
        }
        all.sort_by(f64::total_cmp);
        let alike = all[all.len() / 2];
        if alike > best.0 {
            best = (alike, begins);
        }
        if alike >= enough {
            break;
        }
    }
    best
}

/// A part of what should have been said.
struct Piece {
    loudness: Vec<f64>,
    halved: Vec<f64>,
}

/// A recording, prepared.
struct Recording {
    loudness: Vec<f64>,
    halved: Vec<f64>,
}

impl Recording {
    /// Where a piece may be, in blocks, by its loudness alone: the likest places within `range`.
    fn places(&self, piece: &Piece, range: Range<usize>, most: usize) -> Vec<usize> {
        let stretch = |at: usize| self.loudness.get(at..at + piece.loudness.len());
        let mut alike: Vec<(f64, usize)> = range
            .filter_map(|at| Some((correlation(stretch(at)?, &piece.loudness), at)))
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut places: Vec<usize> = Vec::new();
        for (_, at) in alike {
            if places.len() < most && places.iter().all(|place| place.abs_diff(at) > 5) {
                places.push(at);
            }
        }
        places
    }

    /// How alike a piece is to what was heard near a block, and where that begins (samples).
    fn alike_at(&self, piece: &Piece, block: usize) -> (f64, usize) {
        let middle = block * BLOCK / 2;
        let lags = middle.saturating_sub(BLOCK)..=middle + BLOCK;
        let stretch = |lag: usize| self.halved.get(lag..lag + piece.halved.len());
        let alike = lags.filter_map(|lag| Some((correlation(stretch(lag)?, &piece.halved), lag)));
        let best = alike.max_by(|a, b| a.0.total_cmp(&b.0));
        best.map_or((0.0, block * BLOCK), |(alike, lag)| (alike, lag * 2))
    }
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
