//! End-to-end encryption of audio frames and data packets; the work is in `engine/cryptor`.

use std::{error::Error, sync::Arc};

use super::packet_trailer::PacketTrailerHandler;
pub use crate::types::encryption::{
    EncryptedPacket, EncryptionAlgorithm, EncryptionState, KeyDerivationAlgorithm,
    KeyProviderOptions, OnStateChange,
};
use crate::{
    engine::{
        cryptor::{AudioCryptor, DataCryptor, KeyStore},
        driver,
    },
    peer_connection_factory::PeerConnectionFactory,
    rtp_receiver::RtpReceiver,
    rtp_sender::RtpSender,
};

/// Keeps the keys of a room. Clones share them.
///
/// Keys sit in a ring per participant: an index beyond it starts over, a negative one is that
/// of the key set last.
#[derive(Clone)]
pub struct KeyProvider {
    keys: Arc<KeyStore>,
}

impl KeyProvider {
    /// Without keys.
    pub fn new(options: KeyProviderOptions) -> Self {
        Self {
            keys: Arc::new(KeyStore::new(options)),
        }
    }

    /// Sets the key of everybody, also of participants with keys of their own. False, and
    /// nothing done, unless the options say that keys are shared.
    pub fn set_shared_key(&self, index: i32, key: Vec<u8>) -> bool {
        self.keys.set_shared(index, key)
    }

    /// Moves everybody on to the key after the shared one; what it is derived from. `None` if
    /// there is none.
    pub fn ratchet_shared_key(&self, index: i32) -> Option<Vec<u8>> {
        self.keys.ratchet_shared(index)
    }

    /// What the shared key is derived from.
    pub fn get_shared_key(&self, index: i32) -> Option<Vec<u8>> {
        self.keys.shared_material(index)
    }

    /// Sets the key of one participant.
    pub fn set_key(&self, participant: String, index: i32, key: Vec<u8>) -> bool {
        self.keys.set(participant, index, key)
    }

    /// Moves a participant on to the key after its own; what it is derived from. `None` if
    /// there is none.
    pub fn ratchet_key(&self, participant: String, index: i32) -> Option<Vec<u8>> {
        self.keys.ratchet(participant, index)
    }

    /// What a participant's key is derived from: its own, else the shared one.
    pub fn get_key(&self, participant: String, index: i32) -> Option<Vec<u8>> {
        self.keys.material(&participant, index)
    }

    /// What the server ends the frames with that it injects. Of those only silence is played.
    pub fn set_sif_trailer(&self, trailer: Vec<u8>) {
        self.keys.set_server_trailer(trailer);
    }
}

/// Encrypts or decrypts one track. Clones share their state. Video passes as it is: there is
/// none.
#[derive(Clone)]
pub struct FrameCryptor {
    inner: Arc<AudioCryptor>,
}

impl FrameCryptor {
    /// For what we send. Disabled at first: frames are sent as they are.
    pub fn new_for_rtp_sender(
        _factory: &PeerConnectionFactory,
        participant: String,
        algorithm: EncryptionAlgorithm,
        keys: KeyProvider,
        sender: RtpSender,
    ) -> Self {
        let cryptor = Self::new(participant, algorithm, keys);
        sender.inner.set_send_cryptor(Arc::clone(&cryptor.inner));
        cryptor
    }

    /// For what we receive. Disabled at first: frames are decoded as they are.
    pub fn new_for_rtp_receiver(
        _factory: &PeerConnectionFactory,
        participant: String,
        algorithm: EncryptionAlgorithm,
        keys: KeyProvider,
        receiver: RtpReceiver,
    ) -> Self {
        let cryptor = Self::new(participant, algorithm, keys);
        receiver
            .inner
            .set_receive_cryptor(Arc::clone(&cryptor.inner));
        cryptor
    }

    fn new(participant: String, algorithm: EncryptionAlgorithm, keys: KeyProvider) -> Self {
        let background = driver::in_background;
        let inner = AudioCryptor::new(participant, algorithm, keys.keys, background);
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whether frames are encrypted or decrypted, from the next frame on.
    pub fn set_enabled(&self, enabled: bool) {
        self.inner.set_enabled(enabled);
    }

    /// Which key encrypts, at first 0; negative for the one set last. Received frames name
    /// theirs.
    pub fn set_key_index(&self, index: i32) {
        self.inner.set_key_index(index);
    }

    /// Which key encrypts.
    pub fn key_index(&self) -> i32 {
        self.inner.key_index()
    }

    /// Sets or clears the callback for changes of state, which runs in their order and with no lock
    /// held.
    pub fn on_state_change(&self, callback: Option<OnStateChange>) {
        self.inner.set_callback(callback);
    }

    /// Ignored: trailers belong to video.
    pub fn set_packet_trailer_handler(&self, _handler: &PacketTrailerHandler) {}
}

/// Encrypts and decrypts the data packets of a room.
#[derive(Clone)]
pub struct DataPacketCryptor {
    inner: Arc<DataCryptor>,
}

impl DataPacketCryptor {
    /// With the keys of a room.
    pub fn new(algorithm: EncryptionAlgorithm, keys: KeyProvider) -> Self {
        Self {
            inner: Arc::new(DataCryptor::new(algorithm, keys.keys)),
        }
    }

    /// Encrypts with the key that `participant` has at `index`.
    ///
    /// # Errors
    ///
    /// When there is no such key, or the cipher is unsupported.
    pub fn encrypt(
        &self,
        participant: &str,
        index: u32,
        data: &[u8],
    ) -> Result<EncryptedPacket, Box<dyn Error>> {
        Ok(self.inner.seal(participant, index, data)?)
    }

    /// Decrypts what `participant` encrypted.
    ///
    /// # Errors
    ///
    /// When there is no such key, none that fits, or the packet was changed on its way.
    pub fn decrypt(
        &self,
        participant: &str,
        packet: &EncryptedPacket,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        Ok(self.inner.open(participant, packet)?)
    }
}
