//! When a connection next wants to know the time.
//!
//! Not a timer of its own: the connection's thread looks at all its alarms when it wakes, and
//! wakes for the earliest. Alarms of connections that are up are put on the common grid of
//! 10 ms, so that they ring together with the ticks of the streams.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use super::{connection::Connection, pacer::PERIOD};

/// An alarm further away than this may be late by [`COARSE`]: consent checks, reports and
/// patience run in seconds.
const FAR: Duration = Duration::from_millis(400);

/// The grid of far alarms.
const COARSE: Duration = Duration::from_millis(50);

/// How exact an alarm has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// Connecting: every millisecond is a caller's waiting time.
    Exact,
    /// Connected: at the next point of the grid.
    Grid,
}

/// A connection's place among the alarms of its thread.
pub(super) struct Alarm {
    /// Microseconds after the engine's epoch; the largest value is "never".
    due: AtomicU64,
    connection: Weak<Connection>,
}

impl Alarm {
    pub(super) const fn new(connection: Weak<Connection>) -> Self {
        Self {
            due: AtomicU64::new(u64::MAX),
            connection,
        }
    }

    pub(super) fn due(&self) -> u64 {
        self.due.load(SeqCst)
    }

    /// Sets the alarm. Returns the new time if it is not the one already set.
    pub(super) fn set(&self, deadline: Instant, precision: Precision, now: Instant) -> Option<u64> {
        let due = round_up(deadline, precision, now);
        (self.due.swap(due, SeqCst) != due).then_some(due)
    }

    /// Stops ringing.
    pub(super) fn silence(&self) {
        self.due.store(u64::MAX, SeqCst);
    }

    /// The connection is gone: only the thread's list has the alarm.
    pub(super) fn is_abandoned(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1
    }

    /// Calls the connection, which sets its alarm again.
    pub(super) fn ring(&self) {
        self.due.store(u64::MAX, SeqCst);
        if let Some(connection) = self.connection.upgrade() {
            connection.on_alarm();
        }
    }
}

/// Microseconds from the epoch to `instant`.
pub(super) fn after(instant: Instant) -> u64 {
    let since = instant.saturating_duration_since(*super::EPOCH);
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The instant that [`after`] gives as `micros`; none for "never".
pub(super) fn at(micros: u64) -> Option<Instant> {
    (micros != u64::MAX).then(|| *super::EPOCH + Duration::from_micros(micros))
}

/// At least a millisecond away: whatever the engine asks for, its thread does not spin.
fn round_up(deadline: Instant, precision: Precision, now: Instant) -> u64 {
    let now = after(now);
    let due = after(deadline).max(now + 1_000);
    let grid = match precision {
        Precision::Exact => return due,
        Precision::Grid if due - now > FAR.as_micros() as u64 => COARSE,
        Precision::Grid => PERIOD,
    };
    due.next_multiple_of(grid.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked_ms: u64, precision: Precision, expected_us: u64) {
        let now = *super::super::EPOCH + Duration::from_micros(3_200);
        let deadline = *super::super::EPOCH + Duration::from_millis(asked_ms);
        assert_eq!(
            round_up(deadline, precision, now),
            expected_us,
            "{asked_ms} ms after the epoch, {precision:?}"
        );
    }

    #[test]
    fn alarms_of_a_connection_that_is_up_ring_together() {
        check(12, Precision::Grid, 20_000);
        check(20, Precision::Grid, 20_000);
        check(390, Precision::Grid, 390_000);
        check(2_001, Precision::Grid, 2_050_000);
    }

    #[test]
    fn alarms_of_a_connection_being_made_are_exact() {
        check(12, Precision::Exact, 12_000);
        check(2_001, Precision::Exact, 2_001_000);
    }

    #[test]
    fn a_deadline_in_the_past_does_not_spin() {
        check(0, Precision::Exact, 4_200);
        check(0, Precision::Grid, 10_000);
    }

    #[test]
    fn an_alarm_is_set_anew_only_by_a_change() {
        let alarm = Alarm::new(Weak::new());
        let now = *super::super::EPOCH;
        let soon = now + Duration::from_millis(30);
        assert_eq!(alarm.set(soon, Precision::Grid, now), Some(30_000));
        assert_eq!(alarm.set(soon, Precision::Grid, now), None);
        alarm.silence();
        assert_eq!(alarm.due(), u64::MAX);
    }
}
