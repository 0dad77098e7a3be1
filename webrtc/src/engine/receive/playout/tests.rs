use std::{sync::Arc, time::Duration};

use super::{super::ticks::TICKS_PER_SECOND, *};

/// SILK, 20 ms, mono: voice activity, and FEC in the packets that are asked for it.
fn payload(fec: bool) -> Arc<[u8]> {
    Arc::from([9 << 3, if fec { 0xc0 } else { 0x80 }, 1, 2, 3].as_slice())
}

/// What a sender sends when it falls silent.
fn silence() -> Arc<[u8]> {
    Arc::from([9 << 3].as_slice())
}

/// A playout, its clock, and a short record of what it did: one letter for each step.
struct Bench {
    playout: Playout,
    start: Instant,
    now_ms: u64,
    queued: i64,
    steps: String,
    ssrc: u32,
}

impl Bench {
    fn new() -> Self {
        Self {
            playout: Playout::default(),
            start: crate::engine::test_support::start(),
            now_ms: 0,
            queued: 0,
            steps: String::new(),
            ssrc: 1,
        }
    }

    fn send(&mut self, sequence: u64, rtp_time: u32, payload: Arc<[u8]>, redundant: bool) {
        self.playout.push(Arrival {
            ssrc: self.ssrc,
            sequence,
            rtp_time,
            at: self.start + Duration::from_millis(self.now_ms),
            header_bytes: 12,
            payload,
            redundant,
        });
    }

    /// The n-th packet of 20 ms arrives now.
    fn arrive(&mut self, n: u64) {
        self.send(n, (n as u32).wrapping_mul(960), payload(true), false);
    }

    /// Plays for so long.
    fn play(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds / 10 {
            self.now_ms += 10;
            let now = self.start + Duration::from_millis(self.now_ms);
            if self.playout.tick(now) {
                self.queued = 0;
                self.steps.push('!');
            }
            while self.queued < BLOCK_TICKS {
                let (letter, ticks) = match self.playout.step(self.queued) {
                    Step::Decode(packet) => ('d', packet.facts.duration),
                    Step::Recover(_, ticks) => ('r', ticks),
                    Step::Conceal(_) => ('c', BLOCK_TICKS),
                    Step::Noise(_) => ('n', BLOCK_TICKS),
                    Step::Silence => ('.', BLOCK_TICKS),
                };
                self.steps.push(letter);
                self.queued += ticks;
            }
            self.queued -= BLOCK_TICKS;
        }
    }

    /// Packets `from..to` arrive as they are sent, but for `lost`.
    fn talk(&mut self, packets: std::ops::Range<u64>, lost: &[u64]) {
        for n in packets {
            if !lost.contains(&n) {
                self.arrive(n);
            }
            self.play(20);
        }
    }

    /// What was done since the last call.
    fn steps(&mut self) -> String {
        std::mem::take(&mut self.steps)
    }

    fn delay_ms(&self) -> i64 {
        self.playout.delay(self.queued + BLOCK_TICKS).unwrap_or(0) / 48
    }
}

/// A bench that has talked for four seconds on a clean network.
fn settled() -> Bench {
    let mut bench = Bench::new();
    bench.talk(0..200, &[]);
    bench.steps();
    bench
}

#[test]
fn playing_begins_when_the_first_packet_is_due() {
    let mut bench = Bench::new();
    bench.talk(0..5, &[]);
    assert_eq!(
        bench.steps(),
        "....dddd".trim_end_matches('d').to_owned() + "ddd"
    );
    assert_eq!(bench.playout.counters.concealed, 0);
}

#[test]
fn a_clean_stream_is_decoded_packet_by_packet() {
    let mut bench = settled();
    bench.talk(200..250, &[]);
    assert_eq!(bench.steps(), "d".repeat(50));
    assert!(
        (30..=50).contains(&bench.delay_ms()),
        "{} ms",
        bench.delay_ms()
    );
}

