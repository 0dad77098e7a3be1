//! Vectors kept in a file, so that a text's meaning is found once.
//!
//! The file: a mark, then for each text its length in bytes, the text, and 384 numbers, all little-endian. The first
//! text is a probe: where its vector is not the network's own, the file is another network's, and counts as empty.

use std::{
    collections::HashMap,
    fs,
    io::{ErrorKind, Write},
    path::Path,
};

use crate::{Embedder, Vector, network::SIZE};

const MARK: &[u8] = b"vectors1";
const PROBE: &str = "what does this network make of this sentence";
/// A probe that is less near is of another network.
const SAME: f32 = 0.9999;

/// Reads what [`keep`] wrote; nothing where there is no such file, or it is another network's or damaged.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn kept(file: &Path, embedder: &Embedder) -> std::io::Result<HashMap<String, Vector>> {
    let bytes = match fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashMap::new()),
        bytes => bytes?,
    };
    let vectors = parse(&bytes).unwrap_or_default();
    let probe = vectors
        .get(PROBE)
        .map(|kept| kept.nearness(&embedder.embed(PROBE)));
    Ok(if probe.is_some_and(|probe| probe > SAME) {
        vectors
    } else {
        HashMap::new()
    })
}

fn parse(bytes: &[u8]) -> Option<HashMap<String, Vector>> {
    let mut rest = bytes.strip_prefix(MARK)?;
    let mut vectors = HashMap::new();
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (text, tail) = tail.split_at_checked(length)?;
        let (numbers, tail) = tail.split_at_checked(4 * SIZE)?;
        let text = String::from_utf8(text.to_vec()).ok()?;
        vectors.insert(text, Vector::from_bytes(numbers)?);
        rest = tail;
    }
    Some(vectors)
}

/// Writes these vectors of the embedder's; the file is replaced whole.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(
    file: &Path,
    embedder: &Embedder,
    vectors: &HashMap<String, Vector>,
) -> std::io::Result<()> {
    let probe = (PROBE.to_owned(), embedder.embed(PROBE));
    let mut bytes = MARK.to_vec();
    for (text, vector) in vectors.iter().chain([(&probe.0, &probe.1)]) {
        let length = u32::try_from(text.len()).map_err(std::io::Error::other)?;
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(vector.to_bytes());
    }
    let part = file.with_extension(format!("{}.part", std::process::id()));
    let mut out = fs::File::create(&part)?;
    out.write_all(&bytes)?;
    out.sync_all()?;
    fs::rename(&part, file)
}

#[cfg(test)]
mod tests {
    use super::{MARK, parse};
    use crate::network::SIZE;

    #[test]
    fn a_damaged_file_counts_as_empty() {
        let mut bytes = MARK.to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(b"yes");
        bytes.extend(1_f32.to_le_bytes().repeat(SIZE));
        let read = parse(&bytes).expect("it is whole");
        assert!(read["yes"].numbers()[0] > 0.0);
        assert!(parse(&bytes[..bytes.len() - 1]).is_none(), "cut short");
        assert!(parse(&bytes[1..]).is_none(), "without its mark");
        let mut endless = MARK.to_vec();
        endless.extend(u32::MAX.to_le_bytes());
        assert!(parse(&endless).is_none(), "a length beyond its end");
    }
}
