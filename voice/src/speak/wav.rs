//! WAV as the engines write it: espeak-ng's header, on a pipe, promises two gigabytes.

/// Mono samples and their rate; of several channels the first. `None` when it is not 16-bit PCM in a RIFF file.
pub(super) fn read(bytes: &[u8]) -> Option<(Vec<i16>, u32)> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let number = |at: usize, bytes: &[u8]| -> Option<u32> {
        Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    let (mut at, mut format) = (12, None);
    loop {
        let length = number(at + 4, bytes)? as usize;
        let start = at + 8;
        let end = start.saturating_add(length).min(bytes.len());
        let chunk = bytes.get(start..end)?;
        match bytes.get(at..at + 4)? {
            b"fmt " => {
                let (kind, channels, bits) =
                    (short(chunk, 0)?, short(chunk, 2)?, short(chunk, 14)?);
                // 0xfffe is the extensible form of the same.
                if !matches!(kind, 1 | 0xfffe) || bits != 16 || channels == 0 {
                    return None;
                }
                format = Some((usize::from(channels), number(4, chunk)?));
            }
            b"data" => {
                let (channels, rate_hz) = format?;
                let samples = chunk
                    .chunks_exact(2 * channels)
                    .map(|frame| i16::from_le_bytes([frame[0], frame[1]]));
                return Some((samples.collect(), rate_hz));
            }
            _ => {}
        }
        at = start.saturating_add(length).saturating_add(length % 2);
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(data_length: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        bytes.extend(22_050_u32.to_le_bytes());
        bytes.extend([0x44, 0xac, 0, 0, 2, 0, 16, 0]);
        bytes.extend(b"data");
        bytes.extend(data_length.to_le_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn a_header_that_promises_more_than_there_is_gives_what_there_is() {
        assert_eq!(
            read(&file(0x7fff_f000, &[1, 0, 2, 0])),
            Some((vec![1, 2], 22_050))
        );
    }

    #[test]
    fn what_is_no_wave_file_is_refused() {
        assert_eq!(read(b""), None);
        assert_eq!(read(b"{\"error\": \"no\"}"), None);
        assert_eq!(read(&file(4, &[1, 0, 2, 0])[..30]), None);
    }
}
