//! One sentence as a file: a mark, the sum of what follows, then 16-bit samples at 24 kHz, little end first.

use flate2::Crc;

/// The first bytes; the last of them is the version of the form.
const MARK: &[u8; 8] = b"TLRPCM\0\x01";
const HEAD: usize = MARK.len() + 4;

pub(super) fn write(samples: &[i16]) -> Vec<u8> {
    let sound: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    [MARK.as_slice(), &sum(&sound).to_le_bytes(), &sound].concat()
}

/// `None` for what is damaged or of another form.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<i16>> {
    let (head, sound) = bytes.split_at_checked(HEAD)?;
    let (mark, noted) = head.split_at(MARK.len());
    let is_whole = mark == MARK && noted == sum(sound).to_le_bytes() && sound.len() % 2 == 0;
    let sample = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
    is_whole.then(|| sound.chunks_exact(2).map(sample).collect())
}

fn sum(bytes: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum()
}
