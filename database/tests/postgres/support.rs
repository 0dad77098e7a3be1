//! What most tests need: callers, words, and the invariants as one question.

use chrono::{DateTime, Utc};
use database::{
    Channel, ConversationSummaryRepository, Database, MessageRepository, NewMessage, NewSession,
    NewSummary, ProfileId, ProfileRepository, Resolution, Role, Sentiment, SessionId,
    SessionRepository, StartedSession, test_support::TestDatabase,
};
use serde_json::{Value, json};

pub(crate) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + second, 0).expect("a valid instant")
}

pub(crate) fn web_session(device: &str) -> NewSession {
    NewSession {
        id: SessionId::new(),
        room_id: "room".to_owned(),
        participant_id: format!("participant of {device}"),
        anonymous_id: Some(device.to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: Some("worker-1".to_owned()),
        started_at: at(0),
    }
}

pub(crate) fn phone_session(number: &str) -> NewSession {
    NewSession {
        participant_id: format!("sip_{number}"),
        anonymous_id: None,
        channel: Channel::Phone,
        caller_number: Some(number.to_owned()),
        ..web_session("unused")
    }
}

pub(crate) async fn call(db: &Database, new: &NewSession) -> StartedSession {
    SessionRepository::new(db)
        .create_session(new)
        .await
        .expect("storing a session")
}

pub(crate) fn words(session: SessionId, seqs: std::ops::Range<i32>) -> Vec<NewMessage> {
    seqs.map(|seq| {
        let role = if seq % 2 == 0 {
            Role::User
        } else {
            Role::Assistant
        };
        NewMessage::new(
            session,
            seq,
            role,
            format!("message {seq}"),
            at(i64::from(seq)),
        )
    })
    .collect()
}

/// A call from a device with this many messages.
pub(crate) async fn talk(db: &Database, device: &str, messages: i32) -> (SessionId, ProfileId) {
    let new = web_session(device);
    let profile = call(db, &new).await.profile_id;
    MessageRepository::new(db)
        .insert(&words(new.id, 0..messages))
        .await
        .expect("storing messages");
    (new.id, profile)
}

pub(crate) async fn customer(db: &Database, name: &str) -> ProfileId {
    ProfileRepository::new(db)
        .create_authenticated_profile(name, None, None)
        .await
        .expect("a new customer")
}

pub(crate) fn summary_of(session: SessionId, last_seq: i32) -> NewSummary {
    NewSummary {
        session_id: session,
        summary: "User inquired about cardless withdrawal. Query resolved.".to_owned(),
        extracted_info: json!({"primary_intent": "cardless_withdrawal"}),
        sentiment: Sentiment::Positive,
        resolution_status: Resolution::Resolved,
        topics: vec!["cardless_withdrawal".to_owned(), "banking_hours".to_owned()],
        message_count: last_seq + 1,
        duration_seconds: 142,
        method: "rules".to_owned(),
        method_version: "1".to_owned(),
        source_last_seq: Some(last_seq),
        partial: false,
    }
}

pub(crate) async fn summarise(db: &Database, session: SessionId, last_seq: i32) {
    let stored = ConversationSummaryRepository::new(db)
        .upsert(&summary_of(session, last_seq))
        .await;
    assert!(
        stored.expect("storing a summary"),
        "the summary is the stored one"
    );
}

/// Rows of a query, each as one JSON value, as the owner sees them.
pub(crate) async fn rows(test: &TestDatabase, sql: &str) -> Vec<Value> {
    let rows = test
        .client()
        .await
        .query(&format!("SELECT to_jsonb(q) FROM ({sql}) q"), &[])
        .await;
    rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
        .iter()
        .map(|row| row.get(0))
        .collect()
}

pub(crate) async fn count(test: &TestDatabase, sql: &str) -> i64 {
    rows(test, &format!("SELECT count(*) AS n FROM ({sql}) c")).await[0]["n"]
        .as_i64()
        .expect("a count")
}

/// A device with this many sessions of two messages and a summary each, stored in bulk.
pub(crate) async fn crowd(test: &TestDatabase, device: &str, sessions: i32) -> ProfileId {
    let profile = ProfileRepository::new(&test.db)
        .create_anonymous_profile(Some(device), None)
        .await
        .expect("a profile");
    add_sessions(test, profile, sessions).await;
    profile
}

pub(crate) async fn add_sessions(test: &TestDatabase, profile: ProfileId, sessions: i32) {
    let sql = format!(
        "CREATE TEMP TABLE fresh AS SELECT (substr(v7_floor(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid AS id FROM generate_series(1, {sessions});
         INSERT INTO session_rows (session_id, room_id, participant_id, profile_id, started_at) SELECT id, 'room', 'somebody', '{profile}', '2025-01-01' FROM fresh;
         INSERT INTO conversation_messages (session_id, seq, role, created_at, content_ct, row_hash) SELECT id, seq, 'user', '2025-01-01', '\\x', sha256('') FROM fresh, generate_series(0, 1) seq;
         INSERT INTO conversation_summaries (session_id, summary, sentiment, resolution_status, topics, message_count, duration_seconds)
           SELECT id, 'Asked about fees.', 'neutral', 'resolved', '{{fees}}', 2, 9 FROM fresh;
         DROP TABLE fresh"
    );
    let client = test.client().await;
    client
        .batch_execute(&sql)
        .await
        .unwrap_or_else(|error| panic!("storing sessions in bulk: {error:?}"));
}

/// Everything that identity decides as every reader sees it, a line a row, without
/// times of change.
pub(crate) async fn identity_state(test: &TestDatabase) -> Rows {
    all_rows(
        test,
        "SELECT to_jsonb(u) - 'updated_at' AS line FROM user_profiles u UNION ALL SELECT to_jsonb(s) FROM agent_sessions s
         UNION ALL SELECT to_jsonb(c) FROM conversation_summaries c
         UNION ALL SELECT to_jsonb(i) FROM profile_identifiers i",
    )
    .await
}

/// Rows as text, sorted. Shows a few when it is printed, not thousands.
#[derive(PartialEq)]
pub(crate) struct Rows(Vec<String>);

pub(crate) async fn all_rows(test: &TestDatabase, sql: &str) -> Rows {
    let mut lines: Vec<String> = rows(test, sql)
        .await
        .iter()
        .map(|row| row["line"].to_string())
        .collect();
    lines.sort();
    Rows(lines)
}

impl Rows {
    /// Fails with the first rows that differ.
    pub(crate) fn assert_same(&self, before: &Self, when: &str) {
        let other = |a: &Self, b: &Self| {
            let known: std::collections::HashSet<&String> = b.0.iter().collect();
            a.0.iter()
                .filter(|line| !known.contains(line))
                .take(3)
                .cloned()
                .collect::<Vec<_>>()
        };
        let (now, then) = (other(self, before), other(before, self));
        assert!(
            self == before,
            "the rows differ, {when}\n now: {now:#?}\n before: {then:#?}"
        );
    }
}

/// The invariants, and that nothing is left to be drained.
pub(crate) async fn assert_settled(test: &TestDatabase, when: &str) {
    assert_invariants(test, when).await;
    for (promise, sql) in [
        ("no home waits", "SELECT * FROM profile_drains"),
        (
            "sessions are filed under their owner",
            "SELECT r.session_id FROM session_rows r JOIN agent_sessions s USING (session_id) WHERE r.profile_id <> s.profile_id",
        ),
    ] {
        let broken = rows(test, sql).await;
        assert!(broken.is_empty(), "{promise}, {when}: {broken:?}");
    }
}

/// M2, M3, M4, M6 and the audit chain, whatever happened before.
pub(crate) async fn assert_invariants(test: &TestDatabase, when: &str) {
    for (promise, sql) in [
        ("M3: counters equal rows", "SELECT * FROM counter_drift".to_owned()),
        ("M4: merged profiles point at live ones", "SELECT u.id FROM user_profiles u JOIN user_profiles r ON r.id = u.merged_into_profile_id WHERE r.merged_into_profile_id IS NOT NULL".to_owned()),
        ("M6: every message is counted on a live profile", "SELECT 1 FROM (SELECT coalesce(sum(total_messages), 0) AS n FROM user_profiles WHERE merged_into_profile_id IS NULL) u, (SELECT count(*) AS n FROM conversation_messages) m WHERE u.n <> m.n".to_owned()),
        ("summaries belong to their session's profile", "SELECT c.session_id FROM conversation_summaries c JOIN agent_sessions s USING (session_id) WHERE c.profile_id <> s.profile_id".to_owned()),
        ("what sessions_of misses or adds", "SELECT s.session_id FROM agent_sessions s FULL JOIN (SELECT o.session_id, u.id FROM user_profiles u, sessions_of(u.id) o WHERE u.merged_into_profile_id IS NULL) o ON (o.session_id, o.id) = (s.session_id, s.profile_id) WHERE s.session_id IS NULL OR o.session_id IS NULL".to_owned()),
        ("the audit chain holds", "SELECT audit_broken_at() AS n WHERE audit_broken_at() IS NOT NULL".to_owned()),
    ]
    .into_iter()
    .chain(["agent_sessions", "conversation_summaries", "profile_identifiers"].map(|table| {
        ("M2: nothing belongs to a merged profile", format!("SELECT t.profile_id FROM {table} t JOIN user_profiles u ON u.id = t.profile_id WHERE u.merged_into_profile_id IS NOT NULL"))
    })) {
        let broken = rows(test, &sql).await;
        assert!(broken.is_empty(), "{promise}, {when}: {broken:?}");
    }
}
