//! Mutexes that know their place in the lock order of [`super`].
//!
//! In builds with debug assertions (tests, development) a thread that takes a lock which is not
//! further down than all it holds panics, whether or not the order would have deadlocked this
//! time. In a release build the wrapper is nothing but the mutex.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use parking_lot::{Mutex, MutexGuard};

/// 1. A sink of a track.
pub(crate) type SinkMutex<T> = Ranked<T, 1>;
/// 2. A connection's core.
pub(crate) type CoreMutex<T> = Ranked<T, 2>;
/// 3. A transceiver's state.
pub(crate) type TransceiverMutex<T> = Ranked<T, 3>;
/// 4. All else: nothing further is locked while it is held, not even another leaf.
pub(crate) type LeafMutex<T> = Ranked<T, 4>;

/// A mutex with a place in the lock order; a higher rank is taken later.
pub(crate) struct Ranked<T: ?Sized, const RANK: u8> {
    mutex: Mutex<T>,
}

impl<T, const RANK: u8> Ranked<T, RANK> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            mutex: Mutex::new(value),
        }
    }

    /// Waits for the lock.
    ///
    /// # Panics
    ///
    /// With debug assertions, when this thread holds a lock of this rank or a later one.
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let place = Place::enter(RANK);
        Guard {
            value: self.mutex.lock(),
            _place: place,
        }
    }
}

impl<T: Default, const RANK: u8> Default for Ranked<T, RANK> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, const RANK: u8> fmt::Debug for Ranked<T, RANK> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranked")
            .field("rank", &RANK)
            .finish_non_exhaustive()
    }
}

/// A held lock.
pub(crate) struct Guard<'a, T> {
    value: MutexGuard<'a, T>, // released first
    _place: Place,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Called before foreign code runs, which may call back into the engine.
///
/// # Panics
///
/// With debug assertions, when this thread holds a lock of the engine.
pub(crate) fn assert_none_held() {
    #[cfg(debug_assertions)]
    assert_eq!(
        order::held(),
        0,
        "an application's callback would run with a lock of the engine held"
    );
}

#[cfg(debug_assertions)]
use self::order::Place;

#[cfg(debug_assertions)]
mod order {
    use std::cell::Cell;

    thread_local! {
        /// One bit for each rank that this thread holds.
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn held() -> u32 {
        HELD.get()
    }

    /// A rank this thread holds, until it is dropped.
    pub(super) struct Place(u8);

    impl Place {
        pub(super) fn enter(rank: u8) -> Self {
            let held = HELD.get();
            assert_eq!(
                held >> rank,
                0,
                "lock order: rank {rank} is taken while ranks {held:#b} (bits) are held"
            );
            HELD.set(held | 1 << rank);
            Self(rank)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            HELD.set(HELD.get() & !(1 << self.0));
        }
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
struct Place;

#[cfg(not(debug_assertions))]
impl Place {
    const fn enter(_rank: u8) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn panics(act: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(act)).is_err()
    }

    #[test]
    fn locks_are_taken_downwards_only() {
        let (sink, core, leaf) = (SinkMutex::new(1), CoreMutex::new(2), LeafMutex::new(3));
        let down = || {
            let (a, b, c) = (sink.lock(), core.lock(), leaf.lock());
            assert_eq!(*a + *b + *c, 6);
        };
        assert!(!panics(down), "the written order was refused");
        let up = || {
            let _leaf = leaf.lock();
            let _core = core.lock();
        };
        assert!(panics(up), "a core was locked with a leaf held");
    }

    #[test]
    fn a_leaf_takes_no_other_leaf() {
        let (one, other) = (LeafMutex::new(()), LeafMutex::new(()));
        let nested = || {
            let _one = one.lock();
            let _other = other.lock();
        };
        assert!(panics(nested), "two leaves were held at once");
    }

    #[test]
    fn a_released_lock_is_forgotten() {
        let (core, leaf) = (CoreMutex::new(()), LeafMutex::new(()));
        let in_turn = || {
            drop(leaf.lock());
            drop(core.lock());
            assert_none_held();
        };
        assert!(!panics(in_turn), "a released lock counted as held");
    }

    #[test]
    fn callbacks_run_with_no_lock_held() {
        let core = CoreMutex::new(());
        let inside = || {
            let _core = core.lock();
            assert_none_held();
        };
        assert!(panics(inside), "a callback could run under a core's lock");
    }
}
