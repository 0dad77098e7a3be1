//! Data packets: the whole packet is sealed, IV and index travel beside it.

use std::sync::Arc;

use super::{
    CryptorError, KeyStore, check_cipher,
    frame::IV_BYTES,
    key::{IvSource, Key},
};
use crate::types::encryption::{EncryptedPacket, EncryptionAlgorithm};

/// Seals and opens the data packets of a room.
pub(crate) struct DataCryptor {
    algorithm: EncryptionAlgorithm,
    keys: Arc<KeyStore>,
    ivs: IvSource,
}

impl DataCryptor {
    pub(crate) fn new(algorithm: EncryptionAlgorithm, keys: Arc<KeyStore>) -> Self {
        Self {
            algorithm,
            keys,
            ivs: IvSource::new(),
        }
    }

    /// Encrypts with the key that `participant` has at `index`.
    ///
    /// # Errors
    ///
    /// When there is no such key, or the cipher is not AES-GCM.
    pub(crate) fn seal(
        &self,
        participant: &str,
        index: u32,
        data: &[u8],
    ) -> Result<EncryptedPacket, CryptorError> {
        check_cipher(self.algorithm)?;
        let key = self.keys.key_at(participant, index)?;
        let iv = self.ivs.next();
        let mut sealed = data.to_vec();
        key.seal(iv, &[], &mut sealed)?;
        Ok(EncryptedPacket {
            data: sealed,
            iv: iv.to_vec(),
            key_index: index,
        })
    }

    /// Decrypts what `participant` encrypted, following its ratchet. Unlike speech a packet
    /// waits for the derivation of later keys, since it is not sent again; that is a window of
    /// derivations at most, once for each key.
    ///
    /// # Errors
    ///
    /// When there is no such key, or none that fits.
    pub(crate) fn open(
        &self,
        participant: &str,
        packet: &EncryptedPacket,
    ) -> Result<Vec<u8>, CryptorError> {
        check_cipher(self.algorithm)?;
        let key = self.keys.key_at(participant, packet.key_index)?;
        let iv: [u8; IV_BYTES] = packet
            .iv
            .as_slice()
            .try_into()
            .map_err(|_| CryptorError::Malformed)?;
        let open = |key: &Key| key.open(iv, &[], &packet.data);
        if let Ok(data) = open(&key) {
            return Ok(data);
        }
        let mut link = Arc::clone(&key);
        for _ in 0..self.keys.window() {
            link = link.next()?;
            if let Ok(data) = open(&link) {
                self.keys.follow(participant, packet.key_index, &key, link);
                return Ok(data);
            }
        }
        Err(CryptorError::Unauthentic)
    }
}
