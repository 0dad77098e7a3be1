//! The thread that makes records durable: it seals what waits, brings it to the
//! disk with one `fdatasync`, and acknowledges it. What comes meanwhile is the next group, so
//! nobody waits for company and the disk is asked at most once at a time.

use std::{sync::Arc, time::Duration};

use call::SessionId;
use chrono::{DateTime, Utc};
use database::{
    StoredRecord,
    keys::KeyError,
    spool::{Appender, Position},
};
use tokio::sync::mpsc;

use super::{
    Acknowledgements, Durability, Record, RecordHealth, RecordMetrics, RecordQueue,
    metrics::saturated,
    pending_starts::PendingStarts,
    seal::{Sealed, Sealer},
    types::Handover,
};

/// Records of one `fdatasync` at most: what a full worker says in half a minute.
const GROUP: usize = 256;
/// Lost segments between two lines of the log: a full worker loses as many in some forty seconds.
const SAID_EVERY: u64 = 100;
/// Without records for this long the spool clears away what is done.
const IDLE: Duration = Duration::from_secs(1);

/// The thread's belongings.
#[derive(Debug)]
pub(super) struct DiskWriter {
    pub(super) queue: RecordQueue,
    pub(super) sealer: Sealer,
    pub(super) appender: Appender,
    pub(super) handovers: mpsc::Sender<Handover>,
    pub(super) acknowledgements: Option<Acknowledgements>,
    pub(super) durability: Durability,
    pub(super) health: RecordHealth,
    pub(super) metrics: Arc<RecordMetrics>,
    pub(super) durable_until: Position,
    pub(super) starts: PendingStarts,
}

impl DiskWriter {
    /// Runs until the recorder is closed or gone.
    pub(super) fn run(mut self) {
        loop {
            let first = match self.queue.take(IDLE) {
                Ok(Some(first)) => first,
                Ok(None) => {
                    self.appender.idle();
                    continue;
                }
                Err(()) => return,
            };
            let mut group = Vec::new();
            let mut flushes = Vec::new();
            let mut next = Some(first);
            let mut closed = false;
            while let Some(record) = next.take() {
                // Sound ends its group: whether there is room for more is seen once the disk has it.
                let is_large = matches!(record, Record::Sound(_));
                match record {
                    Record::Flush(done) => flushes.push(done),
                    Record::Close => closed = true,
                    record => group.extend(self.seal(record)),
                }
                if group.len() < GROUP && !closed && !is_large {
                    next = self.queue.try_take();
                }
            }
            self.metrics
                .series
                .queue
                .set(saturated(self.queue.waiting()));
            self.keep(group);
            for done in flushes {
                self.hand_over(Handover::Flush(done, self.durable_until));
            }
            if closed {
                return;
            }
        }
    }

    /// A record, and before it the start that its session has not.
    fn seal(&mut self, record: Record) -> Vec<Sealed> {
        let (session, seq) = record.name();
        let sealed: Result<Vec<Sealed>, KeyError> = match record {
            Record::Started(start) => self.sealer.start(*start).map(|start| vec![start]),
            Record::Message(row, at) => {
                self.after_start(row.session, at, |sealer| sealer.message(*row, at))
            }
            Record::Callback(callback, waiting) => {
                Ok(vec![self.sealer.callback(callback).awaited(waiting)])
            }
            Record::ToolCall(call, waiting) => {
                self.after_start(call.session_id, call.requested_at, |sealer| {
                    Ok(sealer.tool_call(&call)?.awaited(waiting))
                })
            }
            Record::ToolOutcome(outcome, waiting) => self
                .sealer
                .tool_outcome(&outcome)
                .map(|outcome| vec![outcome.awaited(waiting)]),
            Record::LeftTask(left) => self.sealer.left_task(&left).map(|left| vec![left]),
            // Words come first: half of the spool is theirs, however long the database is away.
            Record::Sound(_) if !self.health.has_room_for_sound() => {
                return self.lose_sound("half of the spool is taken");
            }
            Record::Sound(sound) => match self.sealer.sound(&sound) {
                Ok(sound) => Ok(vec![sound]),
                Err(_) => return self.lose_sound("it came after its session's end"),
            },
            Record::TurnInsight(insight) => Ok(vec![self.sealer.turn_insight(&insight)]),
            Record::LeadEvents(events) => Ok(vec![self.sealer.lead_events(events)]),
            Record::Fact(fact) => self.sealer.fact(&fact).map(|fact| vec![fact]),
            Record::Ended(end) => Ok(vec![self.sealer.end(&end)]),
            Record::Flush(_) | Record::Close => return Vec::new(),
        };
        if let Err(error) = &sealed {
            // Without random numbers nothing can be encrypted, and in the clear nothing is kept.
            self.metrics.series.lost.inc();
            tracing::error!(session.id = session.map(|id| id.to_string()), seq, %error, "something said could not be sealed and is lost");
        }
        sealed.unwrap_or_default()
    }

