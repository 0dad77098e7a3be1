//! What earlier calls say of a caller who has just proved who they are.

use std::time::Duration;

use call::SessionId;
use chrono::{DateTime, Utc};
use dialogue::{Driver, Event, Replier};
use record::EarlierCalls;
use tokio::time::timeout;
use tools::{DoneDeed, LeftTask};

/// The caller waits to hear that they are verified.
const PATIENCE: Duration = Duration::from_millis(500);

/// What was found.
#[derive(Debug)]
pub(crate) struct Before {
    /// What a task knew when a call broke off.
    left: Option<LeftTask>,
    /// What was done today that has a limit; `None`: nobody could find out.
    done: Option<Vec<DoneDeed>>,
}

impl Before {
    /// Looks at the other calls of this call's person.
    pub(super) async fn find(
        earlier: &EarlierCalls,
        session: SessionId,
        replier: &Replier,
    ) -> Self {
        let found = async {
            let done = done_today(earlier, session, replier).await;
            let left = match earlier.left_task(session).await {
                Ok(left) => left,
                Err(error) => {
                    tracing::warn!(%error, "what an earlier call left could not be read");
                    None
                }
            };
            let left = left.and_then(|left| {
                Some(LeftTask {
                    task: left.task,
                    values: left.values?,
                })
            });
            Self { left, done }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| {
            tracing::warn!("what earlier calls left could not be read in time");
            Self {
                left: None,
                done: None,
            }
        })
    }

    /// The conversation knows it from now on.
    pub(super) fn tell(self, dialogue: &Driver) {
        dialogue.done_before(self.done);
        if let Some(left) = self.left {
            dialogue.on(Event::Left(left));
        }
    }
}

/// What the person has had done today of what has a limit.
async fn done_today(
    earlier: &EarlierCalls,
    session: SessionId,
    replier: &Replier,
) -> Option<Vec<DoneDeed>> {
    let limits = replier.limits();
    if limits.is_empty() {
        return Some(Vec::new());
    }
    let tools: Vec<String> = limits.into_iter().map(|limit| limit.tool).collect();
    let (now, local) = (Utc::now(), replier.local_time());
    let ahead = local - now.naive_utc();
    let midnight = local.date().and_hms_opt(0, 0, 0)? - ahead;
    let since = DateTime::from_naive_utc_and_offset(midnight, Utc);
    match earlier.deeds(session, &tools, since).await {
        Ok(deeds) => Some(
            deeds
                .into_iter()
                .map(|deed| DoneDeed {
                    tool: deed.tool,
                    arguments: deed.arguments.unwrap_or_default(),
                    day: local.date(),
                })
                .collect(),
        ),
        Err(error) => {
            tracing::warn!(%error, "what was done today could not be read");
            None
        }
    }
}
