use super::*;
use std::time::Duration;

/// A buffer fed by a script: packet `n` has payload `[n]` and RTP time `960 n`.
struct Line {
    buffer: JitterBuffer,
    start: Instant,
    ssrc: u32,
}

impl Line {
    fn new() -> Self {
        Self {
            buffer: JitterBuffer::default(),
            start: crate::engine::driver::now(),
            ssrc: 1,
        }
    }

    fn arrives_at(&mut self, sequence: u64, ms: u64) {
        self.buffer.push(Arrival {
            ssrc: self.ssrc,
            sequence,
            rtp_time: (sequence as u32).wrapping_mul(960),
            at: self.start + Duration::from_millis(ms),
            payload: Arc::from([sequence as u8].as_slice()),
        });
    }

    /// Packets that arrive as they were sent, 20 ms apart.
    fn arrive(&mut self, sequences: impl IntoIterator<Item = u64>) {
        for sequence in sequences {
            self.arrives_at(sequence, sequence * 20);
        }
    }

    /// The next events, as `d7` (decode packet 7), `r7` (recover from packet 7), `c`, `-`.
    fn plays(&mut self, expected: &str) {
        let played: Vec<String> = expected
            .split(' ')
            .map(|_| describe(&self.buffer.pop()))
            .collect();
        assert_eq!(played.join(" "), expected);
    }
}

fn describe(playout: &Playout) -> String {
    match playout {
        Playout::Decode(payload) => format!("d{}", payload[0]),
        Playout::Recover(payload) => format!("r{}", payload[0]),
        Playout::Conceal => "c".to_owned(),
        Playout::Silence => "-".to_owned(),
    }
}

#[test]
fn playout_starts_with_two_packets_in_hand() {
    let mut line = Line::new();
    line.arrive([10]);
    line.plays("- -");
    line.arrive([11]);
    line.plays("d10 d11");
}

#[test]
fn packets_out_of_order_are_played_in_order() {
    let mut line = Line::new();
    line.arrive([1, 3, 2, 5, 4]);
    line.plays("d1 d2 d3 d4 d5");
}

#[test]
fn a_lost_packet_is_recovered_from_the_next() {
    let mut line = Line::new();
    line.arrive([1, 2, 4, 5]);
    line.plays("d1 d2 r4 d4 d5");
    assert_eq!(line.buffer.counters().recovered, 1);
}

#[test]
fn two_lost_packets_are_one_concealed_and_one_recovered() {
    let mut line = Line::new();
    line.arrive([1, 2, 5]);
    line.plays("d1 d2 c r5 d5");
}

#[test]
fn a_late_packet_is_counted_and_not_played() {
    let mut line = Line::new();
    line.arrive([1, 2]);
    line.plays("d1 d2 c");
    line.arrive([3, 4]);
    line.plays("d4");
    assert_eq!(line.buffer.counters().late, 1);
}

#[test]
fn a_doubled_packet_is_played_once() {
    let mut line = Line::new();
    line.arrive([1, 1, 2, 2]);
    line.plays("d1 d2 c");
}

#[test]
fn a_pause_fades_out_and_the_stream_starts_anew() {
    let mut line = Line::new();
    line.arrive([1, 2]);
    line.plays("d1 d2 c c c c c - -");
    line.arrive([8]);
    line.plays("-");
    line.arrive([9]);
    line.plays("d8 d9");
}

#[test]
fn sequence_numbers_go_on_past_sixteen_bits() {
    let mut line = Line::new();
    line.arrive([65_534, 65_536, 65_535, 65_537]);
    line.plays("d254 d255 d0 d1");
}

#[test]
fn rtp_time_may_wrap_without_looking_like_jitter() {
    let mut line = Line::new();
    let wrap = u64::from(u32::MAX) / 960;
    line.arrive(wrap - 2..wrap + 3);
    assert!(
        line.buffer.counters().jitter_ms < 0.1,
        "jitter {}",
        line.buffer.counters().jitter_ms
    );
}

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let mut line = Line::new();
    line.arrive([10_000, 10_001]);
    line.plays("d16 d17");
    line.arrive([5, 6]);
    line.plays("d5 d6");
}

#[test]
fn another_ssrc_is_followed_even_with_close_numbers() {
    let mut line = Line::new();
    line.arrive([100, 101]);
    line.plays("d100 d101");
    line.ssrc = 2;
    line.arrive([50, 51]);
    line.plays("d50 d51");
    assert_eq!(line.buffer.counters().late, 0);
}

#[test]
fn jitter_deepens_the_buffer() {
    let mut line = Line::new();
    for sequence in 0..64 {
        let delay = if sequence % 2 == 0 { 0 } else { 60 };
        line.arrives_at(sequence, sequence * 20 + delay);
        line.buffer.pop();
    }
    assert!(
        line.buffer.counters().jitter_ms > 30.0,
        "jitter {}",
        line.buffer.counters().jitter_ms
    );
    assert!(line.buffer.target() >= 5, "depth {}", line.buffer.target());
}

#[test]
fn a_silence_that_was_not_sent_is_no_jitter() {
    let mut line = Line::new();
    for (sequence, ms) in [(1_u64, 0_u64), (2, 400), (3, 800), (4, 1_200)] {
        line.buffer.push(Arrival {
            ssrc: 1,
            sequence,
            rtp_time: (ms * 48) as u32,
            at: line.start + Duration::from_millis(ms),
            payload: Arc::from([1_u8].as_slice()),
        });
    }
    assert!(
        line.buffer.counters().jitter_ms < 0.1,
        "jitter {}",
        line.buffer.counters().jitter_ms
    );
}

#[test]
fn latency_above_the_target_is_shed_one_packet_at_a_time() {
    let mut line = Line::new();
    line.arrive(1..=9);
    line.plays("d2 d3 d4");
    assert_eq!(line.buffer.counters().dropped, 1);
}

#[test]
fn a_full_buffer_loses_its_oldest_packets() {
    let mut line = Line::new();
    line.arrive(1..=40);
    assert_eq!(line.buffer.packets.len(), MAX_PACKETS);
    assert_eq!(line.buffer.counters().dropped, 15);
    line.plays("d17"); // 16 is shed: still far above the target
}

#[test]
fn empty_packets_are_ignored() {
    let mut line = Line::new();
    let payload: Arc<[u8]> = Arc::from([].as_slice());
    line.buffer.push(Arrival {
        ssrc: 1,
        sequence: 1,
        rtp_time: 0,
        at: line.start,
        payload,
    });
    assert_eq!(line.buffer.counters(), ReceiveCounters::default());
}
