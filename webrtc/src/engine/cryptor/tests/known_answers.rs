//! Answers computed with Python's `hashlib` and `cryptography` 48, so by another implementation:
//!
//! ```python
//! salt = b"LKFrameEncryptionKey"
//! pbkdf2 = lambda m: hashlib.pbkdf2_hmac("sha256", m, salt, 100000, 32)
//! hkdf = lambda m: HKDF(hashes.SHA256(), 32, salt, bytes(128)).derive(m)
//! # each function once, twice and three times, on b"correct horse" and bytes(range(32))
//! key, iv = pbkdf2(b"correct horse")[:16], bytes(range(1, 13))
//! frame = b"\x78" + bytes(range(200, 220))
//! sealed = frame[:1] + AESGCM(key).encrypt(iv, frame[1:], frame[:1]) + iv + bytes([12, 3])
//! packet = AESGCM(key).encrypt(iv, b"data packet", None)
//! ```

use super::{super::frame, *};
use crate::{
    engine::cryptor::{
        DataCryptor,
        key::{Derivation, Key},
    },
    types::encryption::EncryptedPacket,
};

const PASSPHRASE: &[u8] = b"correct horse";
const SEALED: &str = "7839e162939f94b8f5388a38a95780bda983b657f916857600c5a17cf2221ec64d2ab2ac\
                      180102030405060708090a0b0c0c03";
const PACKET: &str = "9549dc3973291759833e9e264386a1dc40c2584b0f76ddf2e1b6e8";
const IV: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn speech() -> Vec<u8> {
    [vec![0x78], (200..220).collect()].concat()
}

fn passphrase_keys() -> Arc<KeyStore> {
    let mut options = options();
    options.key_derivation_algorithm = KeyDerivationAlgorithm::PBKDF2;
    options.ratchet_window_size = 0;
    shared(PASSPHRASE, options)
}

/// The material of a key and of the two after it.
fn chain(algorithm: KeyDerivationAlgorithm, secret: &[u8]) -> [Vec<u8>; 3] {
    let salt = SALT.to_vec();
    let first = Key::new(secret.to_vec(), &Arc::new(Derivation { algorithm, salt })).unwrap();
    let second = first.next().unwrap();
    let third = second.next().unwrap();
    let fourth = third.next().unwrap();
    [second, third, fourth].map(|key| key.material.clone())
}

#[test]
fn a_passphrase_is_derived_as_by_every_livekit_client() {
    let derived = chain(KeyDerivationAlgorithm::PBKDF2, PASSPHRASE);
    assert_eq!(
        derived,
        [
            "834e90983b671b2fa23af805580e4b438d4d35ac9e6d8b14005c77f674fbde62",
            "349832909d8c8c4fc80e2155d92189f6c895d66d05ffbd37cad47853f45ef199",
            "f0cad44f747ae2288403c66f84a22fea761bdebc6d63e49cad0e598b115bd076",
        ]
        .map(hex)
    );
}

#[test]
fn random_bytes_are_derived_as_by_livekit_client() {
    let secret: Vec<u8> = (0..32).collect();
    let derived = chain(KeyDerivationAlgorithm::HKDF, &secret);
    assert_eq!(
        derived,
        [
            "6d0dd7b3d6f4efde47ab9a9e15abde7635c45a13bddf5da15eed01f40178d328",
            "bd83f159cff92bfaf55d2d2409c21221da4b6f1d036dc2826e24f14ace70e8cc",
            "9ff4c538fc78315617b77e6dfff19068716e8df2ffec2f74a063a4bdcb42539b",
        ]
        .map(hex)
    );
}

#[test]
fn a_frame_looks_on_the_wire_as_other_clients_expect() {
    let (_, key) = passphrase_keys().key("anybody", 0).unwrap();
    assert_eq!(frame::seal(&speech(), &key, 3, IV).unwrap(), hex(SEALED));
}

#[test]
fn a_frame_of_another_client_is_opened() {
    let keys = store(options());
    assert!(keys.set_shared(3, passphrase_keys().shared_material(0).unwrap()));
    let sealed = hex(SEALED);
    let mismatched = cryptor(&keys).open(&sealed);
    assert!(mismatched.is_none(), "HKDF opened what PBKDF2 closed");

    let mut options = options();
    options.key_derivation_algorithm = KeyDerivationAlgorithm::PBKDF2;
    let keys = store(options);
    assert!(keys.set_shared(3, PASSPHRASE.to_vec()));
    assert_eq!(
        cryptor(&keys).open(&hex(SEALED)).as_deref(),
        Some(&speech()[..])
    );
}

#[test]
fn a_data_packet_of_another_client_is_opened() {
    let data = DataCryptor::new(EncryptionAlgorithm::AesGcm, passphrase_keys());
    let packet = EncryptedPacket {
        data: hex(PACKET),
        iv: IV.to_vec(),
        key_index: 0,
    };
    assert_eq!(data.open("bob", &packet).unwrap(), b"data packet");
}
