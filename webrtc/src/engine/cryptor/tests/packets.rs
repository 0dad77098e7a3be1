//! Data packets, and the keys that packets and frames share.

use proptest::prelude::*;

use super::*;
use crate::{
    engine::cryptor::{CryptorError, DataCryptor},
    types::encryption::EncryptedPacket,
};

fn data(keys: &Arc<KeyStore>) -> DataCryptor {
    DataCryptor::new(EncryptionAlgorithm::AesGcm, Arc::clone(keys))
}

#[test]
fn a_packet_arrives_and_each_has_its_own_iv() {
    let (sender, receiver) = (
        data(&shared(b"secret", options())),
        data(&shared(b"secret", options())),
    );
    let one = sender.seal("alice", 0, b"hello").unwrap();
    let two = sender.seal("alice", 0, b"hello").unwrap();
    assert_eq!((one.iv.len(), one.key_index), (12, 0));
    assert_ne!(one.iv, two.iv);
    assert_ne!(one.data, two.data);
    for packet in [one, two] {
        assert_eq!(receiver.open("alice", &packet).unwrap(), b"hello");
    }
}

#[test]
fn a_packet_needs_the_key_it_names() {
    let data = data(&shared(b"secret", options()));
    for index in [1, 16, u32::MAX] {
        assert_eq!(
            data.seal("alice", index, b"hello").unwrap_err(),
            CryptorError::MissingKey(index)
        );
        let packet = EncryptedPacket {
            data: vec![0; 40],
            iv: vec![0; 12],
            key_index: index,
        };
        assert_eq!(
            data.open("alice", &packet).unwrap_err(),
            CryptorError::MissingKey(index)
        );
    }
}

#[test]
fn a_packet_follows_the_ratchet_without_being_lost() {
    let (theirs, ours) = (shared(b"secret", options()), shared(b"secret", options()));
    theirs.ratchet_shared(0).unwrap();
    theirs.ratchet_shared(0).unwrap();
    let packet = data(&theirs).seal("alice", 0, b"hello").unwrap();
    assert_eq!(data(&ours).open("alice", &packet).unwrap(), b"hello");
    assert_eq!(ours.material("alice", 0), theirs.shared_material(0));
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let packet = data(&shared(b"right", options()))
        .seal("alice", 0, b"hello")
        .unwrap();
    let wrong = data(&shared(b"wrong", options())).open("alice", &packet);
    assert_eq!(wrong.unwrap_err(), CryptorError::Unauthentic);
}

#[test]
fn a_ratchet_gives_out_what_the_next_key_is_derived_from() {
    let (one, two) = (shared(b"secret", options()), shared(b"secret", options()));
    let exported = one.ratchet_shared(0).unwrap();
    assert_eq!(one.shared_material(0).as_ref(), Some(&exported));
    assert!(two.set_shared(0, exported));
    let packet = data(&one).seal("alice", 0, b"hello").unwrap();
    assert_eq!(data(&two).open("alice", &packet).unwrap(), b"hello");
    assert_eq!(one.ratchet_shared(3), None, "there is no key at 3");
    assert_eq!(store(options()).ratchet("alice".to_owned(), 0), None);
}

#[test]
fn a_new_shared_key_replaces_those_that_participants_had() {
    let keys = shared(b"old", options());
    keys.ratchet("alice".to_owned(), 0).unwrap();
    assert_ne!(keys.material("alice", 0), keys.material("bob", 0));
    keys.set_shared(0, b"new".to_vec());
    assert_eq!(keys.material("alice", 0), Some(b"new".to_vec()));
}

#[test]
fn an_index_beyond_the_ring_starts_over() {
    let mut options = options();
    options.key_ring_size = 4;
    let keys = store(options);
    keys.set_shared(6, b"secret".to_vec());
    assert_eq!(keys.shared_material(2), Some(b"secret".to_vec()));
    assert_eq!(
        keys.shared_material(-1),
        Some(b"secret".to_vec()),
        "the current one"
    );
    assert_eq!(keys.shared_material(6), None, "reading does not wrap");
    for size in [i32::MIN, -1, 0, 256, i32::MAX] {
        let mut options = super::options();
        options.key_ring_size = size;
        assert!(shared(b"secret", options).set_shared(i32::MAX, b"more".to_vec()));
    }
}

proptest! {
    #[test]
    fn no_packet_panics_or_opens(bytes in prop::collection::vec(any::<u8>(), 0..200), iv in prop::collection::vec(any::<u8>(), 0..20), key_index in any::<u32>()) {
        let mut options = options();
        options.ratchet_window_size = 1;
        let packet = EncryptedPacket { data: bytes, iv, key_index: key_index % 32 };
        prop_assert!(data(&shared(b"secret", options)).open("alice", &packet).is_err());
    }

    #[test]
    fn a_packet_changed_in_any_byte_is_refused(payload in prop::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut options = options();
        options.ratchet_window_size = 1;
        let keys = shared(b"secret", options);
        let mut packet = data(&keys).seal("alice", 0, &payload).unwrap();
        let at = at.index(payload.len() + 28);
        match packet.data.get_mut(at) {
            Some(byte) => *byte ^= flip,
            None => packet.iv[at - payload.len() - 16] ^= flip,
        }
        prop_assert_eq!(data(&keys).open("alice", &packet).unwrap_err(), CryptorError::Unauthentic);
    }
}
