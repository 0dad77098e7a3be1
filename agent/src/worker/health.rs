//! What the health server may say of this worker.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::slots::Slots;

/// A worker that lost its server is reported unhealthy only after this long: a
/// restarting server is back by then, and the calls go on meanwhile.
const OUTAGE_TOLERATED: Duration = Duration::from_secs(15);

/// The connection to the LiveKit server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Never registered so far.
    Starting,
    /// Offers arrive.
    Registered {
        /// The server's name for this worker, `AW_…`.
        worker_id: String,
    },
    /// Registered before; reconnecting.
    Lost {
        /// When the connection went.
        since: Instant,
    },
}

/// A live view of one worker; cheap to clone.
#[derive(Clone, Debug)]
pub struct WorkerHealth {
    pub(super) link: watch::Receiver<LinkState>,
    pub(super) slots: Slots,
    pub(super) agent_name: String,
}

impl WorkerHealth {
    /// `Ok` when the worker can be sent callers, else the reason in words.
    ///
    /// # Errors
    /// The reason why not, for the operator.
    pub fn check(&self, now: Instant) -> Result<(), String> {
        match &*self.link.borrow() {
            LinkState::Registered { .. } => Ok(()),
            LinkState::Starting => Err("not yet registered with the LiveKit server".to_owned()),
            LinkState::Lost { since } => {
                let outage = now.saturating_duration_since(*since);
                if outage <= OUTAGE_TOLERATED {
                    return Ok(());
                }
                let seconds = outage.as_secs();
                Err(format!(
                    "failed to connect to livekit for {seconds} seconds"
                ))
            }
        }
    }

    /// Whether offers arrive right now.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        matches!(*self.link.borrow(), LinkState::Registered { .. })
    }

    /// The connection now.
    #[must_use]
    pub fn link(&self) -> LinkState {
        self.link.borrow().clone()
    }

    /// The places for calls.
    #[must_use]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The name callers are dispatched to; empty with automatic dispatch.
    #[must_use]
    pub fn agent_name(&self) -> &str {
        &self.agent_name
    }

    /// Waits until the worker is registered.
    pub async fn registered(&mut self) {
        let registered = |link: &LinkState| matches!(link, LinkState::Registered { .. });
        if self.link.wait_for(registered).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[tokio::test]
    async fn an_outage_is_unhealthy_only_after_it_lasted() {
        let (link, view) = watch::channel(LinkState::Starting);
        let health = WorkerHealth {
            link: view,
            slots: Slots::new(NonZeroUsize::MIN),
            agent_name: String::new(),
        };
        let now = Instant::now();
        assert!(health.check(now).is_err(), "healthy before it registered");
        let worker_id = "AW_1".to_owned();
        link.send_replace(LinkState::Registered { worker_id });
        assert_eq!(health.check(now), Ok(()));
        link.send_replace(LinkState::Lost { since: now });
        assert_eq!(health.check(now + Duration::from_secs(15)), Ok(()));
        let late = health.check(now + Duration::from_secs(16));
        assert!(late.is_err_and(|why| why.contains("16 seconds")));
    }
}