#[test]
fn a_lost_packet_is_recovered_from_the_one_after_it() {
    let mut bench = settled();
    bench.talk(200..210, &[204]);
    assert_eq!(bench.steps().matches('r').count(), 1);
    assert_eq!(bench.playout.counters.recovered, 1);
    assert_eq!(bench.playout.counters.concealed, 0);
    assert_eq!(bench.playout.counters.lost, 1);
}

#[test]
fn without_fec_a_lost_packet_is_concealed_and_surplus_delay_saved() {
    let mut bench = settled();
    for n in (200..220).filter(|n| *n != 204) {
        if n == 205 {
            bench.play(20);
        }
        bench.send(n, n as u32 * 960, payload(false), false);
        bench.play(20);
    }
    // 10 of its 20 ms: the delay was still 20 ms above the target.
    assert_eq!(bench.steps().matches('c').count(), 1);
    assert_eq!(bench.playout.counters.concealed, 480);
    assert_eq!(bench.playout.counters.concealment_events, 1);
}

#[test]
fn of_a_burst_of_losses_the_last_is_recovered() {
    let mut bench = settled();
    bench.talk(200..220, &[204, 205, 206]);
    let steps = bench.steps();
    assert_eq!(steps.matches('r').count(), 1, "{steps}");
    assert!((3..=4).contains(&steps.matches('c').count()), "{steps}");
}

#[test]
fn a_packet_that_comes_late_is_played_late_not_lost() {
    let mut bench = settled();
    bench.play(100);
    for n in 200..206 {
        bench.arrive(n);
    }
    bench.play(20);
    assert_eq!(
        bench.playout.counters.discarded, 0,
        "late speech was thrown away"
    );
    assert!(bench.delay_ms() > 80, "{} ms", bench.delay_ms());
    assert!(matches!(
        bench.playout.pace(bench.queued),
        Pace::Shorten { .. }
    ));
}

#[test]
fn reordered_packets_are_played_in_order() {
    let mut bench = settled();
    bench.play(20);
    bench.arrive(201);
    bench.arrive(200);
    bench.play(20);
    bench.talk(202..220, &[]);
    assert_eq!(bench.playout.counters.discarded, 0);
    assert_eq!(bench.playout.counters.recovered, 0);
    assert_eq!(bench.playout.counters.lost, 0);
}

#[test]
fn duplicates_and_packets_whose_turn_is_over_are_discarded() {
    let mut bench = settled();
    bench.arrive(200);
    bench.arrive(200);
    bench.arrive(150);
    assert_eq!(bench.playout.counters.discarded, 2);
}

#[test]
fn sequence_and_time_go_on_over_their_wraps() {
    let mut bench = Bench::new();
    for n in 0..100_u64 {
        let rtp_time = (u32::MAX - 48_000).wrapping_add(n as u32 * 960);
        bench.send(65_500 + n, rtp_time, payload(true), false);
        bench.play(20);
    }
    assert_eq!(bench.playout.counters.concealed, 0);
    assert_eq!(bench.playout.counters.discarded, 0);
    assert_eq!(bench.playout.counters.lost, 0);
    assert!(bench.steps().matches('d').count() >= 96);
}

#[test]
fn another_sender_on_the_section_is_played_from_its_start() {
    let mut bench = settled();
    bench.ssrc = 2;
    for n in 0..50_u64 {
        bench.send(9 + n, 123_456_789 + n as u32 * 960, payload(true), false);
        bench.play(20);
    }
    assert!(bench.steps().matches('d').count() >= 45);
    assert_eq!(
        bench.playout.counters.lost, 0,
        "the new numbers counted as loss"
    );
    assert_eq!(bench.playout.counters.ssrc, 2);
}

#[test]
fn a_sender_that_sets_its_clock_anew_is_played_on() {
    let mut bench = settled();
    for n in 200..250_u64 {
        bench.send(n, 3_000_000_000 + n as u32 * 960, payload(true), false);
        bench.play(20);
    }
    assert!(bench.steps().matches('d').count() >= 45);
}

