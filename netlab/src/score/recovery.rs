//! How soon after an outage words are heard again.

use super::{
    Outage,
    sound::{PER_MS, stretch},
};

/// What is looked for at once: about three syllables.
const WINDOW_MS: i64 = 600;
const STEP_MS: i64 = 100;
/// Around the offset of the rest: after an outage a jitter buffer may be fuller.
const EARLIER_MS: i64 = 300;
const LATER_MS: i64 = 900;
/// The waveform itself must be alike (0 to 1). The codec keeps 0.8 and more; other words reach 0.3.
const SAME: f64 = 0.55;
/// Root mean square of a window that holds speech; below it there is nothing to recognise.
const SPEECH: f64 = 300.0;

/// Milliseconds from the end of the outage to the beginning of the first stretch of speech that is heard as it was
/// said; `None` when there is none. Pauses cannot be distinguished from silence, so it is late by the pause at most.
pub(super) fn after(said: &[i16], recorded: &[i16], offset_ms: i64, outage: Outage) -> Option<u64> {
    let (said, recorded) = (quarter_rate(said), quarter_rate(recorded));
    let per_ms = PER_MS / 4;
    let until = outage.until_ms as i64;
    let end = said.len() as i64 / per_ms - WINDOW_MS;
    let mut at = until;
    while at <= end {
        let wanted = stretch(&said, at * per_ms, WINDOW_MS * per_ms);
        if level(&wanted) >= SPEECH {
            let from = (at + offset_ms - EARLIER_MS) * per_ms;
            let length = (WINDOW_MS + EARLIER_MS + LATER_MS) * per_ms;
            if likeness(&wanted, &stretch(&recorded, from, length)) >= SAME {
                return Some((at - until) as u64);
            }
        }
        at += STEP_MS;
    }
    None
}

/// Below 2 kHz is enough of speech to know it by, and a sixteenth of the work.
fn quarter_rate(samples: &[i16]) -> Vec<i16> {
    let mean = |four: &[i16; 4]| (four.iter().map(|&s| i32::from(s)).sum::<i32>() / 4) as i16;
    samples.as_chunks().0.iter().map(mean).collect()
}

fn level(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt()
}

/// The best normalised correlation of `wanted` with any stretch of `heard` of its length.
fn likeness(wanted: &[i16], heard: &[i16]) -> f64 {
    let wanted: Vec<f32> = wanted.iter().map(|&s| f32::from(s)).collect();
    let heard: Vec<f32> = heard.iter().map(|&s| f32::from(s)).collect();
    let square = |sample: &f32| f64::from(*sample).powi(2);
    let own: f64 = wanted.iter().map(square).sum();
    let mut energy: f64 = heard.iter().take(wanted.len()).map(square).sum();
    let mut best: f64 = 0.0;
    for (at, piece) in heard.windows(wanted.len()).enumerate() {
        let product: f32 = piece.iter().zip(&wanted).map(|(a, b)| a * b).sum();
        let scale = (own * energy).sqrt();
        if scale > 1.0 {
            best = best.max(f64::from(product) / scale);
        }
        // The next stretch leaves one sample behind and takes one more.
        let next = heard.get(at + wanted.len()).map_or(0.0, square);
        energy = (energy - square(&heard[at]) + next).max(0.0);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{super::sound::tests::babble, *};

    const OUTAGE: Outage = Outage {
        from_ms: 3_000,
        until_ms: 5_000,
    };

    fn heard_from(said: &[i16], ms: usize) -> Vec<i16> {
        let mut recorded = said.to_vec();
        recorded[3_000 * 16..ms * 16].fill(0);
        recorded
    }

    #[test]
    fn it_is_as_late_as_the_first_words_heard() {
        let said = babble(7, 12_000);
        for back in [5_000, 5_800, 8_100] {
            let found = after(&said, &heard_from(&said, back), 0, OUTAGE);
            let late = found.expect("it came back") as i64 - (back as i64 - 5_000);
            // A window half of which is heard may already be recognised.
            assert!(
                (-300..=400).contains(&late),
                "back at {back} ms, found {late} ms off"
            );
        }
    }

    #[test]
    fn a_longer_delay_than_before_is_still_recovery() {
        let said = babble(8, 9_000);
        let recorded = stretch(&heard_from(&said, 5_000), -700 * PER_MS, 10_000 * PER_MS);
        let found = after(&said, &recorded, 100, OUTAGE).expect("it came back");
        assert!(found <= 300, "found after {found} ms");
    }

    #[test]
    fn silence_and_other_words_are_not_a_recovery() {
        let said = babble(9, 9_000);
        assert_eq!(after(&said, &heard_from(&said, 9_000), 0, OUTAGE), None);
        assert_eq!(after(&said, &[], 0, OUTAGE), None);
        assert_eq!(after(&said, &babble(10, 9_000), 0, OUTAGE), None);
    }
}
