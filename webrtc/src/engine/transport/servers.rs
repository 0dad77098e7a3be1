//! The servers of one connection: what they are asked, and the addresses they reported.

pub(crate) mod url;

mod asking;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, time::Instant};

use str0m::{
    Candidate,
    net::{Protocol, Transmit},
};

pub(crate) use self::asking::Asking;
use self::url::Service;
use super::{
    stun::{Builder, Class, Message, attribute, method},
    transaction::{Step, Transaction, new_id},
    turn::{TurnClient, TurnEvent},
};

/// Servers asked at a time, each address of ours counting for STUN. More are left out.
const MAX_CLIENTS: usize = 16;

/// A server with its address, and where it is asked from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// As configured.
    pub(crate) url: String,
    pub(crate) service: Service,
    pub(crate) proto: Protocol,
    pub(crate) address: SocketAddr,
    /// One of our sockets, or our end of a stream to the server.
    pub(crate) local: SocketAddr,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// What the servers lead to.
#[derive(Debug)]
pub(crate) enum Output {
    /// A packet for a server.
    Transmit(Transmit),
    /// An address to offer.
    Found { candidate: Candidate, url: String },
    /// An address that no longer leads here.
    Lost(SocketAddr),
    /// A peer sent a packet to a relayed address.
    Packet {
        relayed: SocketAddr,
        peer: SocketAddr,
        packet: Vec<u8>,
    },
    /// A server could not help; code 701 is one that does not answer.
    Failed {
        server: Server,
        code: u16,
        reason: String,
    },
}

#[derive(Debug)]
enum Client {
    Asking(Transaction),
    Relay(Box<TurnClient>),
    /// Nothing more to do.
    Done,
}

/// All servers of one connection.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    clients: Vec<(Server, Client)>,
    outputs: Vec<Output>,
}

impl Servers {
    /// Begins to ask a server.
    pub(crate) fn ask(&mut self, server: Server, now: Instant) {
        let asked = |(known, client): &(Server, Client)| {
            !matches!(client, Client::Done)
                && (known.service, known.proto, known.address, known.local)
                    == (server.service, server.proto, server.address, server.local)
        };
        if self.clients.len() >= MAX_CLIENTS || self.clients.iter().any(asked) {
            return;
        }
        let client = match server.service {
            Service::Reflexive => {
                let id = new_id();
                let request = Builder::request(method::BINDING, id).finish(None);
                Client::Asking(Transaction::new(id, request, false, now))
            }
            Service::Relay => {
                let over_stream = server.proto != Protocol::Udp;
                let client = TurnClient::new(&server.user, &server.password, over_stream, now);
                Client::Relay(Box::new(client))
            }
        };
        self.clients.push((server, client));
        self.tick(now);
    }

    /// Whether a relayed address comes from this server.
    pub(crate) fn has_relay(&self, url: &str) -> bool {
        self.clients.iter().any(|(server, client)| {
            server.url == url && matches!(client, Client::Relay(turn) if turn.relayed().is_some())
        })
    }

    /// All servers have answered, or never will.
    pub(crate) fn are_settled(&self) -> bool {
        self.clients.iter().all(|(_, client)| match client {
            Client::Asking(_) => false,
            Client::Relay(turn) => turn.relayed().is_some(),
            Client::Done => true,
        })
    }

    /// Forgets the servers that are done, so that they may be asked again.
    pub(crate) fn forget_done(&mut self) {
        self.clients
            .retain(|(_, client)| !matches!(client, Client::Done));
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let deadlines = self.clients.iter().filter_map(|(_, client)| match client {
            Client::Asking(transaction) => Some(transaction.deadline()),
            Client::Relay(turn) => turn.deadline(),
            Client::Done => None,
        });
        deadlines.min()
    }

