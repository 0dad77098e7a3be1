//! What maintenance of the record found: all of it should be zero, but for the time of the last
//! anchor.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{metrics::gauge::Gauge, registry::Registry};
use record::series;

series! {
    /// What upkeep found.
    pub(super) struct Found {
        /// Profiles and sessions whose counters differ from their rows
        pub(super) drift: Gauge = "counter_drift",
        /// Messages in the partition for ids of no month
        pub(super) misplaced: Gauge = "misplaced_messages",
        /// Sessions whose turns are stored and whose start never came
        pub(super) orphans: Gauge = "orphaned_sessions",
        /// Summaries that were given up
        pub(super) failed_summaries: Gauge = "failed_summaries",
        /// When this worker last wrote an anchor, in seconds since 1970
        pub(super) anchored_at: Gauge = "anchored_at_seconds",
        /// Chores of the record's upkeep that failed several times in a row
        failing: Gauge = "upkeep_failing",
    }
}

/// Gauges of the record's upkeep, and the complaints that follow from them.
#[derive(Debug, Default)]
pub struct JobMetrics {
    pub(super) found: Found,
    /// How often each task failed in a row.
    failures: Mutex<BTreeMap<&'static str, u32>>,
}

/// Failures in a row that are worth a complaint: fewer may be a database that restarts.
const WORTH_A_COMPLAINT: u32 = 4;

impl JobMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        self.found.register(registry);
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
        self.found.failing.set(saturated(complained.count()));
    }

    /// What an operator should look at; empty when all is well.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let found = [
            (
                self.found.drift.get(),
                "counters differ from their rows: see the log of the last recount",
            ),
            (
                self.found.misplaced.get(),
                "messages have an id of no month: a clock or a writer is wrong",
            ),
            (
                self.found.orphans.get(),
                "sessions have turns and no start: is a worker's spool waiting to be started?",
            ),
            (
                self.found.failed_summaries.get(),
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

pub(super) fn saturated(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_upkeep_finds_is_a_complaint_with_its_count() {
        let upkeep = JobMetrics::default();
        upkeep.found.drift.set(3);
        upkeep.found.misplaced.set(1);
        upkeep.found.orphans.set(4);
        upkeep.found.failed_summaries.set(2);
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
