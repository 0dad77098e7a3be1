//! A ticker that rests while nothing needs it: a track without listeners costs nothing.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Whether a ticker runs. At most one does.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    running: AtomicBool,
}

impl Pulse {
    /// Something needs ticks. True if there are none: the caller starts the ticker.
    pub(crate) fn wake(&self) -> bool {
        !self.running.swap(true, SeqCst)
    }

    /// Asked by the ticker at each tick: true if it is to end, because all is `idle`. Whoever ends
    /// the idleness calls [`Self::wake`] after that.
    pub(crate) fn rests(&self, idle: impl Fn() -> bool) -> bool {
        if !idle() {
            return false;
        }
        self.running.store(false, SeqCst);
        // What came in between found it running, and started nothing; what comes later does.
        idle() || !self.wake()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_first_need_starts_the_ticker_and_the_next_find_it_running() {
        let pulse = Pulse::default();
        assert!(pulse.wake());
        assert!(!pulse.wake());
        assert!(!pulse.rests(|| false));
        assert!(!pulse.wake(), "it was needed and went on");
        assert!(pulse.rests(|| true));
        assert!(pulse.wake(), "it had ended");
    }

    #[test]
    fn a_need_that_comes_while_it_lies_down_is_not_missed() {
        let pulse = Pulse::default();
        pulse.wake();
        // Idle at the first look only: the need came between the two, and found it running.
        let looks = Cell::new(0);
        let rests = pulse.rests(|| looks.replace(looks.get() + 1) == 0);
        assert!(!rests, "nobody else starts it");
        assert!(!pulse.wake());
    }

    #[test]
    fn a_need_that_starts_another_ticker_lets_this_one_end() {
        let pulse = Pulse::default();
        pulse.wake();
        let looks = Cell::new(0);
        let rests = pulse.rests(|| {
            let first = looks.replace(looks.get() + 1) == 0;
            if !first {
                assert!(pulse.wake(), "it had lain down already");
            }
            first
        });
        assert!(rests, "two tickers would run");
    }
}
