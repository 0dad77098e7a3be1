//! Series of the record: the disk, the database, and what is between them.

use std::time::Duration;

use database::spool::Fullness;
use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{DatabaseState, RecordStatus};

/// From a tenth of a millisecond, as a quiet disk answers, to seconds, as a broken one does.
const DURABLE_BUCKETS_SECONDS: [f64; 12] = [
    0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0,
];

/// What is counted of the record.
#[derive(Debug)]
pub struct RecordMetrics {
    queue: Gauge,
    lost: Counter,
    database_up: Gauge,
    spool_used: Gauge,
    spool_budget: Gauge,
    spool_fullness: Gauge,
    spool_waiting: Gauge,
    spool_damaged: Gauge,
    dead_letters: Gauge,
    unsafe_calls: Gauge,
    unsafe_turns: Gauge,
    database_down_since: Gauge,
    stored: Counter,
    parked: Counter,
    conflicts: Counter,
    durable: Histogram,
}

impl Default for RecordMetrics {
    fn default() -> Self {
        Self {
            queue: Gauge::default(),
            lost: Counter::default(),
            database_up: Gauge::default(),
            spool_used: Gauge::default(),
            spool_budget: Gauge::default(),
            spool_fullness: Gauge::default(),
            spool_waiting: Gauge::default(),
            spool_damaged: Gauge::default(),
            dead_letters: Gauge::default(),
            unsafe_calls: Gauge::default(),
            unsafe_turns: Gauge::default(),
            database_down_since: Gauge::default(),
            stored: Counter::default(),
            parked: Counter::default(),
            conflicts: Counter::default(),
            durable: Histogram::new(DURABLE_BUCKETS_SECONDS),
        }
    }
}

impl RecordMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        self.register_gauges(registry);
        let counters = [
            ("record_lost", "Records that could not be kept", &self.lost),
            (
                "record_stored",
                "Records that reached the database",
                &self.stored,
            ),
            (
                "record_parked",
                "Records that the database refused",
                &self.parked,
            ),
            (
                "record_conflicts",
                "Messages under whose number another row is stored",
                &self.conflicts,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register_with_unit(
            "record_durable",
            "From a turn being final to it being on the disk",
            Unit::Seconds,
            self.durable.clone(),
        );
    }

    fn register_gauges(&self, registry: &mut Registry) {
        let gauges = [
            (
                "recorder_queue",
                "Records waiting for the disk",
                &self.queue,
            ),
            (
                "database_up",
                "1 while rows reach the database",
                &self.database_up,
            ),
            (
                "spool_used_bytes",
                "Bytes of the spool on the disk",
                &self.spool_used,
            ),
            (
                "spool_budget_bytes",
                "Bytes that the spool may take",
                &self.spool_budget,
            ),
            (
                "spool_fullness",
                "0 normal, 1 alarm at 80 %, 2 no new calls at 95 %, 3 full",
                &self.spool_fullness,
            ),
            (
                "spool_waiting",
                "Records on the disk, not yet in the database",
                &self.spool_waiting,
            ),
            (
                "spool_damaged",
                "Damaged places found in the spool",
                &self.spool_damaged,
            ),
            (
                "dead_letters",
                "Records that wait for an administrator",
                &self.dead_letters,
            ),
            (
                "unsafe_calls",
                "Calls with turns that neither disk nor database took",
                &self.unsafe_calls,
            ),
            (
                "unsafe_turns",
                "Turns that neither disk nor database took",
                &self.unsafe_turns,
            ),
            (
                "database_down_since_seconds",
                "Since when the database takes no rows, in seconds since 1970; 0 while it does",
                &self.database_down_since,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
    }

    /// Takes over how the record stands.
    pub fn set_status(&self, status: &RecordStatus, fullness: Fullness) {
        self.spool_used.set(saturated(status.spool_used_bytes));
        self.spool_budget.set(saturated(status.spool_budget_bytes));
        self.spool_fullness.set(match fullness {
            Fullness::Normal => 0,
            Fullness::Alarm => 1,
            Fullness::NoNewCalls => 2,
            Fullness::Full => 3,
        });
        self.spool_waiting.set(saturated(status.waiting));
        self.spool_damaged.set(saturated(status.damaged));
        self.dead_letters.set(saturated(status.dead_letters));
        self.unsafe_calls.set(saturated(status.unsafe_calls));
        self.unsafe_turns.set(saturated(status.unsafe_turns));
        self.database_down_since.set(match &status.database {
            DatabaseState::Down { since, .. } => since.timestamp(),
            DatabaseState::Up | DatabaseState::Unknown => 0,
        });
    }

    /// Records that wait for the disk.
    pub(super) fn set_queue(&self, waiting: usize) {
        self.queue.set(saturated(waiting));
    }

    /// A record could not be kept: its queue was full, or it could not be sealed.
    pub(super) fn lost(&self) {
        self.lost.inc();
    }

    /// A record is on the disk, this long after it was made.
    pub(super) fn durable(&self, took: Duration) {
        self.durable.observe(took.as_secs_f64());
    }

    /// Records reached the database.
    pub(super) fn stored(&self, records: usize) {
        self.stored.inc_by(records as u64);
    }

    /// The database refused a record for good.
    pub(super) fn parked(&self) {
        self.parked.inc();
    }

    /// Messages under whose number another row is stored.
    pub(super) fn conflicts(&self, rows: usize) {
        self.conflicts.inc_by(rows as u64);
    }

    /// Whether rows reach the database.
    pub(super) fn set_database_up(&self, up: bool) {
        self.database_up.set(i64::from(up));
    }
}

fn saturated(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
