//! Datagrams between namespaces through the router: what is lost, in which order, how late.
//!
//! Needs root, TUN devices and network namespaces; says what is missing and passes without them.
#![expect(clippy::disallowed_methods, reason = "a test on the real clock")]
#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use netlab::{
    hosts::{Families, Hosts, Role, check},
    link::Settings,
    router::{Counts, Port, Router, tun::inside},
};

const SEED: u64 = 7;

/// For datagrams that are expected.
const PATIENCE: Duration = Duration::from_secs(10);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The hosts and a router with these settings of the caller's link; nothing where there can be no lab.
fn lab(tag: &str, families: Families, up: Settings, down: Settings) -> Option<(Hosts, Router)> {
    if let Err(missing) = check() {
        println!("skipped: {missing}");
        return None;
    }
    let hosts = Hosts::create(tag, families).unwrap();
    let port = |role: Role| Port {
        networks: role.networks(),
        ..Port::default()
    };
    let mut ports: Vec<_> = Role::ALL.into_iter().map(port).collect();
    (ports[0].up, ports[0].down) = (up, down);
    let router = Router::start(hosts.devices().unwrap(), ports, SEED, Instant::now()).unwrap();
    Some((hosts, router))
}

fn socket(hosts: &Hosts, role: Role, address: IpAddr) -> UdpSocket {
    let socket = inside(&hosts.namespace(role), move || {
        UdpSocket::bind((address, 0))
    })
    .unwrap();
    socket.set_read_timeout(Some(ms(500))).unwrap();
    socket
}

/// Sends numbered datagrams from caller to server; gives each that arrived with its delay. Those `expected` have
/// time to arrive on a busy machine.
fn send(
    hosts: &Hosts,
    v6: bool,
    datagrams: u32,
    gap: Duration,
    expected: usize,
) -> Vec<(u32, Duration)> {
    let address = |role: Role| {
        if v6 {
            role.ipv6(false).into()
        } else {
            role.ipv4(false).into()
        }
    };
    let from = socket(hosts, Role::Caller, address(Role::Caller));
    let to = socket(hosts, Role::Server, address(Role::Server));
    let target: SocketAddr = to.local_addr().unwrap();
    let begun = Instant::now();
    let sender = std::thread::spawn(move || {
        let mut sent = Vec::new();
        for n in 0..datagrams {
            std::thread::sleep((begun + gap * n).saturating_duration_since(Instant::now()));
            sent.push(Instant::now());
            from.send_to(&n.to_be_bytes(), target).unwrap();
        }
        sent
    });
    let mut arrived = Vec::new();
    let mut buffer = [0; 64];
    loop {
        let patience = if arrived.len() < expected {
            PATIENCE
        } else {
            ms(2_000)
        };
        to.set_read_timeout(Some(patience)).unwrap();
        let Ok(len) = to.recv(&mut buffer) else {
            break;
        };
        arrived.push((
            u32::from_be_bytes(buffer[..len].try_into().unwrap()),
            Instant::now(),
        ));
        if arrived.len() == 2 * datagrams as usize {
            break;
        }
    }
    let sent = sender.join().unwrap();
    arrived
        .into_iter()
        .map(|(n, at)| (n, at - sent[n as usize]))
        .collect()
}

#[test]
fn a_clean_link_with_delay_carries_everything_in_order_and_that_much_later() {
    let up = Settings {
        delay: ms(40),
        ..Settings::default()
    };
    for (tag, families, v6) in [
        ("clean4", Families::Both, false),
        ("clean6", Families::OnlyV6, true),
    ] {
        let Some((hosts, router)) = lab(tag, families, up.clone(), Settings::default()) else {
            return;
        };
        let arrived = send(&hosts, v6, 300, ms(3), 300);
        let numbers: Vec<_> = arrived.iter().map(|(n, _)| *n).collect();
        assert_eq!(
            numbers,
            (0..300).collect::<Vec<_>>(),
            "{families:?}: lost, doubled or out of order"
        );
        assert!(
            arrived.iter().all(|(_, delay)| *delay >= ms(40)),
            "{families:?}: a datagram came before its time"
        );
        // What a busy machine adds is not the router's.
        let least = arrived.iter().map(|(_, delay)| *delay).min().unwrap();
        assert!(
            least < ms(55),
            "{families:?}: the router makes {least:?} of 40 ms"
        );
        drop(router);
    }
}

