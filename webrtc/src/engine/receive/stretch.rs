//! Plays speech a little faster or slower without changing its pitch: one period of the voice is
//! taken out or put in where its neighbour looks the same.

/// Lags that are tried, in microseconds: voices from 400 Hz down, or several of their periods.
const SHORTEST_LAG_US: usize = 2_500;
const LONGEST_LAG_US: usize = 15_000;

/// What is compared is at least so long, microseconds: a shorter piece of a slow wave resembles
/// any neighbour.
const LEAST_WINDOW_US: usize = 7_500;

/// The coarse search runs at about this rate.
const COARSE_HZ: usize = 8_000;

/// A longer lag is taken for a shorter one that is better by less than this: it changes more at
/// once.
const LONGER_IS_WORTH: f32 = 0.03;

/// Interleaved PCM being stretched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rate_hz: u32,
    pub(crate) channels: u32,
}

impl Layout {
    const fn frames(self, microseconds: usize) -> usize {
        self.rate_hz as usize * microseconds / 1_000_000
    }

    /// Frames that must follow the cut for [`Stretcher::shorten`].
    pub(crate) const fn shorten_needs(self) -> usize {
        2 * self.frames(LONGEST_LAG_US) + self.step()
    }

    /// Frames that must be on either side of the cut for [`Stretcher::lengthen`].
    pub(crate) const fn lengthen_needs(self) -> usize {
        self.frames(LONGEST_LAG_US) + self.step()
    }

    /// Frames that the coarse search takes as one.
    const fn step(self) -> usize {
        let step = self.rate_hz as usize / COARSE_HZ;
        if step == 0 { 1 } else { step }
    }
}

/// Scratch space for the search.
#[derive(Debug, Default)]
pub(crate) struct Stretcher {
    coarse: Vec<f32>,
    mono: Vec<f32>,
}

/// A lag and how alike the two pieces are that lie so far apart (-1 to 1).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Match {
    lag: usize,
    likeness: f32,
}

impl Stretcher {
    /// Takes out frames after frame `cut` of `pcm` if a period is found whose neighbour is at
    /// least so much alike. Returns how many; `None` if there is no such place, or fewer frames
    /// than [`Layout::shorten_needs`].
    pub(crate) fn shorten(
        &mut self,
        pcm: &mut Vec<i16>,
        cut: usize,
        layout: Layout,
        least_likeness: f32,
    ) -> Option<usize> {
        let channels = layout.channels as usize;
        let (from, to) = (cut * channels, (cut + layout.shorten_needs()) * channels);
        self.search_in(pcm.get(from..to)?, layout);
        let Match { lag, likeness } = self.best(layout, Direction::Forward)?;
        if likeness < least_likeness {
            return None;
        }
        let period = lag * channels;
        for index in 0..period {
            let weight = (index / channels) as f32 / lag as f32;
            pcm[from + index] = mix(pcm[from + index], pcm[from + period + index], weight);
        }
        pcm.copy_within(from + 2 * period.., from + period);
        pcm.truncate(pcm.len() - period);
        Some(lag)
    }

    /// Puts in frames at frame `cut` of `pcm`, a repetition of those before it. Returns how many;
    /// `None` as [`Self::shorten`] does.
    pub(crate) fn lengthen(
        &mut self,
        pcm: &mut Vec<i16>,
        cut: usize,
        layout: Layout,
        least_likeness: f32,
    ) -> Option<usize> {
        let channels = layout.channels as usize;
        let needed = layout.lengthen_needs();
        let at = cut * channels;
        let (from, to) = (cut.checked_sub(needed)? * channels, at + needed * channels);
        self.search_in(pcm.get(from..to)?, layout);
        let Match { lag, likeness } = self.best(layout, Direction::Backward)?;
        if likeness < least_likeness {
            return None;
        }
        let period = lag * channels;
        let end = pcm.len();
        pcm.resize(end + period, 0);
        pcm.copy_within(at..end, at + period);
        for index in 0..period {
            let weight = (index / channels) as f32 / lag as f32;
            pcm[at + index] = mix(pcm[at + period + index], pcm[at - period + index], weight);
        }
        Some(lag)
    }

