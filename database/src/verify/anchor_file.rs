//! Anchor files: one JSON line an anchor, appended and forced to disk, outside the database.
//!
//! A worker writes `tenant-N.anchors` in its folder. Where workers run on several hosts each has
//! its own file; to verify, their files are put into one folder under names of their own
//! (`host-a.anchors`). Make the file append-only (`chattr +a`) or copy it to where the database's
//! administrators cannot write: whoever can change both can hide a change.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    anchor::{Anchor, AnchoredAudit, AnchoredHead},
    report::{Finding, Problem},
};
use crate::{Database, DatabaseError, RowHash};

/// Sessions in one line at most; more make several lines.
const HEADS: i64 = 10_000;

/// What can go wrong with anchors.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The database did not answer or refused.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The file cannot be read or written.
    #[error("anchor file {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// Another worker of this host is writing.
    #[error("another worker is writing {0}")]
    Busy(PathBuf),
}

/// Writes the anchors of one tenant.
#[derive(Clone, Debug)]
pub struct Anchors {
    db: Database,
    folder: PathBuf,
}

/// The end of a file.
#[derive(Debug, Default)]
struct Tail {
    last: Option<(u64, RowHash)>,
    audit: Option<AnchoredAudit>,
    /// Bytes of complete lines; what follows was torn by a crash.
    length: u64,
}

impl Anchors {
    /// In this folder, which is made if it is missing.
    #[must_use]
    pub fn new(db: &Database, folder: &Path) -> Self {
        Self {
            db: db.clone(),
            folder: folder.to_owned(),
        }
    }

    /// Anchors every session that went on since the last time, and the audit log. Returns the new
    /// anchors; none if nothing happened.
    ///
    /// # Errors
    /// [`AnchorError`]. Repeating is safe: after a crash between the file and the database the
    /// same heads are anchored again.
    pub async fn write(&self, at: DateTime<Utc>) -> Result<Vec<Anchor>, AnchorError> {
        let mut made = Vec::new();
        loop {
            let heads = self.new_heads().await?;
            let audit = self.audit_head().await?;
            let full = heads.len() as i64 == HEADS;
            let Some(anchor) = self.append(at, audit, heads)? else {
                break;
            };
            self.note(&anchor.heads).await?;
            made.push(anchor);
            if !full {
                break;
            }
        }
        Ok(made)
    }

    async fn new_heads(&self) -> Result<Vec<AnchoredHead>, DatabaseError> {
        let sql = "SELECT session_id, last_seq, chain_head FROM session_rows
                    WHERE tenant_id = current_tenant() AND unanchored
                    ORDER BY session_id LIMIT $1";
        let rows = self.db.query(sql, &[&HEADS]).await?;
        let head = |row: &tokio_postgres::Row| {
            Some(AnchoredHead {
                session: row.get(0),
                seq: row.get(1),
                hash: RowHash::from_slice(row.get(2))?,
            })
        };
        Ok(rows.iter().filter_map(head).collect())
    }

    async fn audit_head(&self) -> Result<Option<AnchoredAudit>, DatabaseError> {
        let sql = "SELECT id, hash FROM audit_log WHERE tenant_id = current_tenant() ORDER BY id DESC LIMIT 1";
        let row = self.db.optional(sql, &[]).await?;
        Ok(row.and_then(|row| {
            Some(AnchoredAudit {
                id: row.get(0),
                hash: RowHash::from_slice(row.get(1))?,
            })
        }))
    }

    /// Sessions are locked in order, as every writer does.
    async fn note(&self, heads: &[AnchoredHead]) -> Result<(), DatabaseError> {
        let sessions: Vec<_> = heads.iter().map(|head| head.session).collect();
        let seqs: Vec<_> = heads.iter().map(|head| head.seq).collect();
        let sql = "WITH mine AS (SELECT session_id FROM session_rows WHERE session_id = ANY ($1) ORDER BY session_id FOR NO KEY UPDATE)
                   UPDATE session_rows s SET anchored_seq = greatest(s.anchored_seq, n.seq)
                     FROM mine JOIN unnest($1::uuid[], $2::int[]) n(session_id, seq) USING (session_id)
                    WHERE s.session_id = mine.session_id";
        self.db.query(sql, &[&sessions, &seqs]).await.map(drop)
    }

