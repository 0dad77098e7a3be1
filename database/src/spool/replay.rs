//! What an earlier process left: counted, torn tails cut, damaged places set aside.

use std::{
    fs::{File, OpenOptions},
    io,
};

use super::{
    error::{SpoolError, disk},
    header::{self, HEADER, Unreadable},
    scan::{Damage, Found, Lost, Scanner},
    segment,
    store::{Extent, Store},
};

/// What was found at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Segments that were left.
    pub segments: usize,
    /// Records in them that the database may not have.
    pub records: u64,
    /// Places that cannot be read, torn tails among them.
    pub damage: Vec<Damage>,
}

impl Replay {
    /// Torn tails among the damage: the mark of a process that was killed while it wrote.
    #[must_use]
    pub fn torn_tails(&self) -> usize {
        let torn = |damage: &&Damage| matches!(damage.lost, Lost::TornTail { .. });
        self.damage.iter().filter(torn).count()
    }
}

/// Finds the segments of an earlier process, and the number of the next one.
pub(super) fn replay(store: &Store) -> Result<(Replay, u64), SpoolError> {
    let mut replay = Replay::default();
    let numbers = segment::numbers(&store.dir).map_err(disk("reading the spool's folder"))?;
    for number in &numbers {
        let path = segment::path(&store.dir, *number);
        let bytes = std::fs::read(&path).map_err(disk("reading the spool"))?;
        let body = bytes.get(HEADER..).unwrap_or_default();
        let cipher = match header::open(&store.key, &bytes) {
            Ok(cipher) => cipher,
            Err(Unreadable::OtherKey) => {
                return Err(SpoolError::OtherKey {
                    file: path.display().to_string(),
                });
            }
            // Killed while it was made: nothing was written to it, so nothing was acknowledged.
            Err(Unreadable::Damaged) if body.iter().all(|byte| *byte == 0) => {
                std::fs::remove_file(&path).map_err(disk("clearing the spool"))?;
                continue;
            }
            Err(Unreadable::Damaged) => {
                replay.damage.push(unreadable(*number, bytes.len() as u64));
                continue;
            }
        };
        let mut scanner = Scanner::new(&cipher, *number, HEADER as u64, 0, body);
        let (mut records, mut damage) = (0, Vec::new());
        let mut end = HEADER as u64;
        while let Some(found) = scanner.next() {
            match found {
                Found::Record { end: at, .. } => {
                    records += 1;
                    end = at;
                }
                Found::Damage(place) => damage.push(place),
            }
        }
        let extent = Extent {
            end,
            size: end,
            closed: false,
            keep: false,
        };
        store.add(*number, extent, records);
        damage.retain(|place| store.report(place));
        // What is torn was set aside above; behind it there are only the zeros of a new segment.
        // A process that crashes in a loop must not fill the budget with them.
        if !store.is_kept(*number) {
            cut(&path, end).map_err(disk("cutting a torn tail"))?;
        }
        store.close(*number);
        replay.segments += 1;
        replay.records += records;
        replay.damage.append(&mut damage);
    }
    Ok((replay, numbers.last().map_or(1, |last| last + 1)))
}

/// Neither copy of the header can be read: without the key, nothing in it can.
fn unreadable(segment: u64, bytes: u64) -> Damage {
    Damage {
        segment,
        offset: 0,
        bytes,
        lost: Lost::Segment,
    }
}

fn cut(path: &std::path::Path, end: u64) -> io::Result<()> {
    let file: File = OpenOptions::new().write(true).open(path)?;
    if file.metadata()?.len() > end {
        file.set_len(end)?;
        file.sync_all()?;
    }
    Ok(())
}
