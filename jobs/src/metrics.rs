//! What maintenance of the record found: all of it should be zero, but for the time of the last
//! anchor.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{metrics::gauge::Gauge, registry::Registry};

/// Gauges of the record's upkeep, and the complaints that follow from them.
#[derive(Debug, Default)]
pub struct JobMetrics {
    drift: Gauge,
    misplaced: Gauge,
    orphans: Gauge,
    failed_summaries: Gauge,
    anchored_at: Gauge,
    failing: Gauge,
    /// How often each task failed in a row.
    failures: Mutex<BTreeMap<&'static str, u32>>,
}

/// Failures in a row that are worth a complaint: fewer may be a database that restarts.
const WORTH_A_COMPLAINT: u32 = 4;

impl JobMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            (
                "counter_drift",
                "Profiles and sessions whose counters differ from their rows",
                &self.drift,
            ),
            (
                "misplaced_messages",
                "Messages in the partition for ids of no month",
                &self.misplaced,
            ),
            (
                "orphaned_sessions",
                "Sessions whose turns are stored and whose start never came",
                &self.orphans,
            ),
            (
                "failed_summaries",
                "Summaries that were given up",
                &self.failed_summaries,
            ),
            (
                "anchored_at_seconds",
                "When this worker last wrote an anchor, in seconds since 1970",
                &self.anchored_at,
            ),
            (
                "upkeep_failing",
                "Chores of the record's upkeep that failed several times in a row",
                &self.failing,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }

    /// Profiles and sessions that a recount found wrong.
    pub fn set_drift(&self, found: usize) {
        self.drift.set(saturated(found));
    }

    /// Messages in the default partition.
    pub fn set_misplaced(&self, found: i64) {
        self.misplaced.set(found);
    }

    /// Sessions that are not there and have messages.
    pub fn set_orphans(&self, found: usize) {
        self.orphans.set(saturated(found));
    }

    /// Summaries that wait for a person.
    pub fn set_failed_summaries(&self, found: usize) {
        self.failed_summaries.set(saturated(found));
    }

    /// An anchor was written, seconds since 1970.
    pub fn set_anchored(&self, at: i64) {
        self.anchored_at.set(at);
    }

    /// A task, named in words, went through or did not.
    pub fn set_failing(&self, task: &'static str, failing: bool) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let in_a_row = failures.entry(task).or_default();
        *in_a_row = if failing {
            in_a_row.saturating_add(1)
        } else {
            0
        };
        let complained = failures.values().filter(|n| **n >= WORTH_A_COMPLAINT);
        self.failing.set(saturated(complained.count()));
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
                self.failed_summaries.get(),
                "summaries were given up: teller sessions summarize --failed",
            ),
        ];
        let mut complaints: Vec<String> = found
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = failures.iter().filter(|(_, n)| **n >= WORTH_A_COMPLAINT);
        complaints.extend(failing.map(|(task, n)| {
            format!("upkeep of the record fails, {n} times in a row: {task}; see the log")
        }));
        complaints
    }
}

fn saturated(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_upkeep_finds_is_a_complaint_with_its_count() {
        let upkeep = JobMetrics::default();
        upkeep.set_drift(3);
        upkeep.set_misplaced(1);
        upkeep.set_orphans(4);
        upkeep.set_failed_summaries(2);
        let complaints = upkeep.complaints();
        for (complaint, expected) in complaints.iter().zip([
            "3 counters differ",
            "1 messages have an id of no month",
            "4 sessions have turns and no start",
            "2 summaries were given up",
        ]) {
            assert!(complaint.starts_with(expected), "{complaint}");
        }
        assert_eq!(complaints.len(), 4, "{complaints:?}");
    }

    #[test]
    fn a_chore_that_keeps_failing_is_named_until_it_goes_through_whatever_the_others_do() {
        let upkeep = JobMetrics::default();
        for _ in 0..4 {
            assert!(upkeep.complaints().is_empty(), "it may be a restart");
            upkeep.set_failing("partitions", true);
            upkeep.set_failing("anchors", false);
        }
        let complaints = upkeep.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].contains("partitions"), "{complaints:?}");
        upkeep.set_failing("partitions", false);
        assert!(upkeep.complaints().is_empty());
    }
}
