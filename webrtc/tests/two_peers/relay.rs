//! Servers that report addresses, and calls through a relay. The relay is coturn; those tests run
//! on request, where its program `turnserver` is installed (Debian: coturn).

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use libwebrtc::{
    peer_connection::IceCandidateError,
    peer_connection_factory::{IceServer, IceTransportsType},
    prelude::*,
    stats::{IceCandidateType, RtcStats},
};
use parking_lot::Mutex;

use crate::peers::{Ear, Peer, negotiate, two_peers, wait_for};

/// A relay on loopback that ends with the test.
struct Relay {
    process: Child,
    port: u16,
    tls_port: u16,
}

impl Relay {
    /// Starts one on ports of its own and waits until it takes connections.
    async fn start(more: &[&str]) -> Self {
        let [port, tls_port] = free_ports();
        let process = Command::new("turnserver")
            .args(["-n", "--no-cli", "--lt-cred-mech", "--user", "agent:secret"])
            .args(["--realm", "example.org", "--allow-loopback-peers"])
            .args(["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"])
            .args(["--listening-port", &port.to_string()])
            .args(["--tls-listening-port", &tls_port.to_string()])
            .args(["--pidfile", "", "--log-file", "stdout", "--stale-nonce=5"])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("turnserver is installed (Debian: coturn)");
        let relay = Self {
            process,
            port,
            tls_port,
        };
        // It listens over TCP, too, whatever the call uses.
        wait_for("the relay", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })
        .await;
        relay
    }
}

/// Two ports on which nobody listened a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    listeners.map(|listener| {
        let listener = listener.expect("a free port");
        listener.local_addr().expect("bound").port()
    })
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn use_server(peer: &Peer, url: &str, policy: IceTransportsType) {
    let mut config = RtcConfiguration::default();
    config.enable_sctp_snap = true;
    config.ice_transport_type = policy;
    config.ice_servers = vec![IceServer {
        urls: vec![url.to_owned()],
        username: "agent".to_owned(),
        password: "secret".to_owned(),
    }];
    peer.connection
        .set_configuration(config)
        .expect("a configuration");
}

/// A call of which one side reaches the other through the relay alone.
async fn call_through(url: &str) {
    let (alice, bob) = two_peers();
    use_server(&alice, url, IceTransportsType::Relay);
    let _tone = alice.send_tone("PA_a|TR_1", 24_000, 440.0);
    negotiate(&alice, &bob).await;
    let mut ear = Ear::new(bob.track(0).await, 16_000, 1);
    ear.hears(440.0).await;
    // Longer than a nonce lives here.
    tokio::time::sleep(Duration::from_secs(6)).await;
    ear.hears(440.0).await;
    let stats = alice.connection.get_stats().await.expect("statistics");
    let mut local = Vec::new();
    let mut pair = None;
    for record in stats {
        match record {
            RtcStats::LocalCandidate(record) => local.push(record),
            RtcStats::CandidatePair(record) => pair = Some(record.candidate_pair),
            _ => {}
        }
    }
    assert!(!local.is_empty());
    for record in &local {
        let candidate = &record.local_candidate;
        assert_eq!(candidate.candidate_type, Some(IceCandidateType::Relay));
        assert_eq!(candidate.url, url);
    }
    let pair = pair.expect("a pair in use");
    assert_eq!(pair.local_candidate_id, local[0].rtc.id);
    assert!(pair.current_round_trip_time > 0.0 && pair.responses_received > 0);
    // Six seconds of 50 packets, less what a machine that stalls skipped.
    assert!(pair.packets_sent > 50, "{} packets", pair.packets_sent);
}

#[tokio::test]
#[ignore = "needs turnserver (Debian: coturn)"]
async fn a_call_through_a_relay_over_udp() {
    let relay = Relay::start(&[]).await;
    call_through(&format!("turn:127.0.0.1:{}?transport=udp", relay.port)).await;
}

#[tokio::test]
#[ignore = "needs turnserver (Debian: coturn)"]
async fn a_call_through_a_relay_over_tcp() {
    let relay = Relay::start(&["--no-udp"]).await;
    call_through(&format!("turn:127.0.0.1:{}?transport=tcp", relay.port)).await;
}

/// `SSL_CERT_FILE` is a certificate for 127.0.0.1, which the engine trusts then; its key is
/// beside it, with `.key` behind its name.
#[tokio::test]
#[ignore = "needs turnserver (Debian: coturn) and SSL_CERT_FILE"]
async fn a_call_through_a_relay_over_tls() {
    let certificate = std::env::var("SSL_CERT_FILE").expect("SSL_CERT_FILE is set");
    let key = format!("{certificate}.key");
    let relay = Relay::start(&["--cert", &certificate, "--pkey", &key]).await;
    call_through(&format!("turns:127.0.0.1:{}?transport=tcp", relay.tls_port)).await;
}

#[tokio::test]
async fn a_server_that_does_not_exist_is_reported_and_missed_by_nobody() {
    let (alice, bob) = two_peers();
    let errors: Arc<Mutex<Vec<IceCandidateError>>> = Arc::default();
    let told = Arc::clone(&errors);
    alice
        .connection
        .on_ice_candidate_error(Some(Box::new(move |error| told.lock().push(error))));
    use_server(&alice, "gopher:example.org", IceTransportsType::All);
    let _tone = alice.send_tone("PA_a|TR_1", 24_000, 440.0);
    negotiate(&alice, &bob).await;
    wait_for("a connection", || {
        alice.is_connected() && bob.is_connected()
    })
    .await;
    wait_for("the error", || !errors.lock().is_empty()).await;
    wait_for("the end of gathering", || {
        alice.connection.ice_gathering_state() == IceGatheringState::Complete
    })
    .await;
    let errors = errors.lock();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        (errors[0].error_code, errors[0].url.as_str()),
        (701, "gopher:example.org")
    );
}
