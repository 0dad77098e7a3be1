//! One key: how it is derived, what it encrypts, which keys follow it.

use std::{
    iter,
    num::NonZeroU32,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, pbkdf2,
};

use super::{CryptorError, frame::IV_BYTES};
use crate::types::encryption::KeyDerivationAlgorithm;

/// Rounds of PBKDF2, as all LiveKit clients have it.
const PBKDF2_ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");

/// The info of HKDF (RFC 5869), as livekit-client has it: zeros.
const HKDF_INFO: [u8; 128] = [0; 128];

/// AES-128.
const KEY_BYTES: usize = 16;

/// What one derivation gives: the next material whole, the key as its beginning. Both
/// derivations produce blocks of SHA-256, so that a shorter output is a prefix of a longer one.
const DERIVED_BYTES: usize = 32;

pub(super) const TAG_BYTES: usize = 16;

const _: () = assert!(NONCE_LEN == IV_BYTES);

/// How keys follow from what the application sets.
#[derive(Clone, Debug)]
pub(super) struct Derivation {
    pub(super) algorithm: KeyDerivationAlgorithm,
    pub(super) salt: Vec<u8>,
}

impl Derivation {
    fn derive(&self, material: &[u8]) -> Result<[u8; DERIVED_BYTES], CryptorError> {
        let mut derived = [0; DERIVED_BYTES];
        match self.algorithm {
            KeyDerivationAlgorithm::PBKDF2 => pbkdf2::derive(
                pbkdf2::PBKDF2_HMAC_SHA256,
                PBKDF2_ROUNDS,
                &self.salt,
                material,
                &mut derived,
            ),
            KeyDerivationAlgorithm::HKDF => hkdf::Salt::new(hkdf::HKDF_SHA256, &self.salt)
                .extract(material)
                .expand(&[&HKDF_INFO], hkdf::HKDF_SHA256)
                .and_then(|output| output.fill(&mut derived))
                .map_err(|_| CryptorError::Refused)?,
        }
        Ok(derived)
    }
}

/// A key that can be used. It compares by identity: the same material set twice is two keys.
pub(super) struct Key {
    /// What it was derived from; what the application can export.
    pub(super) material: Vec<u8>,
    cipher: LessSafeKey,
    derivation: Arc<Derivation>,
    /// What the next key of the ratchet is derived from.
    next_material: [u8; DERIVED_BYTES],
    /// The next key, derived once and kept: whoever sends frames that do not open cannot have it
    /// derived again and again.
    next: OnceLock<Result<Arc<Self>, CryptorError>>,
    /// The later keys are being derived.
    ordered: AtomicBool,
}

impl Key {
    /// Derives a key; takes 23 ms with PBKDF2.
    pub(super) fn new(
        material: Vec<u8>,
        derivation: &Arc<Derivation>,
    ) -> Result<Arc<Self>, CryptorError> {
        let next_material = derivation.derive(&material)?;
        let unbound = UnboundKey::new(&AES_128_GCM, &next_material[..KEY_BYTES])
            .map_err(|_| CryptorError::Refused)?;
        Ok(Arc::new(Self {
            material,
            cipher: LessSafeKey::new(unbound),
            derivation: Arc::clone(derivation),
            next_material,
            next: OnceLock::new(),
            ordered: AtomicBool::new(false),
        }))
    }

    /// The key after this one. Takes as long as [`Self::new`] the first time; who asks meanwhile
    /// waits.
    pub(super) fn next(&self) -> Result<Arc<Self>, CryptorError> {
        self.next
            .get_or_init(|| Self::new(self.next_material.to_vec(), &self.derivation))
            .clone()
    }

    /// The later keys that are already derived, `window` at most, nearest first. Never waits.
    pub(super) fn links(&self, window: usize) -> Vec<Arc<Self>> {
        let after = |key: &Self| key.next.get().and_then(|next| next.as_ref().ok()).cloned();
        iter::successors(after(self), |key| after(key))
            .take(window)
            .collect()
    }

    /// True for the first caller alone, who then has [`Self::derive_links`] called.
    pub(super) fn order_links(&self) -> bool {
        !self.ordered.swap(true, Ordering::Relaxed)
    }

    /// Derives the next `window` keys where they are missing.
    pub(super) fn derive_links(&self, window: usize) {
        let last = iter::successors(self.next().ok(), |key| key.next().ok())
            .take(window)
            .last();
        drop(last);
    }

    /// Encrypts in place, appending the tag.
    pub(super) fn seal(
        &self,
        iv: [u8; IV_BYTES],
        clear: &[u8],
        data: &mut Vec<u8>,
    ) -> Result<(), CryptorError> {
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(iv),
                Aad::from(clear),
                data.as_mut_slice(),
            )
            .map_err(|_| CryptorError::Refused)?;
        data.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Decrypts `sealed`, ciphertext and tag.
    pub(super) fn open(
        &self,
        iv: [u8; IV_BYTES],
        clear: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, CryptorError> {
        let mut data = sealed.to_vec();
        let opened = self
            .cipher
            .open_in_place(
                Nonce::assume_unique_for_key(iv),
                Aad::from(clear),
                &mut data,
            )
            .map_err(|_| CryptorError::Unauthentic)?
            .len();
        data.truncate(opened);
        Ok(data)
    }
}

/// IVs that never repeat under a key: 32 random bits of this source before a counter of 64 bits
/// that starts at random (NIST SP 800-38D, 8.2.1, with a random fixed field).
pub(super) struct IvSource {
    fixed: [u8; 4],
    count: AtomicU64,
}

impl IvSource {
    pub(super) fn new() -> Self {
        Self {
            fixed: rand::random(),
            count: AtomicU64::new(rand::random()),
        }
    }

    pub(super) fn next(&self) -> [u8; IV_BYTES] {
        let mut iv = [0; IV_BYTES];
        iv[..4].copy_from_slice(&self.fixed);
        iv[4..].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        iv
    }
}
