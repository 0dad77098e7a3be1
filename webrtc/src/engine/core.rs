//! One connection as a value: packets, calls and `now` in; packets, events and a deadline out.
//!
//! str0m asks for one thing: after every change it must be polled until it has nothing more to
//! say. [`Core::drain`] does so, and every method that changes the engine ends with it or is
//! followed by [`Core::settle`].

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Once},
    time::{Duration, Instant},
};

use str0m::{
    Event as EngineEvent, Input, Output, Rtc, RtcConfig,
    media::Mid,
    net::{Protocol, Receive, Transmit},
    rtp::{Extension, ExtensionMap, ExtensionValues, RtpPacket, RtpWrite, Ssrc},
};

use super::{
    channels::Channels,
    events::Event,
    negotiation::session::Session,
    receive::red,
    send::OutgoingPacket,
    ticker::Ticker,
    traffic::Traffic,
    transport::{self, health::Health, paths::Paths, servers::Servers},
};
use crate::types::{
    configuration::RtcConfiguration,
    connection_state::{IceGatheringState, PeerConnectionState},
    error::RtcError,
    stats::IceTransportState,
};

/// Bytes that SCTP may hold at most; `channels` keeps it on a much shorter lead.
const SCTP_BUFFER_BYTES: usize = 16 * 1024 * 1024;

/// How often RTCP reports are sent, and how often the engine passes on what the peer reported.
/// A sender follows the losses of its network in about twice this.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Audio louder than this counts as voice in the RTP level extension, dBov (RFC 6464).
const VOICE_LEVEL_DBOV: i8 = -50;

/// When to look again at an engine that waits for nothing.
const IDLE: Duration = Duration::from_secs(3600);

/// The RTP header extensions that are offered. Transport-wide congestion control is not among
/// them: nothing here follows its estimate, and its feedback would be a packet every 50 ms each
/// way, two for every five of voice.
fn extensions() -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    for (id, extension) in [
        (1, Extension::AudioLevel),
        (2, Extension::AbsoluteSendTime),
        (4, Extension::RtpMid),
        (10, Extension::RtpStreamId),
        (11, Extension::RepairedRtpStreamId),
        (13, Extension::VideoOrientation),
    ] {
        map.set(id, extension);
    }
    map
}

/// A peer connection without sockets, clock or tasks.
pub(crate) struct Core {
    pub(super) rtc: Rtc,
    pub(super) config: RtcConfiguration,
    /// Where what it receives is played out.
    pub(super) ticker: Arc<dyn Ticker>,
    pub(crate) session: Session,
    pub(crate) channels: Channels,
    pub(super) health: Health,
    pub(super) paths: Paths,
    pub(super) servers: Servers,
    pub(super) traffic: Traffic,
    pub(crate) outbox: Outbox,
    gathering: IceGatheringState,
    /// When the engine next wants to know the time.
    engine_deadline: Instant,
    /// Forgotten with each negotiation, which may give an SSRC to another section.
    mid_of_ssrc: HashMap<Ssrc, Mid>,
    /// The engine panicked; see [`super::guard`].
    pub(super) broken: bool,
}

