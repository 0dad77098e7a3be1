//! A bad network in virtual time: speech is encoded, spoiled by a seeded model, received tick by
//! tick, and what came of it is measured.
//!
//! `cargo test --release -p libwebrtc --lib receive_lab -- --ignored --nocapture` prints a table
//! over many networks. It speaks the synthetic voice, or the recordings (WAV, 16 bit mono) in the
//! folder that the environment variable `SPEECH` names.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::support::{Encoder20, voiced};
use crate::engine::{
    receive::{
        playout::{Arrival, Playout},
        ticks::TICKS_PER_MS,
        voice::Voice,
    },
    sink::Format,
};

/// What a network does to packets.
#[derive(Clone, Copy, Debug)]
struct Network {
    loss: f64,
    /// Mean packets in a burst of losses; 1 for losses that know nothing of each other.
    burst: f64,
    /// Standard deviation of the delay.
    jitter_ms: f64,
    /// Whether a packet may overtake another.
    reorders: bool,
    duplicates: f64,
    /// Of each 10 s, nothing passes for so long; it is then sent at once.
    stall_ms: f64,
    /// The sender's clock against ours.
    drift_ppm: f64,
}

const CLEAN: Network = Network {
    loss: 0.0,
    burst: 1.0,
    jitter_ms: 0.0,
    reorders: false,
    duplicates: 0.0,
    stall_ms: 0.0,
    drift_ppm: 0.0,
};

/// How speech is sent and listened to.
#[derive(Clone, Copy, Debug)]
struct Call {
    fec: bool,
    /// Each packet repeats so many of those before it.
    copies: usize,
    rate_hz: u32,
    seconds: u64,
    seed: u64,
}

const CALL: Call = Call {
    fec: true,
    copies: 0,
    rate_hz: 16_000,
    seconds: 60,
    seed: 1,
};

