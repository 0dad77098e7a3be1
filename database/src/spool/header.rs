//! What a segment begins with: who it is and its wrapped key, twice, so that one damaged byte
//! does not take the segment with it. Pure.

use super::cipher::{self, Cipher, WRAPPED};
use crate::keys::{KeyError, SealingKey};

const MAGIC: [u8; 8] = *b"TLRspool";
const VERSION: u16 = 1;
/// Magic, version and number: what the wrapped key is bound to.
const BOUND: usize = 18;
const COPY: usize = BOUND + WRAPPED + 4;
/// Where the first frame begins.
pub(super) const HEADER: usize = 2 * COPY;

/// Why a segment cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Neither copy is whole.
    Damaged,
    /// Whole, but wrapped by another key.
    OtherKey,
}

/// The header of a new segment and the cipher for its frames.
pub(super) fn new(spool_key: &SealingKey, number: u64) -> Result<(Cipher, Vec<u8>), KeyError> {
    let mut copy = Vec::with_capacity(HEADER);
    copy.extend_from_slice(&MAGIC);
    copy.extend_from_slice(&VERSION.to_le_bytes());
    copy.extend_from_slice(&number.to_le_bytes());
    let (cipher, wrapped) = cipher::new_key(spool_key, &copy)?;
    copy.extend_from_slice(&wrapped);
    copy.extend_from_slice(&crc32fast::hash(&copy).to_le_bytes());
    copy.extend_from_within(..);
    Ok((cipher, copy))
}

/// The cipher of a segment that begins with `bytes`.
pub(super) fn open(spool_key: &SealingKey, bytes: &[u8]) -> Result<Cipher, Unreadable> {
    let whole = bytes.chunks_exact(COPY).take(2).find(|copy| {
        copy.starts_with(&MAGIC)
            && copy[8..10] == VERSION.to_le_bytes()
            && crc32fast::hash(&copy[..COPY - 4]).to_le_bytes() == copy[COPY - 4..]
    });
    let copy = whole.ok_or(Unreadable::Damaged)?;
    let wrapped: &[u8; WRAPPED] = copy[BOUND..COPY - 4]
        .try_into()
        .map_err(|_| Unreadable::Damaged)?;
    cipher::unwrap(spool_key, &copy[..BOUND], wrapped).ok_or(Unreadable::OtherKey)
}
