//! Putting a month's messages and calls of tools away: into a file, then out of the database. Recordings, what turns say
//! and what was learned in them are deleted with them, and in no file.
//!
//! The file is JSON lines, each a row as it was stored (ciphertext, hash and all): messages first, then
//! `{"tool_call": …}` and `{"tool_call_outcome": …}`. So a month can be checked and read as long as its keys are kept; destroying a person's key makes
//! their rows unreadable there too. Sessions, summaries and counters stay: they count what was
//! said, wherever it is kept.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio_postgres::{IsolationLevel, Transaction};

use crate::{DatabaseError, SessionId};

/// Rows read at once.
const PAGE: i32 = 2_000;
/// Rows of each table deleted at once: ten seconds of sound are some 14 kB, and others write meanwhile.
const STEP: i32 = 500;

repository!(
    /// All SQL about months that are put away.
    ArchiveRepository
);

row! {
    /// A month that is over for longer than it is to be kept.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct RetiredMonth {
        /// Name of its partition.
        pub partition: String = "name",
        #[serde(skip)]
        low: SessionId,
        #[serde(skip)]
        high: SessionId,
    }
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
    /// Records of tools that were called: intents and outcomes.
    pub tool_call_records: i64,
    /// Segments of recordings, rows of what turns say, and facts: deleted.
    pub deleted: i64,
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
    /// Months that ended more than `keep_months` months ago, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn retired(&self, keep_months: i32) -> Result<Vec<RetiredMonth>, DatabaseError> {
        let sql = "SELECT name, low, high FROM retired_partitions($1)";
        self.db.list(sql, &[&keep_months]).await
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
        let (counts, digest) = self.write(month, &draft).await?;
        let [messages, calls, outcomes] = counts;
        let tool_call_records = calls + outcomes;
        std::fs::rename(&draft, &file).map_err(failed)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        let path = file.display().to_string();
        let note = "INSERT INTO message_archives (partition, low, high, messages, file, sha256, tool_call_records) VALUES ($1, $2, $3, $4, $5, $6, $7)
                    ON CONFLICT (tenant_id, partition) DO UPDATE SET messages = excluded.messages, tool_call_records = excluded.tool_call_records, file = excluded.file,
                       sha256 = excluded.sha256, archived_at = now() WHERE message_archives.dropped_at IS NULL";
        let digest_bytes: &[u8] = &digest;
        self.db
            .run(
                note,
                &[
                    &month.partition,
                    &month.low,
                    &month.high,
                    &messages,
                    &path,
                    &digest_bytes,
                    &tool_call_records,
                ],
            )
            .await?;
        let deleted = self.delete_rest(&month.partition).await?;
        let drop = "SELECT drop_archived_partition($1)";
        let outcome: String = self.db.value(drop, &[&month.partition]).await?;
        Ok(ArchivedMonth {
            partition: month.partition.clone(),
            file,
            messages,
            tool_call_records,
            deleted,
            sha256: hex::encode(digest),
            dropped: outcome == "dropped",
        })
    }

    /// What goes with the words of a month that are in a file, step by step; how many rows it were.
    async fn delete_rest(&self, partition: &str) -> Result<i64, DatabaseError> {
        let sql = "SELECT delete_retired($1, $2)";
        let mut deleted = 0;
        loop {
            let step: i64 = self.db.value(sql, &[&partition, &STEP]).await?;
            if step == 0 {
                return Ok(deleted);
            }
            deleted += step;
        }
    }

    /// All rows of the month in one snapshot, each table's in the order of its keys: how many of
    /// each table of [`ROWS`], and the file's SHA-256.
    async fn write(
        &self,
        month: &RetiredMonth,
        draft: &Path,
    ) -> Result<([i64; ROWS.len()], [u8; 32]), ArchiveError> {
        let mut file = ArchiveFile::create(draft)?;
        let mut connection = self.db.connection().await?;
        let snapshot = connection
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(DatabaseError::from)?;
        let mut counts = [0; ROWS.len()];
        for (count, (line, table, order)) in counts.iter_mut().zip(ROWS) {
            // By its ids, from the table of all months: nobody but the owner reads a partition.
            let sql = format!(
                "DECLARE rows NO SCROLL CURSOR FOR SELECT ({line})::text FROM {table} r
                  WHERE session_id >= '{}' AND session_id < '{}' AND tenant_id = current_tenant() ORDER BY session_id, {order}",
                month.low, month.high
            );
            snapshot
                .batch_execute(&sql)
                .await
                .map_err(DatabaseError::from)?;
            *count = copy(&snapshot, &mut file).await?;
            snapshot
                .batch_execute("CLOSE rows")
                .await
                .map_err(DatabaseError::from)?;
        }
        Ok((counts, file.finish()?))
    }
}

/// What a line holds of a row, the table, and its order within a session.
const ROWS: [(&str, &str, &str); 3] = [
    ("to_jsonb(r)", "conversation_messages", "seq"),
    (
        "jsonb_build_object('tool_call', to_jsonb(r))",
        "tool_calls",
        "idempotency_key",
    ),
    (
        "jsonb_build_object('tool_call_outcome', to_jsonb(r))",
        "tool_call_outcomes",
        "idempotency_key",
    ),
];

/// The cursor's rows, a line each; how many.
async fn copy(snapshot: &Transaction<'_>, file: &mut ArchiveFile) -> Result<i64, ArchiveError> {
    let fetch = format!("FETCH {PAGE} FROM rows");
    let mut count = 0;
    loop {
        let rows = snapshot
            .query(&fetch, &[])
            .await
            .map_err(DatabaseError::from)?;
        if rows.is_empty() {
            return Ok(count);
        }
        for row in &rows {
            file.line(row.get(0))?;
            count += 1;
        }
    }
}

/// A file of mode 0600 that is being written.
struct ArchiveFile {
    path: PathBuf,
    out: BufWriter<File>,
    digest: Sha256,
}

impl ArchiveFile {
    fn create(path: &Path) -> Result<Self, ArchiveError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let failed = |error| ArchiveError::File(path.to_owned(), error);
        Ok(Self {
            out: BufWriter::new(options.open(path).map_err(failed)?),
            path: path.to_owned(),
            digest: Sha256::new(),
        })
    }

    fn line(&mut self, text: &str) -> Result<(), ArchiveError> {
        let line = format!("{text}\n");
        self.digest.update(&line);
        let written = self.out.write_all(line.as_bytes());
        written.map_err(|error| ArchiveError::File(self.path.clone(), error))
    }

    /// On the disk; its SHA-256.
    fn finish(self) -> Result<[u8; 32], ArchiveError> {
        let synced = self
            .out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all());
        synced.map_err(|error| ArchiveError::File(self.path, error))?;
        Ok(self.digest.finalize().into())
    }
}
