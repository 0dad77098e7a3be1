//! One peer connection as the application holds it: a [`Core`] behind a lock, with its sockets,
//! alarm and listener.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    time::Instant,
};

use str0m::net::Protocol;
use tokio::task::AbortHandle;

use super::{
    alarm::{Alarm, Precision},
    encoding::set_send_track,
    events::{EventQueue, Listener, dispatch},
    links::{self, Links, UdpLink},
    outgoing::{Lost, Sent},
    shard::Shard,
};
use crate::{
    engine::{
        core::Core,
        lock::{CoreMutex, LeafMutex},
        negotiation::transceiver::Transceiver,
        ticker::Ticker,
        track::Track,
        transport::servers::Asking,
    },
    types::{
        configuration::{ContinualGatheringPolicy, RtcConfiguration},
        connection_state::{IceGatheringState, PeerConnectionState, SignalingState},
        error::RtcError,
        media_type::MediaType,
        rtp_transceiver::RtpTransceiverInit,
        session_description::SessionDescription,
    },
};

/// Drives one [`Core`]: gives it datagrams and the time, sends what it produces.
pub(crate) struct Connection {
    core: CoreMutex<Core>,
    links: LeafMutex<Links>,
    /// Tasks that ask names of servers, ended when the connection is closed or dropped.
    tasks: LeafMutex<Vec<AbortHandle>>,
    listener: Arc<dyn Listener>,
    events: Arc<EventQueue>,
    alarm: Arc<Alarm>,
    /// The thread that carries its packets and rings its alarm.
    shard: Arc<Shard>,
    me: Weak<Self>,
}

impl Connection {
    /// A connection without sockets; they open with the first local description, because the
    /// configuration may change until then.
    pub(crate) fn new(config: RtcConfiguration, listener: Arc<dyn Listener>) -> Arc<Self> {
        let now = super::now();
        let shard = Arc::clone(Shard::choose(super::shards()));
        let events: Arc<EventQueue> = Arc::default();
        let connection = Arc::new_cyclic(|me| Self {
            core: CoreMutex::new(Core::new(config, Arc::clone(&shard) as _, now)),
            links: LeafMutex::new(Links::new(
                Weak::clone(me),
                Arc::clone(&events),
                shard.handle().clone(),
            )),
            tasks: LeafMutex::default(),
            listener,
            events,
            alarm: Arc::new(Alarm::new(Weak::clone(me))),
            shard,
            me: Weak::clone(me),
        });
        connection.shard.add_alarm(Arc::clone(&connection.alarm));
        connection
    }