#[test]
fn a_lossy_link_loses_its_share_and_the_counts_agree() {
    let up = Settings {
        loss: 0.2,
        jitter: ms(15),
        ..Settings::default()
    };
    let Some((hosts, router)) = lab("lossy", Families::Both, up, Settings::default()) else {
        return;
    };
    let arrived = send(&hosts, false, 1500, ms(2), 1150);
    let lost = 1.0 - arrived.len() as f64 / 1500.0;
    assert!((lost - 0.2).abs() < 0.05, "lost {lost} instead of 0.2");
    assert!(
        arrived.is_sorted_by_key(|(n, _)| *n),
        "jitter changed the order"
    );
    let counts: Vec<[Counts; 2]> = router.stop();
    let up = counts[Role::Caller as usize][0];
    // Hosts say a word of their own now and then (multicast of IPv6); it has no route here.
    assert_eq!(up.offered - up.no_route, 1500);
    assert_eq!(up.lost, 1500 - arrived.len() as u64);
    assert_eq!(
        counts[Role::Server as usize][1].arrived,
        arrived.len() as u64
    );
}

#[test]
fn where_only_tcp_passes_datagrams_do_not_and_a_connection_does() {
    let only = Settings {
        only_tcp: true,
        ..Settings::default()
    };
    let Some((hosts, _router)) = lab("tcp", Families::Both, only.clone(), only) else {
        return;
    };
    assert_eq!(send(&hosts, false, 20, ms(1), 0), []);
    let address = IpAddr::from(Role::Server.ipv4(false));
    let listener = inside(&hosts.namespace(Role::Server), move || {
        TcpListener::bind((address, 7000))
    })
    .unwrap();
    let server =
        std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"heard").unwrap());
    let mut heard = String::new();
    let client = inside(&hosts.namespace(Role::Caller), move || {
        TcpStream::connect_timeout(&(address, 7000).into(), Duration::from_secs(5))
    });
    client.unwrap().read_to_string(&mut heard).unwrap();
    server.join().unwrap();
    assert_eq!(heard, "heard");
}

#[test]
fn a_host_that_changed_its_address_is_reached_there_alone() {
    let Some((hosts, _router)) = lab(
        "moved",
        Families::Both,
        Settings::default(),
        Settings::default(),
    ) else {
        return;
    };
    hosts.change_address(Role::Caller).unwrap();
    let from = socket(&hosts, Role::Server, Role::Server.ipv4(false).into());
    let to = socket(&hosts, Role::Caller, "0.0.0.0".parse().unwrap());
    let port = to.local_addr().unwrap().port();
    let mut buffer = [0; 8];
    from.send_to(b"old", (Role::Caller.ipv4(false), port))
        .unwrap();
    from.send_to(b"new", (Role::Caller.ipv4(true), port))
        .unwrap();
    assert_eq!(to.recv(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer[..3], b"new");
    assert!(
        to.recv(&mut buffer).is_err(),
        "the old address still answers"
    );
}

#[test]
fn a_lab_that_is_gone_leaves_nothing_behind() {
    let Some((hosts, router)) = lab(
        "gone",
        Families::Both,
        Settings::default(),
        Settings::default(),
    ) else {
        return;
    };
    let namespace = hosts.namespace(Role::Agent);
    let place = std::path::Path::new("/run/netns").join(&namespace);
    assert!(place.exists());
    drop(router);
    drop(hosts);
    assert!(!place.exists(), "{} is still there", place.display());
    assert!(!std::path::Path::new("/etc/netns").join(namespace).exists());
}
