//! What is sent is heard.

use crate::peers::{Ear, connected_with_tone};
use libwebrtc::stats::RtcStats;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_tone_is_heard_at_every_rate_a_listener_asks_for() {
    let (_alice, bob, _track, _) = connected_with_tone().await;
    let track = bob.track(0).await;
    for (rate, channels) in [
        (48_000, 1),
        (16_000, 1),
        (24_000, 1),
        (48_000, 2),
        (44_100, 1),
    ] {
        Ear::new(track.clone(), rate, channels).hears(440.0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_listeners_with_different_rates_hear_the_same_track() {
    let (_alice, bob, _track, _) = connected_with_tone().await;
    let track = bob.track(0).await;
    let (mut narrow, mut wide) = (
        Ear::new(track.clone(), 8_000, 1),
        Ear::new(track, 48_000, 2),
    );
    tokio::join!(narrow.hears(440.0), wide.hears(440.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_muted_track_is_silent_until_it_is_unmuted() {
    let (_alice, bob, track, _) = connected_with_tone().await;
    let mut ear = Ear::new(bob.track(0).await, 16_000, 1);
    ear.hears(440.0).await;
    assert!(track.set_enabled(false));
    ear.hears_silence().await;
    assert!(track.set_enabled(true));
    ear.hears(440.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_count_what_was_sent_and_received() {
    let (alice, bob, _track, _) = connected_with_tone().await;
    Ear::new(bob.track(0).await, 16_000, 1).hears(440.0).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent = alice
        .connection
        .get_stats()
        .await
        .expect("statistics")
        .into_iter()
        .find_map(|record| match record {
            RtcStats::OutboundRtp(record) => Some(record.sent.packets_sent),
            _ => None,
        });
    let received = bob
        .connection
        .get_stats()
        .await
        .expect("statistics")
        .into_iter()
        .find_map(|record| match record {
            RtcStats::InboundRtp(record) => Some(record.received.packets_received),
            _ => None,
        });
    let (sent, received) = (
        sent.expect("a sent record"),
        received.expect("a received record"),
    );
    assert!(
        received >= 25,
        "half a second was heard, {received} packets were counted"
    );
    assert!(
        sent >= 25,
        "half a second was sent, {sent} packets were counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_knows_its_source_its_codec_and_what_the_peer_says() {
    let (alice, bob, track, transceiver) = connected_with_tone().await;
    Ear::new(bob.track(0).await, 16_000, 1).hears(440.0).await;
    let start = std::time::Instant::now();
    loop {
        let records = transceiver.sender().get_stats().await.expect("statistics");
        let (mut stream, mut source, mut codec, mut report) = (None, None, None, None);
        for record in records {
            match record {
                RtcStats::OutboundRtp(record) => stream = Some(record),
                RtcStats::MediaSource(record) => source = Some(record),
                RtcStats::Codec(record) => codec = Some(record),
                RtcStats::RemoteInboundRtp(record) => report = Some(record),
                _ => {}
            }
        }
        let stream = stream.expect("the stream");
        let source = source.expect("its source");
        let codec = codec.expect("its codec");
        if let Some(report) = report
            && report.remote_inbound.round_trip_time_measurements > 0
        {
            assert!(stream.outbound.active && stream.outbound.target_bitrate >= 6_000.0);
            assert_eq!(stream.outbound.remote_id, report.rtc.id);
            assert_eq!(report.remote_inbound.local_id, stream.rtc.id);
            assert_eq!(report.stream.ssrc, stream.stream.ssrc);
            assert!(report.remote_inbound.total_round_trip_time > 0.0);
            assert_eq!(stream.outbound.media_source_id, source.rtc.id);
            assert_eq!(source.source.track_identifier, track.id());
            // 8,000 of 32,768, over the square root of two
            assert!((source.audio.audio_level - 0.1726).abs() < 0.01);
            assert!(source.audio.total_samples_duration > 0.5);
            assert_eq!(stream.stream.codec_id, codec.rtc.id);
            // Both ends read redundant audio, and the answer lists it first.
            assert_eq!(codec.codec.mime_type, "audio/red");
            break;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "no report of the peer in 20 s"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(alice);
}