    /// Changes the core, lets it settle, and sends what it produced: the one way in for every
    /// call of the application and every packet of audio.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Core, Instant) -> R) -> R {
        let mut core = self.core.lock();
        let now = super::now();
        let result = act(&mut core, now);
        core.settle(now);
        self.flush(&mut core, now);
        result
    }

    /// As [`Self::with`], for an act that does no more than queue a packet.
    pub(crate) fn queue<R>(&self, act: impl FnOnce(&mut Core, Instant) -> R) -> R {
        let mut core = self.core.lock();
        let now = super::now();
        let result = act(&mut core, now);
        core.settle_queued(now);
        self.flush(&mut core, now);
        result
    }

    /// Where its packets are sent and received.
    pub(super) fn ticker(&self) -> Arc<dyn Ticker> {
        Arc::clone(&self.shard) as _
    }

    /// What receives its events.
    pub(super) fn listener(&self) -> &dyn Listener {
        &*self.listener
    }

    /// Reads the core, changing nothing.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Core) -> R) -> R {
        look(&self.core.lock())
    }

    /// Adds a section that sends a track, if one is given. The track is there when the application
    /// is asked for an offer, which names it.
    ///
    /// # Errors
    ///
    /// On a closed connection, and for anything but audio and video.
    pub(crate) fn add_transceiver(
        &self,
        kind: MediaType,
        init: RtpTransceiverInit,
        track: Option<Track>,
    ) -> Result<Arc<Transceiver>, RtcError> {
        if kind == MediaType::Video && track.is_some() {
            log::warn!(
                "video is unsupported by this engine: the track is negotiated, no frame is sent"
            );
        }
        self.with(|core, _| {
            let transceiver = core.add_transceiver(kind, init)?;
            set_send_track(&self.me, &transceiver, track);
            Ok(transceiver)
        })
    }

    /// Applies a local description, then gathers if that has not been done.
    pub(crate) fn set_local(&self, description: SessionDescription) -> Result<(), RtcError> {
        let restarts = self.with(|core, _| {
            let before = core.local_ice_session();
            core.set_local(description)?;
            Ok::<_, RtcError>(before.is_some() && before != core.local_ice_session())
        })?;
        self.gather(restarts);
        Ok(())
    }

    /// Ends the connection. The peer learns of it by DTLS `close_notify`.
    pub(crate) fn close(&self) {
        self.with(Core::close);
        self.links.lock().close();
        self.end_tasks();
    }

    /// A datagram came. A fault in what it leads to ends this connection and no other.
    pub(super) fn on_datagram(
        &self,
        proto: Protocol,
        local: SocketAddr,
        from: SocketAddr,
        data: &[u8],
    ) {
        self.guard(|core, now| core.on_datagram(proto, local, from, data, now));
    }

    /// The time has come that the core asked for.
    pub(super) fn on_alarm(&self) {
        self.guard(Core::settle);
    }

    fn guard(&self, act: impl FnOnce(&mut Core, Instant)) {
        let mut core = self.core.lock();
        let now = super::now();
        let whole = catch_unwind(AssertUnwindSafe(|| act(&mut core, now))).is_ok();
        if !whole {
            log::error!("the engine panicked: its connection has failed");
            core.on_fault();
        }
        self.flush(&mut core, now);
    }

    /// Runs a task on this connection's thread; it ends with the connection.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.shard.handle().spawn(task).abort_handle();
        let mut tasks = self.tasks.lock();
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// A socket took what waited for it, less what was lost meanwhile.
    pub(super) fn on_drained(&self, lost: Lost, is_congested: bool) {
        self.with(|core, _| {
            core.traffic.count_lost(lost.packets, lost.bytes);
            core.channels.set_congested(is_congested);
        });
    }

    /// Sends in the order of production, under the core's lock: two threads that settle one
    /// after the other must not have their events swapped.
    fn flush(&self, core: &mut Core, now: Instant) {
        if !core.outbox.datagrams.is_empty() {
            self.send_datagrams(core, now);
        }
        if self.events.extend(core.outbox.events.drain(..)) {
            let (me, events) = (Weak::clone(&self.me), Arc::clone(&self.events));
            let handle = self.shard.handle();
            handle.spawn_blocking(move || dispatch(&me, &events));
        }
        let state = core.connection_state();
        if state == PeerConnectionState::Closed {
            self.alarm.silence();
            return;
        }
        let precision = match state {
            PeerConnectionState::Connected => Precision::Grid,
            _ => Precision::Exact,
        };
        if let Some(due) = self.alarm.set(core.deadline(), precision, now) {
            self.shard.on_alarm_set(due);
        }
    }

    fn send_datagrams(&self, core: &mut Core, now: Instant) {
        let mut last: Option<UdpLink> = None;
        for datagram in core.outbox.datagrams.drain(..) {
            let (source, bytes) = (datagram.source, datagram.contents.len());
            if datagram.proto != Protocol::Udp {
                let report = self.links.lock().send_on_stream(&datagram, now);
                core.traffic.count_sent(bytes, report.is_taken);
                if report.is_congested {
                    core.channels.set_congested(true); // until the stream has drained
                }
                continue;
            }
            let Some(link) = last
                .take_if(|link| link.address == source)
                .or_else(|| self.links.lock().udp(source))
            else {
                continue;
            };
            let report = link.send(datagram, now);
            core.traffic.count_sent(bytes, report.sent != Sent::Dropped);
            if report.is_congested {
                core.channels.set_congested(true); // until the socket has drained
            }
            if report.starts_waiting {
                self.spawn(links::drain(Weak::clone(&self.me), link.clone()));
            }
            last = Some(link);
        }
    }

    /// Opens the sockets the first time; asks the servers then and with each restart of ICE,
    /// because the configuration may have changed.
    fn gather(&self, restarts: bool) {
        let state = self.with(|core, _| {
            let state = core.gathering();
            if core.session.signaling() == SignalingState::Closed
                || (state != IceGatheringState::New && !restarts)
            {
                return None;
            }
            core.set_gathering(IceGatheringState::Gathering);
            core.apply_policy();
            Some(state)
        });
        let Some(state) = state else { return };
        for ip in links::addresses() {
            let is_known = self.links.lock().udp_ips().contains(&ip);
            if !is_known {
                self.open_host(ip);
            }
        }
        self.ask_servers();
        let policy = self.read(|core| core.config.continual_gathering_policy);
        if state == IceGatheringState::New && policy == ContinualGatheringPolicy::GatherContinually
        {
            links::watch(Weak::clone(&self.me));
        }
    }

    /// Names are looked up beside everything else.
    fn ask_servers(&self) {
        for asking in self.with(|core, _| core.servers_to_ask()) {
            let me = Weak::clone(&self.me);
            self.spawn(async move {
                let found = links::look_up(&asking.url).await;
                let Some(connection) = me.upgrade() else {
                    return;
                };
                connection.on_looked_up(&asking, found);
            });
        }
        self.with(|core, _| core.end_gathering());
    }

    fn on_looked_up(&self, asking: &Asking, found: io::Result<Vec<SocketAddr>>) {
        let addresses = match found {
            Ok(addresses) => addresses,
            Err(error) => {
                self.with(|core, _| core.on_server_missing(asking, error.to_string()));
                return;
            }
        };
        // The first address of a family that we have.
        let way = {
            let mut links = self.links.lock();
            let mut ways = addresses
                .iter()
                .map(|address| (*address, links.locals_for(&asking.url, *address)));
            let way = ways.find(|(_, locals)| !locals.is_empty());
            if let Some((address, _)) = &way {
                links.expect_tls_name(*address, asking.url.host.clone());
            }
            way
        };
        self.with(|core, now| match way {
            Some((address, locals)) => core.on_server_found(asking, address, &locals, now),
            None => core.on_server_missing(asking, "no address of its family here".to_owned()),
        });
    }

    /// The machine has these addresses now: opens and closes sockets accordingly.
    pub(super) fn follow_addresses(&self, found: &[IpAddr]) {
        if self.read(|core| core.session.is_closed()) {
            return;
        }
        let known: Vec<IpAddr> = self.links.lock().udp_ips();
        for ip in known.iter().filter(|ip| !found.contains(ip)) {
            log::info!("{ip} is gone: its media socket is closed");
            self.links.lock().remove(*ip);
            self.with(|core, _| core.remove_host(*ip));
        }
        for ip in found.iter().filter(|ip| !known.contains(ip)) {
            self.open_host(*ip);
        }
        if known != found {
            self.ask_servers();
        }
    }

    fn open_host(&self, ip: IpAddr) {
        let Some(address) = self.links.lock().add_udp(ip) else {
            return;
        };
        self.with(|core, now| core.add_host(address, now));
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
        self.shard.remove_connection();
    }
}
