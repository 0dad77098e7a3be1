//! Series of the record: the disk, the database, and what is between them.

use std::time::Duration;

use database::spool::Fullness;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{Adder, Metrics, as_gauge};
use crate::record::{DatabaseState, RecordStatus};

/// From a tenth of a millisecond, as a quiet disk answers, to seconds, as a broken one does.
const DURABLE_BUCKETS_SECONDS: [f64; 12] = [
    0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0,
];

/// What is counted of the record.
#[derive(Debug)]
pub(super) struct RecordSeries {
    recorder_queue: Gauge,
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

impl Default for RecordSeries {
    fn default() -> Self {
        Self {
            recorder_queue: Gauge::default(),
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

impl RecordSeries {
    /// Under the names that Prometheus reads.
    pub(super) fn register(&self, registry: &mut Registry) {
        self.register_gauges(&mut Adder(registry));
        self.register_counters(registry);
    }

    fn register_gauges(&self, add: &mut Adder<'_>) {
        let gauges = [
            (
                "recorder_queue",
                "Records waiting for the disk",
                &self.recorder_queue,
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
            add.metric(name, help, gauge);
        }
    }

    fn register_counters(&self, registry: &mut Registry) {
        let mut add = Adder(registry);
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
            add.metric(name, help, counter);
        }
        registry.register_with_unit(
            "teller_record_durable",
            "From a turn being final to it being on the disk",
            Unit::Seconds,
            self.durable.clone(),
        );
    }
}

impl Metrics {
    /// Records that wait for the disk.
    pub fn set_recorder_queue(&self, waiting: usize) {
        self.record.recorder_queue.set(as_gauge(waiting));
    }

    /// A record could not be kept: its queue was full, or it could not be sealed.
    pub fn record_lost(&self) {
        self.record.lost.inc();
    }

    /// A record is on the disk, this long after it was made.
    pub fn record_durable(&self, took: Duration) {
        self.record.durable.observe(took.as_secs_f64());
    }

    /// Records reached the database.
    pub fn records_stored(&self, records: usize) {
        self.record.stored.inc_by(records as u64);
    }

    /// The database refused a record for good.
    pub fn record_parked(&self) {
        self.record.parked.inc();
    }

    /// Messages under whose number another row is stored.
    pub fn record_conflicts(&self, rows: usize) {
        self.record.conflicts.inc_by(rows as u64);
    }

    /// Whether rows reach the database.
    pub fn set_database_up(&self, up: bool) {
        self.record.database_up.set(i64::from(up));
    }

    /// How the record stands.
    pub fn set_record(&self, status: &RecordStatus, fullness: Fullness) {
        let gauge = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.record.spool_used.set(gauge(status.spool_used_bytes));
        self.record
            .spool_budget
            .set(gauge(status.spool_budget_bytes));
        self.record.spool_fullness.set(match fullness {
            Fullness::Normal => 0,
            Fullness::Alarm => 1,
            Fullness::NoNewCalls => 2,
            Fullness::Full => 3,
        });
        self.record.spool_waiting.set(gauge(status.waiting));
        self.record.spool_damaged.set(gauge(status.damaged));
        self.record.dead_letters.set(as_gauge(status.dead_letters));
        self.record.unsafe_calls.set(as_gauge(status.unsafe_calls));
        self.record.unsafe_turns.set(as_gauge(status.unsafe_turns));
        self.record.database_down_since.set(match &status.database {
            DatabaseState::Down { since, .. } => since.timestamp(),
            DatabaseState::Up | DatabaseState::Unknown => 0,
        });
    }
}
