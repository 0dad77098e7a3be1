//! One session's rows against their hashes. Pure.

use super::report::Problem;
use crate::{RowHash, SealedMessage, SessionId};

/// What the session's own row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionNumbers {
    pub(super) message_count: i32,
    pub(super) last_seq: Option<i32>,
    pub(super) chain_head: Option<RowHash>,
}

/// A row as it was found.
#[derive(Clone, Debug)]
pub(super) enum StoredRow {
    Sealed(Box<SealedMessage>),
    /// Somebody took its words or its hash away.
    Stripped {
        seq: i32,
    },
}

impl StoredRow {
    fn seq(&self) -> i32 {
        match self {
            Self::Sealed(row) => row.seq,
            Self::Stripped { seq } => *seq,
        }
    }
}

/// Hashes computed while looking for the partner of a swapped row: a bound for a session in which
/// everything is wrong.
const SEARCH: usize = 200_000;

/// Everything wrong within the rows (in order of `seq`), and against the session's numbers;
/// `numbers`: `None` if the session is not there (its turns came first).
pub(super) fn check(
    session: SessionId,
    rows: Vec<StoredRow>,
    numbers: Option<&SessionNumbers>,
) -> Vec<Problem> {
    let counted = rows.len();
    let last = rows.last().map(StoredRow::seq);
    let mut problems = gaps(&rows);
    let mut chain = Vec::new();
    for row in rows {
        match row {
            StoredRow::Sealed(row) => chain.push(*row),
            StoredRow::Stripped { seq } => problems.push(Problem::Unhashed { seq }),
        }
    }
    let head = links(session, chain, &mut problems);
    if let Some(numbers) = numbers {
        own_numbers(numbers, counted, last, head, &mut problems);
    }
    problems
}

/// Numbers run from 0 without gaps.
fn gaps(rows: &[StoredRow]) -> Vec<Problem> {
    let mut expected = 0;
    let mut problems = Vec::new();
    for row in rows {
        if row.seq() > expected {
            problems.push(Problem::Missing {
                from: expected,
                to: row.seq() - 1,
            });
        }
        expected = row.seq().saturating_add(1);
    }
    problems
}

/// Follows the chain; returns the hashes that its last row may have: the stored one, and the
/// computed one where the stored one was changed.
fn links(
    session: SessionId,
    mut rows: Vec<SealedMessage>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<RowHash>> {
    let mut before = vec![RowHash::first(session)];
    let mut expected_seq = 0;
    let mut budget = SEARCH;
    for i in 0..rows.len() {
        let row = &rows[i];
        if row.seq != expected_seq {
            // The row before is gone: what this one was chained to cannot be known.
            before = vec![row.row_hash];
            expected_seq = row.seq.saturating_add(1);
            continue;
        }
        expected_seq = row.seq.saturating_add(1);
        let computed: Vec<RowHash> = before.iter().map(|hash| hash.then(row)).collect();
        if computed.contains(&row.row_hash) {
            before = vec![row.row_hash];
            continue;
        }
        if let Some(other) = partner(&before, &rows, i, &mut budget) {
            problems.push(Problem::Swapped {
                seq: rows[i].seq,
                with: rows[other].seq,
            });
            swap_back(&mut rows, i, other, &before);
            before = vec![rows[i].row_hash];
            continue;
        }
        problems.push(Problem::Changed { seq: rows[i].seq });
        // Either the row was changed or its hash: the next row shows which one is right.
        before = [rows[i].row_hash].into_iter().chain(computed).collect();
    }
    (!rows.is_empty()).then_some(before)
}

/// A later row that fits here, whether its hash came with it or stayed.
fn partner(
    before: &[RowHash],
    rows: &[SealedMessage],
    at: usize,
    budget: &mut usize,
) -> Option<usize> {
    let seq = rows[at].seq;
    (at + 1..rows.len())
        .take_while(|_| spend(budget))
        .find(|&i| {
            let moved = SealedMessage {
                seq,
                ..rows[i].clone()
            };
            before.iter().any(|hash| {
                let computed = hash.then(&moved);
                computed == rows[i].row_hash || computed == rows[at].row_hash
            })
        })
}

fn spend(budget: &mut usize) -> bool {
    *budget = budget.saturating_sub(1);
    *budget > 0
}

/// Puts two rows back; their hashes too, if those had stayed in their places.
fn swap_back(rows: &mut [SealedMessage], one: usize, other: usize, before: &[RowHash]) {
    let (first, second) = (rows[one].seq, rows[other].seq);
    rows.swap(one, other);
    rows[one].seq = first;
    rows[other].seq = second;
    let fits = |row: &SealedMessage| before.iter().any(|hash| hash.then(row) == row.row_hash);
    if !fits(&rows[one]) {
        let hash = rows[one].row_hash;
        rows[one].row_hash = rows[other].row_hash;
        rows[other].row_hash = hash;
    }
}

fn own_numbers(
    numbers: &SessionNumbers,
    counted: usize,
    last: Option<i32>,
    head: Option<Vec<RowHash>>,
    problems: &mut Vec<Problem>,
) {
    if numbers.last_seq > last {
        problems.push(Problem::Truncated {
            from: last.map_or(0, |seq| seq.saturating_add(1)),
            to: numbers.last_seq.unwrap_or_default(),
        });
        return;
    }
    let missing: i64 = problems.iter().map(lost).sum();
    if numbers.last_seq != last {
        problems.push(Problem::Miscounted { what: "last_seq" });
    }
    if i64::from(numbers.message_count) != counted as i64 + missing {
        problems.push(Problem::Miscounted {
            what: "message_count",
        });
    }
    let fits = match (&numbers.chain_head, &head) {
        (Some(stored), Some(head)) => head.contains(stored),
        (None, None) => true,
        _ => false,
    };
    if !fits {
        problems.push(Problem::Miscounted { what: "chain_head" });
    }
}

/// Rows that a problem already explains the lack of.
fn lost(problem: &Problem) -> i64 {
    match problem {
        Problem::Missing { from, to } => i64::from(*to) - i64::from(*from) + 1,
        _ => 0,
    }
}
