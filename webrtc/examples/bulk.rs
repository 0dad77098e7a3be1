//! Bulk over data channels between two connections on this machine, through a link that loses
//! and delays what the arguments ask for.
//!
//! ```text
//! cargo run --release -p libwebrtc --example bulk -- bulk [MiB] [loss %] [one-way delay ms]
//! cargo run --release -p libwebrtc --example bulk -- burst [rounds] [loss %] [one-way delay ms]
//! ```
//!
//! `bulk` sends messages of 15,000 bytes on a reliable channel as fast as `buffered_amount`
//! lets it (2 MiB, as livekit does) and checks that all of them arrive, in order, and that the
//! reported bytes add up. `burst` sends 1.4 MB at once with one message of a lossy channel behind
//! it, and measures when each arrives.

#![expect(
    clippy::disallowed_methods,
    reason = "an example is its own shell: it owns its clock, its tasks and its arguments"
)]

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use libwebrtc::prelude::*;
use tokio::{net::UdpSocket, sync::mpsc};

const MESSAGE_BYTES: usize = 15_000;
const BUFFERED_LIMIT: u64 = 2 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(240);

type Failure = Box<dyn Error + Send + Sync>;

/// What the link does to each datagram.
#[derive(Clone, Copy)]
struct Link {
    loss_percent: f64,
    delay: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "bulk".to_owned());
    let number = |text: Option<String>, other: f64| text.map_or(Ok(other), |text| text.parse());
    let is_burst = what == "burst";
    let amount = number(arguments.next(), if is_burst { 10.0 } else { 40.0 })?;
    let link = Link {
        loss_percent: number(arguments.next(), 1.0)?,
        delay: Duration::from_secs_f64(number(arguments.next(), 0.0)? / 1e3),
    };
    let pair = Pair::connect(link).await?;
    if is_burst {
        burst(&pair, amount as usize).await
    } else {
        bulk(&pair, (amount * 1024.0 * 1024.0) as usize / MESSAGE_BYTES).await
    }
}

async fn bulk(pair: &Pair, messages: usize) -> Result<(), Failure> {
    let start = Instant::now();
    let mut most_buffered = 0;
    for n in 0..messages {
        while pair.reliable.buffered_amount() > BUFFERED_LIMIT {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        pair.reliable.send(&numbered(n as u64), true)?;
        most_buffered = most_buffered.max(pair.reliable.buffered_amount());
    }
    wait_for("the last message", || {
        pair.received.lock().is_ok_and(|all| all.len() >= messages)
    })
    .await?;
    let seconds = start.elapsed().as_secs_f64();
    let received = pair.received.lock().map_err(|_| "poisoned")?.clone();
    let in_order = received.iter().map(|(n, _)| *n).eq(0..messages as u64);
    let bytes = (messages * MESSAGE_BYTES) as u64;
    wait_for("the reports of sent bytes", || {
        pair.reported.load(Ordering::Relaxed) >= bytes
    })
    .await?;
    println!(
        "{messages} messages, {:.1} MB in {seconds:.2} s: {:.1} Mbit/s; in order: {in_order}; \
         reported {} of {bytes} bytes; at most {} buffered",
        bytes as f64 / 1e6,
        bytes as f64 * 8.0 / 1e6 / seconds,
        pair.reported.load(Ordering::Relaxed),
        most_buffered
    );
    if in_order && pair.reported.load(Ordering::Relaxed) == bytes {
        Ok(())
    } else {
        Err("the transfer was not exact".into())
    }
}

async fn burst(pair: &Pair, rounds: usize) -> Result<(), Failure> {
    let (mut all, mut lossy) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        pair.received.lock().map_err(|_| "poisoned")?.clear();
        let before = pair.lossy_received.load(Ordering::Relaxed);
        let start = Instant::now();
        for n in 0..94 {
            pair.reliable.send(&numbered(n), true)?;
        }
        pair.lossy.send(&[round as u8; 100], true)?;
        let mut heard = None;
        wait_for("the burst", || {
            if heard.is_none() && pair.lossy_received.load(Ordering::Relaxed) > before {
                heard = Some(start.elapsed());
            }
            pair.received.lock().is_ok_and(|all| all.len() >= 94)
        })
        .await?;
        all.push(start.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(50)).await;
        if heard.is_none() && pair.lossy_received.load(Ordering::Relaxed) > before {
            heard = Some(start.elapsed()); // after the burst, in the last 50 ms
        }
        lossy.extend(heard.map(|time| time.as_secs_f64() * 1e3));
    }
    all.sort_by(f64::total_cmp);
    lossy.sort_by(f64::total_cmp);
    println!(
        "1.41 MB: min {:.0}, median {:.0}, max {:.0} ms; the lossy message behind it arrived \
         {} of {rounds} times, median {:.0} ms",
        all[0],
        all[rounds / 2],
        all[rounds - 1],
        lossy.len(),
        lossy.get(lossy.len() / 2).copied().unwrap_or(f64::NAN)
    );
    Ok(())
}

