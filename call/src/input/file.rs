use std::str::Utf8Error;

/// Why the bytes of a file are not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileTextError {
    /// Bytes that are not UTF-8, after this many that are.
    #[error("byte {0} is not UTF-8; save the file as UTF-8 text")]
    NotUtf8(usize),
    /// The file is marked as UTF-16 and is not.
    #[error("it begins as UTF-16 and is not; save the file as UTF-8 text")]
    NotUtf16,
    /// A U+0000, in this line: no program of text writes one, and PostgreSQL refuses it.
    #[error("line {0} holds a NUL character; save the file as UTF-8 text")]
    Nul(usize),
}

/// The text of a file: UTF-8, with or without a byte order mark, or UTF-16 with one, as spreadsheets
/// and editors save it. The mark is taken off, and all lines end in `\n`.
///
/// # Errors
/// [`FileTextError`], for whoever edits the file.
pub fn decode_file(bytes: &[u8]) -> Result<String, FileTextError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => {
            let unmarked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let mark = bytes.len() - unmarked.len();
            let not_utf8 = |error: Utf8Error| FileTextError::NotUtf8(mark + error.valid_up_to());
            std::str::from_utf8(unmarked).map_err(not_utf8)?.to_owned()
        }
    };
    if let Some((before, _)) = text.split_once('\0') {
        return Err(FileTextError::Nul(before.matches('\n').count() + 1));
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, FileTextError> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return Err(FileTextError::NotUtf16);
    };
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .collect::<Result<_, _>>()
        .map_err(|_unpaired| FileTextError::NotUtf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_however_an_editor_saved_it() {
        let text = "username,name\nzoë,Zoë\n";
        let windows = text.replace('\n', "\r\n");
        let marked = |units: Vec<[u8; 2]>| units.concat();
        let utf16 = || {
            format!("\u{feff}{windows}")
                .encode_utf16()
                .collect::<Vec<_>>()
        };
        for bytes in [
            text.as_bytes().to_vec(),
            windows.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            text.replace('\n', "\r").into_bytes(),
            marked(utf16().into_iter().map(u16::to_le_bytes).collect()),
            marked(utf16().into_iter().map(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(decode_file(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_text_is_refused_with_its_place() {
        for (bytes, expected) in [
            (&b"caf\xe9"[..], FileTextError::NotUtf8(3)),
            (b"\xef\xbb\xbfcaf\xe9", FileTextError::NotUtf8(6)),
            (b"one\ntw\0o", FileTextError::Nul(2)),
            (b"\xff\xfea", FileTextError::NotUtf16),
            (b"\xff\xfe\x00\xd8", FileTextError::NotUtf16),
        ] {
            assert_eq!(decode_file(bytes), Err(expected), "{bytes:?}");
        }
    }
}