    /// Prepares the mono sum of a piece, whole and thinned out.
    fn search_in(&mut self, piece: &[i16], layout: Layout) {
        let channels = layout.channels.max(1) as usize;
        self.mono.clear();
        self.mono.extend(
            piece
                .chunks_exact(channels)
                .map(|frame| frame.iter().map(|sample| f32::from(*sample)).sum::<f32>()),
        );
        self.coarse.clear();
        self.coarse.extend(
            self.mono
                .chunks_exact(layout.step())
                .map(|frames| frames.iter().sum::<f32>()),
        );
    }

    /// The best lag, found coarsely and then to the frame.
    fn best(&self, layout: Layout, direction: Direction) -> Option<Match> {
        let step = layout.step();
        let coarse = Layout {
            rate_hz: layout.rate_hz / step as u32,
            ..layout
        };
        let (shortest, longest) = (
            coarse.frames(SHORTEST_LAG_US).max(1),
            coarse.frames(LONGEST_LAG_US),
        );
        let window = |lag: usize, of: Layout| lag.max(of.frames(LEAST_WINDOW_US));
        let mut best: Option<Match> = None;
        for lag in (shortest..=longest).rev() {
            let likeness = direction.likeness(&self.coarse, lag, window(lag, coarse))?;
            if best.is_none_or(|best| likeness > best.likeness + worth(best.lag, lag)) {
                best = Some(Match { lag, likeness });
            }
        }
        let rough = best?;
        if step == 1 {
            return best;
        }
        let around = |offset: usize| (rough.lag * step + offset).saturating_sub(step);
        (0..=2 * step)
            .map(around)
            .filter(|lag| {
                (layout.frames(SHORTEST_LAG_US)..=layout.frames(LONGEST_LAG_US)).contains(lag)
            })
            .filter_map(|lag| {
                let likeness = direction.likeness(&self.mono, lag, window(lag, layout))?;
                Some(Match { lag, likeness })
            })
            .max_by(|a, b| a.likeness.total_cmp(&b.likeness))
    }
}

/// By how much `lag` must be better than the longer `best`. A neighbour on the same hump need
/// not be, another hump must.
fn worth(best: usize, lag: usize) -> f32 {
    if best - lag <= 2 {
        0.0
    } else {
        LONGER_IS_WORTH
    }
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    /// The first frames against those a lag later.
    Forward,
    /// The frames from the middle on against those a lag earlier.
    Backward,
}

impl Direction {
    /// Normalised correlation of the two windows; 1 for silence, which is like itself.
    fn likeness(self, signal: &[f32], lag: usize, window: usize) -> Option<f32> {
        let (first, second) = match self {
            Self::Forward => (0, lag),
            Self::Backward => {
                let middle = signal.len() / 2;
                (middle, middle.checked_sub(lag)?)
            }
        };
        let reach = signal.len().checked_sub(first.max(second))?;
        let window = window.min(reach);
        let one = signal.get(first..first + window)?;
        let other = signal.get(second..second + window)?;
        // Sums in eight lanes, which the compiler turns into vector instructions.
        let mut sums = [[0.0_f32; 8]; 3];
        for (a, b) in one.chunks_exact(8).zip(other.chunks_exact(8)) {
            for lane in 0..8 {
                sums[0][lane] += a[lane] * b[lane];
                sums[1][lane] += a[lane] * a[lane];
                sums[2][lane] += b[lane] * b[lane];
            }
        }
        let [product, one_power, other_power] = sums.map(|lanes| lanes.iter().sum::<f32>());
        let power = (one_power * other_power).sqrt();
        Some(if power < 1.0 { 1.0 } else { product / power })
    }
}

