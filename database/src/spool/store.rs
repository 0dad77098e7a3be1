//! What writer, reader and onlookers share: which segments there are and how far they were
//! brought to the database.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{
    budget::{self, Fullness},
    header::HEADER,
    letters, quarantine,
    scan::Damage,
    segment,
};
use crate::{fail, keys::SealingKey};

/// A place in the spool. Places are ordered as records were appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

impl Position {
    pub(super) fn start_of(segment: u64) -> Self {
        Self {
            segment,
            offset: HEADER as u64,
        }
    }
}

/// What is on the disk of one segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Where its durable records end.
    pub(super) end: u64,
    /// Bytes it takes.
    pub(super) size: u64,
    /// Nothing is added any more.
    pub(super) closed: bool,
    /// Holds something that reached neither the database nor a dead letter: it stays.
    pub(super) keep: bool,
}

/// How the spool stands; for health, metrics and `teller spool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpoolStatus {
    /// How full it is.
    pub fullness: Fullness,
    /// Bytes in use of the budget.
    pub used_bytes: u64,
    /// Bytes it may take.
    pub budget_bytes: u64,
    /// Records on the disk that the database does not have yet.
    pub waiting: u64,
    /// Damaged places found since the start.
    pub damaged: u64,
    /// Records that the database can never take, since the start.
    pub parked: u64,
}

#[derive(Debug, Default)]
struct State {
    segments: BTreeMap<u64, Extent>,
    /// Everything before it is in the database.
    done: Position,
    waiting: u64,
    known_damage: BTreeSet<(u64, u64)>,
    parked: u64,
    refusing: bool,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) dir: PathBuf,
    pub(super) key: SealingKey,
    pub(super) budget: u64,
    state: Mutex<State>,
    /// Where durable records end; wakes the reader.
    pub(super) durable: watch::Sender<Position>,
}

impl Store {
    pub(super) fn new(dir: PathBuf, key: SealingKey, budget: u64) -> Self {
        Self {
            dir,
            key,
            budget,
            state: Mutex::default(),
            durable: watch::Sender::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A segment that exists from now on.
    pub(super) fn add(&self, number: u64, extent: Extent, records: u64) {
        let mut state = self.state();
        state.segments.insert(number, extent);
        state.waiting += records;
        if records > 0 {
            self.durable.send_replace(Position {
                segment: number,
                offset: extent.end,
            });
        }
    }

    /// `records` more are durable, up to `end`.
    pub(super) fn extended(&self, number: u64, end: u64, records: u64) {
        let mut state = self.state();
        if let Some(extent) = state.segments.get_mut(&number) {
            extent.end = end;
        }
        state.waiting += records;
        self.durable.send_replace(Position {
            segment: number,
            offset: end,
        });
    }

    /// Nothing will be added to this segment.
    pub(super) fn close(&self, number: u64) {
        let mut state = self.state();
        if let Some(extent) = state.segments.get_mut(&number) {
            extent.closed = true;
        }
        self.delete_done(&mut state);
    }

    /// Closes the writer's segment if all of it is in the database.
    pub(super) fn close_if_done(&self, number: u64) -> bool {
        let mut state = self.state();
        let done = state.done;
        let all_done = |extent: &&mut Extent| {
            done >= Position {
                segment: number,
                offset: extent.end,
            }
        };
        let Some(extent) = state.segments.get_mut(&number).filter(all_done) else {
            return false;
        };
        extent.closed = true;
        self.delete_done(&mut state);
        true
    }

    /// Where to read on after `at`: the segment, its extent, and the place in it.
    pub(super) fn unread(&self, at: Position) -> Option<(Position, Extent)> {
        let state = self.state();
        state
            .segments
            .range(at.segment..)
            .map(|(number, extent)| {
                let from = if *number == at.segment {
                    at
                } else {
                    Position::start_of(*number)
                };
                (from, *extent)
            })
            .find(|(from, extent)| from.offset < extent.end)
    }

    /// Everything before `upto` is in the database or parked; `records` of them were waiting.
    pub(super) fn done(&self, upto: Position, records: u64) {
        let mut state = self.state();
        state.done = state.done.max(upto);
        state.waiting = state.waiting.saturating_sub(records);
        self.delete_done(&mut state);
    }

    /// Where the first record is that the database may not have.
    pub(super) fn done_until(&self) -> Position {
        self.state().done
    }

    /// A segment that must outlive its records being dealt with.
    pub(super) fn keep(&self, number: u64) {
        if let Some(extent) = self.state().segments.get_mut(&number) {
            extent.keep = true;
        }
    }

    /// Whether this segment must stay as it is.
    pub(super) fn is_kept(&self, number: u64) -> bool {
        let state = self.state();
        state
            .segments
            .get(&number)
            .is_some_and(|extent| extent.keep)
    }

    /// A record was parked.
    pub(super) fn parked(&self) {
        self.state().parked += 1;
    }

    /// Sets damaged bytes aside; `true` the first time they are seen.
    pub(super) fn report(&self, damage: &Damage) -> bool {
        let mut state = self.state();
        let new = state.known_damage.insert((damage.segment, damage.offset));
        let extent = state.segments.get_mut(&damage.segment);
        if new
            && quarantine::set_aside(&self.dir, damage).is_err()
            && let Some(extent) = extent
        {
            extent.keep = true;
        }
        new
    }

    fn delete_done(&self, state: &mut State) {
        let done = state.done;
        let finished = |number: &u64, extent: &Extent| {
            let end = Position {
                segment: *number,
                offset: extent.end,
            };
            extent.closed && !extent.keep && (done >= end || extent.end == HEADER as u64)
        };
        let gone: Vec<u64> = state
            .segments
            .iter()
            .filter(|(number, extent)| finished(number, extent))
            .map(|(number, _)| *number)
            .collect();
        for number in gone {
            fail::point("before-delete");
            // One that stays is replayed at the next start, which changes nothing.
            let _deleted_or_replayed = std::fs::remove_file(segment::path(&self.dir, number));
            state.segments.remove(&number);
        }
    }

    /// Whether a segment of this size still fits into the budget.
    pub(super) fn fits(&self, size: u64) -> bool {
        let state = self.state();
        let used: u64 = state.segments.values().map(|extent| extent.size).sum();
        used + size <= self.budget
    }

    /// Whether it took no records the last time.
    pub(super) fn refuses(&self) -> bool {
        self.state().refusing
    }

    /// The spool takes no records for now, or takes them again.
    pub(super) fn set_refusing(&self, refusing: bool) {
        self.state().refusing = refusing;
    }

    pub(super) fn status(&self) -> SpoolStatus {
        let state = self.state();
        let in_use = |extent: &Extent| {
            if extent.closed {
                extent.size
            } else {
                extent.end
            }
        };
        let used: u64 = state.segments.values().map(in_use).sum();
        SpoolStatus {
            fullness: if state.refusing {
                Fullness::Full
            } else {
                budget::fullness(used, self.budget)
            },
            used_bytes: used,
            budget_bytes: self.budget,
            waiting: state.waiting,
            damaged: state.known_damage.len() as u64,
            parked: state.parked,
        }
    }

    /// Dead letters in the folder.
    pub(super) fn letters(&self) -> usize {
        letters::count(&self.dir)
    }
}
