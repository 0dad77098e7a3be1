//! Calls as a list of what happened: `intent`, `request`, `status` and `outcome` in their order.

use std::sync::{Mutex, PoisonError};

use call::AuthLevel;
use serde_json::json;
use tokio::time::sleep;

use super::*;
use crate::{NotRecorded, ToolError, ToolSpec};

const SECOND: Duration = Duration::from_secs(1);

/// What happened, in order; clones share it.
#[derive(Clone, Default)]
struct Happened(Arc<Mutex<Vec<String>>>);

impl Happened {
    fn note(&self, what: impl Into<String>) {
        let mut happened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        happened.push(what.into());
    }

    #[track_caller]
    fn is(&self, expected: &[&str]) {
        let happened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(*happened, expected);
    }

    fn count(&self, what: &str) -> usize {
        let happened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        happened.iter().filter(|line| *line == what).count()
    }
}

/// A record whose disk takes as long as is said, or nothing at all.
#[derive(Clone)]
struct Disk {
    happened: Happened,
    takes: Option<Duration>,
}

impl Disk {
    fn write(&self, what: String) -> BoxFuture<'static, Result<(), NotRecorded>> {
        let (happened, takes) = (self.happened.clone(), self.takes);
        happened.note(format!("{what} sent"));
        Box::pin(async move {
            sleep(takes.ok_or(NotRecorded)?).await;
            happened.note(format!("{what} kept"));
            Ok(())
        })
    }
}

impl ToolCallLog for Disk {
    fn intend(&self, intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        self.write(format!("intent of turn {}", intent.seq))
    }

    fn finish(
        &self,
        _: SessionId,
        _: Uuid,
        outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        self.write(format!("outcome {}", outcome.kind().as_str()))
    }
}

/// A tool that answers after a while.
struct Scripted {
    happened: Happened,
    spec: ToolSpec,
    needs: AuthLevel,
    takes: Duration,
    answer: Result<Value, ToolError>,
    status: Result<Option<Value>, ToolError>,
}

impl Tool for Scripted {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        self.needs
    }

    fn call<'a>(&'a self, _: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            self.happened.note("request");
            sleep(self.takes).await;
            self.answer.clone()
        })
    }

    fn status(&self, _: Uuid) -> BoxFuture<'_, Result<Option<Value>, ToolError>> {
        Box::pin(async {
            self.happened.note("status");
            self.status.clone()
        })
    }
}

/// A conversation with one tool, `order`, before it begins.
struct Scene {
    happened: Happened,
    disk: Disk,
    tool: Scripted,
    before: Vec<RecordedCall>,
}

fn scene(effect: Effect) -> Scene {
    let happened = Happened::default();
    let arguments = json!({
        "type": "object", "required": ["pieces"], "additionalProperties": false,
        "properties": { "pieces": { "type": "integer", "minimum": 1 } },
    });
    Scene {
        disk: Disk {
            happened: happened.clone(),
            takes: Some(Duration::from_millis(5)),
        },
        tool: Scripted {
            happened: happened.clone(),
            spec: ToolSpec {
                name: "order".to_owned(),
                description: "Orders pieces.".to_owned(),
                arguments,
                timeout: SECOND,
                effect,
                consent: false,
            },
            needs: AuthLevel::Anonymous,
            takes: Duration::from_millis(100),
            answer: Ok(json!({"number": 9})),
            status: Ok(None),
        },
        happened,
        before: Vec::new(),
    }
}

const SESSION: SessionId = SessionId(Uuid::from_u128(1));

impl Scene {
    fn begin(self) -> (Registry, Happened) {
        let tools: Vec<Arc<dyn Tool>> = vec![Arc::new(self.tool)];
        let registry = Registry::new(SESSION, tools, Arc::new(self.disk), self.before);
        (registry, self.happened)
    }

    /// The conversation broke off after the intent of turn 4.
    fn resumed(mut self) -> (Registry, Happened) {
        self.before.push(RecordedCall {
            key: idempotency_key(SESSION, 4, "order", None),
            tool: "order".to_owned(),
            outcome: None,
        });
        self.begin()
    }
}

/// Three pieces, asked for in this turn.
fn pieces(seq: i32) -> Request {
    Request {
        tool: "order".to_owned(),
        seq,
        round: 0,
        arguments: json!({"pieces": 3}),
        consent: false,
        caller: ToolCaller::default(),
    }
}

fn done() -> Outcome {
    Outcome::Success(json!({"number": 9}))
}

#[tokio::test(start_paused = true)]
async fn a_deed_is_on_record_before_its_request_leaves_and_its_outcome_before_it_is_reported() {
    let (registry, happened) = scene(Effect::Once).begin();
    let outcome = registry.call(pieces(4)).await;
    assert_eq!(outcome, done());
    happened.is(&[
        "intent of turn 4 sent",
        "intent of turn 4 kept",
        "request",
        "outcome success sent",
        "outcome success kept",
    ]);
    assert!(registry.has_done("order"));
}

