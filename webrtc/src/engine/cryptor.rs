//! End-to-end encryption: what the server forwards and cannot read.
//!
//! ```text
//! keys       who has which key: rings per participant, one shared ring      (application writes)
//!   key      one key: derived, usable, and the keys that follow it          (ratchet)
//! audio      one track: seals or opens frames, and says how it fares        (send/, receive/)
//!   frame    a sealed frame on the wire
//! data       one room: seals or opens data packets
//! reports    states on their way to the application's callback
//! ```
//!
//! The wire format is that of LiveKit's clients: AES-128-GCM, keys derived from a passphrase by
//! PBKDF2 or from random bytes by HKDF. A frame that cannot be opened is dropped, so that the
//! listener hears what it hears for a lost packet, never ciphertext as noise.
//!
//! Speech never waits for a derivation (23 ms with PBKDF2): keys are derived where the
//! application sets them, later ones of a ratchet on a thread of their own while frames are
//! dropped. All locks here are leaves, held for copies of pointers.

mod audio;
mod data;
mod frame;
mod key;
mod keys;
mod reports;

#[cfg(test)]
mod tests;

pub(crate) use self::{audio::AudioCryptor, data::DataCryptor, keys::KeyStore};
use crate::types::encryption::EncryptionAlgorithm;

/// Runs work that takes milliseconds of a processor, or that calls the application, beside the
/// threads that carry packets.
pub(crate) type Background = fn(Box<dyn FnOnce() + Send>);

/// Why something was not encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CryptorError {
    #[error("no key at index {0}")]
    MissingKey(u32),
    #[error("not an encrypted message: too short, or its IV is not of 12 bytes")]
    Malformed,
    #[error("encrypted with another key, or changed on the way")]
    Unauthentic,
    #[error("AES-CBC is unsupported by this engine, as it is by LiveKit's clients")]
    UnsupportedCipher,
    #[error("the cryptography refused a key")]
    Refused,
}

const fn check_cipher(algorithm: EncryptionAlgorithm) -> Result<(), CryptorError> {
    match algorithm {
        EncryptionAlgorithm::AesGcm => Ok(()),
        EncryptionAlgorithm::AesCbc => Err(CryptorError::UnsupportedCipher),
    }
}
