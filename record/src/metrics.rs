//! Series of the record: the disk, the database, and what is between them.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{DatabaseState, RecordStatus};

/// From a tenth of a millisecond, as a quiet disk answers, to seconds, as a broken one does.
const DURABLE_BUCKETS_SECONDS: [f64; 12] = [
    0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0,
];

series! {
    /// What is counted of the record.
    pub(crate) struct RecordSeries {
        /// Records waiting for the disk
        pub(crate) queue: Gauge = "recorder_queue",
        /// 1 while rows reach the database
        pub(crate) database_up: Gauge = "database_up",
        /// Bytes of the spool on the disk
        spool_used: Gauge = "spool_used_bytes",
        /// Bytes that the spool may take
        spool_budget: Gauge = "spool_budget_bytes",
        /// 0 normal, 1 alarm at 80 %, 2 no new calls at 95 %, 3 full
        spool_fullness: Gauge = "spool_fullness",
        /// Records on the disk, not yet in the database
        spool_waiting: Gauge = "spool_waiting",
        /// Damaged places found in the spool
        spool_damaged: Gauge = "spool_damaged",
        /// Records that wait for an administrator
        dead_letters: Gauge = "dead_letters",
        /// Calls with turns that neither disk nor database took
        unsafe_calls: Gauge = "unsafe_calls",
        /// Turns that neither disk nor database took
        unsafe_turns: Gauge = "unsafe_turns",
        /// Since when the database takes no rows, in seconds since 1970; 0 while it does
        database_down_since: Gauge = "database_down_since_seconds",
        /// Records that could not be kept
        pub(crate) lost: Counter = "record_lost",
        /// Segments of recordings that were not kept because half of the spool was taken, or the disk refused
        pub(crate) sound_lost: Counter = "record_sound_lost",
        /// Records that reached the database
        pub(crate) stored: Counter = "record_stored",
        /// Records that the database refused
        pub(crate) parked: Counter = "record_parked",
        /// Messages under whose number another row is stored
        pub(crate) conflicts: Counter = "record_conflicts",
    }
}

/// What is counted of the record, and how long the disk takes.
#[derive(Debug)]
pub struct RecordMetrics {
    pub(crate) series: RecordSeries,
    pub(crate) durable: Histogram,
}

impl Default for RecordMetrics {
    fn default() -> Self {
        Self {
            series: RecordSeries::default(),
            durable: Histogram::new(DURABLE_BUCKETS_SECONDS),
        }
    }
}

impl RecordMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        self.series.register(registry);
        registry.register_with_unit(
            "record_durable",
            "From a turn being final to it being on the disk",
            Unit::Seconds,
            self.durable.clone(),
        );
    }

    /// Takes over how the record stands.
    pub fn set_status(&self, status: &RecordStatus) {
        let series = &self.series;
        series.spool_used.set(saturated(status.spool_used_bytes));
        series
            .spool_budget
            .set(saturated(status.spool_budget_bytes));
        series.spool_fullness.set(status.spool as i64);
        series.spool_waiting.set(saturated(status.waiting));
        series.spool_damaged.set(saturated(status.damaged));
        series.dead_letters.set(saturated(status.dead_letters));
        series.unsafe_calls.set(saturated(status.unsafe_calls));
        series.unsafe_turns.set(saturated(status.unsafe_turns));
        series.database_down_since.set(match &status.database {
            DatabaseState::Down { since, .. } => since.timestamp(),
            DatabaseState::Up | DatabaseState::Unknown => 0,
        });
    }
}

pub(crate) fn saturated(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
