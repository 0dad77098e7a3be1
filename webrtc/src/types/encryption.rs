//! Settings and states of end-to-end encryption.

/// Called with participant and state.
pub type OnStateChange = Box<dyn FnMut(String, EncryptionState) + Send + Sync>;

/// How keys are derived from what the application sets.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum KeyDerivationAlgorithm {
    /// For passphrases (RFC 8018): SHA-256, 100,000 rounds, 23 ms.
    PBKDF2,
    /// For random bytes (RFC 5869): SHA-256, at once.
    HKDF,
}

/// How keys are kept.
#[derive(Debug, Clone)]
pub struct KeyProviderOptions {
    /// One key for all participants.
    pub shared_key: bool,
    /// Later keys to try when decryption fails; 256 at most.
    pub ratchet_window_size: i32,
    /// Salt of the derivation.
    pub ratchet_salt: Vec<u8>,
    /// Failures in a row that a key survives. After one more the state is `DecryptionFailed`
    /// and the key is given up until another is set. Negative: the first failure is reported,
    /// and no key is ever given up.
    pub failure_tolerance: i32,
    /// Keys per participant; 255 at most, 16 if not positive.
    pub key_ring_size: i32,
    /// Derivation.
    pub key_derivation_algorithm: KeyDerivationAlgorithm,
}

/// Cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionAlgorithm {
    /// AES-128-GCM.
    AesGcm,
    /// Unsupported: media stays silent with `InternalError`, data packets are refused.
    AesCbc,
}

/// How a cryptor fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionState {
    /// Nothing was encrypted or decrypted yet.
    New,
    /// The last frame was.
    Ok,
    /// A frame could not be encrypted, and was not sent.
    EncryptionFailed,
    /// Frames do not open with the key they name, and are dropped.
    DecryptionFailed,
    /// There is no key at the index to use.
    MissingKey,
    /// A frame opened with a later key, which is the participant's from now on.
    KeyRatcheted,
    /// The cipher is not supported.
    InternalError,
}

/// An encrypted data packet.
#[derive(Debug, Clone)]
pub struct EncryptedPacket {
    /// Ciphertext.
    pub data: Vec<u8>,
    /// Initialisation vector.
    pub iv: Vec<u8>,
    /// Which key of the ring.
    pub key_index: u32,
}
