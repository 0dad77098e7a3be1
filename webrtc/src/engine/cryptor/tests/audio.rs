//! Frames: there and back, the ratchet, failures and what is said of them.

use std::{collections::HashSet, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    engine::lock::LeafMutex,
    types::encryption::{EncryptionState, EncryptionState::*},
};

const FRAME: &[u8] = b"\x78 a frame of speech";

/// Collects what a cryptor reports; `settled` waits until `count` reports are there.
fn listen(cryptor: &AudioCryptor) -> impl Fn(usize) -> Vec<EncryptionState> {
    let heard = Arc::new(LeafMutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    cryptor.set_callback(Some(Box::new(move |participant, state| {
        assert_eq!(participant, "alice");
        ear.lock().push(state);
    })));
    move |count| {
        for _ in 0..15_000 {
            if heard.lock().len() >= count {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(5)); // for one too many
        heard.lock().clone()
    }
}

#[test]
fn speech_arrives_and_is_not_readable_on_the_way() {
    let keys = shared(b"secret", options());
    let (sender, receiver) = (cryptor(&keys), cryptor(&shared(b"secret", options())));
    let sealed = sender.seal(FRAME).unwrap();
    assert_eq!(sealed[0], FRAME[0], "the server reads the first byte");
    assert_eq!(sealed.len(), FRAME.len() + 30);
    let leaks = sealed
        .windows(6)
        .any(|bytes| FRAME.windows(6).any(|word| word == bytes));
    assert!(!leaks, "speech in the clear");
    assert_eq!(receiver.open(&sealed).as_deref(), Some(FRAME));
    assert_eq!(listen(&sender)(1), [Ok]);
    assert_eq!(listen(&receiver)(1), [Ok]);
}

#[test]
fn a_disabled_cryptor_passes_frames_as_they_are() {
    let cryptor = cryptor(&shared(b"secret", options()));
    cryptor.set_enabled(false);
    assert_eq!(cryptor.seal(FRAME).as_deref(), Some(FRAME));
    assert_eq!(cryptor.open(FRAME).as_deref(), Some(FRAME));
    cryptor.set_enabled(true);
    assert_eq!(
        cryptor.seal(b"").as_deref(),
        Some(&b""[..]),
        "an empty frame says nothing"
    );
}

#[test]
fn without_a_key_nothing_is_sent_rather_than_speech_in_the_clear() {
    let keys = store(options());
    let cryptor = cryptor(&keys);
    let reports = listen(&cryptor);
    assert!(cryptor.seal(FRAME).is_none());
    assert!(cryptor.seal(FRAME).is_none());
    keys.set_shared(0, b"late".to_vec());
    assert!(cryptor.seal(FRAME).is_some());
    assert_eq!(reports(2), [MissingKey, Ok], "each state once");
}

#[test]
fn the_frame_names_the_key_it_was_sealed_with() {
    let keys = shared(b"zero", options());
    keys.set_shared(5, b"five".to_vec());
    let sender = cryptor(&keys);
    assert_eq!(
        sender.seal(FRAME).unwrap().last(),
        Some(&0),
        "0 until told otherwise"
    );
    sender.set_key_index(5);
    let sealed = sender.seal(FRAME).unwrap();
    assert_eq!(sealed.last(), Some(&5));
    assert_eq!(cryptor(&keys).open(&sealed).as_deref(), Some(FRAME));
    sender.set_key_index(-1);
    assert_eq!(
        sender.seal(FRAME).unwrap().last(),
        Some(&5),
        "the key set last"
    );
    sender.set_key_index(99);
    assert!(sender.seal(FRAME).is_none(), "there is no key 99");
}

#[test]
fn each_participant_has_its_own_key_when_keys_are_not_shared() {
    let mut options = options();
    options.shared_key = false;
    let keys = store(options);
    assert!(
        !keys.set_shared(0, b"secret".to_vec()),
        "keys are not shared"
    );
    keys.set("bob".to_owned(), 0, b"bob's".to_vec());
    assert!(cryptor(&keys).seal(FRAME).is_none(), "alice has no key");
    keys.set("alice".to_owned(), 0, b"alice's".to_vec());
    let sealed = cryptor(&keys).seal(FRAME).unwrap().into_owned();
    let bob = AudioCryptor::new(
        "bob".to_owned(),
        EncryptionAlgorithm::AesGcm,
        keys,
        in_background,
    );
    bob.set_enabled(true);
    assert!(
        bob.open(&sealed).is_none(),
        "bob's key opened alice's frame"
    );
}

#[test]
fn ivs_never_repeat() {
    let keys = shared(b"secret", options());
    let (one, two) = (cryptor(&keys), cryptor(&keys));
    let mut seen = HashSet::new();
    for _ in 0..1_000 {
        for cryptor in [&one, &two] {
            let sealed = cryptor.seal(FRAME).unwrap();
            let iv = sealed[sealed.len() - 14..sealed.len() - 2].to_vec();
            assert!(seen.insert(iv), "two frames with one IV give the key away");
        }
    }
}

#[test]
fn a_receiver_follows_a_ratchet_within_the_window() {
    let (theirs, ours) = (shared(b"secret", options()), shared(b"secret", options()));
    let (sender, receiver) = (cryptor(&theirs), cryptor(&ours));
    let reports = listen(&receiver);
    assert!(receiver.open(&sender.seal(FRAME).unwrap()).is_some());
    for _ in 0..3 {
        theirs.ratchet_shared(0).unwrap();
    }
    // Frames are dropped while the later keys are derived beside the audio path.
    let (_, key) = ours.key("alice", 0).unwrap();
    let first = receiver.open(&sender.seal(FRAME).unwrap()).map(Vec::from);
    key.derive_links(16);
    assert!(first.is_none_or(|frame| frame == FRAME));
    assert_eq!(
        receiver.open(&sender.seal(FRAME).unwrap()).as_deref(),
        Some(FRAME)
    );
    assert_eq!(reports(3), [Ok, KeyRatcheted, Ok]);
    assert_eq!(
        ours.material("alice", 0),
        theirs.shared_material(0),
        "the key is alice's from now on"
    );
    assert_ne!(
        ours.shared_material(0),
        theirs.shared_material(0),
        "alice's alone"
    );
}

#[test]
fn a_ratchet_beyond_the_window_does_not_open() {
    let mut narrow = options();
    narrow.ratchet_window_size = 2;
    let (theirs, ours) = (shared(b"secret", options()), shared(b"secret", narrow));
    let (sender, receiver) = (cryptor(&theirs), cryptor(&ours));
    for _ in 0..3 {
        theirs.ratchet_shared(0).unwrap();
    }
    let (_, key) = ours.key("alice", 0).unwrap();
    key.derive_links(2);
    assert!(receiver.open(&sender.seal(FRAME).unwrap()).is_none());
    assert_eq!(
        ours.material("alice", 0),
        Some(b"secret".to_vec()),
        "the key was lost"
    );
    assert_eq!(listen(&receiver)(1), [DecryptionFailed]);
}

#[test]
fn a_key_is_given_up_after_the_tolerated_failures_until_another_is_set() {
    let mut options = options();
    (options.ratchet_window_size, options.failure_tolerance) = (0, 2);
    let (right, ours) = (shared(b"right", options.clone()), shared(b"wrong", options));
    let (sender, receiver) = (cryptor(&right), cryptor(&ours));
    let reports = listen(&receiver);
    for _ in 0..2 {
        assert!(receiver.open(&sender.seal(FRAME).unwrap()).is_none());
    }
    assert_eq!(reports(0), [], "two failures are tolerated");
    assert!(receiver.open(&sender.seal(FRAME).unwrap()).is_none());
    assert_eq!(reports(1), [DecryptionFailed]);
    let with_our_key = cryptor(&ours).seal(FRAME).unwrap().into_owned();
    assert!(
        receiver.open(&with_our_key).is_none(),
        "a key given up was used"
    );
    ours.set_shared(0, b"right".to_vec());
    assert_eq!(
        receiver.open(&sender.seal(FRAME).unwrap()).as_deref(),
        Some(FRAME)
    );
    assert_eq!(reports(2), [DecryptionFailed, Ok]);
}

#[test]
fn without_a_tolerance_the_first_failure_is_reported_and_no_key_given_up() {
    let mut options = options();
    options.ratchet_window_size = 0;
    let keys = shared(b"secret", options);
    let (sender, receiver) = (cryptor(&keys), cryptor(&keys));
    let reports = listen(&receiver);
    let mut tampered = sender.seal(FRAME).unwrap().into_owned();
    tampered[3] ^= 1;
    for _ in 0..100 {
        assert!(receiver.open(&tampered).is_none());
    }
    assert!(receiver.open(&sender.seal(FRAME).unwrap()).is_some());
    assert_eq!(reports(2), [DecryptionFailed, Ok]);
}

#[test]
fn the_server_may_inject_silence_and_nothing_else() {
    let keys = shared(b"secret", options());
    keys.set_server_trailer(b"TRAILER".to_vec());
    let receiver = cryptor(&keys);
    let silence = [&[0xf8, 0xff, 0xfe][..], &[0; 77]].concat();
    let injected = [&silence[..], b"TRAILER"].concat();
    assert_eq!(receiver.open(&injected).as_deref(), Some(&silence[..]));
    let words = [FRAME, b"TRAILER"].concat();
    assert!(
        receiver.open(&words).is_none(),
        "the server put words in alice's mouth"
    );
}

#[test]
fn an_unsupported_cipher_says_so_and_sends_nothing() {
    let keys = shared(b"secret", options());
    let cryptor = AudioCryptor::new(
        "alice".to_owned(),
        EncryptionAlgorithm::AesCbc,
        keys,
        in_background,
    );
    cryptor.set_enabled(true);
    assert!(cryptor.seal(FRAME).is_none());
    assert!(cryptor.open(FRAME).is_none());
    assert_eq!(listen(&cryptor)(1), [InternalError]);
}

#[test]
fn reports_nobody_collects_are_bounded_and_the_latest_survive() {
    let keys = shared(b"secret", options());
    let cryptor = cryptor(&keys);
    for index in (0..101).rev() {
        cryptor.set_key_index(index % 2); // there is a key at 0 and none at 1
        cryptor.seal(FRAME);
    }
    let reports = listen(&cryptor)(16);
    assert_eq!((reports.len(), reports.last()), (16, Some(&Ok)));
}

proptest! {
    #[test]
    fn what_is_sealed_opens(frame in prop::collection::vec(any::<u8>(), 1..1_500), index in 0..16) {
        let keys = store(options());
        keys.set_shared(index, b"secret".to_vec());
        let (sender, receiver) = (cryptor(&keys), cryptor(&keys));
        sender.set_key_index(index);
        let sealed = sender.seal(&frame).unwrap();
        let opened = receiver.open(&sealed).map(Vec::from);
        prop_assert_eq!(opened, Some(frame));
    }

    #[test]
    fn a_frame_changed_in_any_byte_is_dropped(
        frame in prop::collection::vec(any::<u8>(), 1..200),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut options = options();
        options.ratchet_window_size = 2;
        let keys = shared(b"secret", options);
        let receiver = cryptor(&keys);
        let mut sealed = cryptor(&keys).seal(&frame).unwrap().into_owned();
        sealed[at.index(frame.len() + 30)] ^= flip;
        prop_assert!(receiver.open(&sealed).is_none());
    }

    #[test]
    fn a_frame_cut_short_is_dropped(frame in prop::collection::vec(any::<u8>(), 1..200), cut in 1..200_usize) {
        let keys = shared(b"secret", options());
        let sealed = cryptor(&keys).seal(&frame).unwrap().into_owned();
        let rest = &sealed[..sealed.len().saturating_sub(cut)];
        prop_assert!(rest.is_empty() || cryptor(&keys).open(rest).is_none());
    }

    #[test]
    fn no_frame_panics_or_plays(noise in prop::collection::vec(any::<u8>(), 1..300), trailer in prop::collection::vec(any::<u8>(), 0..4)) {
        let keys = shared(b"secret", options());
        keys.set_server_trailer(trailer);
        let opened = cryptor(&keys).open(&noise).map(Vec::from);
        prop_assert!(opened.is_none_or(|frame| frame.starts_with(&[0xf8, 0xff, 0xfe])));
    }
}
