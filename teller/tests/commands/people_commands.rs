//! `teller profiles export` and `erase`: the built program against a real PostgreSQL.

mod learned;

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _, process::Output};

use database::{
    Adoption, AuthLimits, AuthRepository, CallbackRepository, Channel, Claim,
    ConversationSummaryRepository, CustomerRow, DraftRepository, LeftTaskRepository,
    MessageRepository, MessageSealer, NewCallback, NewChallenge, NewDraftAsk, NewLeftTask,
    NewMessage, NewSession, NewSound, NewSummary, NewToolCall, NewToolOutcome, ProfileId,
    ProfileRepository, RecordingRepository, Resolution, Role, Sentiment, SessionId,
    SessionRepository, ToolCallRepository, ToolOutcome, keys::SessionKey,
    test_support::TestDatabase,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::program::teller;
use learned::{learn_a_fact, read_a_turn};

/// Tables with something of a person, each with words of Sarah's that the export must show.
const HELD: [(&str, &str); 22] = [
    ("user_profiles", "Sarah Quillfeather"),
    ("profile_identifiers", "100277"),
    ("session_rows", "participant-of-sarah"),
    ("conversation_messages", "words-of-sarah"),
    ("summary_rows", "summary-of-sarah"),
    ("callbacks", "callback-of-sarah"),
    ("callbacks", "wanted-of-sarah"),
    ("draft_asks", "adopted-of-sarah"),
    ("left_tasks", "left-of-sarah"),
    // "sound-of-sarah" in hexadecimal.
    ("recording_segments", "736f756e642d6f662d7361726168"),
    ("profile_merges", "reason-of-sarah"),
    ("auth_challenges", "\"challenges\":[{"),
    ("auth_attempts", "\"attempts\":[{"),
    ("audit_log", "auth.verified"),
    ("message_archives", "archive-of-sarah.jsonl"),
    ("tool_calls", "arguments-of-sarah"),
    ("turn_insights", "topic-of-sarah"),
    ("lead_events", "turn:0:product_seen:spoken-of-sarah"),
    ("lead_scores", "\"views\":{\"spoken-of-sarah\":1}"),
    ("facts", "fact-of-sarah"),
    ("tool_call_outcomes", "result-of-sarah"),
    // Its readable half is what the keys open.
    ("session_keys", "+263771234567"),
];

/// Tables that hold nothing of a person that an export could show, and why.
const NOT_HELD: [(&str, &str); 18] = [
    ("person_keys", "a key is no data of the person"),
    ("key_files", "the key file's fingerprint"),
    (
        "outbox",
        "that a summary is pending, gone when it is written",
    ),
    ("profile_drains", "merges that are being filed"),
    ("lead_dues", "whose score is to be made anew"),
    ("room_locks", "a room while a call is in it"),
    ("summary_tokens", "a digest of what was random"),
    ("workers", "our own processes"),
    ("erased_sessions", "calls of nobody any more"),
    ("erased_identifiers", "digests, of nobody any more"),
    ("blocked_identifiers", "values that many share"),
    ("knowledge_packs", "the bank's documents"),
    ("rag_documents", "the bank's documents"),
    ("text_meanings", "what the bank's documents mean"),
    ("agent_instructions", "the agent's settings"),
    ("system_config", "settings"),
    ("refinery_schema_history", "the schema's versions"),
    (
        "conversation_messages_default",
        "part of conversation_messages",
    ),
];

struct Sarah {
    test: TestDatabase,
    id: ProfileId,
    device: ProfileId,
    session: SessionId,
}

async fn call(test: &TestDatabase) -> (SessionId, ProfileId) {
    let new = NewSession {
        id: SessionId::new(),
        room_id: "room".into(),
        participant_id: "participant-of-sarah".into(),
        anonymous_id: Some("device-of-sarah".into()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: chrono::Utc::now(),
    };
    let key = test.db.keys().new_session_key().unwrap();
    let sessions = SessionRepository::new(&test.db);
    let profile = sessions.start(&new, &key).await.unwrap().profile_id;
    let mut sealer = MessageSealer::new(new.id, key);
    let said = NewMessage::new(new.id, 0, Role::User, "words-of-sarah", chrono::Utc::now());
    let messages = [sealer.seal(said).unwrap()];
    let repository = MessageRepository::new(&test.db);
    let stored = repository.insert_batch(&messages).await.unwrap();
    assert_eq!(stored.new, 1);
    call_a_tool(test, new.id, sealer.key()).await;
    leave_a_task(test, new.id, sealer.key()).await;
    record_sound(test, new.id, sealer.key()).await;
    read_a_turn(test, new.id).await;
    learn_a_fact(test, new.id, sealer.key()).await;
    (new.id, profile)
}

async fn call_a_tool(test: &TestDatabase, session_id: SessionId, key: &SessionKey) {
    let intent = NewToolCall {
        session_id,
        idempotency_key: Uuid::new_v4(),
        seq: 0,
        tool: "callback".into(),
        deed: true,
        arguments: json!("arguments-of-sarah"),
        requested_at: chrono::Utc::now(),
    };
    let outcome = NewToolOutcome {
        session_id,
        idempotency_key: intent.idempotency_key,
        outcome: ToolOutcome::Success,
        result: json!("result-of-sarah"),
        finished_at: chrono::Utc::now(),
    };
    let calls = ToolCallRepository::new(&test.db);
    assert!(calls.begin(&intent.seal(key).unwrap()).await.unwrap());
    assert!(calls.finish(&outcome.seal(key).unwrap()).await.unwrap());
}

async fn leave_a_task(test: &TestDatabase, session_id: SessionId, key: &SessionKey) {
    let now = chrono::Utc::now();
    let left = NewLeftTask {
        session_id,
        task: Some(("block_card".into(), json!("left-of-sarah"))),
        kept_at: now,
        expires_at: now + chrono::TimeDelta::days(7),
    };
    let tasks = LeftTaskRepository::new(&test.db);
    tasks.keep(&left.seal(key).unwrap()).await.unwrap();
}

async fn record_sound(test: &TestDatabase, session_id: SessionId, key: &SessionKey) {
    let sound = NewSound {
        session_id,
        number: 0,
        pages: b"sound-of-sarah".to_vec(),
        recorded_at: chrono::Utc::now(),
    };
    let recordings = RecordingRepository::new(&test.db);
    recordings.keep(&sound.seal(key).unwrap()).await.unwrap();
}

/// A customer of whom every table that can hold something does.
async fn sarah() -> Sarah {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let row = CustomerRow {
        username: "sarah".into(),
        phone_number: Some("+263771234567".into()),
        email: Some("sarah@example.com".into()),
        name: Some("Sarah Quillfeather".into()),
        customer_number: Some("100277".into()),
    };
    profiles.import_customers(&[row], "ann").await.unwrap();
    let id = profiles.get_by_username("sarah").await.unwrap().unwrap().id;
    let (session, device) = call(&test).await;
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    let asked = NewChallenge {
        session,
        claim: Claim::Digits("100277".into()),
        address: None,
        code: "123456".into(),
    };
    auth.start(&asked).await.unwrap();
    auth.verify(session, "123456", None).await.unwrap();
    let merged = profiles
        .merge_anonymous_to_authenticated(device, id, "ann", Some("reason-of-sarah"), false)
        .await;
    assert!(merged.unwrap().is_merged());
    let scores = record::LeadScores::new(&test.db);
    while scores.settle(chrono::Utc::now(), 50).await.unwrap() > 0 {}
    let callback = NewCallback {
        phone_number: Some("+263771234567".into()),
        reason: Some("callback-of-sarah".into()),
        wanted: Some("wanted-of-sarah".into()),
        ..NewCallback::new(Uuid::new_v4(), session, chrono::Utc::now())
    };
    let callbacks = CallbackRepository::new(&test.db);
    callbacks.request(&callback).await.unwrap();
    let adopted = NewDraftAsk {
        pack: "library",
        document: "library/printing",
        phrasing: "adopted-of-sarah",
        session,
        adopted_by: "ann",
    };
    let drafts = DraftRepository::new(&test.db);
    assert_eq!(drafts.adopt(&adopted).await.unwrap(), Adoption::Adopted);
    let summaries = ConversationSummaryRepository::new(&test.db);
    assert!(summaries.upsert(&summary(session)).await.unwrap());
    let sql = "INSERT INTO message_archives (partition, low, high, messages, tool_call_records, file, sha256)
           VALUES ('p', v7_floor(now() - interval '1 day'), v7_floor(now() + interval '1 day'), 1, 2, 'archive-of-sarah.jsonl', sha256('x'))";
    test.client().await.batch_execute(sql).await.unwrap();
    Sarah {
        test,
        id,
        device,
        session,
    }
}

fn summary(session_id: SessionId) -> NewSummary {
    NewSummary {
        session_id,
        summary: "summary-of-sarah".into(),
        extracted_info: json!({}),
        sentiment: Sentiment::Neutral,
        resolution_status: Resolution::Resolved,
        topics: Vec::new(),
        message_count: 1,
        duration_seconds: 9,
        method: "rules".into(),
        method_version: "1".into(),
        source_last_seq: Some(0),
        partial: false,
    }
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no JSON ({error}): {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// Every row of every table as text; the audit apart, where an export leaves a line.
async fn all_rows(test: &TestDatabase, but: &str) -> BTreeSet<String> {
    let client = test.client().await;
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> $1";
    let mut all = BTreeSet::new();
    for table in client.query(tables, &[&but]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("SELECT t::text FROM {table} t");
        for row in client.query(&sql, &[]).await.unwrap() {
            all.insert(format!("{table} {}", row.get::<_, String>(0)));
        }
    }
    all
}

#[tokio::test]
async fn an_export_shows_what_every_table_holds_and_no_table_is_forgotten() {
    let Sarah { test, id, .. } = sarah().await;
    let sql = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT (relispartition AND relname ~ '_[0-9]{4}_[0-9]{2}$')";
    let tables = test.client().await.query(sql, &[]).await.unwrap();
    let tables: BTreeSet<String> = tables.iter().map(|row| row.get(0)).collect();
    let known = HELD.into_iter().chain(NOT_HELD).map(|(table, _)| table);
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    assert_eq!(tables, known, "is it in the export, or why not?");

    let output = teller(&test, &["profiles", "export", "sarah", "--actor", "ann"]).await;
    assert_eq!(output.status.code(), Some(0));
    let export = answer(&output);
    let text = export.to_string();
    for (table, words) in HELD {
        assert!(
            text.contains(words),
            "{table}: {words} is not in {export:#}"
        );
    }
    assert_eq!(export["profile"]["id"], json!(id));
    assert_eq!(export["merged"].as_array().unwrap().len(), 1);
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'profile.export' AND actor = 'ann' AND subject_id = $1::text";
    let id = id.to_string();
    let row = test.client().await.query_one(audited, &[&id]).await;
    assert_eq!(row.unwrap().get::<_, i64>(0), 1, "the export is audited");
}

#[tokio::test]
async fn an_export_shows_nothing_of_the_other_side_of_a_refused_merge() {
    let Sarah { test, id, .. } = sarah().await;
    let profiles = ProfileRepository::new(&test.db);
    let john = profiles.create_authenticated_profile("johnwalrus", None, None);
    let john = john.await.unwrap();
    let refused = profiles.merge_anonymous_to_authenticated(id, john, "ann", None, false);
    assert!(!refused.await.unwrap().is_merged());
    let output = teller(&test, &["profiles", "export", "sarah", "--actor", "ann"]).await;
    assert!(!answer(&output).to_string().contains("johnwalrus"));
}

#[tokio::test]
async fn an_export_goes_into_a_new_file_that_only_its_owner_reads() {
    let Sarah { test, device, .. } = sarah().await;
    let file = std::env::temp_dir().join(format!("export-{}.json", Uuid::new_v4()));
    let (path, device) = (file.display().to_string(), device.to_string());
    let arguments = [
        "profiles", "export", &device, "--actor", "ann", "--output", &path,
    ];
    let output = teller(&test, &arguments).await;
    assert_eq!(output.status.code(), Some(0), "any profile of the tree");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("words-of-sarah"));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let export: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(export["profile"]["name"], "Sarah Quillfeather");
    let again = teller(&test, &arguments).await;
    assert_eq!(again.status.code(), Some(2), "a file is never overwritten");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn a_dry_run_of_an_erasure_says_what_would_go_and_changes_nothing() {
    let Sarah { test, .. } = sarah().await;
    let before = all_rows(&test, "").await;
    let arguments = ["profiles", "erase", "sarah", "--actor", "ann", "--dry-run"];
    let output = teller(&test, &arguments).await;
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected =
        "would be erased: 2 profiles, 1 sessions, 1 messages, 1 summaries, 2 identifiers";
    assert_eq!(said.trim(), expected);
    let output = teller(&test, &[&arguments[..], &["--json"]].concat()).await;
    let would = answer(&output);
    assert_eq!(
        (&would["outcome"], &would["profiles"]),
        (&json!("erased"), &json!(2))
    );
    assert_eq!(all_rows(&test, "").await, before, "nothing was changed");
}

#[tokio::test]
async fn an_erasure_asks_first_and_without_a_terminal_does_nothing() {
    let Sarah { test, .. } = sarah().await;
    let before = all_rows(&test, "").await;
    let output = teller(&test, &["profiles", "erase", "sarah", "--actor", "ann"]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(all_rows(&test, "").await, before, "nothing was erased");
    let output = teller(&test, &["profiles", "erase", "sarah", "--yes"]).await;
    assert_eq!(output.status.code(), Some(2), "somebody must answer for it");
    assert_eq!(all_rows(&test, "").await, before);
}

#[tokio::test]
async fn an_erasure_with_yes_is_done_once_and_says_so() {
    let Sarah {
        test, id, session, ..
    } = sarah().await;
    let id = id.to_string();
    let erase = [
        "profiles", "erase", &id, "--actor", "ann", "--yes", "--json",
    ];
    let output = teller(&test, &erase).await;
    assert_eq!(output.status.code(), Some(0));
    let done = answer(&output);
    let expected = json!({"outcome": "erased", "profiles": 2, "sessions": 1, "messages": 1, "summaries": 1, "identifiers": 2});
    assert_eq!(done, expected);
    let said = MessageRepository::new(&test.db).by_session(session).await;
    assert!(said.unwrap().iter().all(|m| m.content.is_none()));
    let again = teller(&test, &erase).await;
    assert_eq!(again.status.code(), Some(0), "there is nothing left to do");
    assert_eq!(answer(&again)["outcome"], "already_erased");
    let export = teller(&test, &["profiles", "export", &id, "--actor", "ann"]).await;
    let text = answer(&export).to_string();
    // When codes were typed, what was done by whom, and which files of ciphertext there are stays.
    let stays = ["auth_attempts", "audit_log", "message_archives"];
    let held = HELD.iter().filter(|(table, _)| !stays.contains(table));
    for (table, words) in held {
        assert!(!text.contains(words), "{table}: {words} is still exported");
    }
}

#[tokio::test]
async fn nobody_by_that_name_or_number_is_answered_with_one() {
    let Sarah { test, .. } = sarah().await;
    let unknown = Uuid::new_v4().to_string();
    for who in ["nobody", &unknown] {
        for arguments in [
            &["profiles", "erase", who, "--actor", "ann", "--yes"][..],
            &["profiles", "erase", who, "--actor", "ann", "--dry-run"],
            &["profiles", "export", who, "--actor", "ann"],
        ] {
            let output = teller(&test, arguments).await;
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("no such profile"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_name_that_a_caller_states_is_in_no_table_and_in_what_administrators_read() {
    let Sarah { test, session, .. } = sarah().await;
    let key = SessionRepository::new(&test.db).key(session).await;
    let messages = MessageRepository::new(&test.db);
    let first = messages.sealed_by_session(session).await.unwrap();
    let mut sealer = MessageSealer::after(session, key.unwrap().unwrap(), first[0].row_hash);
    let words = "Hello, my name is Tendai Okonkwo. What does a transfer cost?";
    let said = NewMessage::new(session, 1, Role::User, words, chrono::Utc::now());
    let said = [sealer.seal(said).unwrap()];
    assert_eq!(messages.insert_batch(&said).await.unwrap().new, 1);
    let (id, pack) = (
        session.to_string(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank"),
    );
    let output = teller(
        &test,
        &[
            "sessions",
            "summarize",
            &id,
            "--pack",
            pack,
            "--actor",
            "ann",
        ],
    )
    .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let rows = all_rows(&test, "").await;
    // A bytea shows as hexadecimal digits.
    let digits: String = "Okonkwo".bytes().map(|b| format!("{b:02x}")).collect();
    let telling = rows
        .iter()
        .find(|row| row.contains("Okonkwo") || row.contains(&digits));
    assert_eq!(telling, None, "readable in a table");
    let evidence = |row: &&String| row.starts_with("summary_rows ") && row.contains("evidence");
    let row = rows.iter().find(evidence).expect("the summary's row");
    assert!(row.contains(r#""user_name"": [1]"#), "in which turn: {row}");

    let shown = teller(
        &test,
        &["profiles", "show", "sarah", "--json", "--actor", "ann"],
    )
    .await;
    assert_eq!(answer(&shown)["stated_name"], "Tendai Okonkwo");
    let shown = teller(&test, &["profiles", "show", "sarah", "--actor", "ann"]).await;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("Tendai Okonkwo"), "{shown}");
    let export = teller(&test, &["profiles", "export", "sarah", "--actor", "ann"]).await;
    let export = answer(&export);
    assert_eq!(export["stated_name"], "Tendai Okonkwo");
    let summary = &export["sessions"][0]["summary"];
    assert_eq!(summary["extracted_info"]["user_name"], "Tendai Okonkwo");
    let traits = export["profile"]["metadata"].to_string();
    assert!(!traits.contains("Tendai"), "a copy among the traits");
}
