//! Shutting down in two steps: finish the calls, or leave at once.

use std::time::Duration;

use tokio::sync::watch;

/// How far the shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Calls are taken.
    Running,
    /// No new calls; current ones finish.
    Draining,
    /// Everything ends now.
    Now,
}

/// The side that asks for the shutdown: the signal handlers.
#[derive(Debug)]
pub struct ShutdownControl(watch::Sender<Phase>);

/// The side that follows it; clones see the same phase.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Phase>);

/// A shutdown in phase [`Phase::Running`].
#[must_use]
pub fn shutdown() -> (ShutdownControl, Shutdown) {
    let (control, follower) = watch::channel(Phase::Running);
    (ShutdownControl(control), Shutdown(follower))
}

impl ShutdownControl {
    /// One step further: the first signal drains, the second ends at once.
    pub fn next(&self) -> Phase {
        self.0.send_modify(|phase| {
            *phase = match *phase {
                Phase::Running => Phase::Draining,
                Phase::Draining | Phase::Now => Phase::Now,
            }
        });
        *self.0.borrow()
    }
}

impl Shutdown {
    /// The phase now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits until the phase is at least `phase`. When the control is gone the
    /// phase stays what it is, and this waits for ever unless it was reached.
    pub async fn reached(&mut self, phase: Phase) {
        let waited = self.0.wait_for(|now| *now >= phase).await.is_ok();
        if !waited && self.phase() < phase {
            std::future::pending::<()>().await;
        }
    }
}

/// How long calls may go on once the worker drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainConfig {
    /// Current calls go on this long undisturbed.
    pub grace: Duration,
    /// After it each is asked to say goodbye, write its summary and leave;
    /// the worker waits this long for that.
    pub farewell: Duration,
}

/// The timeline of a drain.
///
/// ```text
/// begin ---- grace ----> farewell asked ---- farewell ----> given up
///        \ no call left: done              \ no call left: done
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drain {
    Serving,
    Grace { until: Duration },
    Farewell { until: Duration },
}

/// What a drain asks for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DrainStep {
    Wait,
    AskToLeave,
    Done,
}

impl Drain {
    pub(super) fn begin(config: &DrainConfig, now: Duration) -> Self {
        Self::Grace {
            until: now.saturating_add(config.grace),
        }
    }

    /// Moves on at `now`; `idle` when no call runs and none is promised.
    pub(super) fn step(&mut self, config: &DrainConfig, idle: bool, now: Duration) -> DrainStep {
        match *self {
            Self::Serving => DrainStep::Wait,
            Self::Grace { .. } | Self::Farewell { .. } if idle => DrainStep::Done,
            Self::Grace { until } if now >= until => {
                let until = now.saturating_add(config.farewell);
                *self = Self::Farewell { until };
                DrainStep::AskToLeave
            }
            Self::Farewell { until } if now >= until => DrainStep::Done,
            Self::Grace { .. } | Self::Farewell { .. } => DrainStep::Wait,
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match *self {
            Self::Serving => None,
            Self::Grace { until } | Self::Farewell { until } => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: DrainConfig = DrainConfig {
        grace: Duration::from_secs(60),
        farewell: Duration::from_secs(15),
    };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_worker_without_calls_is_done_at_once() {
        let mut drain = Drain::begin(&CONFIG, at(5));
        assert_eq!(drain.step(&CONFIG, true, at(5)), DrainStep::Done);
    }

    #[test]
    fn calls_get_their_grace_then_a_farewell_then_are_given_up() {
        let mut drain = Drain::begin(&CONFIG, at(0));
        let script = [
            (0, false, DrainStep::Wait),
            (59, false, DrainStep::Wait),
            (60, false, DrainStep::AskToLeave),
            (74, false, DrainStep::Wait),
            (75, false, DrainStep::Done),
        ];
        for (second, idle, expected) in script {
            let step = drain.step(&CONFIG, idle, at(second));
            assert_eq!(step, expected, "at second {second}");
        }
    }

    #[test]
    fn a_serving_worker_is_never_done() {
        let mut drain = Drain::Serving;
        assert_eq!(drain.step(&CONFIG, true, at(1_000)), DrainStep::Wait);
        assert_eq!(drain.deadline(), None);
    }

    #[test]
    fn an_endless_grace_does_not_overflow() {
        let forever = DrainConfig {
            grace: Duration::MAX,
            ..CONFIG
        };
        let mut drain = Drain::begin(&forever, at(9));
        assert_eq!(drain.step(&forever, false, at(10)), DrainStep::Wait);
    }

    #[tokio::test]
    async fn the_first_signal_drains_and_the_second_ends() {
        let (control, mut follower) = shutdown();
        assert_eq!(follower.phase(), Phase::Running);
        assert_eq!(control.next(), Phase::Draining);
        follower.reached(Phase::Draining).await;
        assert_eq!(control.next(), Phase::Now);
        assert_eq!(control.next(), Phase::Now);
        follower.reached(Phase::Now).await;
    }

    #[tokio::test]
    async fn a_lost_control_never_counts_as_a_shutdown() {
        let (control, mut follower) = shutdown();
        drop(control);
        let waited =
            tokio::time::timeout(Duration::from_millis(50), follower.reached(Phase::Draining))
                .await;
        assert!(waited.is_err(), "the shutdown began without a signal");
    }
}
