//! When each task of the maintenance is due. Time is an argument.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike as _, Utc};

/// Partitions and stray rows are looked at this often.
const LOOK_EVERY: TimeDelta = TimeDelta::hours(1);
/// The hour (UTC) from which the nightly tasks are done: few call then in Africa and Europe.
const NIGHT_HOUR: u32 = 2;

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Sign what was said since the last anchor.
    Anchor,
    /// Make partitions, look for stray rows, delete tokens that expired, have old scores of leads made anew.
    Check,
    /// Recount, put old months away.
    Nightly,
}

impl Task {
    /// In words, for whoever reads that it fails.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Anchor => "signing anchors",
            Self::Check => {
                "making partitions and looking for stray rows, expired tokens and old scores of leads"
            }
            Self::Nightly => "the nightly recount and putting months away",
        }
    }
}

/// Remembers what was done. A new leader does everything but the night once.
#[derive(Debug)]
pub(super) struct Schedule {
    anchor_every: TimeDelta,
    anchored: Option<DateTime<Utc>>,
    looked: Option<DateTime<Utc>>,
    night: Option<NaiveDate>,
}

impl Schedule {
    pub(super) fn new(anchor_every: Duration) -> Self {
        Self {
            anchor_every: TimeDelta::from_std(anchor_every).unwrap_or(TimeDelta::MAX),
            anchored: None,
            looked: None,
            night: None,
        }
    }

    /// What is due now, in order.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Vec<Task> {
        let over = |last: Option<DateTime<Utc>>, every| last.is_none_or(|last| now - last >= every);
        let is_night = now.hour() >= NIGHT_HOUR;
        // One that started by day waits for its first night.
        let first_night = || match is_night {
            true => now.date_naive(),
            false => NaiveDate::MIN,
        };
        let last_night = *self.night.get_or_insert_with(first_night);
        [
            (over(self.looked, LOOK_EVERY), Task::Check),
            (over(self.anchored, self.anchor_every), Task::Anchor),
            (is_night && last_night < now.date_naive(), Task::Nightly),
        ]
        .into_iter()
        .filter_map(|(due, task)| due.then_some(task))
        .collect()
    }

    pub(super) fn done(&mut self, task: Task, now: DateTime<Utc>) {
        match task {
            Task::Anchor => self.anchored = Some(now),
            Task::Check => self.looked = Some(now),
            Task::Nightly => self.night = Some(now.date_naive()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn each_task_comes_in_its_time_and_again_until_it_is_done() {
        let mut schedule = Schedule::new(Duration::from_secs(600));
        let start = at("2026-03-01T12:00:00Z");
        assert_eq!(schedule.due(start), [Task::Check, Task::Anchor]);
        assert_eq!(schedule.due(start).len(), 2, "neither was done");
        schedule.done(Task::Check, start);
        schedule.done(Task::Anchor, start);
        assert_eq!(schedule.due(start + TimeDelta::seconds(599)), []);
        assert_eq!(
            schedule.due(start + TimeDelta::seconds(600)),
            [Task::Anchor]
        );
        assert_eq!(
            schedule.due(start + LOOK_EVERY),
            [Task::Check, Task::Anchor]
        );
    }

    #[test]
    fn the_night_comes_once_a_day() {
        let mut schedule = Schedule::new(Duration::from_secs(600));
        let nights =
            |schedule: &mut Schedule, text| schedule.due(at(text)).contains(&Task::Nightly);
        assert!(
            !nights(&mut schedule, "2026-03-01T12:00:00Z"),
            "started by day"
        );
        assert!(!nights(&mut schedule, "2026-03-02T01:59:59Z"));
        assert!(nights(&mut schedule, "2026-03-02T02:00:00Z"));
        schedule.done(Task::Nightly, at("2026-03-02T02:10:00Z"));
        assert!(!nights(&mut schedule, "2026-03-02T23:00:00Z"));
        assert!(
            nights(&mut schedule, "2026-03-03T05:00:00Z"),
            "late is better than never"
        );
    }
}
