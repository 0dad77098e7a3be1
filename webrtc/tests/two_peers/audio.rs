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
