//! One peer connection as the application holds it: a [`Core`] behind a lock, with its sockets,
//! timer and callbacks.

use super::sockets::{self, HostSocket};
use crate::{
    RtcError,
    engine::{
        core::Core,
        events::{Callbacks, EventQueue, dispatch},
    },
    peer_connection::{IceGatheringState, SignalingState},
    peer_connection_factory::{IceTransportsType, RtcConfiguration},
    session_description::SessionDescription,
};
use parking_lot::Mutex;
use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::AbortHandle};

/// The timer never spins and never sleeps longer than this, whatever the engine asks for.
const TIMER_BOUNDS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(5));

/// Drives one [`Core`]: gives it datagrams and the time, sends what it produces.
pub(crate) struct Connection {
    core: Mutex<Core>,
    sockets: Mutex<Vec<HostSocket>>,
    /// Timer and receive loops, ended when the connection is closed or dropped.
    tasks: Mutex<Vec<AbortHandle>>,
    pub(crate) callbacks: Callbacks,
    events: Arc<EventQueue>,
    /// The next deadline moved forward, or there is a new socket.
    wake: Arc<Notify>,
    me: Weak<Self>,
}

impl Connection {
    /// A connection without sockets; they open with the first local description, because the
    /// configuration may change until then.
    pub(crate) fn new(config: RtcConfiguration) -> Arc<Self> {
        let now = super::now();
        let connection = Arc::new_cyclic(|me| Self {
            core: Mutex::new(Core::new(config, Weak::clone(me), now)),
            sockets: Mutex::default(),
            tasks: Mutex::default(),
            callbacks: Callbacks::default(),
            events: Arc::default(),
            wake: Arc::default(),
            me: Weak::clone(me),
        });
        let weak = Arc::downgrade(&connection);
        super::spawn(dispatch(Weak::clone(&weak), Arc::clone(&connection.events)));
        let timer = super::spawn(run_timer(weak, Arc::clone(&connection.wake)));
        connection.tasks.lock().push(timer);
        connection
    }

    /// Changes the core, lets it settle, and sends what it produced: the one way in for every
    /// call of the application and every packet of audio.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Core, Instant) -> R) -> R {
        let mut core = self.core.lock();
        let now = super::now();
        let result = act(&mut core, now);
        core.settle(now);
        self.flush(&mut core);
        result
    }

    /// Reads the core, changing nothing.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Core) -> R) -> R {
        look(&self.core.lock())
    }

    /// Applies a local description, then gathers if that has not been done.
    pub(crate) fn set_local(&self, description: SessionDescription) -> Result<(), RtcError> {
        self.with(|core, _| core.set_local(description))?;
        self.gather();
        Ok(())
    }

    /// Ends the connection. The peer learns of it by DTLS `close_notify`.
    pub(crate) fn close(&self) {
        self.with(Core::close);
        self.sockets.lock().clear();
        self.end_tasks();
    }

    pub(super) fn on_datagram(&self, local: SocketAddr, from: SocketAddr, data: &[u8]) {
        self.with(|core, now| core.on_datagram(local, from, data, now));
    }

    /// Sends in the order of production, under the core's lock: two threads that settle one
    /// after the other must not have their events swapped.
    fn flush(&self, core: &mut Core) {
        let sockets = self.sockets.lock();
        for datagram in core.outbox.datagrams.drain(..) {
            let Some(host) = sockets.iter().find(|host| host.address == datagram.source) else {
                continue;
            };
            // A full socket buffer drops the datagram, as a full router queue would.
            let sent = host
                .socket
                .try_send_to(&datagram.contents, datagram.destination);
            core.traffic
                .count_sent(datagram.contents.len(), sent.is_ok());
        }
        drop(sockets);
        self.events.extend(core.outbox.events.drain(..));
        if std::mem::take(&mut core.outbox.deadline_moved) {
            self.wake.notify_one();
        }
    }

    fn gather(&self) {
        let policy = self.with(|core, _| {
            let first = core.gathering() == IceGatheringState::New
                && core.session.signaling() != SignalingState::Closed;
            first.then(|| {
                core.set_gathering(IceGatheringState::Gathering);
                core.config.ice_transport_type
            })
        });
        let Some(policy) = policy else { return };
        if policy == IceTransportsType::Relay {
            log::warn!("relay-only ICE is unsupported by this engine: host candidates are used");
        }
        for host in sockets::bind_host_sockets() {
            self.sockets.lock().push(host.clone());
            self.with(|core, _| core.add_host_candidate(host.address));
            let events = Arc::clone(&self.events);
            let task = super::spawn(sockets::receive(Weak::clone(&self.me), events, host));
            self.tasks.lock().push(task);
        }
        self.with(|core, _| core.set_gathering(IceGatheringState::Complete));
    }

    /// Lets time pass; returns when to do so next.
    fn tick(&self) -> Instant {
        if self.read(Core::deadline) <= super::now() {
            self.with(|_, _| ());
        }
        let now = super::now();
        self.read(Core::deadline)
            .clamp(now + TIMER_BOUNDS.0, now + TIMER_BOUNDS.1)
    }

    fn end_tasks(&self) {
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end_tasks();
        self.events.close();
    }
}

async fn run_timer(connection: Weak<Connection>, wake: Arc<Notify>) {
    loop {
        let Some(deadline) = connection.upgrade().map(|connection| connection.tick()) else {
            return;
        };
        // Woken or timed out: either way the deadline is read again.
        tokio::time::timeout_at(deadline.into(), wake.notified())
            .await
            .ok();
    }
}
