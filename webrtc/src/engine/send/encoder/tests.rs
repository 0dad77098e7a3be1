//! Frames, silence, settings.

use super::*;
use crate::engine::send::{
    AudioCodec,
    adaptation::{Adaptation, LossReport},
};

const MONO_24K: Format = Format {
    rate_hz: 24_000,
    channels: 1,
};

fn target(dtx: bool, stereo: bool, max_bitrate: Option<u64>) -> SendTarget {
    let codec = AudioCodec {
        payload_type: 111,
        red_payload_type: None,
        fec: true,
        dtx,
        stereo,
        max_bitrate: None,
    };
    SendTarget {
        mid: "0".into(),
        codec,
        max_bitrate,
        adaptation: Adaptation::default(),
    }
}

fn voice(blocks: usize) -> Vec<i16> {
    let sample = |n: usize| {
        (6_000.0 * (n as f64 * 0.08).sin() * (1.0 + (n as f64 * 0.003).sin()) / 2.0) as i16
    };
    (0..blocks * MONO_24K.block_samples()).map(sample).collect()
}

/// Encodes blocks; returns (timestamp, marker, level) of each frame that was sent.
fn encode(
    encoder: &mut VoiceEncoder,
    pcm: &[i16],
    target: &SendTarget,
    muted: bool,
) -> Vec<(u32, bool, i8)> {
    let mut sent = Vec::new();
    for block in pcm.chunks(MONO_24K.block_samples()) {
        let settings = EncoderSettings::new(target, MONO_24K);
        let result = encoder.push(block, MONO_24K, settings, muted, |frame| {
            assert!(!frame.payload.is_empty());
            sent.push((frame.timestamp, frame.marker, frame.level_dbov));
        });
        result.expect("libopus encodes 10 ms of 24 kHz");
    }
    sent
}

#[test]
fn every_second_block_completes_a_frame_and_time_runs_at_48_khz() {
    let mut encoder = VoiceEncoder::new(u32::MAX - 100);
    let sent = encode(&mut encoder, &voice(6), &target(false, false, None), false);
    let timestamps: Vec<u32> = sent.iter().map(|frame| frame.0).collect();
    assert_eq!(timestamps, [u32::MAX - 100, 859, 1_819], "time must wrap");
    let markers: Vec<bool> = sent.iter().map(|frame| frame.1).collect();
    assert_eq!(markers, [true, false, false]);
}

#[test]
fn a_muted_track_sends_silence() {
    let mut encoder = VoiceEncoder::new(0);
    let sent = encode(&mut encoder, &voice(4), &target(false, false, None), true);
    assert_eq!(
        sent.iter().map(|frame| frame.2).collect::<Vec<_>>(),
        [-127, -127]
    );
}

/// Encodes blocks; returns (payload, marker, ends speech) of each frame that was sent.
fn payloads(encoder: &mut VoiceEncoder, pcm: &[i16]) -> Vec<(Vec<u8>, bool, bool)> {
    let settings = EncoderSettings::new(&target(true, false, None), MONO_24K);
    let mut sent = Vec::new();
    for block in pcm.chunks(MONO_24K.block_samples()) {
        let result = encoder.push(block, MONO_24K, settings, false, |frame| {
            sent.push((frame.payload.to_vec(), frame.marker, frame.ends_speech));
        });
        result.expect("libopus encodes 10 ms of 24 kHz");
    }
    sent
}

#[test]
fn silence_is_not_sent_with_dtx_and_speech_after_it_is_marked() {
    let mut encoder = VoiceEncoder::new(0);
    let target = target(true, false, None);
    encode(&mut encoder, &voice(10), &target, false);
    let silence = encode(&mut encoder, &vec![0; 200 * 240], &target, false);
    let frames: Vec<u32> = silence.iter().map(|frame| frame.0 / 960 - 5).collect();
    let expected: Vec<u32> = (0..11).chain([30, 31, 50, 51, 70, 71, 90, 91]).collect();
    assert_eq!(frames, expected, "frames sent of 100 silent ones");
    assert!(
        silence.iter().all(|frame| !frame.1),
        "a frame of silence is marked as the beginning of speech"
    );
    let speech = encode(&mut encoder, &voice(10), &target, false);
    assert_eq!(speech.len(), 5);
    assert!(speech[0].1, "the first frame of speech is not marked");
    assert!(!speech[1].1, "the second frame of speech is marked");
    assert_eq!(speech[0].0 / 960, 105, "time stood still in the silence");
}

#[test]
fn silence_is_announced_by_an_empty_packet_that_any_decoder_takes() {
    let mut encoder = VoiceEncoder::new(0);
    let sent = payloads(&mut encoder, &[voice(10), vec![0; 40 * 240]].concat());
    let (announcement, _, ends_speech) = &sent[15];
    assert_eq!(announcement.len(), 1);
    assert!(ends_speech);
    let before = &sent[14].0;
    assert_eq!(
        announcement[0] >> 2,
        before[0] >> 2,
        "a receiver would have to change the mode"
    );
    let mut decoder = opus::Decoder::new(48_000, Channels::Mono).expect("a decoder");
    let mut pcm = [0; 960];
    for (packet, ..) in &sent {
        let samples = decoder.decode(packet, &mut pcm, false);
        assert_eq!(samples.ok(), Some(960), "packet of {} bytes", packet.len());
    }
}

#[test]
fn a_muted_tone_is_silence_and_is_not_sent() {
    let mut encoder = VoiceEncoder::new(0);
    let sent = encode(&mut encoder, &voice(200), &target(true, false, None), true);
    assert_eq!(sent.len(), 19, "of 100 muted frames");
}

