//! The record after the call: swept by several workers at once, summarised, verified, put away.
//! The `teller` command on a real PostgreSQL; no call is needed.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::Output,
    sync::Mutex,
    time::{Duration, Instant},
};

use call::{CallEnding, Channel};
use chrono::Utc;
use database::{
    CallbackRepository, MessageRepository, MessageSealer, NewMessage, NewSession, NewToolCall,
    Role, SessionEnd, SessionId, SessionManager, SessionRepository, SummaryToken,
    SummaryTokenRepository, ToolCallRepository, TurnInsightRepository, test_support::TestDatabase,
    verify::Anchors,
};
use jobs::{Finalizer, Maintenance, MaintenanceConfig, Moments, summary_rules};
use record::AfterEnd as _;
use serde_json::{Value, json};
use tokio::process::Command;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The key file of a test's database, made once.
fn key_file(test: &TestDatabase) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap();
    let keys = test.db.keys();
    let path = std::env::temp_dir().join(format!("teller-upkeep-{}.toml", keys.fingerprint()));
    if !path.exists() {
        keys.write_to(&path).unwrap();
    }
    path
}

async fn teller(test: &TestDatabase, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teller"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("KEY_FILE", key_file(test))
        .env("DATABASE_URL", &test.url)
        .current_dir(root())
        .kill_on_drop(true);
    tokio::time::timeout(Duration::from_secs(120), command.output())
        .await
        .expect("the command ends")
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// A call with sealed messages that nobody ended.
async fn call(test: &TestDatabase, id: SessionId, messages: i32) -> SessionId {
    let sessions = SessionRepository::new(&test.db);
    let new = NewSession {
        id,
        room_id: "room".to_owned(),
        participant_id: format!("participant of {id}"),
        anonymous_id: Some(format!("device of {id}")),
        channel: Channel::Web,
        caller_number: None,
        worker_id: Some("a worker that died".to_owned()),
        started_at: Utc::now(),
    };
    let key = test.db.keys().new_session_key().unwrap();
    sessions.start(&new, &key).await.unwrap();
    let mut sealer = MessageSealer::new(id, key);
    let rows: Vec<_> = (0..messages)
        .map(|seq| {
            let (role, words) = if seq % 2 == 0 {
                (Role::User, "How can I reset the PIN of my card, please?")
            } else {
                (
                    Role::Assistant,
                    "Dial *236#, choose Cards, then Reset PIN; it takes a minute.",
                )
            };
            sealer
                .seal(NewMessage::new(id, seq, role, words, Utc::now()))
                .unwrap()
        })
        .collect();
    MessageRepository::new(&test.db)
        .insert_batch(&rows)
        .await
        .unwrap();
    id
}

async fn count(test: &TestDatabase, sql: &str) -> i64 {
    test.client()
        .await
        .query_one(sql, &[])
        .await
        .unwrap()
        .get(0)
}

/// F17.
#[tokio::test]
async fn sweepers_that_run_at_once_close_and_summarise_each_session_once() {
    let test = TestDatabase::new().await;
    for _ in 0..24 {
        call(&test, SessionId::new(), 4).await;
    }
    let client = test.client().await;
    client
        .batch_execute("UPDATE session_rows SET last_activity_at = now() - interval '1 hour'")
        .await
        .unwrap();
    let dry = answer(
        &teller(
            &test,
            &["sessions", "sweep", "--dry-run", "--json", "--actor", "ann"],
        )
        .await,
    );
    assert_eq!(dry["would_close"].as_array().unwrap().len(), 24);
    assert_eq!(
        count(
            &test,
            "SELECT count(*) FROM session_rows WHERE status <> 'active'"
        )
        .await,
        0,
        "a dry run changes nothing"
    );

    let sweep = ["sessions", "sweep", "--json", "--actor", "ann"];
    let (one, two, three) = tokio::join!(
        teller(&test, &sweep),
        teller(&test, &sweep),
        teller(&test, &sweep)
    );
    let mut closed = Vec::new();
    let mut written = 0;
    for output in [one, two, three] {
        let swept = answer(&output);
        closed.extend(
            swept["abandoned"]
                .as_array()
                .unwrap()
                .iter()
                .map(ToString::to_string),
        );
        written += swept["summarised"].as_u64().unwrap();
    }
    assert_eq!(closed.len(), 24, "every session is closed once");
    assert_eq!(closed.iter().collect::<HashSet<_>>().len(), 24);
    assert_eq!(written, 24, "every summary is written once");
    assert_eq!(
        count(
            &test,
            "SELECT count(*) FROM conversation_summaries WHERE partial"
        )
        .await,
        24
    );
    assert_eq!(count(&test, "SELECT count(*) FROM counter_drift").await, 0);
    let again = answer(&teller(&test, &sweep).await);
    assert_eq!(
        again,
        json!({"abandoned": [], "summarised": 0, "unconfirmed": 0})
    );
}

#[tokio::test]
async fn a_deed_that_a_killed_worker_left_open_gets_one_ticket_however_many_sweep() {
    let test = TestDatabase::new().await;
    let session = call(&test, SessionId::new(), 2).await;
    let key = SessionRepository::new(&test.db).key(session).await.unwrap();
    let intent = NewToolCall {
        session_id: session,
        idempotency_key: uuid::Uuid::new_v4(),
        seq: 0,
        tool: "block_card".to_owned(),
        deed: true,
        arguments: json!({}),
        requested_at: Utc::now(),
    };
    let calls = ToolCallRepository::new(&test.db);
    let sealed = intent.seal(&key.expect("its key")).unwrap();
    calls.begin(&sealed).await.unwrap();
    let sweep = ["sessions", "sweep", "--json", "--actor", "ann"];
    let early = answer(&teller(&test, &sweep).await);
    assert_eq!(early["unconfirmed"], 0, "the call goes on: {early}");

    let client = test.client().await;
    client
        .batch_execute("UPDATE session_rows SET last_activity_at = now() - interval '1 hour'")
        .await
        .unwrap();
    tokio::join!(teller(&test, &sweep), teller(&test, &sweep));
    let late = answer(&teller(&test, &sweep).await);
    assert_eq!(late["unconfirmed"], 0, "it has its ticket: {late}");
    let tickets = CallbackRepository::new(&test.db).by_session(session).await;
    let tickets = tickets.unwrap();
    let [ticket] = tickets.as_slice() else {
        panic!("one ticket: {tickets:?}")
    };
    let told = (
        ticket.kind.as_str(),
        ticket.reason.as_deref(),
        ticket.urgent,
    );
    assert_eq!(told, ("unconfirmed", Some("block card"), true));
}

#[tokio::test]
async fn verify_says_what_was_changed_where_and_ends_with_one() {
    let test = TestDatabase::new().await;
    let folder = std::env::temp_dir().join(format!("teller-upkeep-{}", uuid::Uuid::new_v4()));
    let session = call(&test, SessionId::new(), 6).await;
    call(&test, SessionId::new(), 6).await;
    Anchors::new(&test.db, &folder)
        .write(Utc::now())
        .await
        .unwrap();
    let anchors = folder.to_str().unwrap();
    let verify = ["verify", "--anchors", anchors];
    let output = teller(&test, &verify).await;
    assert!(
        output.status.success()
            && said(&output).contains("the record holds: 2 sessions, 12 messages"),
        "{}",
        said(&output)
    );

    let (owner, connection) = tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let flip = format!("SET session_replication_role = replica;
        UPDATE conversation_messages SET content_ct = set_byte(content_ct, 15, get_byte(content_ct, 15) # 4) WHERE session_id = '{session}' AND seq = 2");
    owner.batch_execute(&flip).await.unwrap();
    let output = teller(&test, &verify).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains(&format!("session {session}: message 2 was changed")),
        "{}",
        said(&output)
    );
    let id = session.to_string();
    let output = teller(
        &test,
        &["verify", "--anchors", anchors, "--session", &id, "--json"],
    )
    .await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        answer(&output)["findings"],
        json!([{"session": session, "problem": "changed", "seq": 2}])
    );
    let nobody = uuid::Uuid::new_v4().to_string();
    let output = teller(
        &test,
        &["verify", "--anchors", anchors, "--session", &nobody],
    )
    .await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_session_is_shown_and_summarised_by_hand() {
    let test = TestDatabase::new().await;
    let session = call(&test, SessionId::new(), 4).await;
    let id = session.to_string();
    let shown = answer(
        &teller(
            &test,
            &["sessions", "show", &id, "--json", "--actor", "ann"],
        )
        .await,
    );
    assert_eq!(
        shown["messages"][0]["content"],
        "How can I reset the PIN of my card, please?"
    );
    assert_eq!(
        count(
            &test,
            "SELECT count(*) FROM audit_log WHERE action = 'call.opened'"
        )
        .await,
        1,
        "opening it is on record"
    );

    let draft = answer(
        &teller(
            &test,
            &[
                "sessions",
                "summarize",
                &id,
                "--dry-run",
                "--json",
                "--actor",
                "ann",
            ],
        )
        .await,
    );
    assert_eq!(
        (&draft["messages"], &draft["stored"]),
        (&json!(4), &json!(false))
    );
    assert_eq!(
        count(&test, "SELECT count(*) FROM conversation_summaries").await,
        0
    );
    assert!(
        teller(&test, &["sessions", "summarize", &id, "--actor", "ann"])
            .await
            .status
            .success()
    );
    assert_eq!(
        count(&test, "SELECT count(*) FROM conversation_summaries").await,
        1
    );
}

#[tokio::test]
async fn an_old_month_is_put_away_only_when_somebody_says_yes() {
    let test = TestDatabase::new().await;
    let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, 1_704_100_000, 0);
    test.client()
        .await
        .batch_execute("SELECT make_message_partition('2024-01-15')")
        .await
        .unwrap();
    call(&test, SessionId(uuid::Uuid::new_v7(timestamp)), 4).await;
    let folder = std::env::temp_dir().join(format!("teller-upkeep-{}", uuid::Uuid::new_v4()));
    let archive = [
        "sessions",
        "archive",
        "--actor",
        "ann",
        "--keep-months",
        "12",
        "--json",
        "--to",
        folder.to_str().unwrap(),
    ];
    let dry = answer(&teller(&test, &[&archive[..], &["--dry-run"]].concat()).await);
    assert_eq!(
        dry,
        json!({"would_archive": [{"partition": "conversation_messages_2024_01"}]})
    );
    let refused = teller(&test, &archive).await;
    assert_eq!(
        refused.status.code(),
        Some(2),
        "there is nobody to ask: {}",
        said(&refused)
    );
    assert_eq!(
        count(&test, "SELECT count(*) FROM conversation_messages").await,
        4
    );
    let done = answer(&teller(&test, &[&archive[..], &["--yes"]].concat()).await);
    assert_eq!(
        (&done[0]["messages"], &done[0]["dropped"]),
        (&json!(4), &json!(true)),
        "{done}"
    );
    assert_eq!(
        count(&test, "SELECT count(*) FROM conversation_messages").await,
        0
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn what_a_killed_worker_did_not_note_of_turns_is_noted_with_the_summary() {
    let test = TestDatabase::new().await;
    let pack = knowledge::Pack::load(&root().join("packs/bank")).unwrap();
    let moments = Moments::new(&test.db, jobs::trade(&pack).into());
    let rules = summary_rules(&pack).into();
    let finalizer = Finalizer::new(&test.db, rules).with_moments(moments);
    let session = call(&test, SessionId::new(), 6).await;
    let insights = TurnInsightRepository::new(&test.db);
    assert_eq!(insights.by_session(session).await.unwrap(), []);
    assert!(finalizer.summarize(session).await.unwrap());
    let noted = insights.by_session(session).await.unwrap();
    let asked = "SELECT count(*) FROM conversation_messages WHERE role = 'user'";
    assert_eq!(
        i64::try_from(noted.len()).unwrap(),
        count(&test, asked).await
    );
    assert!(!noted.is_empty(), "the caller said something");
    assert!(finalizer.summarize(session).await.unwrap());
    let again = insights.by_session(session).await.unwrap();
    assert_eq!(again, noted, "a second summary changes nothing");
    let rows = "SELECT count(*) FROM turn_insights";
    assert_eq!(
        usize::try_from(count(&test, rows).await).unwrap(),
        noted.len()
    );
}

/// From the end of a call that reaches the database to its summary's row. `FIGURES=1` prints it and
/// takes 500 calls.
#[tokio::test]
async fn a_summary_is_there_milliseconds_after_the_end() {
    let figures = std::env::var("FIGURES").is_ok();
    let test = TestDatabase::new().await;
    let pack = knowledge::Pack::load(&root().join("packs/bank")).unwrap();
    let finalizer = Finalizer::new(&test.db, summary_rules(&pack).into());
    let sessions = SessionManager::new(&test.db);
    let mut took = Vec::new();
    for _ in 0..if figures { 500 } else { 20 } {
        let session = call(&test, SessionId::new(), 12).await;
        let end = SessionEnd {
            reason: CallEnding::CallerLeft.as_str().into(),
            ended_at: Utc::now(),
            metrics: json!({ "duration_ms": 60_000 }),
        };
        let ended = Instant::now();
        sessions.end_session(session, &end, true).await.unwrap();
        finalizer.ended(session).await;
        took.push(ended.elapsed());
    }
    let calls = i64::try_from(took.len()).unwrap();
    assert_eq!(
        count(&test, "SELECT count(*) FROM conversation_summaries").await,
        calls
    );
    took.sort();
    let (least, half, most) = (took[0], took[took.len() / 2], took[took.len() * 99 / 100]);
    if figures {
        println!(
            "end of a call to its summary's row: p50 {half:?}, p99 {most:?}, {calls} calls of 12 messages"
        );
    }
    // The bar is 10 ms on a quiet machine (docs/guarantees.md); tests share theirs, so the fastest counts.
    assert!(
        least < Duration::from_millis(100),
        "the fastest of {calls} summaries takes {least:?}"
    );
}

#[tokio::test]
async fn tokens_that_expired_do_not_stay() {
    let test = TestDatabase::new().await;
    let tokens = SummaryTokenRepository::new(&test.db);
    let session = SessionId::new();
    for lifetime in [Duration::ZERO, Duration::from_secs(3600)] {
        let token = SummaryToken::random();
        tokens.save(&token, session, lifetime).await.unwrap();
    }
    let folder = std::env::temp_dir().join(format!("teller-tokens-{}", uuid::Uuid::new_v4()));
    let config = MaintenanceConfig {
        anchors: folder.clone(),
        anchor_every: Duration::from_secs(3600),
        keep_months: None,
        archive: folder.clone(),
    };
    let maintenance = Maintenance::new(&test.db, config, Default::default());
    let running = tokio::spawn(maintenance.run());
    let client = test.client().await;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let left = "SELECT count(*) FROM summary_tokens";
        let left: i64 = client.query_one(left, &[]).await.unwrap().get(0);
        assert!(left >= 1, "the token that still holds stays");
        if left == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "an expired token is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.abort();
    drop(std::fs::remove_dir_all(&folder));
}
