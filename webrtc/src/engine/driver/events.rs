//! From the engine to the application: one ordered queue, one dispatcher while there is
//! anything to deliver, and no lock held meanwhile.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
};

use tokio::sync::Notify;

use super::Connection;
use crate::engine::{events::Event, lock::LeafMutex};

/// With this many events waiting, the driver stops reading datagrams. Events of local calls are
/// still taken (they are as many as the calls), so the queue holds at most this, one burst of
/// packets, and the application's own calls.
const CONGESTED_EVENTS: usize = 4_096;

/// Room that an empty queue keeps; what a burst needed beyond it is given back.
const KEPT_EVENTS: usize = 16;

/// What receives the events of a connection: the interface that the application uses.
pub(crate) trait Listener: Send + Sync {
    /// Called for one event after the other, in their order, with no lock held.
    fn on_event(&self, event: Event, connection: &Arc<Connection>);
}

/// Events in the order they happened.
#[derive(Default)]
pub(crate) struct EventQueue {
    state: LeafMutex<QueueState>,
    drained: Notify,
}

#[derive(Default)]
struct QueueState {
    events: VecDeque<Event>,
    /// Somebody is at work on the queue, and will see what is added.
    dispatching: bool,
}

impl EventQueue {
    /// Adds events. Returns whether a dispatcher must be started for them.
    #[must_use]
    pub(crate) fn extend(&self, events: impl ExactSizeIterator<Item = Event>) -> bool {
        if events.len() == 0 {
            return false;
        }
        let mut state = self.state.lock();
        state.events.extend(events);
        !std::mem::replace(&mut state.dispatching, true)
    }

    /// The application is far behind: stop reading from the network.
    pub(crate) fn is_congested(&self) -> bool {
        self.state.lock().events.len() >= CONGESTED_EVENTS
    }

    /// Waits until the application is no longer far behind.
    pub(crate) async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable(); // so that nothing is missed between the check and the wait
            if !self.is_congested() {
                return;
            }
            drained.await;
        }
    }

    /// The next event; with none, the caller's work is over.
    fn next(&self) -> Option<Event> {
        let mut state = self.state.lock();
        let Some(event) = state.events.pop_front() else {
            state.events.shrink_to(KEPT_EVENTS);
            state.dispatching = false;
            return None;
        };
        if state.events.len() + 1 == CONGESTED_EVENTS {
            self.drained.notify_waiters();
        }
        Some(event)
    }
}

/// Delivers events until none is waiting. A callback that panics is not called again; the
/// others are.
pub(super) fn dispatch(connection: &Weak<Connection>, events: &EventQueue) {
    while let Some(event) = events.next() {
        let delivery = AssertUnwindSafe(|| deliver(connection, event));
        if catch_unwind(delivery).is_err() {
            log::error!("a callback panicked and is removed");
        }
    }
}

fn deliver(connection: &Weak<Connection>, event: Event) {
    // The callbacks of a channel are its own, connection or not.
    if let Event::Channel(channel, event) = event {
        channel.deliver(event);
    } else if let Some(connection) = connection.upgrade() {
        connection.listener().on_event(event, &connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::connection_state::IceCandidateError;

    fn numbered(port: i32) -> Event {
        Event::CandidateError(IceCandidateError {
            address: String::new(),
            port,
            url: String::new(),
            error_code: 0,
            error_text: String::new(),
        })
    }

    #[test]
    fn a_dispatcher_is_started_once_and_ends_with_the_last_event() {
        let queue = EventQueue::default();
        assert!(!queue.extend([].into_iter()), "started for nothing");
        assert!(queue.extend([numbered(1)].into_iter()));
        let more = queue.extend([numbered(2)].into_iter());
        assert!(!more, "two dispatchers would deliver out of order");
        let mut ids = Vec::new();
        while let Some(Event::CandidateError(event)) = queue.next() {
            ids.push(event.port);
        }
        assert_eq!(ids, [1, 2]);
        assert!(
            queue.extend([numbered(3)].into_iter()),
            "nobody delivers what comes after a pause"
        );
    }

    #[tokio::test]
    async fn a_reader_waits_while_the_application_is_far_behind() {
        let queue = Arc::new(EventQueue::default());
        let events: Vec<_> = (0..5_000).map(numbered).collect();
        assert!(queue.extend(events.into_iter()));
        assert!(queue.is_congested());
        let brief = std::time::Duration::from_millis(20);
        let early = tokio::time::timeout(brief, queue.room()).await;
        assert!(early.is_err(), "reading went on with 5000 events waiting");
        for _ in 0..1_000 {
            queue.next();
        }
        let later = tokio::time::timeout(brief, queue.room()).await;
        assert!(
            later.is_ok(),
            "reading did not go on with 4000 events waiting"
        );
    }
}
