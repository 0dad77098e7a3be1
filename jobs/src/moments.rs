//! What turns say, read again from the record: whatever a killed worker did not note.

use std::sync::Arc;

use database::{
    Database, DatabaseError, Message, Role, SessionId, TurnInsight, TurnInsightRepository,
};
use insight::{
    moment::{self, Trade},
    topics::TopicRule,
    turn::TurnText,
};
use record::turn_insight;
use serde_json::Value;

use crate::finalizer::turns;

/// Completes what is noted of turns. The rules say the same of the same turns: what is there stays as it is.
#[derive(Debug, Clone)]
pub struct Moments {
    insights: TurnInsightRepository,
    trade: Arc<Trade>,
}

impl Moments {
    /// By the pack's words.
    #[must_use]
    pub fn new(database: &Database, trade: Arc<Trade>) -> Self {
        Self {
            insights: TurnInsightRepository::new(database),
            trade,
        }
    }

    /// What the turns of a call say.
    #[must_use]
    pub fn read(&self, session: SessionId, messages: &[Message]) -> Vec<TurnInsight> {
        read(session, messages, &self.trade)
    }

    /// Notes it, as far as it is not noted; how much was new.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn keep(&self, insights: &[TurnInsight]) -> Result<usize, DatabaseError> {
        self.insights.insert(insights).await
    }
}

/// The rows of a call's turns. Of words whose key was destroyed nothing is read.
fn read(session: SessionId, messages: &[Message], trade: &Trade) -> Vec<TurnInsight> {
    let spoken: Vec<&Message> = messages
        .iter()
        .filter(|message| matches!(message.role, Role::User | Role::Assistant))
        .collect();
    let typed = |message: &&Message| {
        let typed = message.meta.get("typed").and_then(Value::as_bool);
        typed.unwrap_or_default()
    };
    let turns: Vec<(TurnText, bool)> = turns(messages)
        .into_iter()
        .zip(spoken.iter().map(typed))
        .collect();
    let read = moment::of_call(&turns, trade).into_iter();
    let rows = read.filter_map(|(seq, moment)| {
        let message = spoken.iter().find(|message| message.seq == seq)?;
        message.content.as_ref()?;
        Some(turn_insight(session, seq, &moment, message.created_at))
    });
    rows.collect()
}

/// A pack's words for what turns say.
#[must_use]
pub fn trade(pack: &knowledge::Pack) -> Trade {
    let rule = |topic: &knowledge::Topic| TopicRule {
        id: topic.id.clone(),
        label: topic.label.clone(),
        phrases: topic.plain_phrases(),
    };
    let topics: Vec<TopicRule> = pack.topics.iter().map(rule).collect();
    Trade::new(pack.words.lexicon(), &pack.moments, &topics)
}

#[cfg(test)]
mod tests;
