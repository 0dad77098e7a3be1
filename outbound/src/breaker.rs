//! A circuit breaker: a server that fails again and again is left alone, then tried once. Pure.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// So many failures within the window open it.
const FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// So long nobody asks; then one call tries.
const PAUSE: Duration = Duration::from_secs(30);

/// Whether a server may be asked. Times are since any moment, the same for all calls.
#[derive(Debug)]
pub enum Breaker {
    /// It may; the times of its failures within the window.
    Closed(VecDeque<Duration>),
    /// It may not until then.
    Open(Duration),
    /// One call tries it, since then. A try that nobody ended is over after a pause.
    HalfOpen(Duration),
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed(VecDeque::new())
    }
}

impl Breaker {
    /// Whether a call may ask now.
    #[must_use]
    pub fn allows(&self, now: Duration) -> bool {
        match self {
            Self::Closed(_) => true,
            Self::Open(until) => now >= *until,
            Self::HalfOpen(since) => now >= *since + PAUSE,
        }
    }

    /// A call that is allowed asks.
    pub fn asked(&mut self, now: Duration) {
        if !matches!(self, Self::Closed(_)) {
            *self = Self::HalfOpen(now);
        }
    }

    /// It answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// It failed. Returns whether it is left alone from now on, and was not before.
    pub fn failed(&mut self, now: Duration) -> bool {
        match self {
            Self::Closed(failures) => {
                failures.push_back(now);
                while failures.front().is_some_and(|at| *at + WINDOW < now) {
                    failures.pop_front();
                }
                let is_open = failures.len() >= FAILURES;
                if is_open {
                    *self = Self::Open(now + PAUSE);
                }
                is_open
            }
            Self::Open(_) => false,
            Self::HalfOpen(_) => {
                *self = Self::Open(now + PAUSE);
                false
            }
        }
    }
}

/// The same with a clock, for all calls of a worker.
#[derive(Debug)]
pub struct SharedBreaker {
    /// Held for moments only.
    breaker: Mutex<Breaker>,
    begun: Instant,
}

impl Default for SharedBreaker {
    fn default() -> Self {
        Self {
            breaker: Mutex::default(),
            begun: Instant::now(),
        }
    }
}

impl SharedBreaker {
    /// Whether to ask now. Whoever may, does.
    #[must_use]
    pub fn may_ask(&self) -> bool {
        let (mut breaker, now) = (self.breaker(), self.begun.elapsed());
        let allows = breaker.allows(now);
        if allows {
            breaker.asked(now);
        }
        allows
    }

    /// It answered.
    pub fn succeeded(&self) {
        self.breaker().succeeded();
    }

    /// It failed. Returns whether it is left alone from now on, and was not before.
    pub fn failed(&self) -> bool {
        self.breaker().failed(self.begun.elapsed())
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    /// Opened at second 4.
    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        let opened: Vec<bool> = (0..5).map(|second| breaker.failed(at(second))).collect();
        assert_eq!(
            opened,
            [false, false, false, false, true],
            "by the fifth failure"
        );
        breaker
    }

    #[test]
    fn failures_that_lie_apart_leave_it_closed() {
        let mut breaker = Breaker::default();
        for minute in 0..20 {
            assert!(
                !breaker.failed(at(minute * 16)),
                "four in a minute are borne"
            );
            assert!(breaker.allows(at(minute * 16)));
        }
    }

    #[test]
    fn a_success_forgives() {
        let mut breaker = Breaker::default();
        for second in 0..20 {
            assert!(!breaker.failed(at(second)));
            if second % 4 == 3 {
                breaker.succeeded();
            }
        }
    }

    #[test]
    fn after_a_pause_one_call_tries() {
        let mut breaker = open();
        assert!(!breaker.allows(at(33)), "it is left alone");
        assert!(breaker.allows(at(34)));
        breaker.asked(at(34));
        assert!(
            !breaker.allows(at(35)),
            "one tries, the others do not wait for it"
        );
        breaker.succeeded();
        assert!(breaker.allows(at(35)));
    }

    #[test]
    fn a_try_that_fails_or_never_ends_is_followed_by_another_pause() {
        let mut breaker = open();
        breaker.asked(at(34));
        assert!(
            !breaker.failed(at(36)),
            "that it is left alone is told once"
        );
        assert!(!breaker.allows(at(65)));
        assert!(breaker.allows(at(66)));
        breaker.asked(at(66));
        assert!(!breaker.allows(at(95)));
        assert!(
            breaker.allows(at(96)),
            "a try that nobody ended blocks nobody for ever"
        );
    }
}
