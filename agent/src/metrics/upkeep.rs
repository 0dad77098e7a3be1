//! What the keeper of the record found: all of it should be zero, but for the time of the last
//! anchor.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::{metrics::gauge::Gauge, registry::Registry};

/// Gauges of the record's upkeep, and the complaints that follow from them.
#[derive(Debug, Default)]
pub struct Upkeep {
    drift: Gauge,
    misplaced: Gauge,
    orphans: Gauge,
    parked: Gauge,
    anchored_at: Gauge,
    /// The last time something of the upkeep failed in a row, as a count.
    failures: AtomicU64,
}

impl Upkeep {
    pub(super) fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            (
                "teller_counter_drift",
                "Profiles and sessions whose counters differ from their rows",
                &self.drift,
            ),
            (
                "teller_misplaced_messages",
                "Messages in the partition for ids of no month",
                &self.misplaced,
            ),
            (
                "teller_orphaned_sessions",
                "Sessions whose turns are stored and whose start never came",
                &self.orphans,
            ),
            (
                "teller_parked_summaries",
                "Summaries that were given up",
                &self.parked,
            ),
            (
                "teller_anchored_at_seconds",
                "When this worker last wrote an anchor, in seconds since 1970",
                &self.anchored_at,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }

    /// Profiles and sessions that a recount found wrong.
    pub fn set_drift(&self, found: usize) {
        self.drift.set(super::as_gauge(found));
    }

    /// Messages in the default partition.
    pub fn set_misplaced(&self, found: i64) {
        self.misplaced.set(found);
    }

    /// Sessions that are not there and have messages.
    pub fn set_orphans(&self, found: usize) {
        self.orphans.set(super::as_gauge(found));
    }

    /// Summaries that wait for a person.
    pub fn set_parked(&self, found: usize) {
        self.parked.set(super::as_gauge(found));
    }

    /// An anchor was written, seconds since 1970.
    pub fn set_anchored(&self, at: i64) {
        self.anchored_at.set(at);
    }

    /// A chore went through, or did not.
    pub fn set_failing(&self, failing: bool) {
        if failing {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// What an operator should look at; empty when all is well.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let found = [
            (
                self.drift.get(),
                "counters differ from their rows: see the log of the last recount",
            ),
            (
                self.misplaced.get(),
                "messages have an id of no month: a clock or a writer is wrong",
            ),
            (
                self.orphans.get(),
                "sessions have turns and no start: is a worker's spool waiting to be started?",
            ),
            (
                self.parked.get(),
                "summaries were given up: teller sessions summarize --parked",
            ),
        ];
        let mut complaints: Vec<String> = found
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        // Once may be a database that restarts.
        if self.failures.load(Ordering::Relaxed) > 3 {
            complaints.push("anchors or other upkeep of the record fail: see the log".to_owned());
        }
        complaints
    }
}
