//! Finds the frames in a segment's bytes, whatever happened to them. Pure.
//!
//! ```text
//! |frame 0|frame 1|~~damaged~~|frame 3|~~half a frame~~|0000…
//!                  ^ reported, read on  ^ torn: cut, nothing after it
//! ```

use super::{
    cipher::Cipher,
    frame::{self, HEAD, Head, MAX_PAYLOAD, Record, RecordId, TAG},
};

/// Bytes that hold no readable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Number of the segment's file.
    pub segment: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// What was there.
    pub lost: Lost,
}

/// What damaged bytes held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The end of a segment whose writer was stopped in the middle of a frame: nothing that was
    /// acknowledged, unless the disk itself is at fault.
    TornTail {
        /// The record that was being written, if that much was.
        record: Option<RecordId>,
    },
    /// This record.
    Record(RecordId),
    /// So many records; the last of them is known.
    Records {
        /// How many.
        count: u32,
        /// The last.
        last: RecordId,
    },
    /// Everything in the segment: both copies of its key are damaged. The file stays.
    Segment,
}

/// One find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record, and where it ends in the file.
    Record { record: Record, end: u64 },
    /// Something that was one.
    Damage(Damage),
}

/// Walks through the frames of one segment.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where `bytes` begin in the file.
    base: u64,
    segment: u64,
    /// Index that the next frame should have.
    expected: u32,
    cipher: &'a Cipher,
}

impl<'a> Scanner<'a> {
    /// `bytes` begin at `base` of the segment, where frame `expected` should be.
    pub(super) fn new(
        cipher: &'a Cipher,
        segment: u64,
        base: u64,
        expected: u32,
        bytes: &'a [u8],
    ) -> Self {
        Self {
            bytes,
            at: 0,
            base,
            segment,
            expected,
            cipher,
        }
    }

    /// Where the walk is, in the file.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Index that the next frame should have.
    pub(super) fn expected(&self) -> u32 {
        self.expected
    }

    /// The next record or damage; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Found> {
        let rest = &self.bytes[self.at..];
        if rest.iter().all(|byte| *byte == 0) {
            return None;
        }
        let Some(head) = self.head(rest) else {
            return Some(Found::Damage(self.skip_to_a_head(rest)));
        };
        let length = head.frame_length();
        if let Some(record) = rest
            .get(..length)
            .and_then(|bytes| frame::open(self.cipher, &head, bytes))
        {
            self.at += length;
            self.expected = head.index + 1;
            let end = self.offset();
            return Some(Found::Record { record, end });
        }
        Some(Found::Damage(self.skip_a_body(rest, &head)))
    }

    /// An undamaged head that may stand here.
    fn head(&self, bytes: &[u8]) -> Option<Head> {
        let possible = |head: &Head| {
            head.index == self.expected
                && head.length as usize >= TAG
                && head.length as usize <= MAX_PAYLOAD + TAG
        };
        Head::parse(bytes).filter(possible)
    }

    /// The head is whole, its body is not.
    fn skip_a_body(&mut self, rest: &[u8], head: &Head) -> Damage {
        let end = head.frame_length().min(rest.len());
        let torn = rest[end..].iter().all(|byte| *byte == 0);
        let damage = self.damage(
            if torn { rest.len() } else { end },
            if torn {
                Lost::TornTail {
                    record: Some(head.id),
                }
            } else {
                Lost::Record(head.id)
            },
        );
        self.at += if torn { rest.len() } else { end };
        self.expected = head.index + 1;
        damage
    }

    /// No head here: everything up to the next one is lost, and that one says what it was.
    fn skip_to_a_head(&mut self, rest: &[u8]) -> Damage {
        let later = |at: &usize| {
            let head = Head::parse(&rest[*at..]);
            head.is_some_and(|head| head.index > self.expected)
        };
        let next = (1..rest.len().saturating_sub(HEAD)).find(later);
        let Some((at, head)) = next.and_then(|at| Some((at, Head::parse(&rest[at..])?))) else {
            let damage = self.damage(rest.len(), Lost::TornTail { record: None });
            self.at = self.bytes.len();
            return damage;
        };
        let count = head.index - self.expected;
        let last = head.before;
        let lost = if count == 1 {
            Lost::Record(last)
        } else {
            Lost::Records { count, last }
        };
        let damage = self.damage(at, lost);
        self.at += at;
        self.expected = head.index;
        damage
    }

    fn damage(&self, bytes: usize, lost: Lost) -> Damage {
        Damage {
            segment: self.segment,
            offset: self.offset(),
            bytes: bytes as u64,
            lost,
        }
    }
}