    /// A segment that is not kept: its seconds are silence. Counted each time, and said of the first and of each hundredth.
    fn lose_sound(&self, why: &str) -> Vec<Sealed> {
        let lost = self.metrics.series.sound_lost.inc();
        if lost.is_multiple_of(SAID_EVERY) {
            tracing::error!(why, lost = lost + 1, "a segment of a recording is not kept");
        }
        Vec::new()
    }

    /// What needs the session's key, and before it the start that the session has not.
    fn after_start(
        &mut self,
        session: SessionId,
        at: DateTime<Utc>,
        seal: impl FnOnce(&mut Sealer) -> Result<Sealed, KeyError>,
    ) -> Result<Vec<Sealed>, KeyError> {
        let start = self.sealer.start_in_place(session, at)?;
        let sealed = seal(&mut self.sealer)?;
        Ok(start.into_iter().chain([sealed]).collect())
    }

    /// Acknowledges what the disk took; hands over what it did not.
    fn keep(&mut self, group: Vec<Sealed>) {
        if group.is_empty() {
            return;
        }
        let (durable, at_once) = match self.durability {
            Durability::Disk => (self.append(&group), false),
            #[cfg(feature = "test-support")]
            Durability::Nothing => (0, true),
        };
        for (place, mut sealed) in group.into_iter().enumerate() {
            let kept = place < durable;
            if kept || at_once {
                self.acknowledge(&mut sealed);
            }
            // Sound that the disk did not take does not wait in memory.
            let given_up = !kept && sealed.acknowledged.seq == StoredRecord::SOUND;
            if given_up {
                self.lose_sound("the disk refuses it");
            } else if !kept {
                self.starts.handed_over(&sealed);
                self.health.at_risk(sealed.acknowledged.session);
                self.hand_over(Handover::Record(Box::new(sealed), self.durable_until));
            }
        }
    }

    fn append(&mut self, group: &[Sealed]) -> usize {
        let with_starts = self.starts.before(group);
        match self.appender.append(&with_starts.records) {
            Ok(position) => {
                self.durable_until = position;
                self.health.spool_took();
                self.starts.durable(group);
                group.len()
            }
            Err(refused) => {
                if self.health.spool_refused() {
                    tracing::error!(error = %refused, "the spool takes no records; each is acknowledged when it is committed");
                }
                let durable = with_starts.of_group(refused.durable);
                self.starts.durable(&group[..durable]);
                durable
            }
        }
    }

    fn acknowledge(&self, sealed: &mut Sealed) {
        let made = DateTime::from_timestamp_micros(sealed.record.at_micros);
        let took = made.and_then(|made| (Utc::now() - made).to_std().ok());
        let took = took.unwrap_or_default();
        self.metrics.durable.observe(took.as_secs_f64());
        sealed.acknowledge(self.acknowledgements.as_ref());
    }

    /// Waits while the flusher's queue is full: then the recorder's fills, and says so.
    fn hand_over(&self, handover: Handover) {
        if self.handovers.blocking_send(handover).is_err() {
            tracing::error!("the flusher is gone; something said waits for nobody");
            self.metrics.series.lost.inc();
        }
    }
}
