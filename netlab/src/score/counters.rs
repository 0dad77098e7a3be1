//! Shares and delays out of cumulative counters, which start again with every new track.

use crate::peer::{Counters, Line};

/// A delay is taken over so much of wall time: shorter is noise, longer hides peaks.
const PIECE_MS: u64 = 1_000;
/// Lines come each half second, not to the millisecond.
const JITTER_MS: u64 = 100;

/// Sums over a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Totals {
    concealed: u64,
    samples: u64,
    lost: i64,
    packets: u64,
    /// Of each second, in milliseconds.
    delays_ms: Vec<f64>,
}

impl Totals {
    /// What was counted between two moments (Unix milliseconds).
    pub(super) fn of(lines: &[Line], from_ms: u64, until_ms: u64) -> Self {
        let mut totals = Self::default();
        let counted = lines
            .iter()
            .filter_map(|line| line.counters.map(|counters| (line.t_ms, counters)));
        let (mut last, mut piece): (Option<Counters>, Option<(u64, Counters)>) = (None, None);
        for (t_ms, now) in counted.filter(|(t_ms, _)| *t_ms <= until_ms) {
            // The last line before the run is where counting begins.
            if t_ms < from_ms {
                (last, piece) = (Some(now), Some((t_ms, now)));
                continue;
            }
            let restarted = last.is_some_and(|last| is_restart(&last, &now));
            let since = last.filter(|_| !restarted).unwrap_or_default();
            totals.concealed += now
                .concealed_samples
                .saturating_sub(since.concealed_samples);
            totals.samples += now.total_samples_received - since.total_samples_received;
            totals.lost += now.packets_lost - since.packets_lost;
            totals.packets += now.packets_received - since.packets_received;
            last = Some(now);
            match piece {
                Some((began, then)) if !restarted => {
                    if t_ms + JITTER_MS >= began + PIECE_MS {
                        totals.delays_ms.extend(delay_ms(&then, &now));
                        piece = Some((t_ms, now));
                    }
                }
                _ => piece = Some((t_ms, now)),
            }
        }
        totals
    }

    /// Two rooms' sums as one.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.concealed += other.concealed;
        self.samples += other.samples;
        self.lost += other.lost;
        self.packets += other.packets;
        self.delays_ms.extend(other.delays_ms);
        self
    }

    /// Samples made up, of those played.
    pub(super) fn concealed_share(&self) -> f64 {
        self.concealed as f64 / self.samples.max(1) as f64
    }

    /// Packets that never came, of those sent. A late packet counts as lost first and is taken back after.
    pub(super) fn lost_share(&self) -> f64 {
        let lost = self.lost.max(0) as f64;
        lost / (lost + self.packets as f64).max(1.0)
    }

    /// The delay that a share of the seconds keeps.
    pub(super) fn delay_ms(&self, share: f64) -> Option<f64> {
        let mut delays = self.delays_ms.clone();
        delays.sort_by(f64::total_cmp);
        let last = delays.len().checked_sub(1)?;
        delays.get((share * last as f64).round() as usize).copied()
    }
}

/// Another track counts from zero.
fn is_restart(last: &Counters, now: &Counters) -> bool {
    now.total_samples_received < last.total_samples_received
        || now.packets_received < last.packets_received
}

/// What a sample waited on average between two counts.
fn delay_ms(then: &Counters, now: &Counters) -> Option<f64> {
    let samples = now
        .jitter_buffer_emitted_count
        .checked_sub(then.jitter_buffer_emitted_count)?;
    (samples > 0)
        .then(|| 1_000.0 * (now.jitter_buffer_delay - then.jitter_buffer_delay) / samples as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(t_ms: u64, samples: u64, concealed: u64, delay_s: f64) -> Line {
        let counters = Counters {
            concealed_samples: concealed,
            total_samples_received: samples,
            jitter_buffer_delay: delay_s,
            jitter_buffer_emitted_count: samples,
            packets_lost: (concealed / 960) as i64,
            packets_received: samples / 960,
            ..Counters::default()
        };
        Line::counters(t_ms, counters)
    }

    #[test]
    fn only_the_run_counts_and_a_new_track_starts_from_zero() {
        let lines = [
            line(500, 100_000, 50_000, 5_000.0),
            line(1_000, 124_000, 50_000, 6_200.0),
            line(1_500, 148_000, 52_400, 7_400.0),
            Line::event(1_600, "reconnected".to_owned()),
            line(2_000, 24_000, 4_800, 960.0),
            line(2_500, 48_000, 4_800, 1_920.0),
            line(9_000, 999_999, 999_999, 0.0),
        ];
        let totals = Totals::of(&lines, 800, 3_000);
        assert_eq!(totals.samples, 48_000 + 48_000);
        assert_eq!(totals.concealed, 2_400 + 4_800);
        assert_eq!(totals.concealed_share(), 0.075);
    }

    #[test]
    fn delays_are_of_seconds_and_their_percentiles_of_all_rooms() {
        // 48 000 samples a second; each second's samples waited 1, 2, … 20 ms.
        let mut sum = 0.0;
        let lines: Vec<Line> = (0..=40)
            .map(|half: u64| {
                if half > 0 {
                    sum += 24.0 * half.div_ceil(2) as f64;
                }
                line(half * 500, half * 24_000, 0, sum)
            })
            .collect();
        let totals = Totals::of(&lines, 0, 60_000);
        assert_eq!(totals.delays_ms.len(), 20, "{:?}", totals.delays_ms);
        let near = |share: f64, expected: f64| {
            let delay = totals.delay_ms(share).expect("there were seconds");
            assert!(
                (delay - expected).abs() < 0.01,
                "{share}: {delay}, not {expected}"
            );
        };
        near(0.0, 1.0);
        near(0.5, 11.0);
        near(0.95, 19.0);
        near(1.0, 20.0);
        assert_eq!(
            Totals::default().delay_ms(0.5),
            None,
            "nothing has no delay"
        );
    }

    #[test]
    fn packets_that_came_late_are_not_lost() {
        let mut lines = [
            line(0, 0, 0, 0.0),
            line(500, 96_000, 9_600, 1.0),
            line(1_000, 192_000, 9_600, 2.0),
        ];
        if let Some(counters) = &mut lines[2].counters {
            counters.packets_lost = 0;
        }
        assert_eq!(Totals::of(&lines, 0, 2_000).lost_share(), 0.0);
    }
}
