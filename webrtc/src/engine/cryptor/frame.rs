//! A sealed audio frame on the wire.
//!
//! ```text
//! | TOC byte of Opus | ciphertext and tag (16) | IV (12) | 12 | index of the key |
//!   clear, but authenticated
//! ```

use super::{
    CryptorError,
    key::{Key, TAG_BYTES},
};

pub(super) const IV_BYTES: usize = 12;

/// The TOC byte (RFC 6716 section 3.1) stays readable for the server.
const CLEAR_BYTES: usize = 1;

/// Length of the IV, index of the key.
const TRAILER_BYTES: usize = 2;

/// The frame of silence that the server injects, by its TOC byte and what follows: zeros.
const SERVER_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// The parts of a sealed frame.
pub(super) struct Sealed<'a> {
    clear: &'a [u8],
    sealed: &'a [u8],
    iv: [u8; IV_BYTES],
    pub(super) key_index: u8,
}

impl<'a> Sealed<'a> {
    /// # Errors
    ///
    /// [`CryptorError::Malformed`] if this is not a sealed frame.
    pub(super) fn parse(frame: &'a [u8]) -> Result<Self, CryptorError> {
        let (frame, &[iv_bytes, key_index]) = frame
            .split_last_chunk::<TRAILER_BYTES>()
            .ok_or(CryptorError::Malformed)?;
        let (frame, &iv) = frame
            .split_last_chunk::<IV_BYTES>()
            .ok_or(CryptorError::Malformed)?;
        if usize::from(iv_bytes) != IV_BYTES || frame.len() < CLEAR_BYTES + TAG_BYTES {
            return Err(CryptorError::Malformed);
        }
        let (clear, sealed) = frame.split_at(CLEAR_BYTES);
        Ok(Self {
            clear,
            sealed,
            iv,
            key_index,
        })
    }

    pub(super) fn open(&self, key: &Key) -> Result<Vec<u8>, CryptorError> {
        let speech = key.open(self.iv, self.clear, self.sealed)?;
        Ok([self.clear, &speech].concat())
    }
}

/// Seals a frame of at least one byte.
pub(super) fn seal(
    frame: &[u8],
    key: &Key,
    key_index: u8,
    iv: [u8; IV_BYTES],
) -> Result<Vec<u8>, CryptorError> {
    let (clear, speech) = frame
        .split_at_checked(CLEAR_BYTES)
        .ok_or(CryptorError::Malformed)?;
    let mut sealed = speech.to_vec();
    key.seal(iv, clear, &mut sealed)?;
    let trailer = [IV_BYTES as u8, key_index];
    Ok([clear, &sealed, &iv, &trailer].concat())
}

/// The server marks frames of its own with a trailer that it announced in the join response.
pub(super) fn strip_server_trailer<'a>(frame: &'a [u8], trailer: &[u8]) -> Option<&'a [u8]> {
    if trailer.is_empty() {
        return None;
    }
    frame.strip_suffix(trailer)
}

/// The server has silence to add (a track that ended, a mute), never words.
pub(super) fn is_server_silence(frame: &[u8]) -> bool {
    frame
        .strip_prefix(&SERVER_SILENCE)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_frames_are_known_by_their_trailer() {
        let silence = [0xf8, 0xff, 0xfe, 0, 0, 0];
        let injected = [&silence[..], b"trailer"].concat();
        assert_eq!(
            strip_server_trailer(&injected, b"trailer"),
            Some(&silence[..])
        );
        assert_eq!(strip_server_trailer(&injected, b"other"), None);
        assert_eq!(
            strip_server_trailer(&injected, b""),
            None,
            "without a trailer every frame would be the server's"
        );
    }

    #[test]
    fn the_server_may_add_silence_alone() {
        assert!(is_server_silence(&[0xf8, 0xff, 0xfe, 0, 0]));
        assert!(!is_server_silence(&[0xf8, 0xff, 0xfe, 0, 1]));
        assert!(!is_server_silence(&[0x78, 1, 2]));
        assert!(!is_server_silence(&[]));
    }
}
