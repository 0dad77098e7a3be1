//! What a connection costs by itself: idle, being made, and in memory.

use std::time::{Duration, Instant};

use crate::{
    meter::{Snapshot, pss_kib},
    pair::{Pair, Shape},
};

/// CPU and wake-ups of connections over which nothing is sent.
pub(crate) async fn idle() {
    const PAIRS: usize = 50;
    for channels in [false, true] {
        let shape = Shape {
            channels,
            forth_hz: (!channels).then_some(24_000),
            ..Shape::default()
        };
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let mut pair = Pair::connected(shape).await;
            pair.first.source = None;
            pairs.push(pair);
        }
        if !channels {
            for pair in &pairs {
                for sender in pair.first.connection.senders() {
                    pair.first.connection.remove_track(sender).ok();
                }
            }
        }
        // Until addresses that are not in use rest.
        tokio::time::sleep(Duration::from_secs(15)).await;
        let (before, start) = (Snapshot::take(), Instant::now());
        tokio::time::sleep(Duration::from_secs(20)).await;
        let used = Snapshot::take().since(&before, "rtc-");
        let seconds = start.elapsed().as_secs_f64();
        let connections = (2 * PAIRS) as f64;
        println!(
            "idle, {:<26} {:.4} ms CPU a second and connection; {:.0} wake-ups a second for {connections} connections",
            if channels {
                "data channels:"
            } else {
                "a silent audio section:"
            },
            used.cpu.as_secs_f64() * 1e3 / seconds / connections,
            used.wakeups as f64 / seconds,
        );
    }
}

/// CPU from nothing to connected, and back.
pub(crate) async fn setup() {
    const PAIRS: u32 = 100;
    let shape = Shape {
        forth_hz: Some(24_000),
        channels: true,
        ..Shape::default()
    };
    Pair::connected(shape).await.close();
    let (before, start) = (Snapshot::take(), Instant::now());
    for _ in 0..PAIRS {
        Pair::connected(shape).await.close();
    }
    let cpu = Snapshot::take().since(&before, "").cpu;
    let time = start.elapsed();
    println!(
        "set-up: {:.2} ms CPU for each end, {:.1} ms until a pair is connected (certificate, offer, answer, ICE, DTLS, SCTP, close)",
        cpu.as_secs_f64() * 1e3 / f64::from(2 * PAIRS),
        time.as_secs_f64() * 1e3 / f64::from(PAIRS),
    );
}

/// Memory by the slope over many connections in use.
pub(crate) async fn memory() {
    let one_way = Shape {
        forth_hz: Some(24_000),
        channels: true,
        ..Shape::default()
    };
    let both_ways = Shape {
        back_hz: Some(24_000),
        ..one_way
    };
    let mut kept = Vec::new(); // all of them: what is given back would be used again
    for (name, shape, per_pair) in [
        (
            "a call on two connections (one sends, one receives)",
            one_way,
            1,
        ),
        (
            "a call on one connection (sends and receives)",
            both_ways,
            2,
        ),
    ] {
        let mut points = Vec::new();
        let first = kept.len();
        for _ in 0..6 {
            for _ in 0..10 {
                let pair = Pair::connected(shape).await;
                let forth = pair.second.listen(16_000).await;
                let back = match shape.back_hz {
                    Some(_) => Some(pair.first.listen(16_000).await),
                    None => None,
                };
                kept.push((pair, forth, back));
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            points.push(((kept.len() - first) * per_pair, pss_kib()));
        }
        let (first, last) = (points[0], points[points.len() - 1]);
        let slope = (last.1 as f64 - first.1 as f64) / (last.0 - first.0) as f64;
        println!("memory: {slope:.0} KiB for {name}; PSS by calls: {points:?}");
    }
}
