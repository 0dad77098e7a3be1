//! Offers, answers, and what becomes of a connection.

use libwebrtc::{MediaType, prelude::*};

use crate::peers::{
    Ear, connected_with_tone, negotiate, negotiate_with, tone_track, two_peers, wait_for,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_track_is_announced_with_the_senders_ids() {
    let (alice, bob, track, transceiver) = connected_with_tone().await;
    bob.track(0).await;
    let event = bob.tracks.lock()[0].clone();
    assert_eq!(event.track.id(), track.id());
    assert_eq!(
        event
            .streams
            .iter()
            .map(MediaStream::id)
            .collect::<Vec<_>>(),
        ["PA_a|TR_1"]
    );
    assert_eq!(event.transceiver.mid(), transceiver.mid());
    assert_eq!(
        transceiver.current_direction(),
        Some(RtpTransceiverDirection::SendOnly)
    );
    assert_eq!(
        event.transceiver.current_direction(),
        Some(RtpTransceiverDirection::RecvOnly)
    );
    let first = [
        PeerConnectionState::Connecting,
        PeerConnectionState::Connected,
    ];
    alice.is_told(0, &first).await;
    assert_eq!(alice.states.lock()[..2], first, "the first two states");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_track_joins_and_leaves_without_touching_the_first() {
    let (alice, bob, _track, _) = connected_with_tone().await;
    let mut first = Ear::new(bob.track(0).await, 16_000, 1);
    first.hears(440.0).await;

    let (_second, section) = alice.send_tone("PA_a|TR_2", 48_000, 1_000.0);
    negotiate(&alice, &bob).await;
    Ear::new(bob.track(1).await, 16_000, 1).hears(1_000.0).await;

    alice
        .connection
        .remove_track(section.sender())
        .expect("an open connection");
    negotiate(&alice, &bob).await;
    assert_eq!(
        section.current_direction(),
        Some(RtpTransceiverDirection::Inactive)
    );
    let left = bob.tracks.lock()[1].transceiver.receiver();
    assert!(
        left.stream_ids().is_empty() && left.streams().is_empty(),
        "the removed track still has a stream"
    );
    first.hears(440.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answerer_can_offer_next() {
    let (alice, bob, _track, _) = connected_with_tone().await;
    bob.send_tone("PA_b|TR_1", 16_000, 300.0);
    negotiate(&bob, &alice).await;
    Ear::new(alice.track(0).await, 24_000, 1).hears(300.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_without_anything_new_change_nothing() {
    let (alice, bob, _track, _) = connected_with_tone().await;
    let mut ear = Ear::new(bob.track(0).await, 16_000, 1);
    for _ in 0..3 {
        negotiate(&alice, &bob).await;
    }
    ear.hears(440.0).await;
    assert_eq!(bob.tracks.lock().len(), 1, "the track was announced again");
    assert_eq!(alice.connection.signaling_state(), SignalingState::Stable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_with_data_alone_can_offer_again() {
    let (alice, bob) = two_peers();
    let channel = alice
        .connection
        .create_data_channel("c", DataChannelInit::default())
        .expect("a channel");
    negotiate(&alice, &bob).await;
    wait_for("the channel to open", || {
        channel.state() == DataChannelState::Open
    })
    .await;
    negotiate(&alice, &bob).await;
    channel.send(b"x", true).expect("room in the buffer");
    wait_for("a message", || !bob.messages.lock().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_may_be_thrown_away_or_taken_back() {
    let (alice, bob) = two_peers();
    alice.send_tone("PA_a|TR_1", 24_000, 440.0);
    alice
        .connection
        .create_offer(OfferOptions::default())
        .await
        .expect("an offer nobody wants");
    let offer = alice
        .connection
        .create_offer(OfferOptions::default())
        .await
        .expect("another");
    alice
        .connection
        .set_local_description(offer)
        .await
        .expect("our own offer");
    let nothing = SessionDescription::parse("", SdpType::Rollback).expect("a rollback");
    alice
        .connection
        .set_local_description(nothing)
        .await
        .expect("an offer to take back");
    assert_eq!(alice.connection.signaling_state(), SignalingState::Stable);
    negotiate(&alice, &bob).await;
    Ear::new(bob.track(0).await, 16_000, 1).hears(440.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_the_current_answer_again_abandons_an_offer() {
    let (alice, bob, _track, _) = connected_with_tone().await;
    let offer = alice
        .connection
        .create_offer(OfferOptions::default())
        .await
        .expect("an offer");
    alice
        .connection
        .set_local_description(offer)
        .await
        .expect("our own offer");
    let current = alice
        .connection
        .current_remote_description()
        .expect("an answer");
    alice
        .connection
        .set_remote_description(current)
        .await
        .expect("the current answer");
    assert_eq!(alice.connection.signaling_state(), SignalingState::Stable);
    negotiate(&alice, &bob).await;
    Ear::new(bob.track(0).await, 16_000, 1).hears(440.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ice_restart_keeps_audio_and_channels() {
    let (alice, bob) = two_peers();
    let channel = alice
        .connection
        .create_data_channel("c", DataChannelInit::default())
        .expect("a channel");
    alice.send_tone("PA_a|TR_1", 24_000, 440.0);
    negotiate(&alice, &bob).await;
    wait_for("the channel to open", || {
        channel.state() == DataChannelState::Open
    })
    .await;
    let mut ear = Ear::new(bob.track(0).await, 16_000, 1);
    ear.hears(440.0).await;
    alice.is_told(0, &[PeerConnectionState::Connected]).await;

    let known = alice.states.lock().len();
    let restart = OfferOptions { ice_restart: true };
    negotiate_with(&alice, &bob, restart).await;
    let restarted = [
        PeerConnectionState::Connecting,
        PeerConnectionState::Connected,
    ];
    alice.is_told(known, &restarted).await;
    ear.hears(440.0).await;
    channel.send(b"after", true).expect("room in the buffer");
    wait_for("a message after the restart", || {
        !bob.messages.lock().is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_closes_is_seen_to_leave() {
    let (alice, bob, _track, _) = connected_with_tone().await;
    bob.connection.close();
    let left = [
        PeerConnectionState::Connected,
        PeerConnectionState::Disconnected,
    ];
    alice.is_told(0, &left).await;
    wait_for("alice to notice", || !alice.is_connected()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_has_nothing_and_refuses_everything() {
    let (alice, _bob, track, transceiver) = connected_with_tone().await;
    alice.connection.close();
    assert!(alice.connection.senders().is_empty() && alice.connection.transceivers().is_empty());
    assert_eq!(alice.connection.signaling_state(), SignalingState::Closed);
    assert!(
        alice
            .connection
            .create_data_channel("c", DataChannelInit::default())
            .is_err()
    );
    assert!(alice.connection.remove_track(transceiver.sender()).is_err());
    assert!(
        alice
            .connection
            .create_offer(OfferOptions::default())
            .await
            .is_err()
    );
    let init = RtpTransceiverInit {
        direction: RtpTransceiverDirection::SendOnly,
        stream_ids: vec![],
        send_encodings: vec![],
    };
    assert!(
        alice
            .connection
            .add_transceiver(track.into(), init)
            .is_err()
    );
    alice.connection.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_track_feeds_a_new_connection_after_the_old_one_closed() {
    let (track, _feeder) = tone_track(24_000, 440.0);
    for round in ["first", "second"] {
        let (alice, bob) = two_peers();
        alice
            .connection
            .add_track(track.clone().into(), &[round])
            .expect("an open connection");
        negotiate(&alice, &bob).await;
        Ear::new(bob.track(0).await, 16_000, 1).hears(440.0).await;
        alice.connection.close();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_and_candidates_that_do_not_fit_are_refused() {
    let (alice, bob) = two_peers();
    let data = alice.connection.add_transceiver_for_media(
        MediaType::Data,
        RtpTransceiverInit {
            direction: RtpTransceiverDirection::RecvOnly,
            stream_ids: vec![],
            send_encodings: vec![],
        },
    );
    assert!(data.is_err(), "a transceiver for data");
    assert!(
        alice
            .connection
            .create_offer(OfferOptions::default())
            .await
            .is_err(),
        "an offer of nothing"
    );
    assert!(
        alice
            .connection
            .create_answer(AnswerOptions::default())
            .await
            .is_err(),
        "an answer to nothing"
    );
    let candidate = IceCandidate::parse("0", 0, "candidate:1 1 udp 1 127.0.0.1 9 typ host")
        .expect("a candidate");
    assert!(
        alice.connection.add_ice_candidate(candidate).await.is_err(),
        "a candidate before a description"
    );

    alice.send_tone("PA_a|TR_1", 24_000, 440.0);
    let rubbish =
        SessionDescription::parse("v=0\r\nm=nonsense\r\n", SdpType::Offer).expect("the outer form");
    assert!(
        alice
            .connection
            .set_remote_description(rubbish)
            .await
            .is_err(),
        "a rubbish offer"
    );
    let early = SessionDescription::parse("v=0\r\n", SdpType::Answer).expect("the outer form");
    assert!(
        alice
            .connection
            .set_remote_description(early)
            .await
            .is_err(),
        "an answer without an offer"
    );
    negotiate(&alice, &bob).await;
    Ear::new(bob.track(0).await, 16_000, 1).hears(440.0).await;
}
