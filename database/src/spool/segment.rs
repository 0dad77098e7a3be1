//! One segment's file: made whole before its first record, then only filled.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{
    cipher::Cipher,
    error::{SpoolError, disk},
    frame::{self, HEAD, Record, RecordId, TAG},
    header::{self, HEADER},
};
use crate::{fail, keys::SealingKey};

/// Before the first record there was none.
const NONE: RecordId = RecordId {
    session: uuid::Uuid::nil(),
    seq: -1,
};

/// The segment that is being filled.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    file: File,
    cipher: Cipher,
    /// Bytes of the file: those behind `end` are zero.
    pub(super) size: u64,
    /// Where the next frame goes; everything before is on the disk.
    pub(super) end: u64,
    next_index: u32,
    last: RecordId,
}

impl Segment {
    /// A new file, all of it on the disk: what is written later needs no room and changes no
    /// folder, so its `fdatasync` is short and cannot fail for want of space.
    pub(super) fn create(
        dir: &Path,
        number: u64,
        size: u64,
        spool_key: &SealingKey,
    ) -> Result<Self, SpoolError> {
        let (cipher, header) = header::new(spool_key, number)
            .map_err(|error| disk("making a segment's key")(io::Error::other(error)))?;
        let path = path(dir, number);
        let write = || {
            let mut file = create_private(&path)?;
            file.write_all(&header)?;
            let zeros = vec![0; usize::try_from(size).unwrap_or(0).saturating_sub(HEADER)];
            file.write_all(&zeros)?;
            file.sync_all()?;
            File::open(dir)?.sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|error: io::Error| {
            // Nothing was acknowledged from it.
            let _absent_or_replayed_as_empty = std::fs::remove_file(&path);
            disk("making a segment of the spool")(error)
        })?;
        Ok(Self {
            number,
            file,
            cipher,
            size,
            end: HEADER as u64,
            next_index: 0,
            last: NONE,
        })
    }

    /// How many of these records fit, from the first.
    pub(super) fn room_for(&self, records: &[Record]) -> usize {
        let mut end = self.end;
        let fits = |record: &&Record| {
            end += frame_bytes(record);
            end <= self.size
        };
        records.iter().take_while(fits).count()
    }

    /// Brings these records to the disk, all or none. A segment that failed is not used again: a
    /// second `fdatasync` may succeed without having written what the first one lost.
    pub(super) fn write(&mut self, records: &[Record]) -> Result<(), SpoolError> {
        let mut bytes = Vec::with_capacity(
            usize::try_from(records.iter().map(frame_bytes).sum::<u64>()).unwrap_or(0),
        );
        let (mut index, mut last) = (self.next_index, self.last);
        for record in records {
            frame::write(&mut bytes, &self.cipher, index, last, record);
            (index, last) = (index + 1, record.id);
        }
        fail::point("before-append");
        if fail::armed("mid-frame") {
            let half = bytes.len() / 2;
            self.file
                .write_all_at(&bytes[..half], self.end)
                .map_err(disk("writing to the spool"))?;
            fail::point("mid-frame");
        }
        self.file
            .write_all_at(&bytes, self.end)
            .map_err(disk("writing to the spool"))?;
        fail::failing("fdatasync")
            .and_then(|()| self.file.sync_data())
            .map_err(disk("bringing the spool to the disk"))?;
        fail::point("after-append");
        self.end += bytes.len() as u64;
        (self.next_index, self.last) = (index, last);
        Ok(())
    }
}

/// What a segment for this record needs at least.
pub(super) fn least_size(record: &Record) -> u64 {
    HEADER as u64 + frame_bytes(record)
}

fn frame_bytes(record: &Record) -> u64 {
    (HEAD + record.payload.len() + TAG) as u64
}

/// The file of a segment.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:012}.seg"))
}

/// The numbers of all segments in a folder, oldest first.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".seg"));
        numbers.extend(stem.and_then(|stem| stem.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// A new file for this user alone.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// A folder for this user alone.
pub(super) fn create_folder(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