impl Core {
    pub(crate) fn new(config: RtcConfiguration, ticker: Arc<dyn Ticker>, now: Instant) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| {
            transport::dtls::cryptography().install_process_default();
        });
        Self {
            rtc: Self::engine(&config, now),
            config,
            ticker,
            session: Session::default(),
            channels: Channels::default(),
            health: Health::default(),
            paths: Paths::default(),
            servers: Servers::default(),
            traffic: Traffic::default(),
            outbox: Outbox::default(),
            gathering: IceGatheringState::New,
            engine_deadline: now + IDLE,
            mid_of_ssrc: HashMap::new(),
            broken: false,
        }
    }

    /// A new engine.
    pub(super) fn engine(config: &RtcConfiguration, now: Instant) -> Rtc {
        let mut timed = RtcConfig::new();
        transport::paths::set_timing(&mut timed);
        timed
            .set_rtp_mode(true)
            .enable_opus(true, true)
            .set_extension_map(extensions())
            .set_stats_interval(Some(REPORT_INTERVAL))
            .set_rtcp_report_interval_audio(REPORT_INTERVAL)
            .set_snap_enabled(config.enable_sctp_snap)
            .set_sctp_max_buffered_amount(SCTP_BUFFER_BYTES)
            .build(now)
    }

    // ---- time and packets -------------------------------------------------

    /// When [`Self::settle`] must be called at the latest.
    pub(crate) fn deadline(&self) -> Instant {
        [
            self.health.deadline(),
            self.paths.deadline(),
            self.servers.deadline(),
        ]
        .into_iter()
        .flatten()
        .fold(self.engine_deadline, Instant::min)
    }

    /// Brings the engine up to `now` and collects all it has to say.
    pub(crate) fn settle(&mut self, now: Instant) {
        self.drain(now);
        self.settle_queued(now);
    }

    /// Like [`Self::settle`], after a change that did no more than queue a packet: there is
    /// nothing to collect before the time has moved. This is what every packet of audio costs.
    pub(crate) fn settle_queued(&mut self, now: Instant) {
        self.guarded(now, |core| {
            if let Err(error) = core.rtc.handle_input(Input::Timeout(now)) {
                log::debug!("the engine refused the time: {error}");
            }
        });
        self.drain(now);
        self.after_time(now);
    }

    fn after_time(&mut self, now: Instant) {
        if self.broken {
            self.engine_deadline = now + IDLE; // an empty engine has nothing to wait for
        }
        let change = self.health.tick(now);
        self.report_connection(change);
        self.tend_paths(now);
        self.feed_sctp(now);
        self.report_sent_bytes();
    }

    /// Polls the engine until it has nothing more to do. Must follow every change.
    pub(super) fn drain(&mut self, now: Instant) {
        self.guarded(now, |core| core.poll(now));
    }

    fn poll(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(deadline)) => {
                    self.engine_deadline = deadline;
                    return;
                }
                Ok(Output::Transmit(datagram)) => self.transmit(datagram, now),
                Ok(Output::Event(event)) => self.on_engine_event(event, now),
                Err(error) => {
                    log::error!("the media engine stopped: {error}");
                    self.on_engine_lost(now);
                    return;
                }
            }
        }
    }

    /// A datagram from the network. One that is not a valid packet is ignored.
    pub(crate) fn on_datagram(
        &mut self,
        proto: Protocol,
        local: SocketAddr,
        from: SocketAddr,
        data: &[u8],
        now: Instant,
    ) {
        self.traffic.packets_received += 1;
        self.traffic.bytes_received += data.len() as u64;
        if self.servers.on_packet(proto, local, from, data, now) {
            self.tend_servers(now);
        } else {
            self.on_peer_packet(proto, local, from, data, now);
        }
        self.after_time(now);
    }

    /// A packet of the peer, whatever way it came.
    pub(super) fn on_peer_packet(
        &mut self,
        proto: Protocol,
        local: SocketAddr,
        from: SocketAddr,
        data: &[u8],
        now: Instant,
    ) {
        let Ok(contents) = data.try_into() else {
            return;
        };
        let packet = Receive {
            proto,
            source: from,
            destination: local,
            contents,
        };
        let input = Input::Receive(now, packet);
        // The engine takes the time of a packet as the time itself.
        self.guarded(now, |core| {
            if is_stun(data) && core.rtc.accepts(&input) {
                core.on_peer_check((proto, local), data, now);
            }
            if let Err(error) = core.rtc.handle_input(input) {
                log::debug!("datagram rejected: {error}");
            }
        });
        self.drain(now);
    }

    /// The engine cannot go on.
    pub(super) fn on_engine_lost(&mut self, now: Instant) {
        self.engine_deadline = now + IDLE;
        let change = self.health.on_final_failure();
        self.report_connection(change);
    }

    fn on_engine_event(&mut self, event: EngineEvent, now: Instant) {
        match event {
            EngineEvent::RtpPacket(packet) => {
                self.on_alive(now);
                self.on_rtp(&packet);
            }
            EngineEvent::Connected => {
                let change = self.health.on_dtls_connected(now);
                self.report_connection(change);
            }
            EngineEvent::IceConnectionStateChange(state) => {
                let change = self.health.on_ice(state, now);
                self.report_connection(change);
            }
            EngineEvent::Closed => {
                let change = self.health.on_remote_close(now);
                self.report_connection(change);
            }
            EngineEvent::MediaEgressStats(stats) => {
                if let Some(transceiver) = self.session.by_mid(stats.mid) {
                    transceiver.on_peer_report(&stats);
                }
            }
            EngineEvent::PeerStats(stats) => {
                let pair = stats.selected_candidate_pair;
                let round_trip = pair.as_ref().and_then(|pair| pair.current_round_trip_time);
                self.channels.set_round_trip(round_trip);
                self.on_pair(pair, now);
            }
            EngineEvent::ChannelOpen(id, label) => self.on_channel_open(id, label),
            EngineEvent::ChannelData(data) => self.on_channel_data(data),
            EngineEvent::ChannelClose(id) => self.on_channel_close(id),
            _ => {}
        }
    }

    fn on_rtp(&mut self, packet: &RtpPacket) {
        let ssrc = packet.header.ssrc;
        let mid = match self.mid_of_ssrc.get(&ssrc) {
            Some(mid) => *mid,
            None => {
                let Some(mid) = self
                    .rtc
                    .direct_api()
                    .stream_rx(&ssrc)
                    .map(|stream| stream.mid())
                else {
                    return;
                };
                self.mid_of_ssrc.insert(ssrc, mid);
                mid
            }
        };
        let Some(transceiver) = self.session.by_mid(mid) else {
            return;
        };
        let Some(receiver) = transceiver.audio_receiver() else {
            return;
        };
        let payload_type = Some(packet.header.payload_type);
        let codecs = self.rtc.codec_config().params();
        let redundant = codecs.iter().any(|codec| codec.red() == payload_type);
        match transceiver.receive_cryptor() {
            Some(cryptor) => {
                // A frame is encrypted by itself, before it is repeated in later packets.
                let sealed = if redundant {
                    red::own_sound(&packet.payload)
                } else {
                    Some(&*packet.payload)
                };
                if let Some(payload) = sealed.and_then(|sealed| cryptor.open(sealed)) {
                    receiver.on_packet(packet, &payload.into(), false);
                }
            }
            None => receiver.on_packet(packet, &packet.payload, redundant),
        }
    }

    /// Sends one encoded frame for a transceiver. Dropped until DTLS has given the keys.
    pub(crate) fn send_audio(&mut self, packet: &OutgoingPacket<'_>, now: Instant) {
        if !self.health.can_send() {
            return;
        }
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(packet.mid, None) else {
            return;
        };
        let frame = &packet.frame;
        let sequence = packet
            .transceiver
            .count_sent(*stream.ssrc(), frame.payload.len());
        let extensions = ExtensionValues {
            audio_level: Some(frame.level_dbov),
            voice_activity: Some(frame.level_dbov > VOICE_LEVEL_DBOV),
            ..ExtensionValues::default()
        };
        let packet = RtpWrite::new(
            packet.payload_type.into(),
            sequence.into(),
            frame.timestamp,
            now,
            frame.payload,
        )
        .marker(frame.marker)
        .ext_vals(extensions);
        stream.write_rtp(packet);
    }

    /// The engine panicked: what it holds cannot be trusted any more.
    pub(crate) fn on_fault(&mut self) {
        let change = self.health.on_final_failure();
        self.report_connection(change);
    }

    // ---- configuration and candidates -------------------------------------

    /// # Errors
    ///
    /// On a closed connection, and for a change of what was fixed at creation.
    pub(crate) fn set_configuration(&mut self, config: RtcConfiguration) -> Result<(), RtcError> {
        self.ensure_open()?;
        if self.config.enable_sctp_snap != config.enable_sctp_snap {
            return Err(RtcError::state(
                "enable_sctp_snap is fixed when the connection is created",
            ));
        }
        self.config = config;
        Ok(())
    }

    pub(crate) fn set_gathering(&mut self, state: IceGatheringState) {
        self.gathering = state;
    }

    /// Ends everything; a second call does nothing.
    pub(crate) fn close(&mut self, now: Instant) {
        if self.session.is_closed() {
            return;
        }
        self.health.close();
        self.guarded(now, |core| {
            if let Err(error) = core.rtc.close() {
                log::debug!("closing the engine: {error}");
            }
        });
        self.drain(now);
        self.servers.close(now);
        self.tend_servers(now);
        self.close_all_channels();
        self.session.close();
    }

    // ---- what the application asks ----------------------------------------

    pub(crate) const fn connection_state(&self) -> PeerConnectionState {
        self.health.connection()
    }

    pub(crate) const fn ice_state(&self) -> IceTransportState {
        self.health.ice()
    }

    pub(crate) const fn gathering(&self) -> IceGatheringState {
        self.gathering
    }

    /// Whether RTP can be encrypted.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) const fn is_up(&self) -> bool {
        self.health.can_send()
    }

    // ---- helpers ----------------------------------------------------------

    pub(super) fn ensure_open(&self) -> Result<(), RtcError> {
        if self.session.is_closed() {
            Err(RtcError::state("the connection is closed"))
        } else if self.broken {
            Err(super::guard::broken())
        } else {
            Ok(())
        }
    }

    pub(super) fn forget_ssrcs(&mut self) {
        self.mid_of_ssrc.clear();
    }

    pub(super) fn report_connection(&mut self, change: Option<PeerConnectionState>) {
        if let Some(state) = change {
            self.outbox.events.push(Event::Connection(state));
        }
    }
}

/// Whether a packet is STUN (RFC 7983).
pub(super) fn is_stun(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| *first < 4)
}

/// What the core leaves for the driver to carry out.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) datagrams: Vec<Transmit>,
    pub(crate) events: Vec<Event>,
}
