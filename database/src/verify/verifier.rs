//! Streams the record past its hashes and anchors.

use std::{collections::HashMap, path::Path};

use tokio_postgres::{IsolationLevel, Row};
use uuid::Uuid;

use super::{
    anchor::{Anchor, AnchoredAudit},
    anchor_file::{self, AnchorError},
    audit_chain,
    report::{Finding, Problem, VerifyReport},
    session_chain::{SessionNumbers, StoredRow, check},
};
use crate::{Database, DatabaseError, RowHash, SessionId, message::sealed};

/// Sessions read at once: a few thousand messages in memory.
const PAGE: i64 = 100;

const SESSIONS: &str = "
    SELECT session_id, message_count, last_seq, chain_head, anchored_seq, is_archived(session_id) AS archived FROM session_rows
     WHERE tenant_id = current_tenant() AND session_id > $1 AND ($2::uuid IS NULL OR session_id = $2) ORDER BY session_id LIMIT $3";
const ORPHANS: &str = "
    SELECT DISTINCT m.session_id FROM conversation_messages m
     WHERE m.session_id > $1 AND NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = m.session_id) ORDER BY 1 LIMIT $2";
const MESSAGES: &str =
    "SELECT * FROM conversation_messages WHERE session_id = ANY ($1) ORDER BY session_id, seq";

/// A head that an anchor has of a session.
#[derive(Clone, Copy, Debug)]
struct Known {
    anchor: u64,
    seq: i32,
    hash: RowHash,
}

/// Verifies one tenant's record. Changes nothing.
#[derive(Debug)]
pub struct Verifier {
    db: Database,
    known: HashMap<SessionId, Vec<Known>>,
    audit: Vec<(u64, AnchoredAudit)>,
    anchors: u64,
    bad_anchors: Vec<Finding>,
}

impl Verifier {
    /// With the anchor files of this folder; a folder that is not there holds none.
    ///
    /// # Errors
    /// [`AnchorError::File`] if a file cannot be read.
    pub fn new(db: &Database, anchors: &Path) -> Result<Self, AnchorError> {
        let (anchors, bad_anchors) =
            anchor_file::read(anchors, db.tenant().0, db.keys().public_key())?;
        let mut verifier = Self {
            db: db.clone(),
            known: HashMap::new(),
            audit: Vec::new(),
            anchors: anchors.len() as u64,
            bad_anchors,
        };
        for anchor in anchors {
            verifier.learn(anchor);
        }
        for known in verifier.known.values_mut() {
            known.sort_by_key(|known| known.seq);
        }
        Ok(verifier)
    }

    fn learn(&mut self, anchor: Anchor) {
        self.audit
            .extend(anchor.audit.map(|audit| (anchor.anchor, audit)));
        for head in anchor.heads {
            self.known.entry(head.session).or_default().push(Known {
                anchor: anchor.anchor,
                seq: head.seq,
                hash: head.hash,
            });
        }
    }

