//! How many calls this worker takes at once, and who holds a place.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// The places for calls: a counter with a ceiling whose changes can be awaited.
///
/// Clones share the counter. A place is taken before an offer is answered, so
/// two offers in one instant never both get the last one.
#[derive(Clone, Debug)]
pub struct Slots {
    total: usize,
    used: Arc<watch::Sender<usize>>,
    paused: Arc<AtomicBool>,
}

impl Slots {
    /// `total` free places.
    #[must_use]
    pub fn new(total: NonZeroUsize) -> Self {
        Self {
            total: total.get(),
            used: Arc::new(watch::Sender::new(0)),
            paused: Arc::default(),
        }
    }

    /// Gives out no further place while paused; calls that run are kept.
    pub fn pause(&self, paused: bool) {
        if self.paused.swap(paused, Ordering::Relaxed) != paused {
            // The load changed with it: whoever reports it is woken.
            self.used.send_modify(|_unchanged| {});
        }
    }

    /// Whether no place is given out for now.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Takes a place, or `None` when all are taken. Never waits.
    #[must_use]
    pub fn try_reserve(&self) -> Option<SlotGuard> {
        let reserved = self.used.send_if_modified(|used| {
            let free = *used < self.total && !self.is_paused();
            if free {
                *used += 1;
            }
            free
        });
        reserved.then(|| SlotGuard {
            used: Arc::clone(&self.used),
        })
    }

    /// Places taken, calls and promised offers together.
    #[must_use]
    pub fn used(&self) -> usize {
        *self.used.borrow()
    }

    /// Places there are in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// The share in use: below 1 while a place is free, exactly 1 when none is.
    ///
    /// The LiveKit server never picks a worker whose load is 1 or more.
    #[must_use]
    pub fn load(&self) -> f32 {
        let used = self.used();
        if used >= self.total || self.is_paused() {
            return 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for weighting offers")]
        let share = used as f32 / self.total as f32;
        share.min(1.0 - f32::EPSILON)
    }

    /// Changes of the number of places taken.
    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.used.subscribe()
    }
}

/// One place, given back when dropped.
#[derive(Debug)]
pub struct SlotGuard {
    used: Arc<watch::Sender<usize>>,
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        self.used.send_modify(|used| *used -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(total: usize) -> Slots {
        Slots::new(NonZeroUsize::new(total).expect("tests ask for places"))
    }

    #[test]
    fn the_last_place_is_given_once_and_comes_back_on_drop() {
        let slots = slots(2);
        let first = slots.try_reserve();
        let second = slots.try_reserve();
        assert!(first.is_some() && second.is_some());
        assert!(slots.try_reserve().is_none());
        drop(first);
        assert_eq!(slots.used(), 1);
        assert!(slots.try_reserve().is_some());
    }

    #[test]
    fn the_load_is_one_exactly_when_no_place_is_free() {
        let slots = slots(3);
        let mut held = Vec::new();
        for expected_free in [true, true, true, false] {
            assert_eq!(slots.load() < 1.0, expected_free, "{} used", slots.used());
            held.extend(slots.try_reserve());
        }
        assert!((slots.load() - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_huge_worker_with_one_free_place_still_reports_less_than_one() {
        let slots = slots(1 << 26);
        slots.used.send_replace((1 << 26) - 1);
        assert!(slots.load() < 1.0);
    }

    #[tokio::test]
    async fn a_paused_worker_gives_out_no_place_and_says_so() {
        let slots = slots(3);
        let held = slots.try_reserve();
        let mut changes = slots.watch();
        changes.mark_unchanged();
        slots.pause(true);
        changes.changed().await.expect("the load changed");
        assert!(slots.try_reserve().is_none(), "no new call");
        assert!((slots.load() - 1.0).abs() < f32::EPSILON);
        assert_eq!(slots.used(), 1, "the call that runs is kept");
        slots.pause(false);
        assert!(slots.try_reserve().is_some());
        drop(held);
    }

    #[tokio::test]
    async fn a_freed_place_wakes_the_watcher() {
        let slots = slots(1);
        let guard = slots.try_reserve();
        let mut changes = slots.watch();
        drop(guard);
        changes.changed().await.expect("the slots live");
        assert_eq!(*changes.borrow(), 0);
    }
}
