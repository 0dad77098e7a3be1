//! How many tokens a model may take of a worker, a minute and a day (UTC). Pure.

use std::time::Duration;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// Tokens at most; none: as many as it takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    pub(super) per_minute: Option<u64>,
    pub(super) per_day: Option<u64>,
}

/// What was spent.
#[derive(Debug)]
pub(super) struct Meter {
    minute: Spent,
    day: Spent,
    /// That it is used up was told.
    is_told: bool,
}

#[derive(Debug)]
struct Spent {
    limit: Option<u64>,
    /// Seconds of the period.
    period: u64,
    /// Which period, counted from 1970.
    current: u64,
    tokens: u64,
}

impl Meter {
    pub(super) fn new(budget: Budget) -> Self {
        let spent = |limit, period| Spent {
            limit,
            period,
            current: 0,
            tokens: 0,
        };
        Self {
            minute: spent(budget.per_minute, MINUTE),
            day: spent(budget.per_day, DAY),
            is_told: false,
        }
    }

    /// Sets tokens aside for a request that begins at `now`, since 1970. `false`: nothing is left.
    pub(super) fn reserve(&mut self, now: Duration, tokens: u64) -> bool {
        let spent = [&mut self.minute, &mut self.day];
        if spent.map(|spent| spent.has_left(now)) != [true, true] {
            return false;
        }
        self.is_told = false;
        self.minute.tokens += tokens;
        self.day.tokens += tokens;
        true
    }

    /// The request took so many, in place of those that were set aside.
    pub(super) fn settle(&mut self, now: Duration, reserved: u64, tokens: u64) {
        for spent in [&mut self.minute, &mut self.day] {
            let began_before = spent.turn(now);
            let set_aside = if began_before { 0 } else { reserved };
            spent.tokens = spent.tokens.saturating_sub(set_aside) + tokens;
        }
    }

    /// Whether it is to be told that nothing is left: once, until something is left again.
    pub(super) fn tells_that_it_is_used_up(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }
}

impl Spent {
    fn has_left(&mut self, now: Duration) -> bool {
        self.turn(now);
        self.limit.is_none_or(|limit| self.tokens < limit)
    }

    /// Begins a period, if a new one has come; returns whether it has.
    fn turn(&mut self, now: Duration) -> bool {
        let current = now.as_secs() / self.period;
        let is_new = current != self.current;
        if is_new {
            (self.current, self.tokens) = (current, 0);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(20_000 * DAY + seconds)
    }

    fn meter(per_minute: Option<u64>, per_day: Option<u64>) -> Meter {
        Meter::new(Budget {
            per_minute,
            per_day,
        })
    }

    #[test]
    fn a_minute_that_is_used_up_ends() {
        let mut meter = meter(Some(100), None);
        assert!(meter.reserve(at(0), 80));
        assert!(meter.reserve(at(1), 80), "something is left");
        assert!(!meter.reserve(at(2), 1), "nothing is left");
        assert!(meter.reserve(at(60), 80), "the next minute");
    }

    #[test]
    fn a_day_outlasts_its_minutes() {
        let mut meter = meter(Some(100), Some(150));
        assert!(meter.reserve(at(0), 100));
        assert!(meter.reserve(at(60), 100));
        assert!(!meter.reserve(at(120), 1));
        assert!(!meter.reserve(at(DAY - 1), 1));
        assert!(meter.reserve(at(DAY), 1));
    }

    #[test]
    fn what_a_request_took_counts_in_place_of_what_was_set_aside() {
        let mut meter = meter(Some(100), None);
        assert!(meter.reserve(at(0), 100));
        assert!(!meter.reserve(at(1), 1));
        meter.settle(at(2), 100, 40);
        assert!(meter.reserve(at(3), 60));
        // It ends in the next minute, and counts there.
        meter.settle(at(61), 60, 100);
        assert!(!meter.reserve(at(62), 1));
    }

    #[test]
    fn that_nothing_is_left_is_told_once() {
        let mut meter = meter(Some(1), None);
        assert!(meter.reserve(at(0), 1));
        let told: Vec<bool> = (0..3)
            .map(|_| !meter.reserve(at(1), 1) && meter.tells_that_it_is_used_up())
            .collect();
        assert_eq!(told, [true, false, false]);
        assert!(meter.reserve(at(60), 1) && !meter.reserve(at(61), 1));
        assert!(meter.tells_that_it_is_used_up(), "in the next minute again");
    }

    #[test]
    fn without_a_limit_nothing_is_used_up() {
        let mut meter = meter(None, None);
        assert!((0..100).all(|second| meter.reserve(at(second), u64::from(u32::MAX))));
    }
}
