//! What is sent is heard.

use std::time::Duration;

use libwebrtc::stats::RtcStats;

use crate::peers::{Ear, PATIENCE, Peer, connected_with_tone};

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
    let start = std::time::Instant::now();
    loop {
        let (sent, received) = (counted(&alice).await, counted(&bob).await);
        // Half a second of frames of 20 ms. What is on the way is less than that.
        if sent.0 >= 25 && received.1 >= 25 {
            assert_eq!(
                (sent.1, received.0),
                (0, 0),
                "alice only sends, bob only receives"
            );
            assert!(
                received.1 <= counted(&alice).await.0,
                "more came than was sent"
            );
            break;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "a tone was heard; {sent:?} and {received:?} packets were counted"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Packets sent and received, as a connection counts them.
async fn counted(peer: &Peer) -> (u64, u64) {
    let records = peer.connection.get_stats().await.expect("statistics");
    let mut counted = (0, 0);
    for record in records {
        match record {
            RtcStats::OutboundRtp(record) => counted.0 += record.sent.packets_sent,
            RtcStats::InboundRtp(record) => counted.1 += record.received.packets_received,
            _ => {}
        }
    }
    counted
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
        // A level is that of the last moments, which may have held a stall. 8,000 of 32,768, over
        // the square root of two:
        let level = source.audio.audio_level;
        if let Some(report) = &report
            && report.remote_inbound.round_trip_time_measurements > 0
            && source.audio.total_samples_duration > 0.5
            && (level - 0.1726).abs() < 0.01
        {
            assert!(stream.outbound.active && stream.outbound.target_bitrate >= 6_000.0);
            assert_eq!(stream.outbound.remote_id, report.rtc.id);
            assert_eq!(report.remote_inbound.local_id, stream.rtc.id);
            assert_eq!(report.stream.ssrc, stream.stream.ssrc);
            assert!(report.remote_inbound.total_round_trip_time > 0.0);
            assert_eq!(stream.outbound.media_source_id, source.rtc.id);
            assert_eq!(source.source.track_identifier, track.id());
            assert_eq!(stream.stream.codec_id, codec.rtc.id);
            // Both ends read redundant audio, and the answer lists it first.
            assert_eq!(codec.codec.mime_type, "audio/red");
            break;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "no report of the peer, or not of a tone at level {level}: {report:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(alice);
}
