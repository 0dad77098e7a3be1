use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        opus_packet::PacketFacts,
        playout::Arrival,
        tests::support::{Encoder20, voiced},
    },
    *,
};

const MONO_16K: Format = Format {
    rate_hz: 16_000,
    channels: 1,
};

/// Plays what arrives, tick by tick, in time of its own.
struct Player {
    start: Instant,
    playout: Playout,
    voice: Voice,
    format: Format,
    ticks: u64,
}

impl Player {
    fn new(format: Format) -> Self {
        Self {
            start: crate::engine::test_support::start(),
            playout: Playout::default(),
            voice: Voice::default(),
            format,
            ticks: 0,
        }
    }

    fn arrive(&mut self, sequence: u64, at_ms: u64, payload: &Arc<[u8]>) {
        self.arrive_as(sequence, sequence, at_ms, payload);
    }

    /// The packet of a sender who left some frames out.
    fn arrive_as(&mut self, sequence: u64, frame: u64, at_ms: u64, payload: &Arc<[u8]>) {
        self.playout.push(Arrival {
            ssrc: 1,
            sequence,
            rtp_time: (frame as u32).wrapping_mul(960),
            at: self.start + Duration::from_millis(at_ms),
            header_bytes: 12,
            payload: Arc::clone(payload),
            redundant: false,
        });
    }

    fn tick(&mut self) -> Vec<i16> {
        self.ticks += 1;
        let now = self.start + Duration::from_millis(10 * self.ticks);
        let mut block = Vec::new();
        let format = self
            .voice
            .next_block(&mut self.playout, now, self.format, &mut block);
        assert_eq!(format, self.format);
        assert_eq!(block.len(), format.block_samples());
        block
    }
}

/// The n-th of `packets`, which speak for 20 ms each, arrives at 20 n ms if it is not lost.
fn play(format: Format, packets: u64, lost: impl Fn(u64) -> bool) -> (Vec<i16>, Player) {
    let mut encoder = Encoder20::new(48_000, format.channels == 2, true);
    let mut player = Player::new(format);
    let mut pcm = Vec::new();
    for n in 0..packets {
        let payload = encoder.encode(|at| voiced(at, 48_000), n);
        if !lost(n) {
            player.arrive(n, 20 * n, &payload);
        }
        pcm.extend(player.tick());
        pcm.extend(player.tick());
    }
    (pcm, player)
}

#[test]
fn speech_is_decoded_to_the_listeners_rate() {
    let (pcm, player) = play(MONO_16K, 50, |_| false);
    let humps = pcm[8_000..]
        .chunks_exact(128)
        .filter(|period| rms(period) > 1_000.0)
        .count();
    assert_eq!(humps, 62, "not all of 62 periods of 125 Hz are loud");
    assert_eq!(player.playout.counters.concealed, 0);
}

#[test]
fn each_channel_is_decoded_to_its_own_side() {
    let stereo = Format {
        rate_hz: 48_000,
        channels: 2,
    };
    let (pcm, _) = play(stereo, 50, |_| false);
    let side = |first: usize| -> Vec<i16> {
        pcm[48_000..]
            .iter()
            .skip(first)
            .step_by(2)
            .copied()
            .collect()
    };
    let ratio = rms(&side(0)) / rms(&side(1));
    assert!(
        (1.6..=2.5).contains(&ratio),
        "the sides are 1 : {ratio}, not 1 : 2"
    );
}

#[test]
fn a_stereo_listener_hears_a_mono_speaker_on_both_sides() {
    let stereo = Format {
        rate_hz: 24_000,
        channels: 2,
    };
    let mut encoder = Encoder20::new(48_000, false, true);
    let mut player = Player::new(stereo);
    for n in 0..20 {
        let payload = encoder.encode(|at| voiced(at, 48_000), n);
        player.arrive(n, 20 * n, &payload);
        for block in [player.tick(), player.tick()] {
            assert!(block.chunks(2).all(|frame| frame[0] == frame[1]));
        }
    }
}

#[test]
fn losses_leave_no_hole_and_are_made_good_from_fec() {
    let (pcm, player) = play(MONO_16K, 100, |n| n > 20 && n % 10 == 0);
    for (index, block) in pcm.chunks(160).enumerate().skip(20) {
        assert!(
            rms(block) > 500.0,
            "block {index} is a hole with rms {:.0}",
            rms(block)
        );
    }
    let counters = player.playout.counters;
    let mut encoder = Encoder20::new(48_000, false, true);
    let with_fec = (0..100)
        .filter(|n| {
            let packet = encoder.encode(|at| voiced(at, 48_000), *n);
            *n > 21 && n % 10 == 1 && PacketFacts::of(&packet).is_some_and(|facts| facts.fec)
        })
        .count();
    assert!(
        with_fec >= 3,
        "the encoder sent FEC for {with_fec} of 7 losses only"
    );
    assert_eq!(counters.recovered, with_fec as u64);
    assert_eq!(counters.lost, 7);
}