/// What was measured.
#[derive(Clone, Debug)]
struct Outcome {
    /// Shares of what was played.
    concealed: f64,
    removed: f64,
    inserted: f64,
    recovered: u64,
    copies_used: u64,
    discarded: u64,
    /// Behind the fastest packet.
    delay_p50_ms: i64,
    delay_p95_ms: i64,
    /// Blocks of 10 ms that were much quieter than the voice ever is.
    holes: usize,
    /// Wall time of decoding and playout for each 20 ms.
    micros: f64,
    loudest_step: i32,
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal, from twelve uniform ones.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// The recordings of the folder `SPEECH`, one after the other, at their rate.
#[expect(clippy::disallowed_methods, reason = "the lab's own setting")]
fn recordings() -> Option<(Vec<i16>, u32)> {
    let mut files: Vec<_> = std::fs::read_dir(std::env::var("SPEECH").ok()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    files.sort();
    let mut rate_hz = None;
    let mut pcm = Vec::new();
    for file in files.iter().take(200) {
        let bytes = std::fs::read(file).ok()?;
        let rate = u32::from_le_bytes(bytes.get(24..28)?.try_into().ok()?);
        if *rate_hz.get_or_insert(rate) == rate {
            let samples = bytes[44..].chunks_exact(2);
            pcm.extend(samples.map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        }
    }
    Some((pcm, rate_hz?))
}

/// Packets as sent: Opus, or redundant audio around it.
fn send(call: Call) -> Vec<Arc<[u8]>> {
    let recorded = recordings().filter(|(pcm, _)| !pcm.is_empty());
    let rate_hz = recorded.as_ref().map_or(24_000, |(_, rate_hz)| *rate_hz);
    let sound = |at: u64| match &recorded {
        Some((pcm, _)) => pcm[at as usize % pcm.len()],
        None => voiced(at, rate_hz),
    };
    let mut encoder = Encoder20::new(rate_hz, false, call.fec);
    let plain: Vec<Arc<[u8]>> = (0..call.seconds * 50)
        .map(|n| encoder.encode(sound, n))
        .collect();
    if call.copies == 0 {
        return plain;
    }
    let wrapped = |n: usize| {
        let mut packet = Vec::new();
        let first = n.saturating_sub(call.copies);
        for (before, copy) in plain[first..n].iter().enumerate() {
            let age = 960 * (n - first - before) as u32;
            let header = 0x80_u32 << 24 | 111 << 24 | age << 10 | copy.len() as u32;
            packet.extend(header.to_be_bytes());
        }
        packet.push(111);
        plain[first..=n]
            .iter()
            .for_each(|frame| packet.extend_from_slice(frame));
        packet.into()
    };
    (0..plain.len()).map(wrapped).collect()
}

/// Arrival times in milliseconds with the number of the packet, in order of arrival.
fn carry(network: Network, packets: u64, random: &mut Random) -> VecDeque<(f64, u64)> {
    let mut arrivals = Vec::new();
    let (mut losing, mut last_ms) = (false, 0.0_f64);
    for n in 0..packets {
        let sent_ms = n as f64 * 20.0 * (1.0 + network.drift_ppm / 1e6);
        // Gilbert-Elliott: in the bad state all is lost.
        losing = if losing {
            random.next() >= 1.0 / network.burst
        } else {
            let rate = network.loss / (network.burst * (1.0 - network.loss));
            random.next() < rate
        };
        if network.burst <= 1.0 {
            losing = random.next() < network.loss;
        }
        if losing {
            continue;
        }
        let mut at = sent_ms + 100.0 + (random.normal() * network.jitter_ms).max(-90.0);
        let in_cycle = sent_ms % 10_000.0;
        if in_cycle > 5_000.0 && in_cycle < 5_000.0 + network.stall_ms {
            at += network.stall_ms - (in_cycle - 5_000.0);
        }
        if !network.reorders {
            at = at.max(last_ms);
            last_ms = at;
        }
        arrivals.push((at, n));
        if random.next() < network.duplicates {
            arrivals.push((at + 30.0, n));
        }
    }
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    arrivals.into()
}

#[expect(clippy::disallowed_methods, reason = "the lab measures its own cost")]
fn stopwatch() -> Instant {
    Instant::now()
}

fn run(network: Network, call: Call) -> Outcome {
    run_on(&send(call), network, call)
}

fn run_on(packets: &[Arc<[u8]>], network: Network, call: Call) -> Outcome {
    let format = Format {
        rate_hz: call.rate_hz,
        channels: 1,
    };
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ call.seed);
    let mut arrivals = carry(network, packets.len() as u64, &mut random);
    let epoch = crate::engine::test_support::start();
    let at = |milliseconds: f64| epoch + Duration::from_secs_f64(milliseconds / 1e3);
    let (mut playout, mut voice) = (Playout::default(), Voice::default());
    let (mut block, mut delays, mut holes) = (Vec::new(), Vec::new(), 0);
    let (mut last_sample, mut loudest_step) = (0, 0);
    let mut spent = Duration::ZERO;
    for tick in 0..call.seconds * 100 {
        let now_ms = (tick * 10) as f64;
        while arrivals.front().is_some_and(|(at_ms, _)| *at_ms <= now_ms)
            && let Some((at_ms, n)) = arrivals.pop_front()
        {
            playout.push(Arrival {
                ssrc: 7,
                sequence: 60_000 + n,
                rtp_time: 0xffff_f000_u32.wrapping_add(n as u32 * 960),
                at: at(at_ms),
                header_bytes: 12,
                payload: Arc::clone(&packets[n as usize]),
                redundant: call.copies > 0,
            });
        }
        let begin = stopwatch();
        voice.next_block(&mut playout, at(now_ms), format, &mut block);
        spent += begin.elapsed();
        if tick > 50 {
            delays.extend(voice.delay(&playout));
            let level = block
                .iter()
                .map(|sample| f64::from(*sample).abs())
                .sum::<f64>();
            holes += usize::from(level / (block.len() as f64) < 100.0);
            for sample in &block {
                loudest_step = loudest_step.max((i32::from(*sample) - last_sample).abs());
                last_sample = i32::from(*sample);
            }
        }
    }
    delays.sort_unstable();
    let quantile = |share: f64| {
        let index = (delays.len() as f64 * share) as usize;
        delays.get(index).map_or(0, |ticks| ticks / TICKS_PER_MS)
    };
    let counters = playout.counters;
    let share = |ticks: u64| ticks as f64 / counters.samples as f64;
    Outcome {
        concealed: share(counters.concealed),
        removed: share(counters.removed),
        inserted: share(counters.inserted),
        recovered: counters.recovered,
        copies_used: counters.copies - counters.copies_discarded,
        discarded: counters.discarded,
        delay_p50_ms: quantile(0.5),
        delay_p95_ms: quantile(0.95),
        holes,
        micros: spent.as_secs_f64() * 1e6 / (call.seconds * 50) as f64,
        loudest_step,
    }
}

fn jittery(loss: f64, jitter_ms: f64) -> Network {
    Network {
        loss,
        jitter_ms,
        ..CLEAN
    }
}

#[test]
fn speech_over_a_lossy_jittery_network_is_whole_and_in_time() {
    let outcome = run(jittery(0.05, 30.0), Call { copies: 1, ..CALL });
    assert!(outcome.delay_p95_ms <= 130, "{outcome:?}");
    assert!(outcome.concealed < 0.03, "{outcome:?}");
    assert!(outcome.holes < 5, "{outcome:?}");
}

#[test]
fn jitter_without_loss_is_stretched_away_not_concealed() {
    let outcome = run(jittery(0.0, 30.0), CALL);
    assert!(outcome.concealed < 0.02, "{outcome:?}");
    assert_eq!(outcome.discarded, 0, "speech was thrown away: {outcome:?}");
}

/// Both directions of a drift; in order: behind, ahead.
fn drift(ppm: f64, seconds: u64) -> [Outcome; 2] {
    // The same ten seconds again and again: an hour is not worth encoding.
    let spoken = send(Call {
        seconds: 10,
        ..CALL
    });
    let packets: Vec<_> = (0..seconds * 50)
        .map(|n| Arc::clone(&spoken[n as usize % spoken.len()]))
        .collect();
    [-ppm, ppm].map(|drift_ppm| {
        let network = Network {
            drift_ppm,
            ..jittery(0.0, 2.0)
        };
        run_on(&packets, network, Call { seconds, ..CALL })
    })
}

fn assert_drift_is_unheard(outcomes: &[Outcome; 2], ppm: f64) {
    for outcome in outcomes {
        assert!(outcome.concealed < 0.001, "{outcome:?}");
        assert_eq!(outcome.discarded, 0, "{outcome:?}");
        assert!(outcome.delay_p95_ms < 80, "{outcome:?}");
    }
    let [ahead, behind] = outcomes;
    assert!(ahead.removed > 0.4e-6 * ppm, "not by stretch: {ahead:?}");
    assert!(behind.inserted > 0.4e-6 * ppm, "not by stretch: {behind:?}");
}

#[test]
fn clocks_that_drift_apart_are_followed_by_stretch_alone() {
    assert_drift_is_unheard(&drift(1_000.0, 60), 1_000.0);
}

#[test]
#[ignore = "an hour at 100 parts in a million takes a while without optimisation"]
fn an_hour_of_drift() {
    assert_drift_is_unheard(&drift(100.0, 3_600), 100.0);
}

#[test]
#[ignore = "prints a table"]
fn receive_lab() {
    let networks = [
        ("clean", CLEAN),
        ("loss 1", jittery(0.01, 5.0)),
        ("loss 5", jittery(0.05, 0.0)),
        ("loss 20", jittery(0.2, 0.0)),
        ("loss 10", jittery(0.1, 0.0)),
        ("jitter 10", jittery(0.0, 10.0)),
        ("jitter 30", jittery(0.0, 30.0)),
        ("loss 5 jitter 30", jittery(0.05, 30.0)),
        ("loss 10 jitter 30", jittery(0.1, 30.0)),
        ("loss 20 jitter 10", jittery(0.2, 10.0)),
        ("jitter 60", jittery(0.0, 60.0)),
        ("jitter 100", jittery(0.0, 100.0)),
        (
            "burst 3 loss 5",
            Network {
                burst: 3.0,
                ..jittery(0.05, 10.0)
            },
        ),
        (
            "reorder jitter 20",
            Network {
                reorders: true,
                ..jittery(0.02, 20.0)
            },
        ),
        (
            "stall 300 ms",
            Network {
                stall_ms: 300.0,
                ..jittery(0.0, 5.0)
            },
        ),
    ];
    println!(
        "network             sent  conceal%  removed%  inserted%  fec  red  discard  p50  p95  holes  step  us/20ms"
    );
    for (name, network) in networks {
        for (sent, fec, copies) in [
            ("plain", false, 0),
            ("fec", true, 0),
            ("red", true, 1),
            ("red 2", true, 2),
        ] {
            let outcome = run(
                network,
                Call {
                    fec,
                    copies,
                    ..CALL
                },
            );
            println!(
                "{name:18}  {sent:5} {:8.2}  {:8.2}  {:9.2} {:4} {:4}  {:7}  {:3}  {:3}  {:5}  {:5}  {:.1}",
                outcome.concealed * 100.0,
                outcome.removed * 100.0,
                outcome.inserted * 100.0,
                outcome.recovered,
                outcome.copies_used,
                outcome.discarded,
                outcome.delay_p50_ms,
                outcome.delay_p95_ms,
                outcome.holes,
                outcome.loudest_step,
                outcome.micros,
            );
        }
    }
}
