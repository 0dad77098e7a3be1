//! How often something may be done in an hour.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3600);

/// At most so many in any hour: not an hour of the clock, at whose turn two budgets could be spent at once.
#[derive(Debug)]
pub(super) struct Budget {
    most: usize,
    /// When the last ones were, oldest first; never more than `most`.
    spent: VecDeque<Instant>,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            spent: VecDeque::with_capacity(most.min(1_000)),
        }
    }

    /// Whether one more may be done at `now`; then it is counted.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let is_over = |then: &Instant| now.duration_since(*then) >= HOUR;
        while self.spent.front().is_some_and(is_over) {
            self.spent.pop_front();
        }
        let may = self.spent.len() < self.most;
        if may {
            self.spent.push_back(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_hour_has_more_than_its_budget_and_no_more_is_remembered() {
        let minutes = |minutes: u64| tokio::time::advance(Duration::from_secs(60 * minutes));
        let mut budget = Budget::new(3);
        let mut taken = Vec::new();
        // One try every ten minutes, for a day.
        for _ in 0..144 {
            let now = Instant::now();
            if budget.take(now) {
                taken.push(now);
            }
            assert!(budget.spent.len() <= 3, "what is remembered is bounded");
            minutes(10).await;
        }
        assert_eq!(taken.len(), 72, "three of six tries");
        for four in taken.windows(4) {
            assert!(four[3] - four[0] >= HOUR, "four within one hour");
        }
        assert!(!Budget::new(0).take(Instant::now()), "none is none");
    }
}