fn numbered(n: u64) -> Vec<u8> {
    let mut message = vec![n as u8; MESSAGE_BYTES];
    message[..8].copy_from_slice(&n.to_be_bytes());
    message
}

/// Two connected peers with a reliable and a lossy channel from the first to the second.
struct Pair {
    _peers: [PeerConnection; 2],
    reliable: DataChannel,
    lossy: DataChannel,
    /// Number and length of each message on the reliable channel.
    received: Arc<Mutex<Vec<(u64, usize)>>>,
    lossy_received: Arc<AtomicU64>,
    /// Sum of what `on_buffered_amount_change` was given for the reliable channel.
    reported: Arc<AtomicU64>,
}

impl Pair {
    async fn connect(link: Link) -> Result<Self, Failure> {
        let factory = PeerConnectionFactory::with_options(false, true);
        let config = || {
            let mut config = RtcConfiguration::default();
            config.enable_sctp_snap = true;
            config
        };
        let alice = factory.create_peer_connection(config())?;
        let bob = factory.create_peer_connection(config())?;
        let relay = Relay::open(link).await?;
        relay.introduce(&alice, &bob, 0);
        relay.introduce(&bob, &alice, 1);
        let (received, lossy_received) = (Arc::default(), Arc::<AtomicU64>::default());
        listen(&bob, &received, &lossy_received);
        let reliable = alice.create_data_channel("_reliable", DataChannelInit::default())?;
        let init = DataChannelInit {
            ordered: false,
            max_retransmits: Some(0),
            ..DataChannelInit::default()
        };
        let lossy = alice.create_data_channel("_lossy", init)?;
        let reported = Arc::new(AtomicU64::new(0));
        let sum = Arc::clone(&reported);
        reliable.on_buffered_amount_change(Some(Box::new(move |bytes| {
            sum.fetch_add(bytes, Ordering::Relaxed);
        })));
        let offer = alice.create_offer(OfferOptions::default()).await?;
        alice.set_local_description(offer.clone()).await?;
        bob.set_remote_description(offer).await?;
        let answer = bob.create_answer(AnswerOptions::default()).await?;
        bob.set_local_description(answer.clone()).await?;
        alice.set_remote_description(answer).await?;
        wait_for("the channels", || {
            [&reliable, &lossy]
                .iter()
                .all(|channel| channel.state() == DataChannelState::Open)
        })
        .await?;
        Ok(Self {
            _peers: [alice, bob],
            reliable,
            lossy,
            received,
            lossy_received,
            reported,
        })
    }
}

fn listen(bob: &PeerConnection, received: &Arc<Mutex<Vec<(u64, usize)>>>, lossy: &Arc<AtomicU64>) {
    let (received, lossy) = (Arc::clone(received), Arc::clone(lossy));
    bob.on_data_channel(Some(Box::new(move |channel| {
        let is_lossy = channel.label() == "_lossy";
        let (received, lossy) = (Arc::clone(&received), Arc::clone(&lossy));
        channel.on_message(Some(Box::new(move |message| {
            if is_lossy {
                lossy.fetch_add(1, Ordering::Relaxed);
            } else if let (Some(number), Ok(mut all)) =
                (message.data.first_chunk::<8>(), received.lock())
            {
                all.push((u64::from_be_bytes(*number), message.data.len()));
            }
        })));
        std::mem::forget(channel);
    })));
}

