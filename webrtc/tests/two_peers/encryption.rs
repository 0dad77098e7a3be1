//! Who has the key hears; who has another one hears silence, never noise.

use std::sync::Arc;

use libwebrtc::{
    native::frame_cryptor::{
        EncryptionAlgorithm, EncryptionState, FrameCryptor, KeyDerivationAlgorithm, KeyProvider,
        KeyProviderOptions,
    },
    prelude::*,
};
use parking_lot::Mutex;

use crate::peers::{Ear, Peer, connected_with_tone, wait_for};

fn keys(passphrase: &str) -> KeyProvider {
    let keys = KeyProvider::new(KeyProviderOptions {
        shared_key: true,
        ratchet_window_size: 4,
        ratchet_salt: b"LKFrameEncryptionKey".to_vec(),
        failure_tolerance: -1,
        key_ring_size: 16,
        key_derivation_algorithm: KeyDerivationAlgorithm::PBKDF2,
    });
    assert!(keys.set_shared_key(0, passphrase.as_bytes().to_vec()));
    keys
}

/// Encrypts what a section sends.
fn encrypt(transceiver: &RtpTransceiver, keys: &KeyProvider) -> FrameCryptor {
    let cryptor = FrameCryptor::new_for_rtp_sender(
        &PeerConnectionFactory::default(),
        "alice".to_owned(),
        EncryptionAlgorithm::AesGcm,
        keys.clone(),
        transceiver.sender(),
    );
    cryptor.set_enabled(true);
    cryptor
}

/// Decrypts the first track of the peer; also gives the states that the cryptor goes through.
fn decrypt(peer: &Peer, keys: &KeyProvider) -> (FrameCryptor, Arc<Mutex<Vec<EncryptionState>>>) {
    let receiver = peer.tracks.lock()[0].receiver.clone();
    let cryptor = FrameCryptor::new_for_rtp_receiver(
        &PeerConnectionFactory::default(),
        "alice".to_owned(),
        EncryptionAlgorithm::AesGcm,
        keys.clone(),
        receiver,
    );
    let states = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&states);
    cryptor.on_state_change(Some(Box::new(move |_, state| seen.lock().push(state))));
    cryptor.set_enabled(true);
    (cryptor, states)
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_speech_is_heard_with_the_passphrase_and_after_a_ratchet() {
    let (_alice, bob, _track, transceiver) = connected_with_tone().await;
    let track = bob.track(0).await;
    let (theirs, ours) = (keys("correct horse"), keys("correct horse"));
    let _sender = encrypt(&transceiver, &theirs);
    let (_receiver, states) = decrypt(&bob, &ours);
    let mut ear = Ear::new(track, 16_000, 1);
    ear.hears(440.0).await;
    theirs.ratchet_shared_key(0).expect("the next key");
    wait_for("the receiver to follow the ratchet", || {
        states.lock().contains(&EncryptionState::KeyRatcheted)
    })
    .await;
    ear.hears(440.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_is_silence_and_is_reported() {
    let (_alice, bob, _track, transceiver) = connected_with_tone().await;
    let track = bob.track(0).await;
    let _sender = encrypt(&transceiver, &keys("correct horse"));
    let ours = keys("battery staple");
    let (_receiver, states) = decrypt(&bob, &ours);
    let mut ear = Ear::new(track, 16_000, 1);
    ear.hears_silence().await;
    wait_for("the failure to be reported", || {
        states.lock().contains(&EncryptionState::DecryptionFailed)
    })
    .await;
    ours.set_shared_key(0, b"correct horse".to_vec());
    ear.hears(440.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_goes_on_encrypting_when_the_application_drops_its_cryptor() {
    let (_alice, bob, _track, transceiver) = connected_with_tone().await;
    let track = bob.track(0).await;
    drop(encrypt(&transceiver, &keys("correct horse")));
    let (_receiver, states) = decrypt(&bob, &keys("battery staple"));
    let mut ear = Ear::new(track, 16_000, 1);
    wait_for("a frame that does not open", || {
        states.lock().contains(&EncryptionState::DecryptionFailed)
    })
    .await;
    ear.hears_silence().await;
}
