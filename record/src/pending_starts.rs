//! Starts of sessions that the disk did not take. Such a start waits in memory for the database; a
//! turn that the disk takes afterwards would outlive it in a crash, sealed with a key that is stored
//! nowhere. So the disk gets the start again, before the first record of its session that it takes.

use std::collections::HashMap;

use database::{SessionId, StoredRecord, spool};

use super::seal::Sealed;

/// By session; an entry goes with its session's end, so there are no more than calls.
#[derive(Debug, Default)]
pub(super) struct PendingStarts(HashMap<SessionId, spool::Record>);

/// A group for the spool, with the starts it needs.
#[derive(Debug)]
pub(super) struct WithStarts {
    pub(super) records: Vec<spool::Record>,
    /// For each of the group, how many records are on the disk when it is.
    ends: Vec<usize>,
}

impl WithStarts {
    /// How many of the group are among the first `durable` records.
    pub(super) fn of_group(&self, durable: usize) -> usize {
        self.ends.partition_point(|end| *end <= durable)
    }
}

impl PendingStarts {
    /// The disk refused this record.
    pub(super) fn handed_over(&mut self, sealed: &Sealed) {
        match sealed.acknowledged.seq {
            StoredRecord::START => {
                let start = sealed.record.clone();
                self.0.insert(sealed.acknowledged.session, start);
            }
            StoredRecord::END => drop(self.0.remove(&sealed.acknowledged.session)),
            _ => {}
        }
    }

    /// What to append for this group: each start that the disk lacks comes before the first record
    /// of its session.
    pub(super) fn before(&self, group: &[Sealed]) -> WithStarts {
        let mut records = Vec::with_capacity(group.len());
        let mut ends = Vec::with_capacity(group.len());
        let mut given = Vec::new();
        for sealed in group {
            let session = sealed.acknowledged.session;
            if let Some(start) = self.0.get(&session)
                && !given.contains(&session)
            {
                records.push(start.clone());
                given.push(session);
            }
            records.push(sealed.record.clone());
            ends.push(records.len());
        }
        WithStarts { records, ends }
    }

    /// The disk took these, and the starts before them.
    pub(super) fn durable(&mut self, group: &[Sealed]) {
        for sealed in group {
            self.0.remove(&sealed.acknowledged.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Acknowledged;

    const START: i32 = StoredRecord::START;
    const END: i32 = StoredRecord::END;

    fn sealed(session: SessionId, seq: i32) -> Sealed {
        let id = spool::RecordId {
            session: session.0,
            seq,
        };
        Sealed {
            record: spool::Record {
                id,
                at_micros: 0,
                payload: Vec::new(),
            },
            acknowledged: Acknowledged {
                session,
                seq,
                hash: None,
            },
            waiting: None,
        }
    }

    fn seqs(records: &[spool::Record]) -> Vec<i32> {
        records.iter().map(|record| record.id.seq).collect()
    }

    #[test]
    fn a_start_that_the_disk_refused_comes_before_the_first_turn_that_it_takes() {
        let (one, two) = (SessionId::new(), SessionId::new());
        let mut starts = PendingStarts::default();
        starts.handed_over(&sealed(one, START));
        starts.handed_over(&sealed(one, 0));
        let group = [sealed(two, 7), sealed(one, 1), sealed(one, 2)];
        let given = starts.before(&group);
        assert_eq!(seqs(&given.records), [7, START, 1, 2]);
        let of_group: Vec<usize> = (0..=4).map(|n| given.of_group(n)).collect();
        assert_eq!(of_group, [0, 1, 1, 2, 3], "what of the group is durable");
        starts.durable(&group[..1]);
        assert_eq!(seqs(&starts.before(&group).records), [7, START, 1, 2]);
        starts.durable(&group);
        assert_eq!(seqs(&starts.before(&group).records), [7, 1, 2], "once");
    }

    #[test]
    fn a_session_that_ended_in_memory_leaves_nothing_to_wait_for() {
        let session = SessionId::new();
        let mut starts = PendingStarts::default();
        starts.handed_over(&sealed(session, START));
        starts.handed_over(&sealed(session, END));
        let group = [sealed(session, 1)];
        assert_eq!(seqs(&starts.before(&group).records), [1]);
    }
}
