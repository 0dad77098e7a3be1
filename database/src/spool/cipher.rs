//! AES-256-GCM for segments: a key for each, wrapped by the spool's key.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

use crate::keys::{KeyError, SealingKey};

/// A key that stands in a segment's header: nonce, key and tag.
pub(super) const WRAPPED: usize = 12 + 32 + 16;

/// Seals and opens under one key. `Debug` shows nothing of it.
#[derive(Debug)]
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of AES-256 has 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// The nonce is a number that no other text under this key has.
    pub(super) fn seal(&self, number: u64, bound: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        self.0
            .seal_in_place_append_tag(nonce(number), Aad::from(bound), &mut sealed)
            .expect("a text below 64 GiB can be sealed");
        sealed
    }

    pub(super) fn open(&self, number: u64, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = sealed.to_vec();
        let plain = self
            .0
            .open_in_place(nonce(number), Aad::from(bound), &mut buffer)
            .ok()?
            .len();
        buffer.truncate(plain);
        Some(buffer)
    }
}

/// A new key and how it stands in the header.
pub(super) fn new_key(
    spool: &SealingKey,
    bound: &[u8],
) -> Result<(Cipher, [u8; WRAPPED]), KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(&mut *key)
        .map_err(|_none| KeyError::Random)?;
    let wrapped = spool.seal(bound, &*key)?;
    let wrapped = wrapped.try_into().map_err(|_length| KeyError::Random)?;
    Ok((Cipher::new(&key), wrapped))
}

/// The key of a header; `None` if the spool's key is another one.
pub(super) fn unwrap(spool: &SealingKey, bound: &[u8], wrapped: &[u8; WRAPPED]) -> Option<Cipher> {
    let key = Zeroizing::new(spool.open(bound, wrapped).ok()?);
    Some(Cipher::new(key.as_slice().try_into().ok()?))
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}
