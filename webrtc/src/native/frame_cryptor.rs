//! End-to-end encryption: unsupported so far.
//!
//! Everything here can be constructed, because livekit does so for every room. Media cryptors
//! stay in [`EncryptionState::New`] and pass frames as they are; data packets are refused with an
//! error. Making a [`KeyProvider`] logs a warning, since that is what a room with encryption does.

use super::packet_trailer::PacketTrailerHandler;
use crate::{
    peer_connection_factory::PeerConnectionFactory, rtp_receiver::RtpReceiver,
    rtp_sender::RtpSender,
};
use std::error::Error;

const UNSUPPORTED: &str = "end-to-end encryption is unsupported by this engine";

/// Called with participant and state.
pub type OnStateChange = Box<dyn FnMut(String, EncryptionState) + Send + Sync>;

/// How keys are derived from a passphrase.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[expect(missing_docs, reason = "names of algorithms")]
pub enum KeyDerivationAlgorithm {
    PBKDF2,
    HKDF,
}

/// How keys are kept.
#[derive(Debug, Clone)]
pub struct KeyProviderOptions {
    /// One key for all participants.
    pub shared_key: bool,
    /// Later keys to try when decryption fails.
    pub ratchet_window_size: i32,
    /// Salt of the derivation.
    pub ratchet_salt: Vec<u8>,
    /// Failures in a row before a key is given up.
    pub failure_tolerance: i32,
    /// Keys per participant.
    pub key_ring_size: i32,
    /// Derivation.
    pub key_derivation_algorithm: KeyDerivationAlgorithm,
}

/// Cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of algorithms")]
pub enum EncryptionAlgorithm {
    AesGcm,
    AesCbc,
}

/// How a cryptor fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EncryptionState {
    New,
    Ok,
    EncryptionFailed,
    DecryptionFailed,
    MissingKey,
    KeyRatcheted,
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

/// Keeps no key.
#[derive(Clone)]
pub struct KeyProvider {}

impl KeyProvider {
    /// Logs a warning: nothing will be encrypted.
    pub fn new(_options: KeyProviderOptions) -> Self {
        log::warn!("{UNSUPPORTED}: media would be sent unencrypted end to end, data is refused");
        Self {}
    }

    /// Refused.
    pub fn set_shared_key(&self, _index: i32, _key: Vec<u8>) -> bool {
        false
    }

    /// None.
    pub fn ratchet_shared_key(&self, _index: i32) -> Option<Vec<u8>> {
        None
    }

    /// None.
    pub fn get_shared_key(&self, _index: i32) -> Option<Vec<u8>> {
        None
    }

    /// Refused.
    pub fn set_key(&self, _participant: String, _index: i32, _key: Vec<u8>) -> bool {
        false
    }

    /// None.
    pub fn ratchet_key(&self, _participant: String, _index: i32) -> Option<Vec<u8>> {
        None
    }

    /// None.
    pub fn get_key(&self, _participant: String, _index: i32) -> Option<Vec<u8>> {
        None
    }

    /// Ignored.
    pub fn set_sif_trailer(&self, _trailer: Vec<u8>) {}
}

/// Passes media as it is.
#[derive(Clone)]
pub struct FrameCryptor {
    participant: String,
}

impl FrameCryptor {
    /// For what we send.
    pub fn new_for_rtp_sender(
        _factory: &PeerConnectionFactory,
        participant: String,
        _algorithm: EncryptionAlgorithm,
        _keys: KeyProvider,
        _sender: RtpSender,
    ) -> Self {
        Self { participant }
    }

    /// For what we receive.
    pub fn new_for_rtp_receiver(
        _factory: &PeerConnectionFactory,
        participant: String,
        _algorithm: EncryptionAlgorithm,
        _keys: KeyProvider,
        _receiver: RtpReceiver,
    ) -> Self {
        Self { participant }
    }

    /// Ignored, with a warning when it asks for encryption.
    pub fn set_enabled(&self, enabled: bool) {
        if enabled {
            log::warn!("{UNSUPPORTED}: a media cryptor was not enabled");
        }
    }

    /// Never.
    pub fn enabled(&self) -> bool {
        false
    }

    /// Ignored.
    pub fn set_key_index(&self, _index: i32) {}

    /// Always 0.
    pub fn key_index(&self) -> i32 {
        0
    }

    /// Whose media it would encrypt.
    pub fn participant_id(&self) -> String {
        self.participant.clone()
    }

    /// Never called.
    pub fn on_state_change(&self, _callback: Option<OnStateChange>) {}

    /// Ignored.
    pub fn set_packet_trailer_handler(&self, _handler: &PacketTrailerHandler) {}
}

/// Refuses data packets.
#[derive(Clone)]
pub struct DataPacketCryptor {}

impl DataPacketCryptor {
    /// Keeps nothing.
    pub fn new(_algorithm: EncryptionAlgorithm, _keys: KeyProvider) -> Self {
        Self {}
    }

    /// # Errors
    ///
    /// Always: unsupported.
    pub fn encrypt(
        &self,
        _participant: &str,
        _index: u32,
        _data: &[u8],
    ) -> Result<EncryptedPacket, Box<dyn Error>> {
        Err(UNSUPPORTED.into())
    }

    /// # Errors
    ///
    /// Always: unsupported.
    pub fn decrypt(
        &self,
        _participant: &str,
        _packet: &EncryptedPacket,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        Err(UNSUPPORTED.into())
    }
}
