//! From the engine to the application: one ordered queue, one dispatcher while there is
//! anything to deliver, callbacks that run with no lock held.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
};

use tokio::sync::Notify;

use super::{
    channels::Channel,
    driver::Connection,
    lock::{LeafMutex, assert_none_held},
};
use crate::{
    data_channel::DataChannel,
    peer_connection::{
        OnConnectionChange, OnDataChannel, OnIceCandidate, OnIceCandidateError,
        OnIceConnectionChange, OnIceGatheringChange, OnNegotiationNeeded, OnSignalingChange,
        OnTrack, TrackEvent,
    },
    types::{
        connection_state::{
            IceCandidateError, IceConnectionState, IceGatheringState, PeerConnectionState,
            SignalingState,
        },
        data_channel::{DataBuffer, DataChannelState},
        ice_candidate::IceCandidate,
    },
};

/// With this many events waiting, the driver stops reading datagrams. Events of local calls are
/// still taken (they are as many as the calls), so the queue holds at most this, one burst of
/// packets, and the application's own calls.
const CONGESTED_EVENTS: usize = 4_096;

/// Room that an empty queue keeps; what a burst needed beyond it is given back.
const KEPT_EVENTS: usize = 16;

/// Something the application has a callback for.
pub(crate) enum Event {
    Connection(PeerConnectionState),
    Ice(IceConnectionState),
    Gathering(IceGatheringState),
    Signaling(SignalingState),
    NegotiationNeeded(u32),
    Candidate(IceCandidate),
    CandidateError(IceCandidateError),
    Track(Box<TrackEvent>),
    /// The peer opened a channel.
    NewChannel(DataChannel),
    Channel(Arc<Channel>, ChannelEvent),
}

/// Something one data channel has a callback for.
pub(crate) enum ChannelEvent {
    State(DataChannelState),
    Message {
        data: Vec<u8>,
        binary: bool,
    },
    /// This many bytes left the buffer since the last such event.
    Sent(u64),
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

    /// The application is far behind: read no more from the network.
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

/// The callbacks of a connection.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub(crate) connection: Slot<OnConnectionChange>,
    pub(crate) data_channel: Slot<OnDataChannel>,
    pub(crate) candidate: Slot<OnIceCandidate>,
    pub(crate) candidate_error: Slot<OnIceCandidateError>,
    pub(crate) ice: Slot<OnIceConnectionChange>,
    pub(crate) gathering: Slot<OnIceGatheringChange>,
    pub(crate) negotiation_needed: Slot<OnNegotiationNeeded>,
    pub(crate) signaling: Slot<OnSignalingChange>,
    pub(crate) track: Slot<OnTrack>,
}

/// Delivers events until none is waiting. A callback that panics is not called again; the
/// others are.
pub(crate) fn dispatch(connection: &Weak<Connection>, events: &EventQueue) {
    while let Some(event) = events.next() {
        let delivery = AssertUnwindSafe(|| deliver(connection, event));
        if catch_unwind(delivery).is_err() {
            log::error!("a callback panicked and is removed");
        }
    }
}

fn deliver(connection: &Weak<Connection>, event: Event) {
    if let Event::Channel(channel, event) = event {
        channel.deliver(event);
        return;
    }
    let Some(connection) = connection.upgrade() else {
        return;
    };
    let callbacks = &connection.callbacks;
    match event {
        Event::Connection(state) => callbacks.connection.call(|f| f(state)),
        Event::Ice(state) => callbacks.ice.call(|f| f(state)),
        Event::Gathering(state) => callbacks.gathering.call(|f| f(state)),
        Event::Signaling(state) => callbacks.signaling.call(|f| f(state)),
        Event::NegotiationNeeded(id) => callbacks.negotiation_needed.call(|f| f(id)),
        Event::Candidate(candidate) => callbacks.candidate.call(|f| f(candidate)),
        Event::CandidateError(error) => callbacks.candidate_error.call(|f| f(error)),
        Event::Track(track) => callbacks.track.call(|f| f(*track)),
        Event::NewChannel(channel) => callbacks.data_channel.call(|f| f(channel)),
        Event::Channel(..) => {} // delivered above, connection or not
    }
}

impl Channel {
    fn deliver(&self, event: ChannelEvent) {
        match event {
            ChannelEvent::State(state) => self.on_state.call(|f| f(state)),
            ChannelEvent::Message { data, binary } => self.on_message.call(|f| {
                f(DataBuffer {
                    data: &data,
                    binary,
                })
            }),
            ChannelEvent::Sent(bytes) => self.on_buffered.call(|f| f(bytes)),
        }
    }
}

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

    #[test]
    fn a_dispatcher_is_started_once_and_ends_with_the_last_event() {
        let queue = EventQueue::default();
        assert!(!queue.extend([].into_iter()), "started for nothing");
        assert!(queue.extend([Event::NegotiationNeeded(1)].into_iter()));
        let more = queue.extend([Event::NegotiationNeeded(2)].into_iter());
        assert!(!more, "two dispatchers would deliver out of order");
        let mut ids = Vec::new();
        while let Some(Event::NegotiationNeeded(id)) = queue.next() {
            ids.push(id);
        }
        assert_eq!(ids, [1, 2]);
        assert!(
            queue.extend([Event::NegotiationNeeded(3)].into_iter()),
            "nobody delivers what comes after a pause"
        );
    }

    #[tokio::test]
    async fn a_reader_waits_while_the_application_is_far_behind() {
        let queue = Arc::new(EventQueue::default());
        let events: Vec<_> = (0..5_000).map(Event::NegotiationNeeded).collect();
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
