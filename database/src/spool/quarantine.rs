//! Damaged bytes are copied aside, so that their segment can go when the rest of it is stored.

use std::{
    fs::File,
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

use super::{scan::Damage, segment};

const SUFFIX: &str = ".damaged";
/// More of one place is not kept: it is evidence, not data.
const MOST: u64 = 1 << 20;

/// Copies the bytes; they stay as they are, encrypted.
pub(super) fn set_aside(dir: &Path, damage: &Damage) -> io::Result<()> {
    let name = format!("{:012}-{:08}{SUFFIX}", damage.segment, damage.offset);
    let length = usize::try_from(damage.bytes.min(MOST)).unwrap_or(0);
    let mut bytes = vec![0; length];
    let segment = File::open(segment::path(dir, damage.segment))?;
    let length = segment.read_at(&mut bytes, damage.offset)?;
    let mut copy = match segment::create_private(&dir.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        copy => copy?,
    };
    copy.write_all(&bytes[..length])?;
    copy.sync_all()
}

/// The files of damaged bytes in a folder.
pub(super) fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = std::fs::read_dir(dir)?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(SUFFIX))
        .collect();
    names.sort();
    Ok(names)
}