/// `from` fading into `to`.
fn mix(from: i16, to: i16, weight: f32) -> i16 {
    let mixed = f32::from(from) * (1.0 - weight) + f32::from(to) * weight;
    mixed.round() as i16 // saturates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::receive::tests::support::voiced;

    const LAYOUTS: [(u32, u32); 6] = [
        (8_000, 1),
        (12_000, 1),
        (16_000, 1),
        (24_000, 2),
        (48_000, 1),
        (48_000, 2),
    ];

    fn speech(layout: Layout, milliseconds: usize) -> Vec<i16> {
        (0..layout.frames(milliseconds * 1_000))
            .flat_map(|at| {
                let sample = voiced(at as u64, layout.rate_hz);
                std::iter::repeat_n(sample, layout.channels as usize)
            })
            .collect()
    }

    /// The largest step from one frame to the next.
    fn roughness(pcm: &[i16], layout: Layout) -> i32 {
        let left: Vec<i32> = pcm
            .iter()
            .step_by(layout.channels as usize)
            .map(|sample| i32::from(*sample))
            .collect();
        left.windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn whole_periods_are_taken_out_without_a_click() {
        for (rate_hz, channels) in LAYOUTS {
            let layout = Layout { rate_hz, channels };
            let original = speech(layout, 80);
            let mut pcm = original.clone();
            let removed = Stretcher::default()
                .shorten(&mut pcm, layout.frames(20_000), layout, 0.9)
                .unwrap_or_else(|| panic!("no period found in {layout:?}"));
            assert_eq!(original.len() - pcm.len(), removed * channels as usize);
            let period = rate_hz as usize / 125;
            let off = removed % period;
            assert!(
                off.min(period - off) <= rate_hz as usize / 8_000 + 1,
                "{removed} frames are no multiple of the period {period} in {layout:?}"
            );
            assert!(
                roughness(&pcm, layout) <= roughness(&original, layout) * 11 / 10,
                "a click in {layout:?}"
            );
        }
    }

    #[test]
    fn whole_periods_are_put_in_without_a_click() {
        for (rate_hz, channels) in LAYOUTS {
            let layout = Layout { rate_hz, channels };
            let original = speech(layout, 80);
            let mut pcm = original.clone();
            let cut = layout.frames(30_000);
            let inserted = Stretcher::default()
                .lengthen(&mut pcm, cut, layout, 0.9)
                .unwrap_or_else(|| panic!("no period found in {layout:?}"));
            assert_eq!(pcm.len() - original.len(), inserted * channels as usize);
            let split = cut * channels as usize;
            assert_eq!(pcm[..split], original[..split], "the past was changed");
            let after = split + inserted * channels as usize;
            assert_eq!(pcm[after..], original[split..], "the future was changed");
            assert!(
                roughness(&pcm, layout) <= roughness(&original, layout) * 11 / 10,
                "a click in {layout:?}"
            );
        }
    }

    #[test]
    fn what_has_no_period_is_left_alone() {
        let layout = Layout {
            rate_hz: 16_000,
            channels: 1,
        };
        let mut state = 1_u32;
        let noise: Vec<i16> = (0..1_280)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as i16
            })
            .collect();
        let mut pcm = noise.clone();
        let mut stretcher = Stretcher::default();
        assert_eq!(stretcher.shorten(&mut pcm, 320, layout, 0.85), None);
        assert_eq!(stretcher.lengthen(&mut pcm, 320, layout, 0.85), None);
        assert_eq!(pcm, noise, "changed without saying so");
    }

    #[test]
    fn too_little_sound_is_left_alone() {
        let layout = Layout {
            rate_hz: 16_000,
            channels: 1,
        };
        let mut pcm = speech(layout, 20);
        let mut stretcher = Stretcher::default();
        assert_eq!(stretcher.shorten(&mut pcm, 0, layout, -1.0), None);
        assert_eq!(stretcher.lengthen(&mut pcm, 10, layout, -1.0), None);
        assert_eq!(stretcher.shorten(&mut pcm, 9_999, layout, -1.0), None);
    }

    #[test]
    fn silence_is_stretched_by_as_much_as_possible() {
        let layout = Layout {
            rate_hz: 16_000,
            channels: 1,
        };
        let mut pcm = vec![0; 1_280];
        let removed = Stretcher::default().shorten(&mut pcm, 320, layout, 0.9);
        assert_eq!(removed, Some(240));
    }
}