#[tokio::test(start_paused = true)]
async fn what_only_reads_is_recorded_and_does_not_wait_for_it() {
    let mut scene = scene(Effect::Reads);
    scene.disk.takes = None;
    let (registry, happened) = scene.begin();
    assert_eq!(registry.call(pieces(4)).await, done());
    happened.is(&["intent of turn 4 sent", "request", "outcome success sent"]);
}

#[tokio::test(start_paused = true)]
async fn a_deed_whose_intent_cannot_be_recorded_is_not_done() {
    let mut scene = scene(Effect::Idempotent);
    scene.disk.takes = None;
    let (registry, happened) = scene.begin();
    let outcome = registry.call(pieces(4)).await;
    assert_eq!(outcome, Outcome::Refused(Refusal::NotRecorded));
    happened.is(&["intent of turn 4 sent", "outcome refused sent"]);
    assert!(!registry.has_done("order"));
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_generated_again_repeats_no_deed_not_even_in_other_words() {
    let (registry, happened) = scene(Effect::Once).begin();
    let first = registry.call(pieces(4)).await;
    let other_words = Request {
        arguments: json!({"pieces": 4}),
        ..pieces(4)
    };
    assert_eq!(registry.call(other_words).await, first);
    assert_eq!(happened.count("request"), 1);
    registry.call(pieces(6)).await;
    assert_eq!(happened.count("request"), 2, "another turn is another deed");
}

#[tokio::test(start_paused = true)]
async fn two_questions_of_one_turn_are_two_calls() {
    let (registry, happened) = scene(Effect::Reads).begin();
    let other = Request {
        arguments: json!({"pieces": 4}),
        ..pieces(4)
    };
    tokio::join!(registry.call(pieces(4)), registry.call(other));
    registry.call(pieces(4)).await;
    assert_eq!(happened.count("request"), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_again_while_it_is_under_way_gets_the_same_outcome() {
    let (registry, happened) = scene(Effect::Once).begin();
    let (one, other) = tokio::join!(registry.call(pieces(4)), registry.call(pieces(4)));
    assert_eq!((one, other), (done(), done()));
    assert_eq!(happened.count("request"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_refuses_never_reaches_the_tool() {
    let mut scene = scene(Effect::Once);
    scene.tool.needs = AuthLevel::OneTimeCode;
    scene.tool.spec.consent = true;
    let (registry, happened) = scene.begin();
    let mut seq = 0;
    let mut refusal = async |change: fn(&mut Request)| {
        seq += 1;
        let mut request = pieces(seq);
        request.consent = true;
        request.caller.level = AuthLevel::OneTimeCode;
        change(&mut request);
        match registry.call(request).await {
            Outcome::Refused(refusal) => refusal.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let said = refusal(|request| request.arguments = json!({"pieces": "secret"})).await;
    assert!(said.starts_with("wrong arguments: "), "{said}");
    assert!(!said.contains("secret"), "quotes the arguments: {said}");
    let said = refusal(|request| request.arguments = json!({"pieces": 3, "secret": 1})).await;
    assert!(said.starts_with("wrong arguments: "), "{said}");
    for change in [
        (|request| request.arguments = json!({})) as fn(&mut Request),
        |request| request.arguments = json!([3]),
        |request| request.arguments = json!({"pieces": 0}),
    ] {
        let said = refusal(change).await;
        assert!(said.starts_with("wrong arguments: "), "{said}");
    }
    let said = refusal(|request| request.caller.level = AuthLevel::Vouched).await;
    assert_eq!(said, "not authenticated");
    assert_eq!(
        refusal(|request| request.consent = false).await,
        "no consent"
    );
    let said = refusal(|request| request.round = MAX_ROUNDS).await;
    assert_eq!(said, "too many rounds");
    assert_eq!(happened.count("request"), 0);
    assert_eq!(happened.count("outcome refused sent"), 8, "each has a row");
    let said = refusal(|request| request.tool = "pay".to_owned()).await;
    assert_eq!(said, "unknown tool");
}

#[tokio::test(start_paused = true)]
async fn a_tool_whose_schema_is_wrong_is_left_out() {
    let mut scene = scene(Effect::Reads);
    scene.tool.spec.arguments = json!({"type": "pieces"});
    let (registry, happened) = scene.begin();
    let outcome = registry.call(pieces(4)).await;
    assert_eq!(outcome, Outcome::Refused(Refusal::UnknownTool));
    happened.is(&[]);
}

#[tokio::test(start_paused = true)]
async fn what_a_tool_reports_is_its_outcome() {
    for (answer, outcome) in [
        (ToolError::NotFound, Outcome::Refused(Refusal::NotFound)),
        (
            ToolError::Declined("busy".to_owned()),
            Outcome::Refused(Refusal::Declined("busy".to_owned())),
        ),
        (
            ToolError::Failed("down".to_owned()),
            Outcome::Failed("down".to_owned()),
        ),
        (ToolError::Unclear("cut".to_owned()), Outcome::Unknown),
    ] {
        let mut scene = scene(Effect::Once);
        scene.tool.answer = Err(answer);
        let (registry, happened) = scene.begin();
        assert_eq!(registry.call(pieces(4)).await, outcome);
        let kind = outcome.kind().as_str();
        assert_eq!(happened.count(&format!("outcome {kind} sent")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_takes_too_long_ends_by_what_it_leaves_behind() {
    let late = async |effect, status: Result<Option<Value>, ToolError>| {
        let mut scene = scene(effect);
        scene.tool.takes = SECOND * 60;
        scene.tool.status = status;
        let (registry, happened) = scene.begin();
        let outcome = registry.call(pieces(4)).await;
        (outcome, happened.count("request"))
    };
    assert_eq!(late(Effect::Reads, Ok(None)).await, (Outcome::TimedOut, 1));
    let repeated = late(Effect::Idempotent, Ok(None)).await;
    assert_eq!(repeated, (Outcome::Unknown, 2), "once more under its key");
    assert_eq!(late(Effect::Once, Ok(None)).await, (Outcome::Unknown, 1));
    let it_was = late(Effect::Status, Ok(Some(json!({"number": 9})))).await;
    assert_eq!(it_was, (done(), 1));
    let may_still_come = late(Effect::Status, Ok(None)).await;
    assert_eq!(may_still_come, (Outcome::Unknown, 1));
    let declined = || ToolError::Declined("reserved".to_owned());
    let it_was_declined = late(Effect::Status, Err(declined())).await;
    let refused = Outcome::Refused(Refusal::Declined("reserved".to_owned()));
    assert_eq!(it_was_declined, (refused, 1));
    let nobody_knows = late(Effect::Status, Err(ToolError::NotFound)).await;
    assert_eq!(nobody_knows, (Outcome::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_has_an_outcome_and_is_not_made_again() {
    for (effect, after, outcome, kind) in [
        (
            Effect::Once,
            2,
            Outcome::Cancelled,
            "outcome cancelled sent",
        ),
        (Effect::Once, 50, Outcome::Unknown, "outcome unknown sent"),
        (
            Effect::Reads,
            50,
            Outcome::Cancelled,
            "outcome cancelled sent",
        ),
    ] {
        let (registry, happened) = scene(effect).begin();
        let dropped = timeout(Duration::from_millis(after), registry.call(pieces(4))).await;
        assert!(dropped.is_err(), "it was under way");
        assert_eq!(happened.count(kind), 1);
        assert_eq!(registry.call(pieces(4)).await, outcome);
        assert!(happened.count("request") <= 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_conversation_waits_for_a_deed_and_gives_up_what_hangs() {
    let (registry, happened) = scene(Effect::Once).begin();
    tokio::join!(registry.call(pieces(4)), async {
        sleep(Duration::from_millis(50)).await;
        registry.close(SECOND).await;
        assert_eq!(happened.count("outcome success kept"), 1);
    });
    let mut scene = scene(Effect::Once);
    scene.tool.spec.timeout = SECOND * 60;
    scene.tool.takes = SECOND * 60;
    let (registry, happened) = scene.begin();
    let (outcome, ()) = tokio::join!(registry.call(pieces(4)), async {
        sleep(Duration::from_millis(50)).await;
        registry.close(SECOND).await;
        assert_eq!(happened.count("outcome unknown sent"), 1);
    });
    assert_eq!(outcome, Outcome::Unknown);
    assert_eq!(happened.count("outcome unknown sent"), 1, "once");
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_broke_off_between_intent_and_outcome_does_nothing_twice() {
    let (registry, happened) = scene(Effect::Once).resumed();
    assert_eq!(registry.call(pieces(4)).await, Outcome::Unknown);
    assert_eq!(happened.count("request"), 0, "it may have been carried out");
    happened.is(&["outcome unknown sent"]);

    let mut carried_out = scene(Effect::Status);
    carried_out.tool.status = Ok(Some(json!({"number": 9})));
    let (registry, happened) = carried_out.resumed();
    assert_eq!(registry.call(pieces(4)).await, done());
    happened.is(&["status", "outcome success sent", "outcome success kept"]);

    let (registry, happened) = scene(Effect::Status).resumed();
    assert_eq!(registry.call(pieces(4)).await, Outcome::Unknown);
    assert_eq!(happened.count("request"), 0, "the first may still come");

    let (registry, happened) = scene(Effect::Idempotent).resumed();
    assert_eq!(registry.call(pieces(4)).await, done());
    assert_eq!(happened.count("request"), 1, "under its key");
    assert_eq!(happened.count("intent of turn 4 sent"), 0, "it is there");

    for effect in [Effect::Status, Effect::Idempotent] {
        let mut refused_now = scene(effect);
        refused_now.tool.needs = AuthLevel::OneTimeCode;
        let (registry, happened) = refused_now.resumed();
        assert_eq!(registry.call(pieces(4)).await, Outcome::Unknown);
        assert_eq!(happened.count("request"), 0, "{effect:?}");
    }

    let mut known = scene(Effect::Once);
    known.before.push(RecordedCall {
        key: idempotency_key(SESSION, 4, "order", None),
        tool: "order".to_owned(),
        outcome: Some(done()),
    });
    let (registry, happened) = known.begin();
    assert_eq!(registry.call(pieces(4)).await, done());
    happened.is(&[]);
    assert!(registry.has_done("order"));
}
