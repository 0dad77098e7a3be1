//! One record as bytes in a segment. Pure: bytes in, frames out.
//!
//! ```text
//! magic 4 | index 4 | session 16 | seq 4 | at 8 | session before 16 | seq before 4 | length 4 | body CRC 4 | head CRC 4 | body
//! ```
//!
//! Numbers are little-endian. The body is the payload under the segment's key, bound to the head,
//! followed by its tag. Head and body have a checksum each, and the head names the record before,
//! so that one damaged frame is always known by session and number.

use uuid::Uuid;

use super::cipher::Cipher;

/// Bytes before the body.
pub(super) const HEAD: usize = 68;
/// What the body is longer than the payload: the tag of AES-GCM.
pub(super) const TAG: usize = 16;
/// A payload is at most this long: a turn is some hundred bytes, the longest document far less.
pub const MAX_PAYLOAD: usize = 16 << 20;

const MAGIC: [u8; 4] = *b"TLRf";
/// The head up to the checksums: what the body's tag covers.
const BOUND: usize = 60;

/// Which record of which session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// The session.
    pub session: Uuid,
    /// The message's number; below 0 or `i32::MAX` for what is not a message.
    pub seq: i32,
}

/// Something to be kept: bytes whose meaning the spool does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which.
    pub id: RecordId,
    /// When it was made, microseconds since 1970. The order of records is that of appending: a
    /// clock that goes back changes nothing.
    pub at_micros: i64,
    /// What is kept.
    pub payload: Vec<u8>,
}

/// What a frame says before its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Place within the segment, from 0: also the nonce under the segment's key.
    pub(super) index: u32,
    pub(super) id: RecordId,
    pub(super) at_micros: i64,
    pub(super) before: RecordId,
    /// Of the body, tag included.
    pub(super) length: u32,
    body_crc: u32,
}

impl Head {
    /// The head at the start of `bytes`, if there is an undamaged one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<HEAD>()?;
        if head[..4] != MAGIC || crc32fast::hash(&head[..64]) != number(head, 64) {
            return None;
        }
        Some(Self {
            index: number(head, 4),
            id: record_id(head, 8),
            at_micros: i64::from_le_bytes(head[28..36].try_into().ok()?),
            before: record_id(head, 36),
            length: number(head, 56),
            body_crc: number(head, 60),
        })
    }

    /// Head and body together.
    pub(super) fn frame_length(&self) -> usize {
        HEAD + self.length as usize
    }

    /// The body, if it is all there and undamaged.
    pub(super) fn body<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let body = frame.get(HEAD..self.frame_length())?;
        (crc32fast::hash(body) == self.body_crc).then_some(body)
    }
}

/// Appends the frame of `record` to `out`.
pub(super) fn write(
    out: &mut Vec<u8>,
    cipher: &Cipher,
    index: u32,
    before: RecordId,
    record: &Record,
) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&index.to_le_bytes());
    put_record_id(out, record.id);
    out.extend_from_slice(&record.at_micros.to_le_bytes());
    put_record_id(out, before);
    let length = u32::try_from(record.payload.len() + TAG).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    let body = cipher.seal(
        u64::from(index),
        &out[start..start + BOUND],
        &record.payload,
    );
    out.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    let crc = crc32fast::hash(&out[start..start + 64]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&body);
}

/// The record of a frame whose checksums are right; `None` if somebody made them so.
pub(super) fn open(cipher: &Cipher, head: &Head, frame: &[u8]) -> Option<Record> {
    let payload = cipher.open(
        u64::from(head.index),
        frame.get(..BOUND)?,
        head.body(frame)?,
    )?;
    Some(Record {
        id: head.id,
        at_micros: head.at_micros,
        payload,
    })
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes: [u8; 4] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    u32::from_le_bytes(bytes)
}

fn record_id(head: &[u8; HEAD], at: usize) -> RecordId {
    let mut session = [0; 16];
    session.copy_from_slice(&head[at..at + 16]);
    RecordId {
        session: Uuid::from_bytes(session),
        seq: i32::from_le_bytes(number(head, at + 16).to_le_bytes()),
    }
}

fn put_record_id(out: &mut Vec<u8>, id: RecordId) {
    out.extend_from_slice(id.session.as_bytes());
    out.extend_from_slice(&id.seq.to_le_bytes());
}
