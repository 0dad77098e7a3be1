//! Servers as the connection uses them: which are asked, and what their answers change.

use std::{net::SocketAddr, time::Instant};

use str0m::{CandidateKind, net::Protocol};

use super::{
    Output, Server,
    url::{ServerUrl, Service},
};
use crate::{
    engine::{core::Core, events::Event},
    types::{
        configuration::IceTransportsType,
        connection_state::{IceCandidateError, IceGatheringState},
    },
};

/// Configured servers that are asked at most.
const MAX_SERVERS: usize = 8;

/// A server whose name is to be looked up.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) text: String,
    pub(crate) url: ServerUrl,
    user: String,
    password: String,
}

impl Core {
    /// The servers to look up now: all that are configured and do not serve already. Each must
    /// be followed by [`Self::on_server_found`] or [`Self::on_server_missing`].
    pub(crate) fn servers_to_ask(&mut self) -> Vec<Asking> {
        self.servers.forget_done();
        let mut asking = Vec::new();
        for server in self.config.ice_servers.clone() {
            for text in server.urls {
                match ServerUrl::parse(&text) {
                    Ok(url) if !self.servers.has_relay(&text) => asking.push(Asking {
                        text,
                        url,
                        user: server.username.clone(),
                        password: server.password.clone(),
                    }),
                    Ok(_) => {}
                    Err(error) => self.report_server_failure(text, None, 701, error.to_string()),
                }
            }
        }
        let relay_only = self.config.ice_transport_type == IceTransportsType::Relay;
        if relay_only {
            asking.retain(|asking| asking.url.service == Service::Relay);
        }
        asking.truncate(MAX_SERVERS);
        self.paths.expect_servers(asking.len());
        asking
    }

    /// A server was looked up: asks it from these addresses of ours.
    pub(crate) fn on_server_found(
        &mut self,
        asking: &Asking,
        address: SocketAddr,
        locals: &[SocketAddr],
        now: Instant,
    ) {
        self.paths.on_server_looked_up();
        for local in locals {
            let server = Server {
                url: asking.text.clone(),
                service: asking.url.service,
                proto: asking.url.proto,
                address,
                local: *local,
                user: asking.user.clone(),
                password: asking.password.clone(),
            };
            self.servers.ask(server, now);
        }
        self.tend_servers(now);
    }

    /// A server could not be looked up.
    pub(crate) fn on_server_missing(&mut self, asking: &Asking, reason: String) {
        self.paths.on_server_looked_up();
        self.report_server_failure(asking.text.clone(), None, 701, reason);
        self.end_gathering();
    }

    /// Lets time pass for the servers and carries out what they lead to.
    pub(crate) fn tend_servers(&mut self, now: Instant) {
        if self.servers.deadline().is_some_and(|at| at <= now) {
            self.servers.tick(now);
        }
        for output in self.servers.take_outputs() {
            match output {
                Output::Transmit(packet) => self.outbox.datagrams.push(packet),
                Output::Found { candidate, url } => {
                    self.paths.note_url(candidate.addr(), url);
                    self.add_local(candidate);
                }
                Output::Lost(relayed) => self.remove_local(|candidate| {
                    candidate.kind() == CandidateKind::Relayed && candidate.addr() == relayed
                }),
                Output::Packet {
                    relayed,
                    peer,
                    packet,
                } => self.on_peer_packet(Protocol::Udp, relayed, peer, &packet, now),
                Output::Failed {
                    server,
                    code,
                    reason,
                } => self.report_server_failure(server.url, Some(server.local), code, reason),
            }
        }
        self.end_gathering();
    }

    /// Announces the end of gathering once nothing is awaited.
    pub(crate) fn end_gathering(&mut self) {
        let awaited = self.paths.awaits_servers() || !self.servers.are_settled();
        if self.gathering() == IceGatheringState::Gathering && !awaited {
            self.set_gathering(IceGatheringState::Complete);
        }
    }

    fn report_server_failure(
        &mut self,
        url: String,
        local: Option<SocketAddr>,
        code: u16,
        reason: String,
    ) {
        log::warn!("no address from {url}: {code} {reason}");
        let error = IceCandidateError {
            address: local
                .map(|local| local.ip().to_string())
                .unwrap_or_default(),
            port: local.map_or(0, |local| i32::from(local.port())),
            url,
            error_code: i32::from(code),
            error_text: reason,
        };
        self.outbox.events.push(Event::CandidateError(error));
    }
}