async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) -> Result<(), Failure> {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > PATIENCE {
            return Err(format!("waited {PATIENCE:?} for {what}").into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Stands between the peers: each knows the other by one of its two addresses.
struct Relay {
    addresses: [SocketAddr; 2],
    /// Where each peer really is: its last candidate.
    peers: Arc<Mutex<[Option<SocketAddr>; 2]>>,
}

impl Relay {
    async fn open(link: Link) -> Result<Self, Failure> {
        let sockets = [socket().await?, socket().await?];
        let addresses = [sockets[0].local_addr()?, sockets[1].local_addr()?];
        let peers = Arc::new(Mutex::new([None, None]));
        for from in 0..2 {
            let (input, output) = (Arc::clone(&sockets[from]), Arc::clone(&sockets[1 - from]));
            let peers = Arc::clone(&peers);
            tokio::spawn(async move { forward(&input, &output, 1 - from, &peers, link).await });
        }
        Ok(Self { addresses, peers })
    }

    /// Passes the candidates of peer number `index` on, with the relay's address in them.
    fn introduce(&self, from: &PeerConnection, to: &PeerConnection, index: usize) {
        // The other peer sends to socket 1 - index, which passes on to peer `index`.
        let shown = self.addresses[1 - index];
        let peers = Arc::clone(&self.peers);
        let (sender, mut candidates) = mpsc::channel::<IceCandidate>(64);
        from.on_ice_candidate(Some(Box::new(move |candidate| {
            sender.try_send(candidate).ok(); // 64 addresses are more than a machine has
        })));
        let to = to.clone();
        tokio::spawn(async move {
            while let Some(candidate) = candidates.recv().await {
                let line = candidate.candidate();
                let mut fields: Vec<_> = line.split(' ').map(str::to_owned).collect();
                let (Some(ip), Some(port)) = (fields.get(4), fields.get(5)) else {
                    continue;
                };
                let Ok(real) = format!("{ip}:{port}").parse::<SocketAddr>() else {
                    continue; // IPv6: the relay stands on IPv4
                };
                if let Ok(mut peers) = peers.lock() {
                    if peers[index].is_some() {
                        continue; // one path is enough
                    }
                    peers[index] = Some(real);
                }
                fields[4] = shown.ip().to_string();
                fields[5] = shown.port().to_string();
                while to.current_remote_description().is_none() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let (mid, index) = (candidate.sdp_mid(), candidate.sdp_mline_index());
                match IceCandidate::parse(&mid, index, &fields.join(" ")) {
                    Ok(edited) => {
                        if let Err(error) = to.add_ice_candidate(edited).await {
                            println!("candidate refused: {error:?}");
                        }
                    }
                    Err(error) => println!("candidate unreadable: {error:?}"),
                }
            }
        });
    }
}

async fn socket() -> Result<Arc<UdpSocket>, Failure> {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    let options = socket2::SockRef::from(&socket);
    options.set_recv_buffer_size(4 * 1024 * 1024)?;
    options.set_send_buffer_size(4 * 1024 * 1024)?;
    Ok(Arc::new(UdpSocket::from_std(socket)?))
}

async fn forward(
    input: &UdpSocket,
    output: &Arc<UdpSocket>,
    to: usize,
    peers: &Mutex<[Option<SocketAddr>; 2]>,
    link: Link,
) {
    let mut buffer = vec![0; 2_000];
    let mut dice = 0x2545_f491_4f6c_dd1d_u64 ^ to as u64;
    let (later, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>, SocketAddr)>();
    let delayed = Arc::clone(output);
    tokio::spawn(async move {
        while let Some((at, data, peer)) = due.recv().await {
            tokio::time::sleep_until(at.into()).await;
            delayed.send_to(&data, peer).await.ok();
        }
    });
    while let Ok((length, _)) = input.recv_from(&mut buffer).await {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        if (dice % 100_000) as f64 / 1e3 < link.loss_percent {
            continue;
        }
        let Some(peer) = peers.lock().ok().and_then(|peers| peers[to]) else {
            continue;
        };
        if link.delay.is_zero() {
            output.send_to(&buffer[..length], peer).await.ok();
        } else {
            later
                .send((Instant::now() + link.delay, buffer[..length].to_vec(), peer))
                .ok();
        }
    }
}
