//! The ways between this machine and the peer: candidates of both sides, and when to try more.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use str0m::{
    Candidate, CandidateKind, RtcConfig,
    net::{Protocol, TcpType, Transmit},
    stats::CandidatePairStats,
};

use crate::{
    engine::{
        core::{Core, is_stun},
        events::Event,
        negotiation::sdp,
        traffic::Traffic,
        transport::{framing::ACTIVE_PORT, rest::Rest},
    },
    types::{
        configuration::IceTransportsType, error::RtcError, ice_candidate::IceCandidate,
        stats::IceTransportState,
    },
};

/// Between signs of life that ICE asks for on a working path, and between its checks of one
/// that is silent.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// Until an unanswered check is repeated first, as in libwebrtc; twice as long before each next, up
/// to [`CHECK_EVERY`]. With 250 ms a call over 20 % loss took a second longer in one of ten.
const FIRST_CHECK: Duration = Duration::from_millis(50);

/// Unanswered checks until a pair is given up, 25 s after the first of them.
const MAX_CHECKS: usize = 17;

/// UDP goes first: most calls need no stream, which costs the server a socket for each caller.
const TCP_AFTER: Duration = Duration::from_millis(500);

/// While the peer is silent, all pairs are checked again this often: the way it comes back on
/// need not be the one it was lost on.
const RECHECK_EVERY: Duration = Duration::from_secs(5);

/// Addresses of the peer that are kept for the statistics. More still count for ICE.
const MAX_REMOTE: usize = 64;

/// Sets the pace of ICE so that silence is noticed as [`super::health`] promises.
pub(crate) fn set_timing(config: &mut RtcConfig) {
    config.set_initial_stun_rto(FIRST_CHECK);
    config.set_max_stun_rto(CHECK_EVERY);
    config.set_max_stun_retransmits(MAX_CHECKS);
}

/// Candidates of both sides.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    local: Vec<Candidate>,
    remote: Vec<Candidate>,
    /// The certificates that the first remote description named.
    peer: Vec<String>,
    tcp: TcpOffer,
    recheck_at: Option<Instant>,
    pair: Option<SelectedPair>,
    pair_changes: u32,
    /// The servers that reported candidates, for the statistics.
    urls: Vec<(SocketAddr, String)>,
    /// Servers whose names are being looked up.
    servers_awaited: usize,
    pub(super) rest: Rest,
}

/// The pair in use, as ICE last reported it.
#[derive(Debug)]
pub(crate) struct SelectedPair {
    pub(crate) stats: CandidatePairStats,
    /// What had crossed the links when it was first seen in use.
    pub(crate) traffic_before: Traffic,
}

/// Whether streams are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TcpOffer {
    /// The peer is unknown yet.
    #[default]
    NotYet,
    /// Unless UDP connects first.
    At(Instant),
    Made,
}

impl Paths {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let tcp = match self.tcp {
            TcpOffer::At(at) => Some(at),
            TcpOffer::NotYet | TcpOffer::Made => None,
        };
        tcp.into_iter().chain(self.recheck_at).min()
    }

    pub(crate) fn local(&self) -> &[Candidate] {
        &self.local
    }

    pub(crate) fn remote(&self) -> &[Candidate] {
        &self.remote
    }

    pub(crate) const fn pair(&self) -> Option<&SelectedPair> {
        self.pair.as_ref()
    }

    pub(crate) const fn pair_changes(&self) -> u32 {
        self.pair_changes
    }

    /// The certificate that the peer was found by, as `algorithm digest`.
    pub(crate) fn peer_fingerprint(&self) -> Option<&str> {
        self.peer.first().map(String::as_str)
    }

    /// The server that reported a candidate.
    pub(crate) fn url_of(&self, candidate: &Candidate) -> Option<&str> {
        let told = self
            .urls
            .iter()
            .find(|(address, _)| *address == candidate.addr());
        told.map(|(_, url)| url.as_str())
    }

    /// Remembers the server that reported an address.
    pub(crate) fn note_url(&mut self, address: SocketAddr, url: String) {
        self.urls.retain(|(known, _)| *known != address);
        self.urls.push((address, url));
    }

    pub(crate) const fn expect_servers(&mut self, count: usize) {
        self.servers_awaited += count;
    }

    pub(crate) const fn on_server_looked_up(&mut self) {
        self.servers_awaited = self.servers_awaited.saturating_sub(1);
    }

    pub(crate) const fn awaits_servers(&self) -> bool {
        self.servers_awaited > 0
    }

    fn on_pair(&mut self, stats: CandidatePairStats, traffic: Traffic) {
        let ends =
            |stats: &CandidatePairStats| (stats.protocol, stats.local.addr, stats.remote.addr);
        match &mut self.pair {
            Some(pair) if ends(&pair.stats) == ends(&stats) => pair.stats = stats,
            _ => {
                self.pair_changes += 1;
                self.pair = Some(SelectedPair {
                    stats,
                    traffic_before: traffic,
                });
            }
        }
    }

    fn knows(&self, candidate: &Candidate) -> bool {
        self.local.iter().any(|known| is_same(known, candidate))
    }

    fn keep_remote(&mut self, candidate: Candidate) {
        let known = self.remote.iter().any(|known| is_same(known, &candidate));
        if !known && self.remote.len() < MAX_REMOTE {
            self.remote.push(candidate);
        }
    }
}