#[test]
fn silence_of_the_sender_is_noise_not_loss_and_adds_no_delay() {
    let mut bench = settled();
    let before = bench.delay_ms();
    bench.send(200, 200 * 960, silence(), false);
    bench.play(1_500);
    for n in 0..20_u64 {
        let sent = 275 + n;
        bench.send(201 + n, sent as u32 * 960, payload(true), false);
        bench.play(20);
    }
    assert_eq!(bench.playout.counters.concealed, 0);
    assert!(bench.steps().contains("nnnn"));
    assert!(
        (bench.delay_ms() - before).abs() <= 20,
        "{} ms, before {before}",
        bench.delay_ms()
    );
}

#[test]
fn a_silence_that_was_not_announced_ends_without_delay() {
    let mut bench = settled();
    let before = bench.delay_ms();
    bench.play(3_000);
    for n in 0..20_u64 {
        bench.send(200 + n, (350 + n) as u32 * 960, payload(true), false);
        bench.play(20);
    }
    assert_eq!(
        bench.playout.counters.concealed,
        MAX_CONCEALED.unsigned_abs()
    );
    assert!(
        (bench.delay_ms() - before).abs() <= 20,
        "{} ms, before {before}",
        bench.delay_ms()
    );
}

#[test]
fn a_muted_sender_is_silence_and_counts_no_further() {
    let mut bench = settled();
    bench.play(60_000);
    assert_eq!(
        bench.playout.counters.concealed,
        MAX_CONCEALED.unsigned_abs()
    );
    assert!(bench.playout.counters.concealed_silent > 0);
    assert!(bench.steps().ends_with("...."));
}

#[test]
fn copies_in_later_packets_replace_the_lost_and_are_counted() {
    let mut bench = Bench::new();
    let plain = payload(false);
    for n in 0..200_u64 {
        let header = 0x80_u32 << 24 | 111 << 24 | 960 << 10 | plain.len() as u32;
        let mut red = header.to_be_bytes().to_vec();
        red.push(111);
        red.extend_from_slice(&plain);
        red.extend_from_slice(&plain);
        if n < 100 || n % 4 != 0 {
            bench.send(n, n as u32 * 960, red.into(), true);
        }
        bench.play(20);
    }
    let counters = bench.playout.counters;
    assert_eq!(counters.lost, 25);
    assert!(
        counters.copies - counters.copies_discarded >= 23,
        "{counters:?}"
    );
    assert!(counters.concealed <= 3 * 960, "{counters:?}");
}

#[test]
fn a_stall_of_this_machine_is_skipped_at_once() {
    let mut bench = settled();
    for n in 200..350 {
        bench.now_ms += 20;
        bench.arrive(n);
    }
    bench.play(10);
    assert!(bench.steps().contains('!'), "the stall was not noticed");
    assert!(
        bench.delay_ms() < 60,
        "{} ms behind after the stall",
        bench.delay_ms()
    );
    bench.talk(350..400, &[]);
    assert!(!bench.steps().contains('c'), "concealed after the stall");
}

#[test]
fn speech_that_waited_in_the_network_for_seconds_is_skipped() {
    let mut bench = settled();
    bench.play(2_900);
    for n in 200..345 {
        bench.arrive(n);
    }
    bench.talk(345..346, &[]);
    assert!(bench.delay_ms() < 600, "{} ms", bench.delay_ms());
}

#[test]
fn the_delay_counts_from_arrival_to_playout() {
    let bench = settled();
    let counters = bench.playout.counters;
    let mean = counters.delay_sum / counters.emitted as f64 / TICKS_PER_SECOND as f64;
    assert!((0.02..0.06).contains(&mean), "{mean} s");
}

#[test]
fn padding_is_counted_and_not_played() {
    let mut bench = settled();
    bench.send(200, 200 * 960, Arc::from([].as_slice()), false);
    assert_eq!(bench.playout.counters.packets, 201);
    assert_eq!(bench.playout.buffer.len(), settled().playout.buffer.len());
}

#[test]
fn a_flood_of_packets_is_bounded() {
    let mut bench = settled();
    for n in 200..1_000 {
        bench.arrive(n);
    }
    assert!(
        bench.playout.buffer.len() <= 128,
        "{}",
        bench.playout.buffer.len()
    );
}
