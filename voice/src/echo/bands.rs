//! How loud sound is, each 10 ms in four bands of the telephone's range.

use std::f32::consts::TAU;

/// Bands, Hz: low and high edge. All within what a telephone carries.
const BANDS: [(f32, f32); 4] = [
    (250.0, 600.0),
    (600.0, 1_200.0),
    (1_200.0, 2_000.0),
    (2_000.0, 3_400.0),
];

/// Root mean square of each band over 10 ms, full scale 32,768.
pub(super) type Levels = [f32; BANDS.len()];

/// A filter for each band, with what it remembers.
#[derive(Debug)]
pub(super) struct Bands {
    filters: [BandPass; BANDS.len()],
    /// Samples in 10 ms.
    frame: usize,
    sums: Levels,
    /// Samples of the 10 ms under way.
    taken: usize,
}

impl Bands {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self {
            filters: BANDS.map(|(low, high)| BandPass::new(low, high, rate_hz as f32)),
            frame: rate_hz as usize / 100,
            sums: Levels::default(),
            taken: 0,
        }
    }

    /// Takes sound of any length and gives the levels of each 10 ms that it completes.
    pub(super) fn push(&mut self, samples: &[i16], mut each: impl FnMut(Levels)) {
        for sample in samples {
            for (filter, sum) in self.filters.iter_mut().zip(&mut self.sums) {
                *sum += filter.push(f32::from(*sample)).powi(2);
            }
            self.taken += 1;
            if self.taken == self.frame {
                each(self.sums.map(|sum| (sum / self.frame as f32).sqrt()));
                (self.sums, self.taken) = (Levels::default(), 0);
            }
        }
    }
}

/// A biquad with constant peak gain (R. Bristow-Johnson's cookbook).
#[derive(Debug, Default)]
struct BandPass {
    b0: f32,
    a1: f32,
    a2: f32,
    /// Inputs and outputs before.
    x: [f32; 2],
    y: [f32; 2],
}

impl BandPass {
    fn new(low: f32, high: f32, rate: f32) -> Self {
        let centre = (low * high).sqrt();
        let omega = TAU * centre / rate;
        let alpha = omega.sin() * (high - low) / (2.0 * centre);
        Self {
            b0: alpha / (1.0 + alpha),
            a1: -2.0 * omega.cos() / (1.0 + alpha),
            a2: (1.0 - alpha) / (1.0 + alpha),
            ..Self::default()
        }
    }

    fn push(&mut self, x: f32) -> f32 {
        let y = self.b0 * (x - self.x[1]) - self.a1 * self.y[0] - self.a2 * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_loud_in_its_band_at_every_rate() {
        for rate_hz in [16_000_u32, 24_000] {
            for (place, hz) in [400.0, 850.0, 1_600.0, 2_700.0].into_iter().enumerate() {
                let tone =
                    |at: u32| ((TAU * hz * at as f32 / rate_hz as f32).sin() * 10_000.0) as i16;
                let tone: Vec<i16> = (0..rate_hz / 5).map(tone).collect();
                let mut last = Levels::default();
                Bands::new(rate_hz).push(&tone, |levels| last = levels);
                let loudest = (0..4).max_by(|a, b| last[*a].total_cmp(&last[*b]));
                assert_eq!(loudest, Some(place), "{hz} Hz at {rate_hz}: {last:?}");
                assert!(last[place] > 5_000.0, "{hz} Hz at {rate_hz}: {last:?}");
            }
        }
    }
}
