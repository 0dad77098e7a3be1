//! From 8 to 16 kHz, the one conversion the recordings need.

/// Taps on each side of a sample, of the recording's.
const HALF: usize = 16;

/// Twice as many samples of the same sound: a sample is kept, the one between two is a windowed-sinc interpolation.
pub(super) fn double(narrow: &[i16]) -> Vec<i16> {
    let taps = taps();
    let at = |index: isize| {
        let index = usize::try_from(index).ok();
        f64::from(index.and_then(|i| narrow.get(i)).copied().unwrap_or(0))
    };
    let mut wide = Vec::with_capacity(narrow.len() * 2);
    for (index, &sample) in narrow.iter().enumerate() {
        let between: f64 = taps
            .iter()
            .enumerate()
            .map(|(k, tap)| {
                let (k, index) = (k as isize, index as isize);
                tap * (at(index - k) + at(index + 1 + k))
            })
            .sum();
        wide.push(sample);
        wide.push(
            between
                .round()
                .clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16,
        );
    }
    wide
}

/// The filter's right half at k + 1/2 samples, Hann-windowed, with unit gain at 0 Hz.
fn taps() -> [f64; HALF] {
    use std::f64::consts::PI;
    let mut taps: [f64; HALF] = std::array::from_fn(|k| {
        let x = k as f64 + 0.5;
        let window = 0.5 + 0.5 * (PI * x / HALF as f64).cos();
        (PI * x).sin() / (PI * x) * window
    });
    let gain: f64 = 2.0 * taps.iter().sum::<f64>();
    taps.iter_mut().for_each(|tap| *tap /= gain);
    taps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_and_level_and_gains_no_mirror() {
        let tone = |rate: f64, count: usize| -> Vec<f64> {
            (0..count)
                .map(|n| 10_000.0 * (std::f64::consts::TAU * 1_000.0 * n as f64 / rate).sin())
                .collect()
        };
        let narrow: Vec<i16> = tone(8_000.0, 800)
            .iter()
            .map(|s| s.round() as i16)
            .collect();
        let wide = double(&narrow);
        let ideal = tone(16_000.0, 1_600);
        let edge = 2 * HALF;
        let worst = (edge..wide.len() - edge)
            .map(|n| (f64::from(wide[n]) - ideal[n]).abs())
            .fold(0.0, f64::max);
        assert!(worst < 20.0, "the worst sample is off by {worst} of 10000");
        assert_eq!(wide.len(), 1_600);
    }
}