    pub(crate) fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Instant) {
        for (server, client) in &mut self.clients {
            match client {
                Client::Asking(transaction) => match transaction.step(now) {
                    Step::Send => {
                        let packet = transaction.bytes.clone();
                        self.outputs.push(Output::Transmit(to(server, packet)));
                    }
                    Step::Wait => {}
                    Step::GiveUp => {
                        self.outputs.push(failed(
                            server,
                            0,
                            "the server does not answer".to_owned(),
                        ));
                        *client = Client::Done;
                    }
                },
                Client::Relay(turn) => turn.tick(now),
                Client::Done => {}
            }
            collect(server, client, &mut self.outputs);
        }
    }

    /// A packet from the network; false if it is not from a server.
    pub(crate) fn on_packet(
        &mut self,
        proto: Protocol,
        local: SocketAddr,
        from: SocketAddr,
        packet: &[u8],
        now: Instant,
    ) -> bool {
        let mut is_ours = false;
        for (server, client) in &mut self.clients {
            if (server.proto, server.local, server.address) != (proto, local, from) {
                continue;
            }
            match client {
                Client::Asking(transaction) => {
                    let Ok(message) = Message::parse(packet) else {
                        continue;
                    };
                    if message.id != transaction.id {
                        continue;
                    }
                    is_ours = true;
                    self.outputs.extend(reflexive(server, &message));
                    *client = Client::Done;
                }
                Client::Relay(turn) => {
                    is_ours = true;
                    turn.on_packet(packet, now);
                    collect(server, client, &mut self.outputs);
                }
                Client::Done => {}
            }
        }
        is_ours
    }

    /// Sends a packet from a relayed address; the packets to the relay that it makes. `None` if
    /// the address is not relayed.
    pub(crate) fn send(&mut self, packet: &Transmit, now: Instant) -> Option<Vec<Transmit>> {
        let is_source = |client: &Client| matches!(client, Client::Relay(turn) if turn.relayed() == Some(packet.source));
        let (server, client) = self
            .clients
            .iter_mut()
            .find(|(_, client)| is_source(client))?;
        let Client::Relay(turn) = client else {
            return None;
        };
        turn.send(packet.destination, &packet.contents, now);
        let outgoing = turn.take_outgoing().into_iter();
        Some(outgoing.map(|packet| to(server, packet)).collect())
    }

    /// A socket of ours is gone, and with it what was learnt over it.
    pub(crate) fn forget_local(&mut self, ip: std::net::IpAddr) {
        for (server, client) in &self.clients {
            if server.local.ip() == ip
                && let Client::Relay(turn) = client
                && let Some(relayed) = turn.relayed()
            {
                self.outputs.push(Output::Lost(relayed));
            }
        }
        self.clients.retain(|(server, _)| server.local.ip() != ip);
    }

    /// Gives the relayed addresses back.
    pub(crate) fn close(&mut self, now: Instant) {
        for (server, client) in &mut self.clients {
            if let Client::Relay(turn) = client {
                turn.release(now);
            }
            collect(server, client, &mut self.outputs);
        }
        self.clients.clear();
    }
}

fn to(server: &Server, packet: Vec<u8>) -> Transmit {
    Transmit {
        proto: server.proto,
        source: server.local,
        destination: server.address,
        contents: packet.into(),
    }
}

fn failed(server: &Server, code: u16, reason: String) -> Output {
    // W3C: 701 is a server that cannot be reached.
    let code = if code == 0 { 701 } else { code };
    Output::Failed {
        server: server.clone(),
        code,
        reason,
    }
}

/// The address that a server sees, as a candidate.
fn reflexive(server: &Server, message: &Message<'_>) -> Option<Output> {
    if message.class == Class::Error {
        let (code, reason) = message.error().unwrap_or_default();
        return Some(failed(server, code, reason));
    }
    let mapped = message.address(attribute::MAPPED_ADDRESS)?;
    if mapped == server.local {
        return None; // there is no address translation on the way
    }
    match Candidate::server_reflexive(mapped, server.local, Protocol::Udp) {
        Ok(candidate) => Some(Output::Found {
            candidate,
            url: server.url.clone(),
        }),
        Err(error) => Some(failed(server, 0, error.to_string())),
    }
}

/// Takes over what a relay's client has produced.
fn collect(server: &Server, client: &mut Client, outputs: &mut Vec<Output>) {
    let Client::Relay(turn) = client else {
        return;
    };
    outputs.extend(
        turn.take_outgoing()
            .into_iter()
            .map(|packet| Output::Transmit(to(server, packet))),
    );
    let relayed_before = turn.relayed();
    let mut ended = false;
    for event in turn.take_events() {
        match event {
            TurnEvent::Allocated { relayed } => {
                match Candidate::relayed(relayed, server.local, Protocol::Udp) {
                    Ok(candidate) => outputs.push(Output::Found {
                        candidate,
                        url: server.url.clone(),
                    }),
                    Err(error) => outputs.push(failed(server, 0, error.to_string())),
                }
            }
            TurnEvent::Data { peer, packet } => {
                if let Some(relayed) = relayed_before {
                    outputs.push(Output::Packet {
                        relayed,
                        peer,
                        packet,
                    });
                }
            }
            TurnEvent::Failed { code, reason, lost } => {
                ended = true;
                outputs.extend(lost.map(Output::Lost));
                outputs.push(failed(server, code, reason));
            }
        }
    }
    if ended {
        *client = Client::Done;
    }
}
