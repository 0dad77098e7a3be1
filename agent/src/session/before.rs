//! What earlier calls say of a caller who has just proved who they are.

use std::time::Duration;

use call::{Resolution, SessionId};
use chrono::{DateTime, Utc};
use dialogue::{Driver, Event, LastCall, Replier};
use futures_util::future::join;
use insight::facts::Learned;
use record::{EarlierCalls, learned};
use tokio::time::timeout;
use tools::{DoneDeed, LeftTask};

use super::memory::Memory;

/// The caller waits to hear that they are verified.
const PATIENCE: Duration = Duration::from_millis(500);

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Before {
    /// What a task knew when a call broke off.
    left: Option<LeftTask>,
    /// What was done today that has a limit; `None`: nobody could find out.
    done: Option<Vec<DoneDeed>>,
    /// What is remembered; `None`: nobody could find out, or there is nothing.
    remembered: Option<Remembered>,
}

/// What earlier calls learned, and what they came to.
#[derive(Debug)]
struct Remembered {
    facts: Vec<Learned>,
    past: record::Past,
    /// The last question of the last call.
    question: Option<String>,
}

impl Before {
    /// Looks at the other calls of this call's person, at what was done and at what is remembered at the same time: where one
    /// cannot be read the other may be.
    pub(super) async fn find(
        earlier: &EarlierCalls,
        session: SessionId,
        replier: &Replier,
    ) -> Self {
        let unfinished = timeout(PATIENCE, Self::unfinished(earlier, session, replier));
        let remembered = timeout(PATIENCE, remembered(earlier, session));
        let (unfinished, remembered) = join(unfinished, remembered).await;
        let remembered = match remembered {
            Ok(Ok(remembered)) => Some(remembered),
            Ok(Err(error)) => {
                tracing::warn!(%error, "what is remembered could not be read");
                None
            }
            Err(_) => {
                tracing::warn!("what is remembered could not be read in time");
                None
            }
        };
        let unfinished = unfinished.unwrap_or_else(|_| {
            tracing::warn!("what earlier calls left could not be read in time");
            Self::default()
        });
        Self {
            remembered,
            ..unfinished
        }
    }

    async fn unfinished(earlier: &EarlierCalls, session: SessionId, replier: &Replier) -> Self {
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
        Self {
            left,
            done,
            remembered: None,
        }
    }

    /// The conversation knows it from now on.
    pub(super) fn tell(self, session: SessionId, dialogue: &Driver, memory: &mut Memory) {
        dialogue.done_before(self.done);
        if let Some(remembered) = self.remembered {
            remembered.tell(session, dialogue, memory);
        }
        if let Some(left) = self.left {
            dialogue.on(Event::Left(left));
        }
    }
}

impl Remembered {
    fn tell(self, session: SessionId, dialogue: &Driver, memory: &mut Memory) {
        let Self {
            facts,
            past,
            question,
        } = self;
        let (calls, open) = (past.calls, past.open.len());
        if calls > 0 {
            tracing::info!(
                session.id = %session,
                proven = true,
                calls,
                open,
                facts = facts.len(),
                "RETURNING USER"
            );
        }
        let sells_nothing = memory.remember(facts);
        let last = past.last.map(|last| LastCall {
            days: u32::try_from((Utc::now() - last.started_at).num_days()).unwrap_or_default(),
            unresolved: matches!(
                last.resolution,
                Some(Resolution::Incomplete | Resolution::Escalated)
            ),
            topics: last.topics,
            question,
        });
        let references = past.open.into_iter().filter_map(|open| open.reference);
        dialogue.on(Event::Past(Box::new(dialogue::Past {
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
            last,
            open: references.collect(),
            sells_nothing,
        })));
    }
}

/// What is remembered of the person of this call.
async fn remembered(
    earlier: &EarlierCalls,
    session: SessionId,
) -> Result<Remembered, record::DatabaseError> {
    let came_to = async {
        let past = earlier.past(session).await?;
        let question = match &past.last {
            Some(last) => earlier.asked_last(last.session).await?,
            None => None,
        };
        Ok::<_, record::DatabaseError>((past, question))
    };
    let (facts, came_to) = join(earlier.facts(session), came_to).await;
    let (past, question) = came_to?;
    Ok(Remembered {
        facts: facts?.into_iter().filter_map(learned).collect(),
        past,
        question,
    })
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
