//! A worker that starts although its server refuses it or its database is away.

use std::time::Duration;

use crate::support::{Stack, fixtures::small_model};

#[tokio::test]
async fn wrong_keys_are_reported_and_tried_again() {
    let model = small_model().display().to_string();
    let stack = Stack::prepare(&[
        ("WHISPER_MODEL", &model),
        ("LIVEKIT_API_SECRET", "not-the-secret-of-this-server-123"),
    ])
    .await;
    let log = std::fs::File::create(stack.folder.join("worker.log")).unwrap();
    let mut worker = stack.teller(&["start"]).stderr(log).spawn().unwrap();
    let told = stack
        .eventually(Duration::from_secs(20), async || {
            stack.log().contains("refused LIVEKIT_API_KEY")
        })
        .await;
    assert!(
        told,
        "the log says that the keys are refused:\n{}",
        stack.log()
    );
    let (status, why) = stack
        .get(&stack.health, "/")
        .await
        .expect("health answers while the server refuses");
    assert_eq!((status, why.contains("LiveKit")), (503, true), "{why}");
    assert!(
        worker.try_wait().unwrap().is_none(),
        "the worker keeps trying"
    );
}

#[tokio::test]
async fn a_database_that_is_away_at_the_start_does_not_keep_the_worker_from_calls() {
    let model = small_model().display().to_string();
    let stack = Stack::with(&[
        ("WHISPER_MODEL", &model),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"),
    ])
    .await;
    let report = stack
        .call(
            "- wait: 30\n- type: What are your opening hours?\n- wait: 30\n- expect_agent: open\n",
        )
        .await;
    report.assert_met();
    let (status, why) = stack.get(&stack.health, "/").await.unwrap();
    assert_eq!(
        (status, why.as_str()),
        (200, "OK"),
        "a worker that can talk is healthy"
    );
}
