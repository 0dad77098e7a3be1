//! The wire format of protocol buffers, in which ONNX files are written: numbered fields, one after another.

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// A number, an enum or a truth.
    Number(u64),
    /// A text, a message, packed numbers; or a number of fixed size.
    Bytes(&'a [u8]),
}

/// The fields of a message, in order. Ends at the first that is broken, after saying so.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), String> {
        let key = varint(&mut self.rest)?;
        let value = match key & 0b111 {
            0 => Value::Number(varint(&mut self.rest)?),
            1 => Value::Bytes(take(&mut self.rest, 8)?),
            2 => {
                let length = varint(&mut self.rest)?;
                Value::Bytes(take(&mut self.rest, length)?)
            }
            5 => Value::Bytes(take(&mut self.rest, 4)?),
            kind => return Err(format!("a field has the unknown kind {kind}")),
        };
        Ok((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Numbers that stand packed in one field.
pub(super) fn numbers(mut packed: &[u8]) -> Result<Vec<u64>, String> {
    let mut all = Vec::new();
    while !packed.is_empty() {
        all.push(varint(&mut packed)?);
    }
    Ok(all)
}

/// A text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("a name is no text: {error}"))
}

fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or_else(cut_short)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number has more than 64 bits".to_owned())
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let length = usize::try_from(length).map_err(|_| cut_short())?;
    let (taken, after) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    *rest = after;
    Ok(taken)
}

fn cut_short() -> String {
    "it is cut short".to_owned()
}
