//! Whole workers and real calls while the database crashes, hangs or is taken up by others, and
//! while the disk is nearly full.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use database::{Message, MessageRepository, SessionId};
use serde_json::Value;
use tokio::process::Command;

use crate::support::{
    self, Proxy, Stack, cluster::Cluster, fixtures::small_model, full::fill, ports::Port,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A worker whose record goes to a server that may be crashed.
async fn stack_of(cluster: &Cluster) -> Stack {
    let model = small_model().display().to_string();
    let mut stack = Stack::prepare(&[("WHISPER_MODEL", &model)]).await;
    stack.set("DATABASE_URL", &cluster.url());
    let keys = cluster.folder.join("keys.toml");
    stack.set("KEY_FILE", &keys.display().to_string());
    stack.start_worker().await;
    stack
}

/// The messages of the only session there is.
async fn said(cluster: &Cluster) -> Vec<Message> {
    let sql = "SELECT session_id FROM agent_sessions";
    let rows = cluster.sql().await.query(sql, &[]).await.unwrap();
    let Some(row) = rows.first() else {
        return Vec::new();
    };
    let database = cluster.database();
    let messages = MessageRepository::new(&database);
    messages.by_session(SessionId(row.get(0))).await.unwrap()
}

fn has(rows: &[Message], words: &str) -> bool {
    rows.iter()
        .any(|row| row.content.as_deref().is_some_and(|c| c.contains(words)))
}

/// Everything is on record once: both questions, the answers, the summary.
async fn assert_complete(stack: &Stack, cluster: &Cluster) {
    let summarised = stack
        .eventually(PATIENCE, async || {
            let sql = "SELECT 1 FROM conversation_summaries";
            let rows = cluster.sql().await.query(sql, &[]).await;
            rows.is_ok_and(|rows| rows.len() == 1)
        })
        .await;
    assert!(summarised, "the call is summarised:\n{}", stack.log());
    let rows = said(cluster).await;
    for (expected, row) in rows.iter().enumerate() {
        assert_eq!(usize::try_from(row.seq).unwrap(), expected, "{rows:#?}");
    }
    for question in ["opening hours", "block my card"] {
        let times = rows
            .iter()
            .filter(|row| row.role.as_str() == "user")
            .filter(|row| row.content.as_deref().is_some_and(|c| c.contains(question)))
            .count();
        assert_eq!(times, 1, "{question} is on record once: {rows:#?}");
    }
}

/// A question before what happens, one after it ([`happened`]), and answers to both.
const TWO_QUESTIONS: &str = "- wait: 30\n- type: What are your opening hours?\n- wait: 30\n- until_file: happened\n\
     - type: How do I block my card?\n- wait: 30\n- expect_agent: card\n- pause: 1\n";

/// The caller goes on.
fn happened(stack: &Stack) {
    std::fs::write(stack.folder.join("happened"), "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_a_call_goes_on_while_the_database_crashes_and_its_record_is_complete() {
    let cluster = Cluster::open().await;
    let stack = stack_of(&cluster).await;
    let caller = stack.caller(TWO_QUESTIONS, &[]).await;
    let asked = stack.eventually(PATIENCE, async || {
        has(&said(&cluster).await, "opening hours")
    });
    assert!(asked.await, "the first question is on record");
    cluster.server.crash();
    happened(&stack);
    stack.finish(caller).await.assert_met();
    let (_, told) = stack.get(&stack.health, "/health").await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["status"], &told["record"]["database"]["state"]),
        (&Value::from("degraded"), &Value::from("down")),
        "the worker says that its database is away: {told:#}"
    );
    cluster.server.restart();
    assert_complete(&stack, &cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_a_call_goes_on_while_the_database_hangs_and_its_record_is_complete() {
    let cluster = Cluster::open().await;
    let stack = stack_of(&cluster).await;
    let caller = stack.caller(TWO_QUESTIONS, &[]).await;
    let asked = stack.eventually(PATIENCE, async || {
        has(&said(&cluster).await, "opening hours")
    });
    assert!(asked.await, "the first question is on record");
    let hanging = cluster.hang().await;
    happened(&stack);
    stack.finish(caller).await.assert_met();
    drop(hanging);
    assert_complete(&stack, &cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_readers_who_take_all_connections_hold_up_neither_the_call_nor_its_record() {
    let model = small_model().display().to_string();
    // Two for who leads a chore, two for readers.
    let stack = Stack::with(&[("WHISPER_MODEL", &model), ("DATABASE_POOL_SIZE", "4")]).await;
    let locker = stack.sql().await;
    let lock = "BEGIN; LOCK TABLE summary_rows IN ACCESS EXCLUSIVE MODE";
    locker.batch_execute(lock).await.unwrap();
    let url = format!("http://{}/v1/calls", stack.http);
    let answers = Arc::new(Mutex::new(BTreeMap::<u16, usize>::new()));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (url, answers) = (url.clone(), answers.clone());
        readers.spawn(async move {
            let client = reqwest::Client::new();
            loop {
                let asked = client.get(&url).bearer_auth("supervisor-key-of-this-test");
                if let Ok(answer) = asked.send().await {
                    let status = answer.status().as_u16();
                    *answers.lock().unwrap().entry(status).or_default() += 1;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    // A reader with a connection waits for the lock, others for a connection until they are refused.
    let taken = stack.eventually(PATIENCE, async || {
        let sql = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                    WHERE d.datname = current_database() AND NOT granted";
        let row = locker.query_one(sql, &[]).await.unwrap();
        let refused = answers.lock().unwrap().get(&503).copied();
        row.get::<_, i64>(0) > 0 && refused.unwrap_or_default() >= 8
    });
    assert!(
        taken.await,
        "readers hold every connection of the pool: {answers:?}"
    );
    happened(&stack);
    let caller = stack.caller(TWO_QUESTIONS, &[]).await;
    let on_record = stack.eventually(PATIENCE, async || {
        let sql = "SELECT session_id FROM agent_sessions";
        let sessions = stack.sql().await.query(sql, &[]).await.unwrap();
        let Some(session) = sessions.first() else {
            return false;
        };
        let rows = stack.messages(session.get(0)).await;
        rows.iter().any(|row| row.content.contains("block my card"))
    });
    assert!(
        on_record.await,
        "turns are on record while readers hold every connection:\n{}",
        stack.log()
    );
    stack.finish(caller).await.assert_met();
    readers.shutdown().await;
    let served = answers.lock().unwrap().contains_key(&200);
    assert!(!served, "readers were answered: the table was not locked");
    locker.batch_execute("ROLLBACK").await.unwrap();
    let (session, _) = stack.summarised_within(PATIENCE).await;
    support::stack::assert_gapless(&stack.messages(session).await);
}

/// What `/health` says.
async fn health(stack: &Stack) -> Value {
    let (_, told) = stack.get(&stack.health, "/health").await.unwrap();
    serde_json::from_str(&told).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_is_nearly_full_keeps_new_callers_away_until_it_has_room_and_loses_nothing() {
    let model = small_model().display().to_string();
    let mut stack = Stack::prepare(&[("WHISPER_MODEL", &model), ("SPOOL_MB", "1")]).await;
    let proxy = Proxy::before(&stack.database.url).await;
    stack.set("DATABASE_URL", &proxy.url);
    proxy.cut().await;
    let acknowledged = fill(&stack).await;
    stack.start_worker().await;
    let refuses = stack.eventually(PATIENCE, async || {
        health(&stack).await["takes_calls"] == false
    });
    assert!(refuses.await, "no room, no calls: {}", health(&stack).await);
    let told = health(&stack).await.to_string();
    assert!(told.contains("the spool is"), "it says why: {told}");
    let alone = stack.call("- wait: 5\n").await;
    assert_ne!(
        alone.0["failures"],
        Value::Array(Vec::new()),
        "an agent came although nothing could be kept: {:#}",
        alone.0
    );
    proxy.mend();
    let takes = stack.eventually(PATIENCE, async || {
        health(&stack).await["takes_calls"] == true
    });
    assert!(takes.await, "there is room again: {}", health(&stack).await);
    let answered = "- wait: 30\n- type: What are your opening hours?\n- wait: 30\n";
    stack.call(answered).await.assert_met();
    let home = stack.eventually(PATIENCE, async || {
        let sql = "SELECT session_id, seq FROM conversation_messages";
        let rows = stack.sql().await.query(sql, &[]).await.unwrap();
        let stored: HashSet<(uuid::Uuid, i32)> =
            rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        acknowledged.is_subset(&stored)
    });
    assert!(home.await, "all that was acknowledged reached the database");
}

/// The anchors in a folder.
fn anchors(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// A second worker beside the stack's, with a spool, ports and anchors of its own.
fn second_worker(stack: &Stack, folder: &Path, [http, health]: &[Port; 2]) -> Command {
    let log = std::fs::File::create(stack.folder.join("second.log")).unwrap();
    let mut command = stack.teller(&["start"]);
    command
        .env("HTTP_BIND", http.address())
        .env("HEALTH_BIND", health.address())
        .env("RUST_LOG", "info,jobs=debug")
        .env("SPOOL_DIR", stack.folder.join("spool-2"))
        .env("ANCHOR_DIR", folder)
        .stdout(Stdio::null())
        .stderr(log);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_keeps_the_record_and_the_other_takes_over_when_it_dies() {
    let model = small_model().display().to_string();
    let mut stack = Stack::prepare(&[("WHISPER_MODEL", &model), ("ANCHOR_SECONDS", "1")]).await;
    let folders: [PathBuf; 2] = ["anchors-1", "anchors-2"].map(|name| stack.folder.join(name));
    stack.set("ANCHOR_DIR", &folders[0].display().to_string());
    stack.start_worker().await;
    let call = "- wait: 30\n- type: What are your opening hours?\n- wait: 30\n";
    stack.call(call).await.assert_met();
    let first = stack.eventually(PATIENCE, async || anchors(&folders[0]) > 0);
    assert!(
        first.await,
        "a live worker anchors what was said:\n{}",
        stack.log()
    );
    let ports = [Port::reserve(), Port::reserve()];
    let mut second = second_worker(&stack, &folders[1], &ports).spawn().unwrap();
    stack.call(call).await.assert_met();
    let log = stack.folder.join("second.log");
    let asked = stack.eventually(PATIENCE, async || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("another worker keeps the record")
    });
    assert!(asked.await, "the second worker never asked for the record");
    assert_eq!(anchors(&folders[1]), 0, "two workers keep one record");
    stack.worker().start_kill().unwrap();
    stack.worker().wait().await.unwrap();
    stack.call(call).await.assert_met();
    let taken = stack.eventually(PATIENCE, async || anchors(&folders[1]) > 0);
    assert!(taken.await, "nobody keeps the record after its keeper died");
    let made = "SELECT count(*) > 0 FROM pg_class WHERE relkind = 'r' AND relispartition";
    let row = stack.sql().await.query_one(made, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0), "partitions are made ahead");
    second.kill().await.unwrap();
}
