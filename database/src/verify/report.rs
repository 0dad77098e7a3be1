//! What verifying found, and where.

use std::fmt;

use serde::Serialize;

use crate::SessionId;

/// The outcome of a whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Everything that is not as it was written; empty: the record holds.
    pub findings: Vec<Finding>,
    /// Sessions looked at.
    pub sessions: u64,
    /// Messages whose hash was computed anew.
    pub messages: u64,
    /// Sessions whose messages are in an archive; their file's hash is in `message_archives`.
    pub archived: u64,
    /// Messages whose session never came. No damage: their chain is checked, and the sweeper
    /// reports them.
    pub orphans: u64,
    /// Rows of the audit log.
    pub audit_rows: u64,
    /// Anchors whose signature holds.
    pub anchors: u64,
    /// Sessions with messages that no anchor covers yet: what was said in the last minutes, or all
    /// if there is no anchor file.
    pub unanchored: u64,
    /// Sessions were anchored and no anchor is here: one finding, not one a session.
    #[serde(skip)]
    pub(super) without_anchors: bool,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In which session; `None`: the audit log or an anchor file.
    pub session: Option<SessionId>,
    /// What.
    #[serde(flatten)]
    pub problem: Problem,
}

/// What is wrong with a session, the audit log or an anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// The row does not hash to what was written.
    #[error("message {seq} was changed")]
    Changed {
        /// Which.
        seq: i32,
    },
    /// Two rows stand in each other's place.
    #[error("messages {seq} and {with} were swapped")]
    Swapped {
        /// The first.
        seq: i32,
        /// The other.
        with: i32,
    },
    /// Rows are missing between others.
    #[error("{}", missing(*from, *to))]
    Missing {
        /// The first that is not there.
        from: i32,
        /// The last that is not there.
        to: i32,
    },
    /// The last rows are missing.
    #[error("the end is missing: messages {from} to {to}")]
    Truncated {
        /// The first that is not there.
        from: i32,
        /// The last that was written.
        to: i32,
    },
    /// A row without words or without a hash.
    #[error("message {seq} has lost its words or its hash")]
    Unhashed {
        /// Which.
        seq: i32,
    },
    /// The session's own numbers do not fit its rows.
    #[error("{what} does not fit the messages")]
    Miscounted {
        /// `message_count`, `last_seq` or `chain_head`.
        what: &'static str,
    },
    /// The chain holds, and is not the one that was anchored: it was computed anew.
    #[error(
        "messages {from} to {to} were rewritten, hashes included: anchor {anchor} has another hash of message {to}"
    )]
    Rewritten {
        /// The first row that may differ: the one after the last that an anchor confirms.
        from: i32,
        /// The anchored row that differs.
        to: i32,
        /// Number of the anchor.
        anchor: u64,
    },
    /// Anchored, and not in the database.
    #[error("in anchor {anchor}, and not in the database")]
    SessionGone {
        /// Number of the anchor.
        anchor: u64,
    },
    /// The database says that this session was anchored further than any anchor file here does:
    /// an anchor file is missing, or its end was cut off.
    #[error(
        "said to be anchored up to message {seq}, and no anchor file here says so: a file is missing or was cut"
    )]
    AnchorGone {
        /// The last row said to be anchored.
        seq: i32,
    },
    /// Sessions were anchored, and not one anchor is in the folder that was given.
    #[error(
        "sessions were anchored, and there is no anchor here to compare with: give the folder of the anchor files"
    )]
    NoAnchors,
    /// A row of the audit log does not hash to what was written.
    #[error("audit log: row {id} was changed")]
    AuditChanged {
        /// Its number.
        id: i64,
    },
    /// Rows of the audit log are missing.
    #[error("audit log: rows {from} to {to} are missing")]
    AuditMissing {
        /// The first that is not there.
        from: i64,
        /// The last that is not there.
        to: i64,
    },
    /// The audit log holds, and is not the one that was anchored.
    #[error(
        "audit log: rewritten up to row {id}, hashes included: anchor {anchor} has another hash of it"
    )]
    AuditRewritten {
        /// The anchored row that differs.
        id: i64,
        /// Number of the anchor.
        anchor: u64,
    },
    /// An anchor's signature, root or link to the one before it does not hold.
    #[error("{file}, line {line}: {why}")]
    BadAnchor {
        /// Name of the file.
        file: String,
        /// Line within it, from 1.
        line: usize,
        /// What does not hold.
        why: &'static str,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.session {
            Some(session) => write!(f, "session {session}: {}", self.problem),
            None => self.problem.fmt(f),
        }
    }
}

fn missing(from: i32, to: i32) -> String {
    match from == to {
        true => format!("message {from} is missing"),
        false => format!("messages {from} to {to} are missing"),
    }
}
