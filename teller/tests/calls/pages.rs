//! The pages in a real browser: headless Chromium talks with the agent through a
//! fake microphone, authenticates, hangs up and reads its summary; a supervisor
//! finds the call; a caller without a microphone, or without an agent, is told so.

use std::{path::PathBuf, time::Duration};

use chrono::Utc;
use database::{
    Channel, MessageRepository, NewMessage, NewSession, ProfileRepository, Role, SessionId,
    SessionRepository,
};
use serde_json::Value;
use tokio::process::Command;

use crate::support::{
    Stack,
    fixtures::{root, small_model},
    full::fill,
    livekit::AHEAD,
};

/// Runs one of the drivers of `web/e2e` and returns what it saw.
pub(crate) async fn browse(driver: &str, arguments: &[&str]) -> Value {
    let output = Command::new("nice")
        .args(AHEAD)
        .arg("node")
        .arg(root().join("web/e2e").join(driver))
        .args(arguments)
        .current_dir(root().join("web"))
        .kill_on_drop(true)
        .output()
        .await
        .expect("node is installed; scripts/setup says how");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().last().unwrap_or_default();
    let seen: Value = serde_json::from_str(line).unwrap_or_else(|_| {
        panic!(
            "{driver} said nothing: {text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    assert!(output.status.success(), "{driver}: {seen:#}");
    seen
}

/// A question for the page's microphone.
pub(crate) async fn question(stack: &Stack, text: &str) -> PathBuf {
    let spoken = stack.folder.join("spoken.wav");
    let status = Command::new("flite")
        // The voice that tiny.en understands word for word.
        .args(["-voice", "slt", "-t", text, "-o"])
        .arg(&spoken)
        .status()
        .await
        .unwrap();
    assert!(status.success(), "flite speaks");
    spoken
}

/// What the page showed of one side, one utterance a line.
pub(crate) fn lines(seen: &Value, speaker: &str) -> String {
    let transcript = seen["transcript"].as_array().into_iter().flatten();
    let said: Vec<&str> = transcript
        .filter(|line| line["speaker"] == speaker)
        .filter_map(|line| line["text"].as_str())
        .collect();
    said.join("\n")
}

/// The agent was heard, the connection held, and the page made no mistake.
#[track_caller]
fn assert_undisturbed(seen: &Value) {
    assert_eq!(seen["errors"], Value::Array(Vec::new()), "{seen:#}");
    // The driver listens on the page's own thread and loses part of the sound while the cores are busy.
    let audible = seen["heard"]["audible_seconds"].as_f64();
    assert!(
        audible.is_some_and(|seconds| seconds > 0.5),
        "the agent is audible in the browser: {seen:#}"
    );
    assert!(
        !seen["phases"].to_string().contains("reconnecting"),
        "the connection holds: {seen:#}"
    );
}

#[tokio::test]
async fn a_browser_caller_talks_authenticates_and_reads_the_summary_that_a_supervisor_sees() {
    let mut stack = Stack::prepare(&[("DEMO_MESSAGES", "1")]).await;
    let webhook = format!("http://{}/v1/demo/messages", stack.http);
    stack.set("CODE_WEBHOOK_URL", &webhook);
    stack.use_the_whole_pack();
    stack.start_worker().await;
    stack
        .import_customers("username,phone_number,email,name\nsarah,+263771234567,,Sarah Moyo\n")
        .await;
    let wav = question(&stack, "How can I withdraw cash without my card?").await;
    let actions = format!(
        "call; wait-transcript assistant /help you/; wait-state listening; speak {} /ithdraw cash/; \
         wait-transcript assistant /236/; wait-state listening; \
         authenticate sarah +263771234567; type Thank you, goodbye; wait-phase ended; wait-summary",
        wav.display()
    );
    let url = format!("http://{}/", stack.http);
    let calling = ["--url", &url, "--timeout", "60", "--actions", &actions];
    let seen = browse("caller.mjs", &calling).await;
    assert_undisturbed(&seen);
    assert_eq!(
        lines(&seen, "caller").matches("goodbye").count(),
        1,
        "what was typed is shown once: {seen:#}"
    );
    assert!(
        seen["summary"]
            .to_string()
            .to_lowercase()
            .contains("cardless"),
        "the caller reads the summary: {seen:#}"
    );

    let (session, row) = stack.summarised().await;
    assert_eq!(
        row["auth_level"], 2,
        "the page's form authenticates: {row:#}"
    );
    let url = format!("http://{}/supervisor.html", stack.http);
    let seen = browse(
        "supervisor.mjs",
        &["--url", &url, "--key", "supervisor-key-of-this-test"],
    )
    .await;
    let text = seen.to_string();
    for part in ["sarah", "ithdraw", "236"] {
        assert!(
            text.contains(part),
            "the supervisor sees `{part}` of call {session}: {seen:#}"
        );
    }
    let opened: i64 = stack
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM audit_log WHERE action LIKE 'call%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert!(opened >= 1, "opening a call's record is audited");
}

/// A call from a device, and the customer sarah that the device turned out to be.
async fn recognised_call(stack: &Stack) {
    let db = &stack.database.db;
    let new = NewSession {
        id: SessionId::new(),
        room_id: "room".to_owned(),
        participant_id: "participant".to_owned(),
        anonymous_id: Some("a-phone-of-two".to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now(),
    };
    let sessions = SessionRepository::new(db);
    let started = sessions.create_session(&new).await.unwrap();
    let said = NewMessage::new(new.id, 0, Role::User, "Is my card blocked?", Utc::now());
    let messages = MessageRepository::new(db);
    messages.insert(&[said]).await.unwrap();
    let profiles = ProfileRepository::new(db);
    let sarah = profiles
        .create_authenticated_profile("sarah", None, None)
        .await
        .unwrap();
    let merged = profiles
        .merge_anonymous_to_authenticated(started.profile_id, sarah, "caller", None, false)
        .await;
    assert!(merged.unwrap().is_merged());
}

#[tokio::test]
async fn an_administrator_takes_a_merge_apart_in_the_browser_and_a_supervisor_only_reads_of_it() {
    let keys = [("ADMIN_KEY", "administrators-key-of-this-test")];
    let mut stack = Stack::prepare(&keys).await;
    // The worker's own login may change nobody.
    let login = stack.database.url_as("identity_admin");
    stack.set("ADMIN_DATABASE_URL", &login);
    stack.start_worker().await;
    recognised_call(&stack).await;
    let url = format!("http://{}/supervisor.html", stack.http);
    let supervisor = [
        "--url",
        &url,
        "--history",
        "--key",
        "supervisor-key-of-this-test",
    ];
    let seen = browse("supervisor.mjs", &supervisor).await;
    assert_eq!(seen["history"]["title"], "Profile of sarah", "{seen:#}");
    assert_eq!(
        seen["history"]["buttons"], 0,
        "a supervisor has no button: {seen:#}"
    );
    assert!(
        seen["history"]["merges"][0]
            .to_string()
            .contains("In force"),
        "{seen:#}"
    );

    let unmerge = ["--url", &url, "--unmerge", "Ann Moyo", "--key", keys[0].1];
    let seen = browse("supervisor.mjs", &unmerge).await;
    let asked = seen["unmerged"]["asked"].to_string();
    assert!(
        asked.contains("1 call with 1 messages leave sarah"),
        "what comes apart is named before: {seen:#}"
    );
    let history = &seen["history"];
    assert!(
        history["merges"][0].to_string().contains("By Ann Moyo"),
        "{seen:#}"
    );
    assert!(
        history["attempts"][0].to_string().contains("Unmerged"),
        "{seen:#}"
    );
    assert_eq!(
        history["buttons"], 0,
        "there is nothing left to undo: {seen:#}"
    );
    assert_eq!(seen["errors"], Value::Array(Vec::new()), "{seen:#}");

    let client = stack.sql().await;
    let actors = "SELECT string_agg(actor || ' ' || action, ', ' ORDER BY id) FROM audit_log WHERE action IN ('call.opened', 'profile.opened', 'profile.unmerge')";
    let actors: String = client.query_one(actors, &[]).await.unwrap().get(0);
    assert_eq!(
        actors,
        "supervisor call.opened, supervisor profile.opened, admin call.opened, admin profile.opened, Ann Moyo profile.unmerge, admin profile.opened"
    );
}

#[tokio::test]
async fn a_worker_without_its_database_says_so_on_the_page_and_stays_in_service() {
    let stack = Stack::with(&[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")]).await;
    let url = format!("http://{}/supervisor.html", stack.http);
    let seen = browse(
        "supervisor.mjs",
        &[
            "--url",
            &url,
            "--key",
            "supervisor-key-of-this-test",
            "--wait-complaint",
            "takes no rows since 2.* UTC",
        ],
    )
    .await;
    assert_eq!(
        seen["list"]["kind"], "error",
        "the list cannot be read: {seen:#}"
    );
    let (status, health) = stack.get(&stack.health, "/health").await.unwrap();
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(
        (status, &health["status"]),
        (200, &"degraded".into()),
        "{health:#}"
    );
    assert_eq!(health["record"]["database"]["state"], "down", "{health:#}");
    let check = stack.get(&stack.health, "/").await;
    assert_eq!(
        check,
        Some((200, "OK".into())),
        "it can talk: it is not taken out of service"
    );
    assert!(stack.metric("teller_database_down_since_seconds").await > 1e9);
}

/// What the supervisor's page says once it says something like this, and whether calls are taken.
async fn noticed(stack: &Stack, complaint: &str) -> Value {
    let url = format!("http://{}/supervisor.html", stack.http);
    let key = "supervisor-key-of-this-test";
    let look = ["--url", &url, "--key", key, "--wait-complaint", complaint];
    browse("supervisor.mjs", &look).await
}

#[tokio::test]
async fn the_page_says_how_full_the_spool_is_from_80_percent_on_and_from_95_that_no_calls_are_taken()
 {
    let away = "postgres://nobody@127.0.0.1:1/none";
    let model = small_model().display().to_string();
    let settings = [
        ("WHISPER_MODEL", &*model),
        ("DATABASE_URL", away),
        ("SPOOL_MB", "5"),
    ];
    let mut stack = Stack::prepare(&settings).await;
    fill(&stack).await;
    // What fills five megabytes is more than four fifths of six.
    stack.set("SPOOL_MB", "6");
    stack.start_worker().await;
    let alarm = "the spool is 8[0-9] % full: at 95 % no new calls are taken";
    let seen = noticed(&stack, alarm).await;
    assert_eq!(seen["calls_taken"], "It takes calls.", "{seen:#}");
    stack.worker().kill().await.unwrap();

    stack.set("SPOOL_MB", "5");
    stack.start_worker().await;
    let refuses = stack.eventually(Duration::from_secs(60), async || {
        let told = stack.get(&stack.health, "/health").await;
        told.is_some_and(|(_, told)| told.contains(r#""takes_calls":false"#))
    });
    assert!(refuses.await, "a full spool keeps nobody away");
    let full = "the spool is (9[5-9]|100) % full: no new calls are taken";
    let seen = noticed(&stack, full).await;
    assert_eq!(seen["calls_taken"], "It takes no new calls.", "{seen:#}");
}

#[tokio::test]
async fn a_caller_whose_microphone_is_denied_is_told_so_and_answered_in_writing_and_by_voice() {
    let stack = Stack::start().await;
    let url = format!("http://{}/", stack.http);
    let seen = browse(
        "caller.mjs",
        &[
            "--url", &url, "--microphone", "denied", "--timeout", "60", "--actions",
            "call; wait-notice microphone is blocked; wait-transcript assistant /help you/; \
             type What are your opening hours?; wait-transcript assistant /open/; hangup; wait-summary",
        ],
    )
    .await;
    assert_undisturbed(&seen);
    assert_eq!(
        lines(&seen, "caller"),
        "What are your opening hours?",
        "the caller's side is what was typed: {seen:#}"
    );
    let (session, row) = stack.summarised().await;
    assert_eq!(row["end_reason"], "caller_left", "{row:#}");
    let rows = stack.messages(session).await;
    assert!(
        rows.iter().any(|row| row.meta["typed"] == true),
        "the typed turn is on record: {rows:#?}"
    );
}

#[tokio::test]
async fn a_caller_whom_no_agent_can_take_is_told_so_and_served_once_one_is_free() {
    let mut stack = Stack::prepare(&[("MAX_CALLS", "1")]).await;
    // The holder of the only place keeps it until the page has said that nobody is free.
    stack.wait_for_silent_callers(600, 900);
    stack.start_worker().await;
    let holder = stack
        .caller("- wait: 30\n- until_file: noticed\n", &[])
        .await;
    let taken = stack
        .eventually(Duration::from_secs(60), async || {
            stack.metric("teller_calls_active").await > 0.0
        })
        .await;
    assert!(taken, "the only place is taken:\n{}", stack.log());
    let url = format!("http://{}/", stack.http);
    let noticed = stack.folder.join("noticed");
    let actions = format!(
        "call; wait-phase waiting; wait-notice No assistant is available; leave-file {}; \
         wait-transcript assistant /help you/; hangup",
        noticed.display()
    );
    let calling = ["--url", &url, "--timeout", "60", "--actions", &actions];
    let seen = browse("caller.mjs", &calling).await;
    assert_undisturbed(&seen);
    let at = |action: usize| seen["timeline"][action]["at_ms"].as_u64().unwrap();
    let waited = at(2) - at(1);
    assert!(
        waited >= 9_000,
        "the page says so after ten seconds, not {waited} ms: {seen:#}"
    );
    stack.finish(holder).await.assert_met();
}