    /// A few milliseconds of disk every ten minutes, on a thread that serves no call.
    fn append(
        &self,
        at: DateTime<Utc>,
        audit: Option<AnchoredAudit>,
        heads: Vec<AnchoredHead>,
    ) -> Result<Option<Anchor>, AnchorError> {
        let tenant = self.db.tenant().0;
        let path = self.folder.join(format!("tenant-{tenant}.anchors"));
        let failed = |error| AnchorError::File(path.clone(), error);
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => AnchorError::Busy(path.clone()),
            std::fs::TryLockError::Error(error) => failed(error),
        })?;
        let tail = tail(&mut file).map_err(failed)?;
        if heads.is_empty() && audit == tail.audit {
            return Ok(None);
        }
        let keys = self.db.keys();
        let anchor = Anchor::sign(tail.last, tenant, at, audit, heads, keys.signing_key());
        let mut line =
            serde_json::to_vec(&anchor).map_err(|error| failed(std::io::Error::other(error)))?;
        line.push(b'\n');
        let write = |file: &mut File| {
            // A torn line was never acknowledged.
            file.set_len(tail.length)?;
            file.write_all(&line)?;
            file.sync_all()?;
            // So that a new file is there after a crash.
            File::open(&self.folder)?.sync_all()
        };
        write(&mut file).map_err(failed)?;
        Ok(Some(anchor))
    }
}

/// Reads to the end; lines that are not anchors are passed over; verifying finds them.
fn tail(file: &mut File) -> std::io::Result<Tail> {
    file.seek(SeekFrom::Start(0))?;
    let mut tail = Tail::default();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(tail);
        }
        tail.length += read as u64;
        if let Ok(anchor) = serde_json::from_slice::<Anchor>(&line) {
            tail.last = Some((anchor.anchor, anchor.digest()));
            tail.audit = anchor.audit;
        }
    }
}

/// The anchors of a tenant in all files of a folder, and what is wrong with them. A folder that is
/// not there holds none.
pub(super) fn read(
    folder: &Path,
    tenant: i32,
    public_key: &[u8],
) -> Result<(Vec<Anchor>, Vec<Finding>), AnchorError> {
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "anchors"))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(AnchorError::File(folder.to_owned(), error)),
    };
    paths.sort();
    let (mut anchors, mut findings) = (Vec::new(), Vec::new());
    for path in paths {
        read_file(&path, tenant, public_key, &mut anchors, &mut findings)
            .map_err(|error| AnchorError::File(path.clone(), error))?;
    }
    Ok((anchors, findings))
}

fn read_file(
    path: &Path,
    tenant: i32,
    public_key: &[u8],
    anchors: &mut Vec<Anchor>,
    findings: &mut Vec<Finding>,
) -> std::io::Result<()> {
    let mut last = None;
    for (i, line) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
        let line = line?;
        let mut bad = |why| {
            findings.push(Finding {
                session: None,
                problem: Problem::BadAnchor {
                    file: path.display().to_string(),
                    line: i + 1,
                    why,
                },
            });
        };
        let Ok(anchor) = serde_json::from_slice::<Anchor>(&line) else {
            bad("it is not an anchor");
            continue;
        };
        if anchor.tenant != tenant && last.is_none() {
            return Ok(()); // another tenant's file
        }
        let flaw = anchor.flaw(last, public_key);
        last = Some((anchor.anchor, anchor.digest()));
        match flaw {
            Some(why) => bad(why),
            None => anchors.push(anchor),
        }
    }
    Ok(())
}