#[test]
fn a_long_gap_fades_to_silence_and_speech_returns_without_a_click() {
    let (pcm, player) = play(MONO_16K, 150, |n| (50..90).contains(&n));
    let last_of_gap = &pcm[88 * 320..89 * 320];
    assert!(
        rms(last_of_gap) < 1.0,
        "rms {} after 700 ms of nothing",
        rms(last_of_gap)
    );
    let usual = pcm[10_000..15_000]
        .windows(2)
        .map(|w| w[0].abs_diff(w[1]))
        .max();
    let after = pcm[89 * 320..100 * 320]
        .windows(2)
        .map(|w| w[0].abs_diff(w[1]))
        .max();
    assert!(
        after.unwrap_or(0) < usual.unwrap_or(0) * 3 / 2,
        "a step of {after:?} on return, {usual:?} in speech"
    );
    let counters = player.playout.counters;
    assert_eq!(counters.concealment_events, 1);
    assert!(counters.concealed_silent > 0 && counters.concealed_silent < counters.concealed);
}

#[test]
fn nothing_received_is_silence_and_no_loss() {
    let mut player = Player::new(MONO_16K);
    for _ in 0..50 {
        assert!(player.tick().iter().all(|sample| *sample == 0));
    }
    assert_eq!(player.playout.counters.concealed, 0);
}

#[test]
fn a_packet_of_rubbish_is_survived() {
    let mut encoder = Encoder20::new(48_000, false, true);
    let mut player = Player::new(MONO_16K);
    let rubbish: Arc<[u8]> = Arc::from([0xff_u8; 7].as_slice());
    let mut pcm = Vec::new();
    for n in 0..40 {
        let payload = encoder.encode(|at| voiced(at, 48_000), n);
        player.arrive(n, 20 * n, if n == 20 { &rubbish } else { &payload });
        pcm.extend(player.tick());
        pcm.extend(player.tick());
    }
    assert!(
        rms(&pcm[30 * 320..]) > 1_000.0,
        "one bad packet silenced the stream"
    );
}

#[test]
fn a_change_of_format_goes_on_in_the_new_one() {
    let mut encoder = Encoder20::new(48_000, false, true);
    let mut player = Player::new(MONO_16K);
    for n in 0..60 {
        let payload = encoder.encode(|at| voiced(at, 48_000), n);
        player.arrive(n, 20 * n, &payload);
        if n == 30 {
            player.format.rate_hz = 24_000;
        }
        let blocks = [player.tick(), player.tick()];
        if n > 33 {
            assert!(
                rms(&blocks.concat()) > 500.0,
                "silent after the change, packet {n}"
            );
        }
    }
}

#[test]
fn a_rate_that_opus_lacks_is_decoded_at_full_band() {
    let with = |rate_hz, channels| Format { rate_hz, channels };
    assert_eq!(decodable(with(44_100, 1)), with(48_000, 1));
    assert_eq!(decodable(with(16_000, 6)), with(16_000, 2));
}

#[test]
fn the_past_that_is_kept_is_bounded() {
    let (_, player) = play(MONO_16K, 500, |n| n % 7 == 0);
    assert!(
        player.voice.pcm.capacity() < 16_000,
        "{}",
        player.voice.pcm.capacity()
    );
}

/// Steady noise, the background of a caller who is silent.
fn hiss(at: u64) -> i16 {
    let mut state = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    state ^= state >> 29;
    state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((state >> 40) as i32 % 401 - 200) as i16
}

#[test]
fn a_silence_sounds_like_the_background_although_the_decoder_makes_little_of_it() {
    let mut encoder = Encoder20::new(48_000, false, false);
    let mut player = Player::new(MONO_16K);
    let (mut pcm, mut sequence) = (Vec::new(), 0);
    // Half a second of background, then 3 s in which one packet describes it each 400 ms and the
    // next, of one byte, that nothing comes.
    for n in 0..175 {
        let payload = encoder.encode(hiss, n);
        let sent = match (n < 25, n.saturating_sub(25) % 20) {
            (true, _) | (false, 19) => Some(payload),
            (false, 0) => Some(Arc::from([payload[0] & !3])),
            _ => None,
        };
        if let Some(payload) = sent {
            player.arrive_as(sequence, n, 20 * n, &payload);
            sequence += 1;
        }
        pcm.extend(player.tick());
        pcm.extend(player.tick());
    }
    assert!(
        player.voice.noise.is_ready(),
        "the decoder still makes all of it"
    );
    let told = rms(&pcm[3_200..8_000]);
    for (index, half) in pcm[16_000..].chunks_exact(8_000).enumerate() {
        let ratio = rms(half) / told;
        assert!(
            (0.5..2.0).contains(&ratio),
            "half second {index} of the silence is {ratio} times as loud as the background"
        );
    }
}
