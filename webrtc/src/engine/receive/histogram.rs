//! How late packets are, with the past forgotten bit by bit.

/// Width of a bucket, milliseconds.
const BUCKET_MS: f32 = 5.0;

/// Up to 500 ms. What is later counts as the last.
const BUCKETS: usize = 100;

/// A distribution of delays in which each new value weighs a fixed share.
#[derive(Clone, Debug)]
pub(crate) struct ForgettingHistogram {
    shares: [f32; BUCKETS],
    /// Share kept of the past with each value.
    keep: f32,
}

impl ForgettingHistogram {
    /// Begins as if all had been `start_ms` late so far. Each value takes the share `1 - keep`.
    pub(crate) fn new(keep: f32, start_ms: f32) -> Self {
        let mut shares = [0.0; BUCKETS];
        shares[bucket(start_ms)] = 1.0;
        Self { shares, keep }
    }

    pub(crate) fn add(&mut self, delay_ms: f32) {
        for share in &mut self.shares {
            *share *= self.keep;
        }
        self.shares[bucket(delay_ms)] += 1.0 - self.keep;
    }

    /// What was later than this is counted as that much earlier.
    pub(crate) fn lower(&mut self, by_ms: f32) {
        let by = bucket(by_ms);
        if by == 0 {
            return;
        }
        for from in by..BUCKETS {
            let share = std::mem::take(&mut self.shares[from]);
            self.shares[from - by] += share;
        }
    }

    /// The delay that all but the share `beyond` stay within, milliseconds; a bucket's upper end.
    pub(crate) fn all_but(&self, beyond: f32) -> f32 {
        let mut tail = 0.0;
        for (index, share) in self.shares.iter().enumerate().rev() {
            tail += share;
            if tail > beyond {
                return (index + 1) as f32 * BUCKET_MS;
            }
        }
        BUCKET_MS
    }
}

fn bucket(delay_ms: f32) -> usize {
    ((delay_ms / BUCKET_MS) as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_of_an_even_spread_is_found() {
        let mut histogram = ForgettingHistogram::new(0.999, 0.0);
        for n in 0..20_000 {
            histogram.add((n * 37 % 100) as f32);
        }
        let delay = histogram.all_but(0.05);
        assert!((90.0..=100.0).contains(&delay), "{delay} of 0..100 ms");
    }

    #[test]
    fn the_past_fades() {
        let mut histogram = ForgettingHistogram::new(0.98, 200.0);
        assert_eq!(histogram.all_but(0.05), 205.0);
        for _ in 0..200 {
            histogram.add(3.0);
        }
        assert_eq!(histogram.all_but(0.05), 5.0);
    }

    #[test]
    fn a_few_late_packets_are_noticed_at_once() {
        let mut histogram = ForgettingHistogram::new(0.98, 0.0);
        for _ in 0..3 {
            histogram.add(80.0);
        }
        assert_eq!(histogram.all_but(0.05), 85.0);
    }

    #[test]
    fn what_is_lowered_leaves_the_rest_as_it_was() {
        let mut histogram = ForgettingHistogram::new(0.5, 62.0);
        histogram.add(212.0);
        histogram.lower(200.0);
        assert_eq!(histogram.all_but(0.6), 15.0, "the late half is not lowered");
        assert_eq!(histogram.all_but(0.4), 65.0, "the other half is not kept");
        histogram.lower(f32::NAN);
        histogram.lower(1e9);
        assert_eq!(histogram.all_but(0.4), 65.0);
    }

    #[test]
    fn delays_out_of_range_count_as_the_nearest() {
        let mut histogram = ForgettingHistogram::new(0.5, 0.0);
        histogram.add(1e9);
        assert_eq!(histogram.all_but(0.4), 500.0);
        histogram.add(-5.0);
        histogram.add(f32::NAN);
        assert_eq!(histogram.all_but(0.4), 5.0);
    }
}
