//! States on their way to the application: in order, with no lock held.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::Background;
use crate::{
    engine::{lock::LeafMutex, slot::Slot},
    types::encryption::{EncryptionState, OnStateChange},
};

/// States that wait for the application. When it is that far behind the oldest are forgotten:
/// the latest says how things stand.
const MAX_WAITING: usize = 16;

/// Reports to the application how a cryptor fares.
#[derive(Clone)]
pub(super) struct Reports(Arc<Inner>);

struct Inner {
    participant: String,
    callback: Slot<OnStateChange>,
    waiting: LeafMutex<Waiting>,
    background: Background,
}

#[derive(Default)]
struct Waiting {
    states: VecDeque<EncryptionState>,
    /// There is a callback to deliver to. Without one the states wait.
    wanted: bool,
    /// A thread is delivering.
    delivering: bool,
}

impl Reports {
    pub(super) fn new(participant: String, background: Background) -> Self {
        Self(Arc::new(Inner {
            participant,
            callback: Slot::default(),
            waiting: LeafMutex::default(),
            background,
        }))
    }

    pub(super) fn participant(&self) -> &str {
        &self.0.participant
    }

    /// Replaces the callback. A new one also hears what happened before it was there.
    pub(super) fn set_callback(&self, callback: Option<OnStateChange>) {
        let wanted = callback.is_some();
        self.0.callback.set(callback);
        self.0.waiting.lock().wanted = wanted;
        self.deliver();
    }

    pub(super) fn report(&self, state: EncryptionState) {
        {
            let mut waiting = self.0.waiting.lock();
            if waiting.states.len() >= MAX_WAITING {
                waiting.states.pop_front();
            }
            waiting.states.push_back(state);
        }
        self.deliver();
    }

    fn deliver(&self) {
        {
            let mut waiting = self.0.waiting.lock();
            if waiting.delivering || !waiting.wanted || waiting.states.is_empty() {
                return;
            }
            waiting.delivering = true;
        }
        let inner = Arc::clone(&self.0);
        (self.0.background)(Box::new(move || {
            while let Some(state) = inner.next() {
                let participant = inner.participant.clone();
                let call = || inner.callback.call(|callback| callback(participant, state));
                if catch_unwind(AssertUnwindSafe(call)).is_err() {
                    log::error!("a callback panicked and is removed");
                }
            }
        }));
    }
}

impl Inner {
    fn next(&self) -> Option<EncryptionState> {
        let mut waiting = self.waiting.lock();
        let next = if waiting.wanted {
            waiting.states.pop_front()
        } else {
            None
        };
        waiting.delivering = next.is_some();
        next
    }
}
