//! Protobuf as far as it is needed: which field lies where, and one message within another.

/// A file that is no protobuf message, or ends early.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MalformedFile;

/// A field as it lies in a message.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    kind: u8,
    /// The field whole, to be copied.
    pub(super) raw: &'a [u8],
    /// What it holds; of a number nothing.
    pub(super) payload: &'a [u8],
}

impl Field<'_> {
    /// Bytes that may be a message or text, and no number.
    pub(super) const fn is_message(&self) -> bool {
        self.kind == 2
    }
}

/// The fields of a message in their order.
pub(super) fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, MalformedFile> {
    let (mut all, mut rest) = (Vec::new(), message);
    while !rest.is_empty() {
        let begin = rest;
        let key = number(&mut rest)?;
        let kind = (key & 7) as u8;
        let payload = match kind {
            0 => {
                number(&mut rest)?;
                &[][..]
            }
            1 => take(&mut rest, 8)?,
            2 => {
                let length = number(&mut rest)?;
                take(
                    &mut rest,
                    usize::try_from(length).map_err(|_| MalformedFile)?,
                )?
            }
            5 => take(&mut rest, 4)?,
            _ => return Err(MalformedFile),
        };
        all.push(Field {
            number: u32::try_from(key >> 3).map_err(|_| MalformedFile)?,
            kind,
            raw: &begin[..begin.len() - rest.len()],
            payload,
        });
    }
    Ok(all)
}

/// A payload that is a name.
pub(super) fn text(payload: &[u8]) -> Result<&str, MalformedFile> {
    std::str::from_utf8(payload).map_err(|_| MalformedFile)
}

/// Appends a field that holds these bytes.
pub(super) fn message(into: &mut Vec<u8>, field: u32, content: &[u8]) {
    append(into, u64::from(field) << 3 | 2);
    append(into, content.len() as u64);
    into.extend_from_slice(content);
}

/// A `ValueInfoProto`: 32-bit floats of three dimensions of any length.
pub(super) fn float_of_rank_3(name: &str) -> Vec<u8> {
    let mut shape = Vec::new();
    for dimension in ["batch", "channels", "frames"] {
        let mut named = Vec::new();
        message(&mut named, 2, dimension.as_bytes());
        message(&mut shape, 1, &named);
    }
    // Element type 1 is f32.
    let mut tensor = vec![0x08, 0x01];
    message(&mut tensor, 2, &shape);
    let mut kind = Vec::new();
    message(&mut kind, 1, &tensor);
    let mut value = Vec::new();
    message(&mut value, 1, name.as_bytes());
    message(&mut value, 2, &kind);
    value
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], MalformedFile> {
    let (taken, left) = rest.split_at_checked(count).ok_or(MalformedFile)?;
    *rest = left;
    Ok(taken)
}

fn number(rest: &mut &[u8]) -> Result<u64, MalformedFile> {
    let mut value = 0;
    for (at, &byte) in rest.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at).min(63);
        if byte < 0x80 {
            *rest = &rest[at + 1..];
            return Ok(value);
        }
    }
    Err(MalformedFile)
}

fn append(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}
