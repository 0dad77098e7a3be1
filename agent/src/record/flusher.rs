//! Empties the record's queue into PostgreSQL: in order, in batches, again and
//! again while the database is away.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use database::{CallbackRepository, Database, DatabaseError, MessageRepository, NewMessage, Role};
use tokio::time::{sleep, timeout};

use super::{MessageRow, Record, RecordQueue, SessionManager, Speaker};
use crate::metrics::Metrics;

/// Rows of one statement: 50 are 35 times as fast as one by one, and 500 hardly faster than that.
const BATCH: usize = 50;
/// A turn waits this long for company.
const LINGER: Duration = Duration::from_millis(20);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Writes what the recorder queued.
#[derive(Debug)]
pub struct Flusher {
    queue: RecordQueue,
    pending: VecDeque<Record>,
    sessions: SessionManager,
    messages: MessageRepository,
    callbacks: CallbackRepository,
    metrics: Arc<Metrics>,
}

impl Flusher {
    /// Writes `queue` into `database`.
    pub fn new(
        queue: RecordQueue,
        database: &Database,
        sessions: SessionManager,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            queue,
            pending: VecDeque::new(),
            sessions,
            messages: MessageRepository::new(database),
            callbacks: CallbackRepository::new(database),
            metrics,
        }
    }

    /// Runs until every recorder is gone and everything is written.
    pub async fn run(mut self) {
        let mut retry = FIRST_RETRY;
        while self.collect().await {
            match self.write().await {
                Ok(()) => retry = FIRST_RETRY,
                Err(error) => {
                    match error {
                        DatabaseError::Unavailable(_) => {
                            tracing::warn!(%error, waiting = self.pending.len(), "the database is away; the record waits");
                        }
                        _ => {
                            tracing::error!(%error, waiting = self.pending.len(), "the record waits for an operator")
                        }
                    }
                    self.metrics.set_database_up(false);
                    // Jitter: workers that lost the same database do not come back as one.
                    sleep(retry.mul_f64(rand::random_range(0.5..1.0))).await;
                    retry = (retry * 2).min(LAST_RETRY);
                }
            }
        }
    }

    /// Takes what there is, up to a batch; `false` when nothing is left and nothing will come.
    async fn collect(&mut self) -> bool {
        if self.pending.is_empty() {
            match self.queue.0.recv().await {
                Some(record) => self.pending.push_back(record),
                None => return false,
            }
        }
        while self.pending.len() < BATCH {
            match timeout(LINGER, self.queue.0.recv()).await {
                Ok(Some(record)) => self.pending.push_back(record),
                Ok(None) | Err(_) => break,
            }
        }
        true
    }

    /// Writes everything pending; stops at the first record the database did not take for now.
    async fn write(&mut self) -> Result<(), DatabaseError> {
        while let Some(first) = self.pending.front_mut() {
            let written = match first {
                Record::Message(..) => self.write_messages().await?,
                Record::Started(start) => {
                    let opened = self.sessions.create_session(start).await;
                    if let (Ok(opened), Some(answer)) = (&opened, start.recognised.take()) {
                        answer.send(opened.seen_before).unwrap_or_default();
                    }
                    self.judge(opened.map(drop), "a session's start")?
                }
                Record::Callback(callback) => {
                    let kept = self.callbacks.request(callback).await;
                    self.judge(kept, "a callback")?
                }
                Record::Ended(end) => {
                    let ended = self.sessions.end_session(end, true).await;
                    self.judge(ended, "a session's end")?
                }
                Record::Flush(_) => 1,
            };
            for record in self.pending.drain(..written) {
                if let Record::Flush(done) = record {
                    done.send(()).unwrap_or_default();
                }
            }
            self.metrics.set_database_up(true);
        }
        Ok(())
    }

    /// The messages at the front, in one statement. Returns how many records are dealt with.
    async fn write_messages(&mut self) -> Result<usize, DatabaseError> {
        let batch: Vec<NewMessage> = self
            .pending
            .iter()
            .map_while(|record| match record {
                Record::Message(row, at) => Some(new_message(row, *at)),
                _ => None,
            })
            .take(BATCH)
            .collect();
        match self.messages.insert_readable(&batch).await {
            Err(DatabaseError::Invalid(_)) => self.write_one_by_one(&batch).await?,
            other => drop(other?),
        }
        Ok(batch.len())
    }

    /// One row of a batch cannot be stored: the others must not suffer for it.
    async fn write_one_by_one(&self, batch: &[NewMessage]) -> Result<(), DatabaseError> {
        for message in batch {
            let stored = self
                .messages
                .insert_readable(std::slice::from_ref(message))
                .await
                .map(drop);
            self.judge(stored, "a message")?;
        }
        Ok(())
    }

    /// What can never be stored is given up, loudly; what may be stored later is tried again.
    fn judge(&self, result: Result<(), DatabaseError>, what: &str) -> Result<usize, DatabaseError> {
        match result {
            Ok(()) => Ok(1),
            Err(error @ DatabaseError::Invalid(_)) => {
                tracing::error!(%error, "{what} cannot be stored");
                self.metrics.record_lost();
                Ok(1)
            }
            Err(error) => Err(error),
        }
    }
}

fn new_message(row: &MessageRow, at: DateTime<Utc>) -> NewMessage {
    NewMessage {
        session_id: row.session,
        seq: row.seq,
        role: match row.speaker {
            Speaker::Caller => Role::User,
            Speaker::Agent => Role::Assistant,
        },
        content: row.content.clone(),
        redacted: insight::redact::has_placeholder(&row.content),
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
        interrupted: row.interrupted,
        sentiment: None,
        intent: row.intent.clone(),
        tool_name: None,
        latency_ms: row.latency_ms,
        meta: row.meta.clone(),
        created_at: at,
    }
}
