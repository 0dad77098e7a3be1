//! A thousand joins and leaves, half of them violent: is everything given back?
//!
//! `cargo bench -p libwebrtc --bench soak` (or `-- 200` for fewer). Calls end in turn: closed in
//! order; dropped in mid-speech without a word; abandoned in mid-negotiation, at another step each
//! time; closed from a callback's thread while the other end still sends. Memory is judged by the
//! Theil-Sen slope of PSS over the calls after the first tenth; descriptors, threads and tasks by
//! what is left at the end.
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement has a real clock and its own tasks"
)]

#[path = "cost/meter.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod meter;
#[path = "cost/pair.rs"]
mod pair;

use std::time::{Duration, Instant};

use libwebrtc::{native::engine_load, prelude::*};
use tokio_stream::StreamExt;

use self::pair::{Pair, Shape};

/// Calls between two looks at the memory.
const STEP: usize = 50;

/// What memory may grow by for each call, KiB.
const SLOPE_KIB: f64 = 1.0;

const SHAPE: Shape = Shape {
    forth_hz: Some(24_000),
    back_hz: Some(16_000),
    dtx: true,
    channels: true,
};

/// What the process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    files: usize,
    threads: usize,
    streams: usize,
    connections: usize,
}

impl Held {
    fn now() -> Self {
        let load = engine_load();
        Self {
            files: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
            streams: load.streams,
            connections: load.connections,
        }
    }
}

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let calls: usize = numbers.next().unwrap_or(1_000);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let sound = runtime.block_on(soak(calls));
    if !sound {
        std::process::exit(1);
    }
}

async fn soak(calls: usize) -> bool {
    for kind in 0..8 {
        call(kind).await; // threads are started, arenas filled
    }
    let before = settled(None).await;
    let (start, mut memory) = (Instant::now(), Vec::new());
    for index in 0..calls {
        call(index).await;
        if (index + 1) % STEP == 0 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            memory.push((index + 1, meter::pss_kib()));
        }
    }
    let after = settled(Some(before)).await;
    let late: Vec<_> = memory
        .iter()
        .copied()
        .filter(|(calls_so_far, _)| *calls_so_far > calls / 10)
        .collect();
    let slope = theil_sen(&late);
    println!(
        "{calls} calls in {:.0} s; PSS in KiB by calls: {memory:?}",
        start.elapsed().as_secs_f64()
    );
    println!("memory: {slope:.2} KiB a call (at most {SLOPE_KIB})");
    println!("before: {before:?}");
    println!("after:  {after:?}");
    let sound = slope <= SLOPE_KIB && after == before;
    println!(
        "{}",
        if sound {
            "everything was given back"
        } else {
            "SOMETHING WAS KEPT"
        }
    );
    sound
}

/// One call of one of eight kinds.
async fn call(kind: usize) {
    match kind % 8 {
        0 | 2 | 4 | 6 => {
            let pair = Pair::connected(SHAPE).await;
            speak(&pair).await;
            pair.close();
        }
        1 => {
            let pair = Pair::connected(SHAPE).await;
            speak(&pair).await;
            drop(pair); // in mid-speech, without a word
        }
        3 | 7 => drop(Pair::negotiated(SHAPE, kind / 8 % 7).await),
        _ => {
            let pair = Pair::connected(SHAPE).await;
            let other = pair.second.connection.clone();
            pair.first.connection.close();
            // The other end learns of it, and is dropped with its stream open.
            let stream = pair.second.listen(16_000).await;
            drop(pair);
            drop(other);
            drop(stream);
        }
    }
}

/// Both ends speak and hear something.
async fn speak(pair: &Pair) {
    let mut ear = pair.second.listen(16_000).await;
    let mouths = [(&pair.first, 24_000_u32), (&pair.second, 16_000)];
    for (peer, rate_hz) in mouths {
        let mut frame = AudioFrame::new(rate_hz, 1, rate_hz / 10);
        for (n, sample) in frame.data.to_mut().iter_mut().enumerate() {
            *sample = (n % 97 * 80) as i16;
        }
        let source = peer.source.as_ref().expect("a source");
        source.capture_frame(&frame).await.expect("room for 100 ms");
    }
    for _ in 0..6 {
        ear.next().await.expect("a frame");
    }
}

/// Waits until the process holds what it is expected to, or no longer changes.
async fn settled(expected: Option<Held>) -> Held {
    // Threads for callbacks leave after ten idle seconds.
    for _ in 0..16 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if expected == Some(Held::now()) {
            break;
        }
    }
    Held::now()
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// The median of the slopes between all pairs of points.
fn theil_sen(points: &[(usize, u64)]) -> f64 {
    let mut slopes = Vec::new();
    for (index, (x1, y1)) in points.iter().enumerate() {
        for (x2, y2) in &points[index + 1..] {
            slopes.push((*y2 as f64 - *y1 as f64) / (x2 - x1) as f64);
        }
    }
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or(0.0)
}
