//! Listeners of a round are woken together.
//!
//! To wake a task of the application's runtime is a system call when that runtime sleeps. A
//! round of the clock that fills fifty queues would make fifty of them, one by one; woken after a
//! slice of the round (a millisecond), the first wakes the runtime and the others only join its
//! queue.

use std::{cell::RefCell, task::Waker};

thread_local! {
    /// Who is to be woken, while this thread runs a slice. Bounded by the slice's streams.
    static WAITING: RefCell<Option<Vec<Waker>>> = const { RefCell::new(None) };
}

/// Wakes a task: at once, or after the slice that this thread is running.
pub(crate) fn wake_soon(waker: Waker) {
    let left = WAITING.with_borrow_mut(|waiting| match waiting {
        Some(list) => {
            list.push(waker);
            None
        }
        None => Some(waker),
    });
    if let Some(waker) = left {
        waker.wake();
    }
}

/// Runs a slice, then wakes all who were to be woken.
pub(super) fn slice<R>(run: impl FnOnce() -> R) -> R {
    WAITING.set(Some(Vec::new()));
    let result = run();
    for waker in WAITING.take().into_iter().flatten() {
        waker.wake();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        task::Wake,
    };

    #[derive(Default)]
    struct Listener(AtomicU32);

    impl Wake for Listener {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn listeners_are_woken_after_the_slice_that_fed_them() {
        let listener = Arc::new(Listener::default());
        slice(|| {
            wake_soon(Arc::clone(&listener).into());
            assert_eq!(listener.0.load(Relaxed), 0, "woken one by one");
        });
        assert_eq!(listener.0.load(Relaxed), 1);
    }

    #[test]
    fn outside_of_a_slice_a_listener_is_woken_at_once() {
        let listener = Arc::new(Listener::default());
        wake_soon(Arc::clone(&listener).into());
        assert_eq!(listener.0.load(Relaxed), 1);
    }
}