fn is_same(a: &Candidate, b: &Candidate) -> bool {
    a.addr() == b.addr() && a.proto() == b.proto() && a.kind() == b.kind() && a.local() == b.local()
}

impl Core {
    /// A socket was bound: offers its address to the peer.
    pub(crate) fn add_host(&mut self, address: SocketAddr, now: Instant) {
        match Candidate::host(address, Protocol::Udp) {
            Ok(candidate) => self.add_local(candidate),
            Err(error) => log::warn!("{address} is not an ICE candidate: {error}"),
        }
        if self.paths.tcp == TcpOffer::Made {
            self.offer_tcp(now);
        }
    }

    /// An address is gone, and with it every way from it.
    pub(crate) fn remove_host(&mut self, ip: IpAddr) {
        self.servers.forget_local(ip);
        self.remove_local(|candidate| candidate.local().ip() == ip);
    }

    /// Takes back candidates.
    pub(crate) fn remove_local(&mut self, is_gone: impl Fn(&Candidate) -> bool) {
        let (gone, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut self.paths.local)
            .into_iter()
            .partition(is_gone);
        self.paths.local = stay;
        for candidate in gone {
            self.paths.rest.forget(&candidate);
            self.rtc.direct_api().invalidate_candidate(&candidate);
        }
    }

    /// Whether the application allows an address to be used.
    fn allows(&self, candidate: &Candidate) -> bool {
        match self.config.ice_transport_type {
            IceTransportsType::All => true,
            IceTransportsType::NoHost => candidate.kind() != CandidateKind::Host,
            IceTransportsType::Relay => candidate.kind() == CandidateKind::Relayed,
        }
    }

    /// Takes back what the configuration no longer allows.
    pub(crate) fn apply_policy(&mut self) {
        let policy = self.config.ice_transport_type;
        self.remove_local(|candidate| match policy {
            IceTransportsType::All => false,
            IceTransportsType::NoHost => candidate.kind() == CandidateKind::Host,
            IceTransportsType::Relay => candidate.kind() != CandidateKind::Relayed,
        });
    }

    /// Offers an address to the peer, unless it is known already.
    pub(crate) fn add_local(&mut self, candidate: Candidate) {
        if self.paths.knows(&candidate) || !self.allows(&candidate) {
            return;
        }
        let Some(added) = self.rtc.add_local_candidate(candidate.clone()) else {
            return;
        };
        let line = added.to_sdp_string();
        self.paths.local.push(candidate);
        self.paths.rest.stir();
        let line = line.trim_start_matches("a=").trim_end().to_owned();
        let mid = self.session.first_mid();
        self.outbox.events.push(Event::Candidate(IceCandidate {
            mid,
            index: 0,
            line,
        }));
    }

    /// # Errors
    ///
    /// Before there is a remote description, and for a line that cannot be parsed.
    pub(crate) fn add_remote_candidate(
        &mut self,
        candidate: &IceCandidate,
        now: Instant,
    ) -> Result<(), RtcError> {
        self.attempt(now, |core| core.take_remote_candidate(candidate, now))
    }

    fn take_remote_candidate(
        &mut self,
        candidate: &IceCandidate,
        now: Instant,
    ) -> Result<(), RtcError> {
        if self.session.remote().is_none() {
            return Err(RtcError::state(
                "a candidate came before the remote description",
            ));
        }
        if candidate.line.is_empty() {
            return Ok(()); // the end of candidates
        }
        let parsed = Candidate::from_sdp_string(&candidate.line)
            .map_err(|error| RtcError::internal(error.to_string()))?;
        if parsed.proto() == Protocol::Tcp && parsed.tcptype() != Some(TcpType::Passive) {
            return Ok(()); // it takes no connections, and neither do we (RFC 6544 section 6.2)
        }
        if self.knows_remote(&parsed) {
            return Ok(());
        }
        self.rtc.add_remote_candidate(parsed.clone());
        self.paths.keep_remote(parsed);
        self.wake_addresses(); // it may be reached best from one of those that rest
        self.plan_tcp(now);
        Ok(())
    }

    /// Refuses a description of another peer than the one that this connection was made with:
    /// the engine underneath would go on with the old keys (RFC 8842 asks for a new connection).
    ///
    /// # Errors
    ///
    /// For such a description. The connection has failed for good then.
    pub(crate) fn ensure_same_peer(&mut self, description: &str) -> Result<(), RtcError> {
        let named = sdp::fingerprints(description);
        let known = &self.paths.peer;
        if known.is_empty() || named.iter().all(|fingerprint| known.contains(fingerprint)) {
            return Ok(());
        }
        log::error!("the peer changed its certificate: this connection cannot go on");
        let change = self.health.on_final_failure();
        self.report_connection(change);
        Err(RtcError::sdp(
            "the fingerprint changed: a new connection is needed".to_owned(),
        ))
    }