    /// One session; `None` if neither the database nor an anchor knows it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn session(&self, session: SessionId) -> Result<Option<VerifyReport>, DatabaseError> {
        let mut report = VerifyReport {
            anchors: self.anchors,
            ..VerifyReport::default()
        };
        let found = self
            .page(SessionId(Uuid::nil()), Some(session), &mut report)
            .await?;
        if found.is_empty() {
            let Some(known) = self.known.get(&session).and_then(|known| known.last()) else {
                return Ok(None);
            };
            report.findings.push(gone(session, known));
        }
        Ok(Some(report))
    }

    /// Everything: every session, turns without a session, the audit log, the anchors.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn all(&self) -> Result<VerifyReport, DatabaseError> {
        let mut report = VerifyReport {
            findings: self.bad_anchors.clone(),
            anchors: self.anchors,
            ..VerifyReport::default()
        };
        let mut missing: HashMap<SessionId, &Known> = self
            .known
            .iter()
            .filter_map(|(session, known)| Some((*session, known.last()?)))
            .collect();
        let mut after = SessionId(Uuid::nil());
        loop {
            let page = self.page(after, None, &mut report).await?;
            let Some(last) = page.last() else { break };
            after = *last;
            for session in page {
                missing.remove(&session);
            }
        }
        if report.without_anchors {
            report.findings.push(Finding {
                session: None,
                problem: Problem::NoAnchors,
            });
        }
        self.orphans(&mut report).await?;
        let mut gone: Vec<_> = missing.iter().map(|(s, known)| gone(*s, known)).collect();
        gone.sort_by_key(|finding| finding.session);
        report.findings.extend(gone);
        let mut problems = Vec::new();
        report.audit_rows = audit_chain::check(&self.db, &self.audit, &mut problems).await?;
        report
            .findings
            .extend(problems.into_iter().map(|problem| Finding {
                session: None,
                problem,
            }));
        Ok(report)
    }

    /// The next sessions, each checked in the same snapshot as its rows: calls go on meanwhile.
    async fn page(
        &self,
        after: SessionId,
        only: Option<SessionId>,
        report: &mut VerifyReport,
    ) -> Result<Vec<SessionId>, DatabaseError> {
        let mut connection = self.db.connection().await?;
        let snapshot = connection
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let sessions = snapshot.query(SESSIONS, &[&after, &only, &PAGE]).await?;
        let ids: Vec<SessionId> = sessions.iter().map(|row| row.get(0)).collect();
        let mut messages = by_session(&snapshot.query(MESSAGES, &[&ids]).await?);
        for row in &sessions {
            let id: SessionId = row.get("session_id");
            report.sessions += 1;
            if row.get("archived") {
                report.archived += 1;
                continue;
            }
            let numbers = SessionNumbers {
                message_count: row.get("message_count"),
                last_seq: row.get("last_seq"),
                chain_head: row
                    .get::<_, Option<&[u8]>>("chain_head")
                    .and_then(RowHash::from_slice),
            };
            let rows = messages.remove(&id).unwrap_or_default();
            let anchored = row.get("anchored_seq");
            self.judge(id, rows, Some(&numbers), anchored, report);
        }
        Ok(ids)
    }

    async fn orphans(&self, report: &mut VerifyReport) -> Result<(), DatabaseError> {
        let mut after = SessionId(Uuid::nil());
        loop {
            let rows = self.db.query(ORPHANS, &[&after, &PAGE]).await?;
            let ids: Vec<SessionId> = rows.iter().map(|row| row.get(0)).collect();
            let Some(last) = ids.last() else {
                return Ok(());
            };
            after = *last;
            for (id, rows) in by_session(&self.db.query(MESSAGES, &[&ids]).await?) {
                report.orphans += rows.len() as u64;
                self.judge(id, rows, None, None, report);
            }
        }
    }

    fn judge(
        &self,
        session: SessionId,
        rows: Vec<StoredRow>,
        numbers: Option<&SessionNumbers>,
        anchored: Option<i32>,
        report: &mut VerifyReport,
    ) {
        let stored: HashMap<i32, RowHash> = rows
            .iter()
            .filter_map(|row| match row {
                StoredRow::Sealed(row) => Some((row.seq, row.row_hash)),
                StoredRow::Stripped { .. } => None,
            })
            .collect();
        report.messages += stored.len() as u64;
        let mut problems = check(session, rows, numbers);
        let known = self.known.get(&session).map_or(&[][..], Vec::as_slice);
        against_anchors(known, &stored, &mut problems);
        let covered = known.last().map(|known| known.seq);
        if anchored > covered && self.anchors > 0 {
            problems.push(Problem::AnchorGone {
                seq: anchored.unwrap_or_default(),
            });
        }
        report.without_anchors |= anchored > covered && self.anchors == 0;
        report.unanchored += u64::from(stored.keys().max() > covered.as_ref());
        report
            .findings
            .extend(problems.into_iter().map(|problem| Finding {
                session: Some(session),
                problem,
            }));
    }
}

fn gone(session: SessionId, known: &Known) -> Finding {
    Finding {
        session: Some(session),
        problem: Problem::SessionGone {
            anchor: known.anchor,
        },
    }
}

/// What a session's chain, whole as it may be, has against what was anchored.
fn against_anchors(known: &[Known], stored: &HashMap<i32, RowHash>, problems: &mut Vec<Problem>) {
    let last = stored.keys().max().copied();
    let mut confirmed = -1;
    for known in known {
        let explained = problems.iter().any(|problem| explains(problem, known.seq));
        match stored.get(&known.seq) {
            Some(hash) if *hash == known.hash => confirmed = known.seq,
            _ if explained => {}
            None if Some(known.seq) > last => {
                problems.retain(|problem| !matches!(problem, Problem::Truncated { .. }));
                problems.push(Problem::Truncated {
                    from: last.map_or(0, |last| last + 1),
                    to: known.seq,
                });
            }
            _ => {
                problems.push(Problem::Rewritten {
                    from: confirmed + 1,
                    to: known.seq,
                    anchor: known.anchor,
                });
                return;
            }
        }
    }
}

/// The anchored row is known to be wrong or missing already.
fn explains(problem: &Problem, at: i32) -> bool {
    match problem {
        Problem::Changed { seq } | Problem::Unhashed { seq } => *seq == at,
        Problem::Swapped { seq, with } => *seq == at || *with == at,
        Problem::Missing { from, to } | Problem::Truncated { from, to } => {
            (*from..=*to).contains(&at)
        }
        _ => false,
    }
}

fn by_session(rows: &[Row]) -> HashMap<SessionId, Vec<StoredRow>> {
    let mut sessions: HashMap<SessionId, Vec<StoredRow>> = HashMap::new();
    for row in rows {
        let stored = match sealed(row) {
            Some(message) => StoredRow::Sealed(Box::new(message)),
            None => StoredRow::Stripped {
                seq: row.get("seq"),
            },
        };
        sessions
            .entry(row.get("session_id"))
            .or_default()
            .push(stored);
    }
    sessions
}
