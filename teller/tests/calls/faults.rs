//! Calls in which something goes away: the caller, the worker, the database.

use std::time::Duration;

use livekit_api::services::agent_dispatch::AgentDispatchClient;
use livekit_protocol::CreateAgentDispatchRequest;

use crate::support::{
    self, Stack,
    livekit::{API_KEY, API_SECRET},
    stack::assert_gapless,
};

/// A bound on what happens at once, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_caller_who_vanishes_mid_sentence_leaves_a_complete_record() {
    let stack = Stack::start().await;
    let script = "- wait: 30\n- vanish_while_saying: {after: 2.5, say: \"I would like to know how I can open \
         a savings account for my daughter, and what it costs every month.\"}\n";
    let mut caller = stack.caller(script, &[]).await;
    let gone = tokio::time::timeout(PATIENCE, caller.wait()).await;
    let status = gone.expect("the caller vanishes").unwrap();
    assert!(status.code().is_none(), "the caller hung up: {status}");
    let (session, summary) = stack.summarised_within(PATIENCE).await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    let last = rows
        .iter()
        .rev()
        .find(|r| r.role == "user")
        .unwrap_or_else(|| panic!("what was said is on record: {rows:#?}"));
    assert!(
        last.content.to_lowercase().contains("like to know"),
        "{last:?}"
    );
    assert_ne!(summary["status"], "active", "{summary:#}");
}

/// How many sessions are still open.
async fn open_sessions(stack: &Stack) -> i64 {
    let sql = "SELECT count(*) FROM agent_sessions WHERE status = 'active'";
    stack.sql().await.query_one(sql, &[]).await.unwrap().get(0)
}

/// `teller sessions sweep`, with patience for nobody.
async fn sweep(stack: &Stack) {
    let output = stack
        .teller(&["sessions", "sweep", "--silent-for", "0", "--actor", "ann"])
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn a_killed_worker_loses_no_committed_turn_and_another_one_closes_the_session() {
    let mut stack = Stack::start().await;
    let mut caller = stack
        .caller(
            "- wait: 30\n- say: What are your opening hours?\n- wait: 30\n- pause: 60\n",
            &[],
        )
        .await;
    let answered = stack.eventually(PATIENCE, async || {
        let rows = stack
            .sql()
            .await
            .query(
                "SELECT 1 FROM conversation_messages WHERE meta->>'route' = 'knowledge'",
                &[],
            )
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(
        answered.await,
        "the answer is on record while the call goes on:\n{}",
        stack.log()
    );
    stack.worker().start_kill().unwrap();
    stack.worker().wait().await.unwrap();
    sweep(&stack).await;
    let early = open_sessions(&stack).await;
    assert_eq!(early, 1, "a worker whose lease still runs is not judged");
    stack
        .sql()
        .await
        .execute(
            "UPDATE workers SET expires_at = now() - interval '1 second'",
            &[],
        )
        .await
        .unwrap();
    sweep(&stack).await;
    let (session, summary) = stack.summarised().await;
    assert_eq!(
        (summary["status"].as_str(), summary["partial"].as_bool()),
        (Some("abandoned"), Some(true)),
        "{summary:#}"
    );
    assert_gapless(&stack.messages(session).await);
    drop(caller.start_kill());
}

#[tokio::test]
async fn a_drain_finishes_with_a_goodbye_and_a_summary() {
    let mut stack = Stack::with(&[("DRAIN_SECONDS", "3")]).await;
    let caller = stack
        .caller(
            "- wait: 30\n- say: Hello there.\n- wait: 30\n\
             - interrupt: {after: 1, say: I would like to open an account.}\n- expect_end: 30\n",
            &[],
        )
        .await;
    let answered = stack.eventually(PATIENCE, async || {
        let sql =
            "SELECT 1 FROM conversation_messages a JOIN conversation_messages u USING (session_id)
                    WHERE a.role = 'assistant' AND u.role = 'user' AND a.seq > u.seq";
        let rows = stack.sql().await.query(sql, &[]).await.unwrap();
        !rows.is_empty()
    });
    assert!(answered.await, "the caller was answered:\n{}", stack.log());
    stack.terminate();
    let report = stack.finish(caller).await;
    report.assert_met();
    assert!(
        report.text("agent").contains("restart"),
        "the goodbye was said: {:#}",
        report.0
    );
    let status = tokio::time::timeout(PATIENCE, stack.worker().wait())
        .await
        .expect("a drained worker ends")
        .unwrap();
    assert!(
        status.success(),
        "a drained worker ends in order: {status}\n{}",
        stack.log()
    );
    let (session, summary) = stack.summarised().await;
    assert_eq!(summary["end_reason"], "drained", "{summary:#}");
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    let kept = |row: &support::stack::Row| row.role == "user" && row.content.contains("account");
    assert!(
        rows.iter().any(kept),
        "what was said into the goodbye is on record: {rows:#?}"
    );
}

#[tokio::test]
async fn a_database_that_goes_away_in_the_call_delays_the_record_and_loses_nothing() {
    let mut stack = Stack::prepare(&[]).await;
    let proxy = support::Proxy::before(&stack.database.url).await;
    stack.set("DATABASE_URL", &proxy.url);
    stack.start_worker().await;
    let caller = stack.caller("- wait: 30\n- say: What are your opening hours?\n- wait: 30\n- expect_agent: open\n- pause: 2\n", &[]).await;
    let greeted = stack.eventually(PATIENCE, async || {
        let rows = stack
            .sql()
            .await
            .query("SELECT 1 FROM agent_sessions", &[])
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(greeted.await, "the session is on record");
    proxy.cut().await;
    stack.finish(caller).await.assert_met();
    proxy.mend();
    let (session, summary) = stack.summarised_within(PATIENCE).await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    assert!(
        rows.iter().any(|r| r.meta["route"] == "knowledge"),
        "the answer came through: {rows:#?}"
    );
    assert_eq!(summary["status"], "ended");
}

#[tokio::test]
async fn two_jobs_for_one_room_bring_one_agent() {
    let stack = Stack::with(&[("LIVEKIT_AGENT_NAME", "teller")]).await;
    let caller = stack
        .caller(
            "- wait: 30\n- until_file: dispatched\n- pause: 2\n- type: Who are you?\n- wait: 30\n",
            &["--room", "call-twice"],
        )
        .await;
    let began = stack.eventually(PATIENCE, async || {
        let rows = stack
            .sql()
            .await
            .query("SELECT 1 FROM agent_sessions", &[])
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(
        began.await,
        "the first agent is in its call:\n{}",
        stack.log()
    );
    let dispatches = AgentDispatchClient::with_api_key(&stack.livekit.url(), API_KEY, API_SECRET);
    let again = CreateAgentDispatchRequest {
        agent_name: "teller".into(),
        room: "call-twice".into(),
        ..Default::default()
    };
    dispatches.create_dispatch(again).await.unwrap();
    std::fs::write(stack.folder.join("dispatched"), "").unwrap();
    stack.finish(caller).await.assert_met();
    let sessions: i64 = stack
        .sql()
        .await
        .query_one("SELECT count(*) FROM agent_sessions", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(sessions, 1, "one caller, one agent, one session");
}
