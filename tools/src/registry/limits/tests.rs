//! A deed beyond the limit is refused by the registry, whoever asks for it and in whatever words.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use call::{AuthLevel, SessionId};
use serde_json::json;

use super::*;
use crate::{
    BoxFuture, Effect, Intent, Most, NotRecorded, Outcome, Refusal, Registry, Request, Tool,
    ToolCall, ToolCallLog, ToolCaller, ToolError, ToolSpec,
};

/// Counts how often it was asked; declines what says so.
struct Counting {
    spec: ToolSpec,
    asked: Arc<AtomicU32>,
}

impl Tool for Counting {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::Anonymous
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let declined = call.arguments.get("decline").is_some();
        Box::pin(async move {
            match declined {
                true => Err(ToolError::Declined("not now".to_owned())),
                false => Ok(json!({})),
            }
        })
    }
}

/// Takes every record.
struct Kept;

impl ToolCallLog for Kept {
    fn intend(&self, _intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        Box::pin(async { Ok(()) })
    }

    fn finish(
        &self,
        _session: SessionId,
        _key: Uuid,
        _outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        Box::pin(async { Ok(()) })
    }
}

/// A registry in which `send` may be done so often a day, and how often it was asked to.
fn registry(a_day: u32) -> (Registry, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let tool = Counting {
        spec: ToolSpec {
            name: "send".to_owned(),
            description: "Sends it.".to_owned(),
            arguments: json!({"type": "object"}),
            timeout: std::time::Duration::from_secs(5),
            effect: Effect::Idempotent,
            consent: false,
        },
        asked: Arc::clone(&asked),
    };
    let limit = Limit {
        tool: "send".to_owned(),
        fixed: vec![("kind".to_owned(), json!("list"))],
        most: Most::Deeds(a_day),
    };
    let registry = Registry::new(
        SessionId::new(),
        vec![Arc::new(tool)],
        Arc::new(Kept),
        Vec::new(),
    );
    (registry.with_limits(Limits::new(vec![limit], None)), asked)
}

fn request(seq: i32, arguments: Value) -> Request {
    Request {
        tool: "send".to_owned(),
        seq,
        round: 0,
        arguments,
        consent: true,
        caller: ToolCaller::default(),
    }
}

fn list() -> Value {
    json!({"kind": "list"})
}

#[tokio::test]
async fn beyond_the_limit_no_request_leaves() {
    let (registry, asked) = registry(2);
    for seq in 1..=2 {
        assert!(
            registry.call(request(seq, list())).await.is_success(),
            "{seq}"
        );
    }
    let third = registry.call(request(3, list())).await;
    assert_eq!(third, Outcome::Refused(Refusal::Limit));
    let other = registry.call(request(4, json!({"kind": "form"}))).await;
    assert!(
        other.is_success(),
        "another deed of the same tool has no limit"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 3, "requests that left");
}

#[tokio::test]
async fn the_same_call_once_more_counts_once_and_what_was_not_done_not_at_all() {
    let (registry, _) = registry(2);
    let declined = request(1, json!({"kind": "list", "decline": true}));
    assert!(!registry.call(declined).await.is_success());
    for _ in 0..3 {
        assert!(registry.call(request(2, list())).await.is_success());
    }
    assert!(
        registry.call(request(3, list())).await.is_success(),
        "the second"
    );
    let third = registry.call(request(4, list())).await;
    assert_eq!(third, Outcome::Refused(Refusal::Limit));
}

#[tokio::test]
async fn what_was_done_before_counts_and_where_nobody_knows_nothing_is_done() {
    let (registry, asked) = registry(1);
    let today = Utc::now().date_naive();
    let deed = |day| DoneDeed {
        tool: "send".to_owned(),
        arguments: list(),
        day,
    };
    registry.done_before(Some(vec![deed(today)]));
    let refused = registry.call(request(1, list())).await;
    assert_eq!(refused, Outcome::Refused(Refusal::Limit));
    registry.done_before(None);
    let refused = registry.call(request(2, list())).await;
    assert_eq!(refused, Outcome::Refused(Refusal::Limit), "nobody knows");
    let yesterday = today.pred_opt().expect("a day before");
    registry.done_before(Some(vec![deed(yesterday)]));
    assert!(
        registry.call(request(3, list())).await.is_success(),
        "another day"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1, "requests that left");
}

#[tokio::test]
async fn of_two_at_once_one_is_done() {
    let (registry, asked) = registry(1);
    let (one, two) = tokio::join!(
        registry.call(request(1, list())),
        registry.call(request(2, list()))
    );
    let done = [&one, &two]
        .into_iter()
        .filter(|outcome| outcome.is_success());
    assert_eq!(done.count(), 1, "{one:?} {two:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "requests that left");
}
