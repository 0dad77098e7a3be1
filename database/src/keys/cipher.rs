//! Thirty-two secret bytes, and sealing with them.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::{Zeroize as _, Zeroizing};

use super::error::KeyError;
use crate::TenantId;

/// A key's bytes: wiped when dropped, never printed.
#[derive(Clone)]
pub(super) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    pub(super) fn generate() -> Result<Self, KeyError> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_not_a_key| KeyError::Unreadable)?;
        Ok(Self::from(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Secret {
    fn from(mut bytes: [u8; 32]) -> Self {
        let kept = Zeroizing::new(bytes);
        bytes.zeroize();
        Self(kept)
    }
}

/// A key that seals bytes for one use: AES-256-GCM. Derived, so that no two uses share a key.
#[derive(Clone)]
pub struct SealingKey(Secret);

impl SealingKey {
    pub(super) fn derived(from: &Secret, use_of: &[&[u8]]) -> Self {
        Self(derive(from, use_of))
    }

    pub(super) fn of(secret: &Secret) -> Self {
        Self(secret.clone())
    }

    /// A key for a part, such as one segment: no key then seals more than is safe with random
    /// nonces (2^32, NIST SP 800-38D 8.3).
    #[must_use]
    pub fn derive(&self, part: &[u8]) -> Self {
        Self::derived(&self.0, &[b"part", part])
    }

    /// `nonce ‖ ciphertext ‖ tag`: 28 bytes more than `plain`. Opens only with the same `bound`.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn seal(&self, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound),
                &mut out[NONCE_LEN..],
            )
            .map_err(|_too_long| KeyError::Unreadable)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// What [`Self::seal`] sealed.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] if a byte of it or of `bound` differs.
    pub fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, rest) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(KeyError::Unreadable)?;
        let mut plain = rest.to_vec();
        let length = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(bound),
                &mut plain,
            )
            .map_err(|_unauthentic| KeyError::Unreadable)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    fn cipher(&self) -> Result<LessSafeKey, KeyError> {
        UnboundKey::new(&AES_256_GCM, self.0.bytes())
            .map(LessSafeKey::new)
            .map_err(|_wrong_length| KeyError::Unreadable)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").finish_non_exhaustive()
    }
}

/// Where a sealed value lies. It opens nowhere else.
pub(super) fn place(tenant: TenantId, parts: &[&[u8]]) -> Vec<u8> {
    let tenant = tenant.0.to_be_bytes();
    let mut all: Vec<&[u8]> = vec![b"teller 1", &tenant];
    all.extend_from_slice(parts);
    framed(&all)
}

/// The parts one after another, each with its length before it: no two lists give the same bytes.
pub(super) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// HMAC-SHA-256 over the parts, each with its length before it.
pub(super) fn mac(key: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
    let tag = hmac::sign(&key, &framed(parts));
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

/// HKDF-SHA-256 (RFC 5869): a key of its own for each use and tenant.
fn derive(key: &Secret, use_of: &[&[u8]]) -> Secret {
    let info = framed(use_of);
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"teller keys 1");
    let mut out = [0; 32];
    let expanded = salt
        .extract(key.bytes())
        .expand(&[&info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out));
    debug_assert!(expanded.is_ok(), "32 bytes are the hash's own length");
    Secret::from(out)
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_unspecified| KeyError::Random)?;
    Ok(bytes)
}
