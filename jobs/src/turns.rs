//! A call's messages as the turns that the rules read.

use call::Speaker;
use database::{Message, Role};
use insight::turn::{Reply, TurnText};
use serde_json::Value;

/// An intent belongs to the caller's turn, and is known once the answer to it was routed.
pub(crate) fn turns(messages: &[Message]) -> Vec<TurnText> {
    let spoken: Vec<&Message> = messages
        .iter()
        .filter(|m| matches!(m.role, Role::User | Role::Assistant))
        .collect();
    let has_sources = |m: &Message| {
        m.meta
            .get("sources")
            .and_then(Value::as_array)
            .is_some_and(|s| !s.is_empty())
    };
    spoken
        .iter()
        .enumerate()
        .map(|(i, m)| {
            let answer = spoken
                .get(i + 1)
                .filter(|next| next.role == Role::Assistant);
            TurnText {
                seq: m.seq,
                speaker: if m.role == Role::User {
                    Speaker::Caller
                } else {
                    Speaker::Agent
                },
                // Words whose key was destroyed meanwhile say nothing any more.
                text: m.content.clone().unwrap_or_default(),
                intent: m
                    .intent
                    .clone()
                    .or_else(|| answer.and_then(|next| next.intent.clone())),
                interrupted: m.interrupted,
                has_sources: has_sources(m),
                reply: reply(m, has_sources(m)),
                deed: deed(m),
                meaning: None,
            }
        })
        .collect()
}

/// What is kept of an agent's turn, beside its words.
fn reply(message: &Message, has_sources: bool) -> Option<Reply> {
    let kept = |key: &str| message.meta.get(key).and_then(Value::as_str);
    let is_agents = message.role == Role::Assistant;
    let (kind, made_by) = (kept("kind"), kept("model"));
    is_agents
        .then(|| {
            Reply::of(
                kind.unwrap_or_default(),
                kept("route"),
                made_by.unwrap_or_default(),
                has_sources,
            )
        })
        .flatten()
}

/// It says the rest of a reply that was cut, which is a turn of its own.
pub(crate) fn continues(message: &Message) -> bool {
    message.meta.get("continues").and_then(Value::as_bool) == Some(true)
}

/// What an agent's turn says was done: the route of the task.
fn deed(message: &Message) -> Option<String> {
    let kept = |key: &str| message.meta.get(key).and_then(Value::as_str);
    let is_done =
        message.role == Role::Assistant && kept("model") == Some("deed") && !continues(message);
    kept("route").filter(|_| is_done).map(str::to_owned)
}
