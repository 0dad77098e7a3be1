//! What turns say, read again from the record: whatever a killed worker did not note.

use std::sync::Arc;

use database::{
    Database, DatabaseError, LeadEventRepository, Message, NewLeadEvents, Role, SessionId,
    TurnInsight, TurnInsightRepository,
};
use insight::{
    lead::{AgentTurn, of_agent, of_caller},
    moment::{self, Trade},
    topics::TopicRule,
    turn::TurnText,
};
use record::{lead_events, turn_insight};
use serde_json::Value;

use crate::turns::{continues, turns};

/// Completes what is noted of turns. The rules say the same of the same turns: what is there stays as it is.
#[derive(Debug, Clone)]
pub struct Moments {
    insights: TurnInsightRepository,
    leads: LeadEventRepository,
    trade: Arc<Trade>,
}

impl Moments {
    /// By the pack's words.
    #[must_use]
    pub fn new(database: &Database, trade: Arc<Trade>) -> Self {
        Self {
            insights: TurnInsightRepository::new(database),
            leads: LeadEventRepository::new(database),
            trade,
        }
    }

    /// What the turns of a call say.
    #[must_use]
    pub fn read(&self, session: SessionId, messages: &[Message]) -> ReadTurns {
        read(session, messages, &self.trade)
    }

    /// Notes it, as far as it is not noted; how much was new.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn keep(&self, session: SessionId, read: ReadTurns) -> Result<usize, DatabaseError> {
        let insights = self.insights.insert(&read.insights).await?;
        let noted = self.leads.by_session(session).await?;
        let missing = read.leads.into_iter();
        let missing: Vec<NewLeadEvents> = missing.map(|new| new.without_turns_of(&noted)).collect();
        Ok(insights + self.leads.insert(&missing).await?)
    }
}

/// What the turns of a call say.
#[derive(Debug, Default)]
pub struct ReadTurns {
    /// Of the caller.
    pub insights: Vec<TurnInsight>,
    /// What the turns of both count for a lead.
    pub leads: Vec<NewLeadEvents>,
}

/// The rows of a call's turns. Of words whose key was destroyed nothing is read.
fn read(session: SessionId, messages: &[Message], trade: &Trade) -> ReadTurns {
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
    let mut found = ReadTurns::default();
    for (seq, moment) in read {
        let message = spoken.iter().find(|message| message.seq == seq);
        let Some(at) = message.filter(|message| message.content.is_some()) else {
            continue;
        };
        let at = at.created_at;
        found.insights.push(turn_insight(session, seq, &moment, at));
        let counts = lead_events(session, of_caller(seq, &moment, trade), at);
        found.leads.extend(counts);
    }
    for (message, (turn, _)) in spoken.iter().zip(&turns) {
        if message.role == Role::Assistant {
            let counts = of_agent(&agent_turn(message, turn), trade);
            found
                .leads
                .extend(lead_events(session, counts, message.created_at));
        }
    }
    found
}

/// A turn of the agent, as far as it counts for a lead.
fn agent_turn<'a>(message: &'a Message, turn: &'a TurnText) -> AgentTurn<'a> {
    if continues(message) {
        return AgentTurn::default();
    }
    let sources = message.meta.get("sources").and_then(Value::as_array);
    let named = |cited: &'a Value| cited.get("source").and_then(Value::as_str);
    AgentTurn {
        seq: turn.seq,
        deed: turn.deed.as_deref(),
        intent: message.intent.as_deref(),
        sources: sources.into_iter().flatten().filter_map(named).collect(),
    }
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