    /// A remote description was applied, and is not yet the current one.
    pub(crate) fn on_remote_description(&mut self, description: &str, now: Instant) {
        if self.paths.peer.is_empty() {
            self.paths.peer = sdp::fingerprints(description);
        }
        let before = self
            .session
            .remote()
            .and_then(|remote| sdp::ice_session(&remote.sdp));
        if before.is_some() && before != sdp::ice_session(description) {
            self.paths.remote.clear();
            self.wake_addresses();
            let change = self.health.on_restart(now);
            self.report_connection(change);
        }
        for line in description.lines() {
            let Some(line) = line.trim().strip_prefix("a=candidate:") else {
                continue;
            };
            if let Ok(candidate) = Candidate::from_sdp_string(&format!("candidate:{line}")) {
                self.paths.keep_remote(candidate);
            }
        }
        self.plan_tcp(now);
    }

    /// ICE reported the pair in use.
    pub(crate) fn on_pair(&mut self, pair: Option<CandidatePairStats>, now: Instant) {
        if let Some(pair) = pair {
            let (ours, peers) = (pair.local.addr, pair.remote.addr);
            let protocol = pair.protocol;
            self.paths.on_pair(pair, self.traffic);
            self.rest_others((protocol, ours), (protocol, peers), now);
        }
    }

    /// What distinguishes one restart of ICE from the next, on our side.
    pub(crate) fn local_ice_session(&self) -> Option<String> {
        let description = self.session.latest_local()?;
        sdp::ice_session(&description.sdp)
    }

    /// Our certificate, as `algorithm digest`.
    pub(crate) fn own_fingerprint(&self) -> Option<String> {
        let description = self.session.local()?;
        sdp::fingerprints(&description.sdp).into_iter().next()
    }

    /// The peer sent something that only it can send.
    pub(crate) fn on_alive(&mut self, now: Instant) {
        let change = self.health.on_alive(now);
        self.report_connection(change);
    }

    /// Puts a packet of the engine on its way, unless the peer's consent to it has run out.
    pub(crate) fn transmit(&mut self, packet: Transmit, now: Instant) {
        if !is_stun(&packet.contents) && !self.health.has_consent(now) {
            return;
        }
        match self.servers.send(&packet, now) {
            Some(relayed) => self.outbox.datagrams.extend(relayed),
            None => self.outbox.datagrams.push(packet),
        }
    }

    /// Tries more ways when it is time to.
    pub(crate) fn tend_paths(&mut self, now: Instant) {
        self.tend_servers(now);
        if let TcpOffer::At(at) = self.paths.tcp
            && at <= now
        {
            self.paths.tcp = TcpOffer::NotYet;
            if !matches!(
                self.health.ice(),
                IceTransportState::Connected | IceTransportState::Completed
            ) {
                self.offer_tcp(now);
            }
        }
        if !self.health.is_silent() {
            self.paths.recheck_at = None;
        } else if self.paths.recheck_at.is_none_or(|at| at <= now) {
            self.paths.recheck_at = Some(now + RECHECK_EVERY);
            self.offer_tcp(now);
            self.recheck(now);
        }
    }

    fn plan_tcp(&mut self, now: Instant) {
        if self.paths.tcp == TcpOffer::NotYet {
            self.paths.tcp = TcpOffer::At(now + TCP_AFTER);
        }
    }

    /// From now on, streams to the peer are tried from each own address (RFC 6544).
    fn offer_tcp(&mut self, now: Instant) {
        self.paths.tcp = TcpOffer::Made;
        let hosts: Vec<IpAddr> = self
            .paths
            .local
            .iter()
            .filter(|candidate| {
                candidate.proto() == Protocol::Udp && candidate.kind() == CandidateKind::Host
            })
            .map(|candidate| candidate.addr().ip())
            .collect();
        for ip in hosts {
            let candidate = Candidate::builder()
                .tcp()
                .host(SocketAddr::new(ip, ACTIVE_PORT))
                .tcptype(TcpType::Active)
                .build();
            match candidate {
                Ok(candidate) => self.add_local(candidate),
                Err(error) => log::debug!("no streams from {ip}: {error}"),
            }
        }
        self.drain(now);
    }

    /// Checks all pairs as if they were new. Packets go the old way until another one answers.
    fn recheck(&mut self, now: Instant) {
        self.wake_addresses();
        for candidate in self.paths.local.clone() {
            self.rtc.direct_api().invalidate_candidate(&candidate);
            self.rtc.add_local_candidate(candidate);
        }
        self.drain(now);
    }
}

mod known;
#[cfg(test)]
mod tests;
