//! Servers in a script: what is asked, and what their answers lead to.

use std::time::Duration;

use super::{super::stun::tests::answer, *};

fn server(service: Service) -> Server {
    Server {
        url: "stun:example.org".to_owned(),
        service,
        proto: Protocol::Udp,
        address: "203.0.113.1:3478".parse().unwrap(),
        local: "192.0.2.2:5000".parse().unwrap(),
        user: "u".to_owned(),
        password: "p".to_owned(),
    }
}

/// The packets for servers among the outputs, and what else there is, as text.
fn split(servers: &mut Servers) -> (Vec<Vec<u8>>, Vec<String>) {
    let (mut packets, mut others) = (Vec::new(), Vec::new());
    for output in servers.take_outputs() {
        match output {
            Output::Transmit(packet) => packets.push(packet.contents.to_vec()),
            Output::Found { candidate, .. } => {
                others.push(format!("{} {}", candidate.kind(), candidate.addr()));
            }
            Output::Lost(relayed) => others.push(format!("lost {relayed}")),
            Output::Packet { peer, packet, .. } => others.push(format!("{peer}: {packet:?}")),
            Output::Failed { code, .. } => others.push(format!("failed {code}")),
        }
    }
    (packets, others)
}

fn on_packet(servers: &mut Servers, packet: &[u8], now: Instant) -> bool {
    let from = server(Service::Relay);
    servers.on_packet(from.proto, from.local, from.address, packet, now)
}

#[test]
fn a_server_tells_the_address_that_it_sees() {
    let now = crate::engine::test_support::start();
    let mut servers = Servers::default();
    servers.ask(server(Service::Reflexive), now);
    let (packets, _) = split(&mut servers);
    let request = Message::parse(&packets[0]).unwrap();
    assert!(!servers.are_settled());
    let reply = answer(Class::Success, method::BINDING, request.id)
        .with_address(
            attribute::MAPPED_ADDRESS,
            "198.51.100.1:6000".parse().unwrap(),
        )
        .finish(None);
    let stranger = "203.0.113.66:3478".parse().unwrap();
    let local = server(Service::Reflexive).local;
    assert!(!servers.on_packet(Protocol::Udp, local, stranger, &reply, now));
    assert!(on_packet(&mut servers, &reply, now));
    assert_eq!(split(&mut servers).1, ["srflx 198.51.100.1:6000"]);
    assert!(servers.are_settled());
}

#[test]
fn checks_of_a_peer_at_a_servers_address_are_left_to_ice() {
    let now = crate::engine::test_support::start();
    let mut servers = Servers::default();
    servers.ask(server(Service::Reflexive), now);
    let check = Builder::request(method::BINDING, [5; 12]).finish(None);
    assert!(!on_packet(&mut servers, &check, now));
}

#[test]
fn a_silent_server_is_reported_and_may_be_asked_again() {
    let now = crate::engine::test_support::start();
    let mut servers = Servers::default();
    servers.ask(server(Service::Reflexive), now);
    while let Some(deadline) = servers.deadline() {
        servers.tick(deadline);
    }
    let (packets, others) = split(&mut servers);
    assert_eq!((packets.len(), others), (6, vec!["failed 701".to_owned()]));
    servers.forget_done();
    servers.ask(server(Service::Reflexive), now + Duration::from_secs(60));
    assert_eq!(split(&mut servers).0.len(), 1);
}

#[test]
fn the_same_server_is_asked_once_and_not_too_many_at_all() {
    let now = crate::engine::test_support::start();
    let mut servers = Servers::default();
    for port in 1..=100 {
        for _ in 0..2 {
            let mut server = server(Service::Relay);
            server.address.set_port(port);
            servers.ask(server, now);
        }
    }
    assert_eq!(split(&mut servers).0.len(), MAX_CLIENTS);
}

#[test]
fn a_relay_carries_packets_until_its_socket_is_gone() {
    let now = crate::engine::test_support::start();
    let mut servers = Servers::default();
    servers.ask(server(Service::Relay), now);
    let (packets, _) = split(&mut servers);
    let request = Message::parse(&packets[0]).unwrap();
    let relayed: SocketAddr = "203.0.113.1:49152".parse().unwrap();
    let reply = answer(Class::Success, method::ALLOCATE, request.id)
        .with_address(attribute::RELAYED_ADDRESS, relayed)
        .finish(None);
    on_packet(&mut servers, &reply, now);
    assert_eq!(split(&mut servers).1, ["relay 203.0.113.1:49152"]);
    let from = |source| Transmit {
        proto: Protocol::Udp,
        source,
        destination: "198.51.100.7:7882".parse().unwrap(),
        contents: vec![1].into(),
    };
    let bind = servers.send(&from(relayed), now).unwrap();
    assert_eq!(bind.len(), 1, "a channel is asked for");
    assert_eq!(bind[0].destination, server(Service::Relay).address);
    let host = server(Service::Relay).local;
    assert!(servers.send(&from(host), now).is_none());
    servers.forget_local(host.ip());
    assert_eq!(split(&mut servers).1, ["lost 203.0.113.1:49152"]);
    assert!(servers.send(&from(relayed), now).is_none());
}
