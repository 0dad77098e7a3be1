//! Times and their quantiles.

use std::time::Duration;

/// Times that were measured alike.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest of them that is no less than this share of all.
    pub(crate) fn quantile(&mut self, q: f64) -> Duration {
        assert!(!self.0.is_empty(), "nothing was measured");
        self.0.sort();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index of a short list"
        )]
        let at = ((self.0.len() - 1) as f64 * q).ceil() as usize;
        self.0[at]
    }

    /// `p50 | p99 | max` in milliseconds, as cells of a table.
    pub(crate) fn ms(&mut self) -> String {
        self.cells(1e3, 2)
    }

    /// The same in microseconds.
    pub(crate) fn us(&mut self) -> String {
        self.cells(1e6, 1)
    }

    fn cells(&mut self, scale: f64, digits: usize) -> String {
        let cell = |time: Duration| format!("{:.digits$}", time.as_secs_f64() * scale);
        let [half, most, all] = [0.5, 0.99, 1.0].map(|q| cell(self.quantile(q)));
        format!("{half} | {most} | {all}")
    }
}

impl Extend<Duration> for Samples {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, times: T) {
        self.0.extend(times);
    }
}

impl IntoIterator for Samples {
    type Item = Duration;
    type IntoIter = std::vec::IntoIter<Duration>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// How many times `one` is of `other`.
pub(crate) fn times(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
