//! Putting a month's messages away: into a file, then out of the database.
//!
//! The file is gzip-free JSON lines, each a row as it was stored (ciphertext, hash and all), so a
//! month can be checked and read as long as its keys are kept; destroying a person's key makes
//! their rows unreadable there too. Sessions, summaries and counters stay: they count what was
//! said, wherever it is kept.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio_postgres::IsolationLevel;

use crate::{Database, DatabaseError, SessionId};

/// Rows read at once.
const PAGE: i32 = 2_000;

/// All SQL about months that are put away.
#[derive(Clone, Debug)]
pub struct ArchiveRepository {
    db: Database,
}

/// A month that is over for longer than it is to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RetiredMonth {
    /// Name of its partition.
    pub partition: String,
    #[serde(skip)]
    low: SessionId,
    #[serde(skip)]
    high: SessionId,
}

/// What was put away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchivedMonth {
    /// Name of its partition.
    pub partition: String,
    /// Where its messages are now.
    pub file: PathBuf,
    /// How many.
    pub messages: i64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The partition is gone; else another tenant still has messages in it.
    pub dropped: bool,
}

/// What can go wrong with an archive. The partition stays in every case.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database did not answer or refused.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The file cannot be written, or is there already with other content.
    #[error("archive file {0}: {1}")]
    File(PathBuf, std::io::Error),
}

impl ArchiveRepository {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// Months that ended more than `keep_months` months ago, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn retired(&self, keep_months: i32) -> Result<Vec<RetiredMonth>, DatabaseError> {
        let rows = self
            .db
            .query(
                "SELECT name, low, high FROM retired_partitions($1)",
                &[&keep_months],
            )
            .await?;
        let month = |row: &tokio_postgres::Row| RetiredMonth {
            partition: row.get(0),
            low: row.get(1),
            high: row.get(2),
        };
        Ok(rows.iter().map(month).collect())
    }

    /// Writes this tenant's messages of a month to a file in `folder` (0600), forces it to disk,
    /// notes it, then drops the partition if no tenant has messages in it that are in no file.
    ///
    /// # Errors
    /// [`ArchiveError`]; repeating is safe: a file of an attempt that broke off is replaced.
    pub async fn put_away(
        &self,
        month: &RetiredMonth,
        folder: &Path,
    ) -> Result<ArchivedMonth, ArchiveError> {
        let name = format!("{}-tenant-{}.jsonl", month.partition, self.db.tenant().0);
        let file = folder.join(name);
        let failed = |error| ArchiveError::File(file.clone(), error);
        std::fs::create_dir_all(folder).map_err(failed)?;
        let draft = file.with_extension("jsonl.part");
        let (messages, digest) = self.write(month, &draft).await?;
        std::fs::rename(&draft, &file).map_err(failed)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        let path = file.display().to_string();
        let note = "INSERT INTO message_archives (partition, low, high, messages, file, sha256) VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (tenant_id, partition) DO UPDATE SET messages = excluded.messages, file = excluded.file,
                       sha256 = excluded.sha256, archived_at = now() WHERE message_archives.dropped_at IS NULL";
        let digest_bytes: &[u8] = &digest;
        self.db
            .query(
                note,
                &[
                    &month.partition,
                    &month.low,
                    &month.high,
                    &messages,
                    &path,
                    &digest_bytes,
                ],
            )
            .await?;
        let row = self
            .db
            .one("SELECT drop_archived_partition($1)", &[&month.partition])
            .await?;
        Ok(ArchivedMonth {
            partition: month.partition.clone(),
            file,
            messages,
            sha256: hex::encode(digest),
            dropped: row.get::<_, &str>(0) == "dropped",
        })
    }

    /// All rows of the month in one snapshot, in the order of their keys.
    async fn write(
        &self,
        month: &RetiredMonth,
        draft: &Path,
    ) -> Result<(i64, [u8; 32]), ArchiveError> {
        let failed = |error| ArchiveError::File(draft.to_owned(), error);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = BufWriter::new(options.open(draft).map_err(failed)?);
        let mut connection = self.db.connection().await?;
        let snapshot = connection
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(DatabaseError::from)?;
        // By its ids, from the table of all months: nobody but the owner reads a partition.
        let sql = format!(
            "DECLARE rows NO SCROLL CURSOR FOR SELECT to_jsonb(m)::text FROM conversation_messages m
              WHERE session_id >= '{}' AND session_id < '{}' AND tenant_id = current_tenant() ORDER BY session_id, seq",
            month.low, month.high
        );
        snapshot
            .batch_execute(&sql)
            .await
            .map_err(DatabaseError::from)?;
        let fetch = format!("FETCH {PAGE} FROM rows");
        let (mut count, mut digest) = (0, Sha256::new());
        loop {
            let rows = snapshot
                .query(&fetch, &[])
                .await
                .map_err(DatabaseError::from)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let line = format!("{}\n", row.get::<_, &str>(0));
                digest.update(&line);
                out.write_all(line.as_bytes()).map_err(failed)?;
                count += 1;
            }
        }
        let file = out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok((count, digest.finalize().into()))
    }
}
