//! How well it went, in the field's measures.

/// How well examples were told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Whether a sentence is the trade's, by meaning, with what is learned from other labels.
    pub by_meaning: Rates,
    /// The same by words alone.
    pub by_words: Rates,
    /// The same as the pack decides now, with what it has learned from these very labels too.
    pub now: Rates,
    /// The document that answers.
    pub found: Ranks,
    /// Its topic.
    pub topics: Ranks,
}

/// Right and wrong of "is it the trade's?".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    right: u32,
    /// Taken for the trade's, and another's.
    taken: u32,
    /// The trade's, and refused.
    refused: u32,
    rejected: u32,
}

/// Where the right one came among what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranks {
    all: u32,
    first: u32,
    among_three: u32,
    among_five: u32,
    reciprocal: f64,
}

impl Rates {
    pub(super) fn count(&mut self, is_taken: bool, is_trade: bool) {
        let count = match (is_taken, is_trade) {
            (true, true) => &mut self.right,
            (true, false) => &mut self.taken,
            (false, true) => &mut self.refused,
            (false, false) => &mut self.rejected,
        };
        *count += 1;
    }

    /// How many there were.
    #[must_use]
    pub fn all(self) -> u32 {
        self.right + self.taken + self.refused + self.rejected
    }

    /// Of what was taken for the trade's, the share that is.
    #[must_use]
    pub fn precision(self) -> f64 {
        share(self.right, self.right + self.taken)
    }

    /// Of what is the trade's, the share that was taken for it.
    #[must_use]
    pub fn recall(self) -> f64 {
        share(self.right, self.right + self.refused)
    }

    /// The harmonic mean of both.
    #[must_use]
    pub fn f1(self) -> f64 {
        share(2 * self.right, 2 * self.right + self.taken + self.refused)
    }

    /// Of other trades' sentences, the share that was taken for this one's.
    #[must_use]
    pub fn false_alarms(self) -> f64 {
        share(self.taken, self.taken + self.rejected)
    }
}

impl Ranks {
    pub(super) fn count(&mut self, found: &[String], right: &[String]) {
        self.all += 1;
        let Some(place) = found.iter().position(|found| right.contains(found)) else {
            return;
        };
        self.first += u32::from(place == 0);
        self.among_three += u32::from(place < 3);
        self.among_five += u32::from(place < 5);
        self.reciprocal += 1.0 / f64::from(u32::try_from(place + 1).unwrap_or(u32::MAX));
    }

    /// How many there were.
    #[must_use]
    pub fn all(self) -> u32 {
        self.all
    }

    /// Shares of those that came first, among the first three and the first five, and the mean reciprocal rank.
    #[must_use]
    pub fn shares(self) -> [f64; 4] {
        [
            share(self.first, self.all),
            share(self.among_three, self.all),
            share(self.among_five, self.all),
            self.reciprocal / f64::from(self.all.max(1)),
        ]
    }
}

fn share(part: u32, all: u32) -> f64 {
    f64::from(part) / f64::from(all.max(1))
}

#[cfg(test)]
mod tests {
    use super::{Ranks, Rates};

    #[test]
    fn the_measures_are_the_fields() {
        let mut rates = Rates::default();
        for (is_taken, is_trade) in [
            (true, true),
            (true, true),
            (true, false),
            (false, true),
            (false, false),
        ] {
            rates.count(is_taken, is_trade);
        }
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(
            near(rates.precision(), 2.0 / 3.0)
                && near(rates.recall(), 2.0 / 3.0)
                && near(rates.f1(), 2.0 / 3.0)
        );
        assert!(near(rates.false_alarms(), 0.5));
        let text = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let mut ranks = Ranks::default();
        ranks.count(&text(&["a", "b"]), &text(&["b"]));
        ranks.count(&text(&["a"]), &text(&["c"]));
        assert_eq!(ranks.shares(), [0.0, 0.5, 0.5, 0.25]);
    }
}