#[test]
fn expected_loss_adds_what_repairs_it() {
    let bytes = |fraction: f32| {
        let mut target = target(false, false, Some(32_000));
        target.codec.red_payload_type = Some(63);
        target.adaptation.on_report(LossReport {
            fraction,
            packets: 50,
            round_trip: None,
        });
        let settings = EncoderSettings::new(&target, MONO_24K);
        let mut encoder = VoiceEncoder::new(0);
        let mut last = Vec::new();
        for block in voice(40).chunks(MONO_24K.block_samples()) {
            let result = encoder.push(block, MONO_24K, settings, false, |frame| {
                last = frame.payload.to_vec();
            });
            result.expect("libopus encodes 10 ms of 24 kHz");
        }
        last
    };
    // The frame before last is in the packet if decoding it as FEC gives the tone, not a fade.
    let recovered = |packet: &[u8]| {
        let mut decoder = opus::Decoder::new(24_000, Channels::Mono).expect("a decoder");
        let mut pcm = [0; 480];
        decoder
            .decode(packet, &mut pcm, true)
            .expect("a decoded frame");
        pcm.iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum::<f64>()
            > 1e6
    };
    assert!(recovered(&bytes(0.1)), "10 % loss, and nothing repairs it");
    assert!(!recovered(&bytes(0.0)), "FEC is paid for on a clean link");
}

#[test]
fn a_low_tone_is_not_taken_for_silence() {
    let tone =
        |n: usize| (30_000.0 * (n as f64 * std::f64::consts::TAU * 60.0 / 24_000.0).sin()) as i16;
    let pcm: Vec<i16> = (0..400 * 240).map(tone).collect();
    let sent = encode(
        &mut VoiceEncoder::new(0),
        &pcm,
        &target(true, false, None),
        false,
    );
    assert_eq!(sent.len(), 200, "frames of a 60 Hz tone that were sent");
}

#[test]
fn a_change_of_bit_rate_keeps_the_stream() {
    let mut encoder = VoiceEncoder::new(0);
    encode(
        &mut encoder,
        &voice(3),
        &target(false, false, Some(16_000)),
        false,
    );
    let sent = encode(
        &mut encoder,
        &voice(3),
        &target(false, false, Some(64_000)),
        false,
    );
    assert_eq!(
        sent.iter()
            .map(|frame| (frame.0, frame.1))
            .collect::<Vec<_>>(),
        [(960, false), (1_920, false)]
    );
}

#[test]
fn settings_follow_the_source_and_the_peer() {
    let stereo_441 = Format {
        rate_hz: 44_100,
        channels: 2,
    };
    let settings = EncoderSettings::new(&target(false, true, Some(1)), stereo_441);
    assert_eq!(
        settings.input,
        Format {
            rate_hz: 48_000,
            channels: 2
        }
    );
    assert_eq!(settings.bitrate, 6_000);
    let settings = EncoderSettings::new(&target(false, false, None), stereo_441);
    assert_eq!((settings.input.channels, settings.bitrate), (1, 32_000));
    let mut limited = target(false, false, Some(64_000));
    limited.codec.max_bitrate = Some(20_000);
    assert_eq!(
        EncoderSettings::new(&limited, stereo_441).bitrate,
        20_000,
        "the peer takes no more"
    );
}

#[test]
fn a_source_is_resampled_to_the_next_rate_of_opus_if_at_all() {
    let rate = |rate_hz| {
        let source = Format {
            rate_hz,
            channels: 1,
        };
        let settings = EncoderSettings::new(&target(true, false, None), source);
        settings.input.rate_hz
    };
    let rates = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000].map(rate);
    assert_eq!(
        rates,
        [8_000, 16_000, 24_000, 24_000, 48_000, 48_000, 48_000]
    );
}

#[test]
fn the_meter_knows_level_energy_and_duration() {
    let mut encoder = VoiceEncoder::new(0);
    encode(
        &mut encoder,
        &[i16::MIN; 240 * 20],
        &target(true, false, None),
        false,
    );
    let meter = encoder.meter();
    assert!((meter.level - 1.0).abs() < 1e-6);
    assert!((meter.seconds - 0.2).abs() < 1e-9 && (meter.energy - 0.2).abs() < 1e-6);
}

#[test]
fn levels_run_from_silence_to_full_scale() {
    assert_eq!(level(mean_square(&[0; 480])), -127);
    assert_eq!(level(mean_square(&[i16::MIN; 480])), 0);
    assert_eq!(level(mean_square(&[3_277; 480])), -19);
}

#[test]
fn time_that_was_skipped_passes_in_rtp_too() {
    let mut encoder = VoiceEncoder::new(0);
    let talking = target(false, false, None);
    let mut sent = encode(&mut encoder, &voice(3), &talking, false);
    encoder.miss(21); // 210 ms, in the middle of a frame
    sent.extend(encode(&mut encoder, &voice(3), &talking, false));
    encoder.miss(1);
    sent.extend(encode(&mut encoder, &voice(2), &talking, false));
    let frames: Vec<u32> = sent.iter().map(|frame| frame.0 / 960).collect();
    // Of 280 ms the first 20, then those after 220 ms, then those after 280.
    assert_eq!(frames, [0, 11, 12, 14]);
}

#[test]
fn time_passes_while_nobody_listens() {
    let mut encoder = VoiceEncoder::new(0);
    let talking = target(false, false, None);
    encode(&mut encoder, &voice(1), &talking, false);
    (0..99).for_each(|_| encoder.discard());
    let sent = encode(&mut encoder, &voice(2), &talking, false);
    assert_eq!(
        sent.first().map(|frame| frame.0),
        Some(50 * 960),
        "not a second later"
    );
}
