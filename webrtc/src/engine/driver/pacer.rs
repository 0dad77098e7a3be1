//! Ten-millisecond ticks that forget a long stall.

use std::time::{Duration, Instant};

/// One block of audio.
pub(crate) const PERIOD: Duration = Duration::from_millis(10);

/// A delay of up to this many ticks (100 ms) is made up for: it is what the frame ring of a
/// listener holds. After a longer one the missed ticks are skipped; to run them all at once
/// would overflow that ring and take the processor when it is scarcest.
const MAX_CATCH_UP: u128 = 10;

/// What to do about the ticks since the last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Ticks to run now.
    pub(crate) run: u32,
    /// Ticks that were missed for good.
    pub(crate) skipped: u32,
}

/// Decides how many ticks are due. Ticks lie on a grid of 10 ms from an epoch.
#[derive(Debug)]
pub(crate) struct Pacer {
    next: Instant,
}

impl Pacer {
    /// The first tick is the grid point after `now`.
    pub(crate) fn new(epoch: Instant, now: Instant) -> Self {
        let elapsed = now.saturating_duration_since(epoch).as_nanos();
        let until_next = PERIOD.as_nanos() - elapsed % PERIOD.as_nanos();
        let until_next = Duration::from_nanos(u64::try_from(until_next).unwrap_or(0));
        Self {
            next: now + until_next,
        }
    }

    /// When to ask [`Self::due`] again.
    pub(crate) const fn deadline(&self) -> Instant {
        self.next
    }

    /// The ticks to run at `now`: none before the deadline, those missed after a short delay, 1
    /// after a long one.
    pub(crate) fn due(&mut self, now: Instant) -> Due {
        let Some(late) = now.checked_duration_since(self.next) else {
            return Due { run: 0, skipped: 0 };
        };
        let ticks = late.as_nanos() / PERIOD.as_nanos() + 1;
        let ticks_32 = u32::try_from(ticks).unwrap_or(u32::MAX);
        self.next += PERIOD.saturating_mul(ticks_32);
        let run = if ticks <= MAX_CATCH_UP { ticks_32 } else { 1 };
        Due {
            run,
            skipped: ticks_32 - run,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Asks at each of the given milliseconds and compares the ticks that were due.
    fn check(script: &[(u64, u32)]) {
        let epoch = crate::engine::driver::now();
        let mut pacer = Pacer::new(epoch, epoch);
        for (at, expected) in script {
            assert_eq!(
                pacer.due(epoch + ms(*at)).run,
                *expected,
                "ticks due at {at} ms of {script:?}"
            );
        }
    }

    #[test]
    fn a_punctual_caller_gets_one_tick_each_ten_milliseconds() {
        check(&[(5, 0), (10, 1), (15, 0), (20, 1), (30, 1), (39, 0), (40, 1)]);
    }

    #[test]
    fn a_short_delay_is_made_up_for() {
        check(&[(10, 1), (47, 3), (50, 1), (150, 10)]);
    }

    #[test]
    fn a_long_stall_is_skipped_and_the_grid_is_kept() {
        check(&[(10, 1), (2_345, 1), (2_349, 0), (2_350, 1), (2_360, 1)]);
    }

    #[test]
    fn skipped_ticks_are_counted() {
        let epoch = crate::engine::driver::now();
        let mut pacer = Pacer::new(epoch, epoch);
        let due = pacer.due(epoch + ms(2_345));
        assert_eq!((due.run, due.skipped), (1, 233));
    }

    #[test]
    fn tickers_started_at_different_times_share_one_grid() {
        let epoch = crate::engine::driver::now();
        let early = Pacer::new(epoch, epoch + ms(3));
        let late = Pacer::new(epoch, epoch + ms(8));
        assert_eq!(early.deadline(), late.deadline());
    }
}
