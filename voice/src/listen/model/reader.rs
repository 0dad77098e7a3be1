//! Little-endian fields out of a byte slice; every error says where and what.

/// Reads forward and never past the end.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(super) fn at_end(&self) -> bool {
        self.offset == self.bytes.len()
    }

    /// `count` bytes of `what`.
    pub(super) fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8], String> {
        let end = self
            .offset
            .checked_add(count)
            .filter(|&end| end <= self.bytes.len());
        let Some(end) = end else {
            let (have, at) = (self.bytes.len(), self.offset);
            return Err(format!(
                "it is cut short: {what} at byte {at} needs {count} bytes, and the file ends at byte {have}"
            ));
        };
        let piece = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(piece)
    }

    /// A 32-bit number of `what`.
    pub(super) fn number(&mut self, what: &str) -> Result<u32, String> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_le_bytes(
            bytes.try_into().expect("four bytes were taken"),
        ))
    }

    /// A 32-bit number that must lie in `range`.
    pub(super) fn number_in(
        &mut self,
        what: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, String> {
        let value = self.number(what)?;
        if range.contains(&value) {
            Ok(value)
        } else {
            Err(format!(
                "{what} is {value}, expected {} to {}",
                range.start(),
                range.end()
            ))
        }
    }
}
