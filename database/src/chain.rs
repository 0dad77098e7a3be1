//! The hash of a message row and of all rows of its session before it. What is hashed:
//! `message/canonical.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::SessionId;

/// SHA-256 of a row and all rows of its session before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RowHash(pub [u8; 32]);

impl RowHash {
    /// What the first row of a session is chained to.
    #[must_use]
    pub fn first(session: SessionId) -> Self {
        let mut hash = Sha256::new_with_prefix("teller/session/1");
        hash.update(session.0.as_bytes());
        Self(hash.finalize().into())
    }

    /// Of 32 bytes as stored.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RowHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<RowHash> for String {
    fn from(hash: RowHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for RowHash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(|_| "a row hash is 64 hexadecimal digits")?;
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_hash_reads_back_from_its_digits_and_from_nothing_else() {
        let hash = RowHash::first(SessionId(Uuid::from_u128(1)));
        let json = serde_json::to_string(&hash).expect("a string");
        assert_eq!(serde_json::from_str::<RowHash>(&json).ok(), Some(hash));
        for wrong in ["", "00", "zz", &"é".repeat(32), &"0".repeat(63)] {
            assert!(RowHash::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
