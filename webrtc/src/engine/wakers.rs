//! Who waits for a round of the clock is woken together.
//!
//! To wake a task of the application's runtime is a system call when that runtime sleeps. A
//! round of the clock that fills fifty queues would make fifty of them, one by one; woken after a
//! slice of the round (a millisecond), the first wakes the runtime and the others only join its
//! queue.

use std::{cell::RefCell, task::Waker};

use tokio::sync::oneshot;

/// Somebody of the application who can go on.
enum Waiting {
    /// For the next frame of a remote track.
    Listener(Waker),
    /// For room in a source.
    Capture(oneshot::Sender<()>),
}

impl Waiting {
    fn wake(self) {
        match self {
            Self::Listener(waker) => waker.wake(),
            Self::Capture(capture) => capture.send(()).unwrap_or(()), // it may have been cancelled
        }
    }
}

thread_local! {
    /// Who is to be woken, while this thread runs a slice. Bounded by the slice's streams.
    static WAITING: RefCell<Option<Vec<Waiting>>> = const { RefCell::new(None) };
}

/// Wakes a listener: at once, or after the slice that this thread is running.
pub(crate) fn wake_soon(waker: Waker) {
    soon(Waiting::Listener(waker));
}

/// Lets a capture go on: at once, or after the slice that this thread is running.
pub(crate) fn release_soon(capture: oneshot::Sender<()>) {
    soon(Waiting::Capture(capture));
}

fn soon(who: Waiting) {
    let left = WAITING.with_borrow_mut(|waiting| match waiting {
        Some(list) => {
            list.push(who);
            None
        }
        None => Some(who),
    });
    if let Some(who) = left {
        who.wake();
    }
}

/// Runs a slice, then wakes all who were to be woken.
pub(super) fn slice<R>(run: impl FnOnce() -> R) -> R {
    WAITING.set(Some(Vec::new()));
    let result = run();
    for who in WAITING.take().into_iter().flatten() {
        who.wake();
    }
    result
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering::Relaxed},
        },
        task::Wake,
    };

    use super::*;

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
    fn a_capture_is_released_after_the_slice_that_made_room_for_it() {
        let (release, mut released) = oneshot::channel();
        slice(|| {
            release_soon(release);
            assert!(released.try_recv().is_err(), "released within the slice");
        });
        assert_eq!(released.try_recv(), Ok(()));
    }

    #[test]
    fn outside_of_a_slice_a_listener_is_woken_at_once() {
        let listener = Arc::new(Listener::default());
        wake_soon(Arc::clone(&listener).into());
        assert_eq!(listener.0.load(Relaxed), 1);
    }
}
