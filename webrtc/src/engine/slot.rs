//! Places for callbacks of the application.

use super::lock::{LeafMutex, assert_none_held};

/// A place for one callback. The callback may replace or clear itself while it runs.
pub(crate) struct Slot<F> {
    content: LeafMutex<SlotContent<F>>,
}

struct SlotContent<F> {
    callback: Option<F>,
    /// Counts calls of `set`, so that a callback that was replaced while it ran is not put back.
    generation: u64,
}

impl<F> Default for Slot<F> {
    fn default() -> Self {
        Self {
            content: LeafMutex::new(SlotContent {
                callback: None,
                generation: 0,
            }),
        }
    }
}

impl<F> Slot<F> {
    pub(crate) fn set(&self, callback: Option<F>) {
        let mut content = self.content.lock();
        content.generation += 1;
        let old = std::mem::replace(&mut content.callback, callback);
        drop(content);
        drop(old); // may own handles whose drop takes other locks
    }

    pub(crate) fn call(&self, run: impl FnOnce(&mut F)) {
        let (taken, generation) = {
            let mut content = self.content.lock();
            (content.callback.take(), content.generation)
        };
        let Some(mut callback) = taken else { return };
        assert_none_held();
        run(&mut callback);
        let mut content = self.content.lock();
        if content.generation == generation {
            content.callback = Some(callback);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn a_callback_runs_each_time_until_it_is_cleared() {
        let slot: Slot<Box<dyn FnMut(u32) + Send>> = Slot::default();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        slot.set(Some(Box::new(move |n| ear.lock().push(n))));
        slot.call(|f| f(1));
        slot.call(|f| f(2));
        slot.set(None);
        slot.call(|f| f(3));
        assert_eq!(*heard.lock(), [1, 2]);
    }

    #[test]
    fn a_callback_may_clear_itself_while_it_runs() {
        let slot: Arc<Slot<Box<dyn FnMut() + Send>>> = Arc::default();
        let calls = Arc::new(Mutex::new(0));
        let (own, count) = (Arc::clone(&slot), Arc::clone(&calls));
        slot.set(Some(Box::new(move || {
            *count.lock() += 1;
            own.set(None);
        })));
        slot.call(|f| f());
        slot.call(|f| f());
        assert_eq!(*calls.lock(), 1, "a callback that cleared itself ran again");
    }
}
