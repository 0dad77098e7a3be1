use super::*;
use crate::{
    engine::{cryptor::KeyStore, negotiation::sdp, test_support::ManualTicker},
    types::encryption::{EncryptionAlgorithm, KeyDerivationAlgorithm, KeyProviderOptions},
};

fn transceiver(direction: Direction) -> Arc<Transceiver> {
    let init = RtpTransceiverInit {
        direction,
        stream_ids: vec![],
        send_encodings: vec![],
    };
    Transceiver::new(MediaType::Audio, init)
}

/// The remote description is this section; nothing is played out.
fn follow(transceiver: &Transceiver, section: &Section, agreed: Direction) -> Option<Track> {
    let ticker: Arc<dyn Ticker> = Arc::new(ManualTicker::default());
    transceiver.follow_remote(section, agreed, &ticker)
}

fn section(attributes: &str) -> Section {
    let sdp = format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n{attributes}"
    );
    sdp::sections(&sdp).remove(0)
}

fn some_cryptor() -> Arc<AudioCryptor> {
    let keys = KeyStore::new(KeyProviderOptions {
        shared_key: true,
        ratchet_window_size: 0,
        ratchet_salt: vec![],
        failure_tolerance: 0,
        key_ring_size: 1,
        key_derivation_algorithm: KeyDerivationAlgorithm::HKDF,
    });
    let algorithm = EncryptionAlgorithm::AesGcm;
    Arc::new(AudioCryptor::new(
        String::new(),
        algorithm,
        Arc::new(keys),
        |work| work(),
    ))
}

#[test]
fn a_remote_track_is_announced_once() {
    let slot = transceiver(Direction::RecvOnly);
    let sending = section("a=sendonly\r\na=msid:PA_x|TR_a track-a\r\n");
    let track = follow(&slot, &sending, Direction::RecvOnly).expect("a new track");
    assert_eq!(track.id(), "track-a");
    assert!(
        follow(&slot, &sending, Direction::RecvOnly).is_none(),
        "announced again without a change"
    );
    assert_eq!(slot.recv_stream_ids(), ["PA_x|TR_a"]);
}

#[test]
fn a_reused_section_announces_its_new_stream() {
    let slot = transceiver(Direction::RecvOnly);
    follow(
        &slot,
        &section("a=sendonly\r\na=msid:PA_x|TR_a a\r\n"),
        Direction::RecvOnly,
    );
    let again = follow(
        &slot,
        &section("a=sendonly\r\na=msid:PA_y|TR_b b\r\n"),
        Direction::RecvOnly,
    );
    assert!(again.is_some(), "the new stream was not announced");
    assert_eq!(slot.recv_stream_ids(), ["PA_y|TR_b"]);
}

#[test]
fn a_peer_that_stops_sending_leaves_no_streams() {
    let slot = transceiver(Direction::RecvOnly);
    follow(
        &slot,
        &section("a=sendonly\r\na=msid:PA_x|TR_a a\r\n"),
        Direction::RecvOnly,
    );
    let silent = follow(
        &slot,
        &section("a=inactive\r\na=msid:PA_x|TR_a a\r\n"),
        Direction::Inactive,
    );
    assert!(silent.is_none());
    assert!(slot.recv_stream_ids().is_empty());
    assert_eq!(slot.current_direction(), Some(Direction::Inactive));
}

#[test]
fn a_decryptor_goes_with_its_stream_once_the_application_has_let_go_of_it() {
    let slot = transceiver(Direction::RecvOnly);
    let sends = |attributes: &str| {
        follow(&slot, &section(attributes), Direction::RecvOnly);
    };
    sends("a=sendonly\r\na=msid:PA_x|TR_a a\r\n");
    let cryptor = some_cryptor();
    slot.set_receive_cryptor(Arc::clone(&cryptor));
    sends("a=sendonly\r\na=msid:PA_y|TR_b b\r\n");
    assert!(slot.receive_cryptor().is_some(), "it is still in use");
    drop(cryptor);
    assert!(
        slot.receive_cryptor().is_none(),
        "another participant's frames would be taken for encrypted ones"
    );
    slot.set_receive_cryptor(some_cryptor());
    assert!(
        slot.receive_cryptor().is_some(),
        "without its cryptor the same stream would play as noise"
    );
}

#[test]
fn a_section_sends_only_once_that_is_agreed() {
    let sender = transceiver(Direction::SendOnly);
    sender.set_mid(Some("0".into()));
    assert!(sender.send_target().is_none(), "sends before an answer");
    follow(
        &sender,
        &section("a=recvonly\r\na=fmtp:111 usedtx=1\r\n"),
        Direction::SendOnly,
    );
    let target = sender.send_target().expect("sends after the answer");
    assert_eq!(target.codec.payload_type, 111);
    assert!(target.codec.dtx);
    follow(&sender, &section("a=inactive\r\n"), Direction::Inactive);
    assert!(
        sender.send_target().is_none(),
        "sends on an inactive section"
    );
}

#[test]
fn sequence_numbers_follow_each_other() {
    let sender = transceiver(Direction::SendOnly);
    let first = sender.count_sent(5, 10);
    assert_eq!(sender.count_sent(5, 20), first + 1);
    let counters = sender.send_counters();
    assert_eq!((counters.packets, counters.bytes), (2, 30));
}

#[test]
fn a_transceiver_without_a_stream_offers_a_dash() {
    assert_eq!(
        transceiver(Direction::SendOnly).msid(),
        ("-".to_owned(), None)
    );
}
