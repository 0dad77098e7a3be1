//! A sentence's sound from the thread that makes it to the call that says it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::super::spoken::Piece;
use super::halt::Halt;

/// Both ends of a new stream.
pub(super) fn stream() -> (Inlet, Outlet) {
    let shared = Arc::new(Shared::default());
    (Inlet(shared.clone()), Outlet(shared))
}

/// Bounded by the length of one sentence: nobody waits here, neither to put in nor for room.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    abandoned: AtomicBool,
    halt: Halt,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<i16>,
    expected: u64,
    end: Option<Result<(), String>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where sound is put in. Dropped without [`Inlet::end`], the sentence has failed.
#[derive(Debug)]
pub(super) struct Inlet(Arc<Shared>);

impl Inlet {
    pub(super) fn give(&self, samples: &[i16], expected: u64) {
        if samples.is_empty() {
            return;
        }
        let mut state = self.0.state();
        state.waiting.extend_from_slice(samples);
        state.expected = expected;
        drop(state);
        self.0.changed.notify_one();
    }

    /// That was all, or no more can come.
    pub(super) fn end(self, how: Result<(), String>) {
        self.0.state().end = Some(how);
    }

    /// Nobody will take what is put in.
    pub(super) fn is_abandoned(&self) -> bool {
        self.0.abandoned.load(Ordering::SeqCst)
    }

    pub(super) fn halt(&self) -> &Halt {
        &self.0.halt
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state
            .end
            .get_or_insert_with(|| Err("its thread ended".to_owned()));
        drop(state);
        self.0.changed.notify_one();
    }
}

/// Where sound is taken out. Dropped, it stops the synthesis.
#[derive(Debug)]
pub(in super::super) struct Outlet(Arc<Shared>);

impl Outlet {
    /// All that has arrived, as soon as there is something; `None` at the end.
    pub(in super::super) async fn next(&mut self) -> Option<Result<Piece, String>> {
        loop {
            {
                let mut state = self.0.state();
                if !state.waiting.is_empty() {
                    let samples = std::mem::take(&mut state.waiting);
                    return Some(Ok(Piece {
                        samples,
                        expected: state.expected,
                    }));
                }
                match &mut state.end {
                    Some(Ok(())) => return None,
                    // Told once.
                    Some(end) => return std::mem::replace(end, Ok(())).err().map(Err),
                    None => {}
                }
            }
            self.0.changed.notified().await;
        }
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::SeqCst);
        self.0.halt.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sound_is_taken_as_it_comes_and_then_it_is_over() {
        let (inlet, mut outlet) = stream();
        inlet.give(&[1, 2], 10);
        inlet.give(&[3], 9);
        let piece = outlet.next().await;
        let all = Piece {
            samples: vec![1, 2, 3],
            expected: 9,
        };
        assert_eq!(piece, Some(Ok(all)));
        let giving = async {
            tokio::task::yield_now().await;
            inlet.give(&[4], 9);
            inlet.end(Ok(()));
        };
        let (piece, ()) = tokio::join!(outlet.next(), giving);
        assert_eq!(
            piece.map(|piece| piece.map(|piece| piece.samples)),
            Some(Ok(vec![4]))
        );
        assert_eq!(outlet.next().await, None);
    }

    #[tokio::test]
    async fn a_thread_that_is_lost_is_an_error_told_once() {
        let (inlet, mut outlet) = stream();
        inlet.give(&[1], 1);
        drop(inlet);
        assert!(
            matches!(outlet.next().await, Some(Ok(_))),
            "what was made is kept"
        );
        assert!(matches!(outlet.next().await, Some(Err(_))));
        assert_eq!(outlet.next().await, None);
    }

    #[tokio::test]
    async fn whoever_stops_listening_stops_the_synthesis() {
        let (inlet, outlet) = stream();
        assert!(!inlet.is_abandoned() && !inlet.halt().is_stopped());
        drop(outlet);
        assert!(inlet.is_abandoned() && inlet.halt().is_stopped());
    }
}
