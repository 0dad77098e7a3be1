use database::keys::SessionKey;
use database::testing::TestDatabase;
use database::{
    AuditRepository, AuthLimits, AuthRepository, CallbackRepository, Channel, Claim,
    ConversationSummaryRepository, CustomerRow, ErasureOutcome, MergeOutcome, MessageRepository,
    MessageSealer, NewCallback, NewChallenge, NewMessage, NewSession, NewSummary, Origin,
    ProfileId, ProfileRepository, Resolution, Role, SealedMessage, Sentiment, SessionId,
    SessionRepository, SummaryToken, SummaryTokenRepository, UnmergeOutcome,
};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

use crate::support::{assert_invariants, call, count, customer, rows, web_session};

/// Words that occur nowhere but in Sarah's data.
const TRACES: [&str; 12] = [
    "sarahmoyo",
    "263771234567",
    "Quillfeather",
    "zanzibar@",
    "tablet-of-sarah",
    "100277",
    "walrus-password",
    "sarah-said-hippo",
    "ring-me-okapi",
    "gloss-narwhal",
    "sarah-reason-lynx",
    "room-of-sarah",
];

struct Sarah {
    id: ProfileId,
    device: SessionId,
    phone: SessionId,
}

fn sealed(key: &SessionKey, session: SessionId) -> Vec<SealedMessage> {
    let mut sealer = MessageSealer::new(session, key.clone());
    (0..3)
        .map(|seq| {
            let text = format!("sarah-said-hippo number {seq}");
            let new = NewMessage::new(session, seq, Role::User, text, chrono::Utc::now());
            sealer.seal(new).unwrap()
        })
        .collect()
}

fn device_call() -> NewSession {
    NewSession {
        room_id: "room-of-sarah".to_owned(),
        started_at: chrono::Utc::now(),
        ..web_session("tablet-of-sarah")
    }
}

fn phone_call() -> NewSession {
    NewSession {
        participant_id: "sip_+263771234567".to_owned(),
        room_id: "call-_+263771234567_x".to_owned(),
        anonymous_id: None,
        channel: Channel::Phone,
        caller_number: Some("+263771234567".to_owned()),
        started_at: chrono::Utc::now(),
        ..web_session("unused")
    }
}

/// A call with three sealed messages and a code asked for and given.
async fn talk_and_prove(test: &TestDatabase, new: &NewSession) {
    let db = &test.db;
    let sessions = SessionRepository::new(db);
    let key = db.keys().new_session_key().unwrap();
    sessions.start(new, &key).await.unwrap();
    let messages = sealed(&key, new.id);
    MessageRepository::new(db)
        .insert_batch(&messages)
        .await
        .unwrap();
    let auth = AuthRepository::new(db, AuthLimits::default());
    let claim = Claim::Username {
        username: "sarahmoyo".into(),
        phone_number: Some("+263771234567".into()),
    };
    let asked = NewChallenge {
        session: new.id,
        claim,
        address: Some("+263771234567".into()),
        code: "123456".into(),
    };
    auth.start(&asked).await.unwrap();
    auth.verify(new.id, "123456", Some("+263771234567"))
        .await
        .unwrap();
}

/// What follows a call, and its being the customer's.
async fn leave_traces(test: &TestDatabase, session: SessionId, customer: ProfileId) {
    let db = &test.db;
    let (profiles, sessions) = (ProfileRepository::new(db), SessionRepository::new(db));
    let learned = json!({"pet": "walrus-password"});
    let owner = sessions.get(session).await.unwrap().unwrap().profile_id;
    profiles
        .update_metadata(owner, &learned, &Origin::default())
        .await
        .unwrap();
    let summary = NewSummary {
        session_id: session,
        summary: "gloss-narwhal".into(),
        extracted_info: json!({"user_name": "Quillfeather"}),
        sentiment: Sentiment::Neutral,
        resolution_status: Resolution::Resolved,
        topics: vec!["cards".into()],
        message_count: 3,
        duration_seconds: 9,
        method: "rules".into(),
        method_version: "1".into(),
        source_last_seq: Some(2),
        partial: false,
    };
    ConversationSummaryRepository::new(db)
        .upsert(&summary)
        .await
        .unwrap();
    let callback = NewCallback {
        id: Uuid::new_v4(),
        session,
        phone_number: Some("+263771234567".into()),
        reason: Some("ring-me-okapi".into()),
        requested_at: chrono::Utc::now(),
    };
    CallbackRepository::new(db)
        .request(&callback)
        .await
        .unwrap();
    let token = SummaryToken::random();
    SummaryTokenRepository::new(db)
        .save(&token, session, Duration::from_secs(9))
        .await
        .unwrap();
    let merged = profiles
        .merge_anonymous_to_authenticated(owner, customer, "test", None, false)
        .await;
    assert_eq!(merged.unwrap(), MergeOutcome::Merged);
}

/// A customer with everything that can be known of one: two calls, merges, a summary, a callback,
/// challenges, readable rows of before.
async fn sarah(test: &TestDatabase) -> Sarah {
    let db = &test.db;
    let profiles = ProfileRepository::new(db);
    let row = CustomerRow {
        username: "sarahmoyo".into(),
        phone_number: Some("+263771234567".into()),
        email: Some("zanzibar@example.com".into()),
        name: Some("Sarah Quillfeather".into()),
        customer_number: Some("100277".into()),
    };
    profiles.import_customers(&[row], "admin").await.unwrap();
    let id = profiles
        .get_by_username("sarahmoyo")
        .await
        .unwrap()
        .unwrap()
        .id;
    let (device, phone) = (device_call(), phone_call());
    for new in [&device, &phone] {
        talk_and_prove(test, new).await;
        leave_traces(test, new.id, id).await;
    }
    let sql = format!(
        "INSERT INTO conversation_messages (session_id, seq, role, content, meta) VALUES ('{0}', 3, 'user', 'sarah-said-hippo of before', '{{\"x\": \"walrus-password\"}}');
         INSERT INTO lead_events (session_id, kind, subject, at) VALUES ('{0}', 'interest', 'gloss-narwhal', now());
         INSERT INTO room_locks (room, holder, expires_at) VALUES ('room-of-sarah', 'h', now());
         UPDATE profile_merges SET reason = 'sarah-reason-lynx'",
        device.id
    );
    test.client().await.batch_execute(&sql).await.unwrap();
    Sarah {
        id,
        device: device.id,
        phone: phone.id,
    }
}

/// Everything a dump would hold, as text; binary values as their bytes.
pub(crate) async fn dump(test: &TestDatabase) -> Vec<u8> {
    let tables = rows(test, "SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'").await;
    let client = test.client().await;
    let mut out = Vec::new();
    for table in tables {
        let name = table["name"].as_str().unwrap();
        let sql = format!("SELECT * FROM \"{name}\"");
        for row in client
            .query(&format!("SELECT t::text FROM ({sql}) t"), &[])
            .await
            .unwrap()
        {
            let text: &str = row.get(0);
            out.extend_from_slice(text.as_bytes());
            // A bytea shows as \x and digits: also look at what the digits say.
            for word in text.split("\\x").skip(1) {
                let digits: Vec<u8> = word.bytes().take_while(u8::is_ascii_hexdigit).collect();
                let value =
                    |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
                out.extend(digits.chunks_exact(2).filter_map(|pair| value(pair).ok()));
                out.push(b'\n');
            }
        }
    }
    out
}

pub(crate) fn found(dump: &[u8]) -> Vec<&'static str> {
    let holds = |trace: &&str| dump.windows(trace.len()).any(|w| w == trace.as_bytes());
    TRACES.into_iter().filter(holds).collect()
}

#[tokio::test]
async fn numbers_and_words_are_readable_by_the_keys_and_not_in_the_tables() {
    let test = TestDatabase::new().await;
    let sarah = sarah(&test).await;
    let stored = ProfileRepository::new(&test.db)
        .get_by_id(sarah.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.phone_number.as_deref(), Some("+263771234567"));
    assert_eq!(stored.email.as_deref(), Some("zanzibar@example.com"));
    assert_eq!(stored.name.as_deref(), Some("Sarah Quillfeather"));
    let session = SessionRepository::new(&test.db)
        .get(sarah.phone)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.caller_number.as_deref(), Some("+263771234567"));
    let callbacks = CallbackRepository::new(&test.db)
        .by_session(sarah.phone)
        .await
        .unwrap();
    assert_eq!(callbacks[0].phone_number.as_deref(), Some("+263771234567"));
    let said = MessageRepository::new(&test.db)
        .by_session(sarah.phone)
        .await
        .unwrap();
    assert_eq!(
        said[1].content.as_deref(),
        Some("sarah-said-hippo number 1")
    );
    let dump = dump(&test).await;
    let in_dump = found(&dump);
    for sealed in ["263771234567", "zanzibar@"] {
        assert!(
            !in_dump.contains(&sealed),
            "{sealed} is readable in the tables"
        );
    }
    assert!(
        in_dump.contains(&"sarahmoyo"),
        "the search finds what is readable: {in_dump:?}"
    );
}

#[tokio::test]
async fn after_an_erasure_nothing_of_the_person_is_left_but_counts() {
    let test = TestDatabase::new().await;
    let john = customer(&test.db, "john").await;
    let sarah = sarah(&test).await;
    let before = dump(&test).await;
    let missing: Vec<_> = TRACES
        .into_iter()
        .filter(|t| !found(&before).contains(t))
        .collect();
    assert_eq!(
        missing,
        ["263771234567", "zanzibar@"],
        "all but what is sealed is there to be erased"
    );
    let hashes = rows(&test, "SELECT session_id, seq, row_hash, content_ct FROM conversation_messages WHERE row_hash IS NOT NULL ORDER BY 1, 2").await;

    let profiles = ProfileRepository::new(&test.db);
    let dry = profiles.would_erase(sarah.id).await.unwrap();
    assert_eq!(dry.outcome, ErasureOutcome::Erased);
    assert_eq!(
        found(&dump(&test).await),
        found(&before),
        "a dry run changes nothing"
    );
    let done = profiles.erase(sarah.id, "admin").await.unwrap();
    assert_eq!(done, dry);
    assert_eq!((done.profiles, done.sessions, done.messages), (3, 2, 7));

    let left = found(&dump(&test).await);
    assert!(left.is_empty(), "still in the tables: {left:?}");
    assert_only_counts_are_left(&test, sarah, hashes).await;
    let john = profiles.get_by_id(john).await.unwrap().unwrap();
    assert!(john.erased_at.is_none(), "nobody else's");
    assert_invariants(&test, "after an erasure").await;
}

async fn assert_only_counts_are_left(
    test: &TestDatabase,
    sarah: Sarah,
    hashes: Vec<serde_json::Value>,
) {
    let profiles = ProfileRepository::new(&test.db);
    let keys = "SELECT FROM person_keys k JOIN user_profiles u ON u.id = k.profile_id WHERE u.erased_at IS NOT NULL";
    assert_eq!(count(test, keys).await, 0, "the keys are gone");
    assert_eq!(count(test, "SELECT FROM session_keys").await, 0);
    let said = MessageRepository::new(&test.db)
        .by_session(sarah.phone)
        .await
        .unwrap();
    assert!(
        said.len() == 3 && said.iter().all(|m| m.content.is_none()),
        "{said:?}"
    );
    assert_eq!(
        rows(test, "SELECT session_id, seq, row_hash, content_ct FROM conversation_messages WHERE row_hash IS NOT NULL ORDER BY 1, 2").await,
        hashes,
        "rows and hashes stay, so that the record still verifies"
    );
    let gone = profiles.get_by_id(sarah.id).await.unwrap().unwrap();
    assert_eq!(
        (gone.total_sessions, gone.total_messages),
        (2, 7),
        "counts stay"
    );
    assert!(gone.erased_at.is_some() && gone.username.is_none() && gone.phone_number.is_none());
    let last = AuditRepository::new(&test.db)
        .list(None, 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (last.action.as_str(), last.actor.as_str()),
        ("profile.erase", "admin")
    );
    assert_eq!(
        profiles.erase(sarah.id, "admin").await.unwrap().outcome,
        ErasureOutcome::AlreadyErased
    );
    let nobody = ProfileId(Uuid::new_v4());
    assert_eq!(
        profiles.erase(nobody, "admin").await.unwrap().outcome,
        ErasureOutcome::NotFound
    );
}

#[tokio::test]
async fn an_export_holds_everything_and_a_dump_after_the_erasure_nothing() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = sarah(&test).await;
    let export = profiles
        .export(sarah.id)
        .await
        .unwrap()
        .expect("she is there");
    let text = serde_json::to_string(&export).unwrap();
    let not_held = found(text.as_bytes());
    let missing: Vec<_> = TRACES
        .into_iter()
        .filter(|t| !not_held.contains(t))
        .collect();
    assert!(missing.is_empty(), "the export lacks {missing:?}");
    assert_eq!(
        (
            export.merged.len(),
            export.sessions.len(),
            export.merges.len()
        ),
        (2, 2, 2)
    );
    let audited: Vec<&str> = export
        .audit
        .iter()
        .map(|entry| entry.action.as_str())
        .collect();
    assert!(
        audited.contains(&"profile.merge") && audited.contains(&"auth.verified"),
        "{audited:?}"
    );
    let nobody = profiles.export(ProfileId(Uuid::new_v4())).await.unwrap();
    assert!(nobody.is_none());

    let before = pg_dump(&test).await;
    assert!(
        found(&before).contains(&"sarahmoyo"),
        "the dump is one of this database"
    );
    profiles.erase(sarah.id, "admin").await.unwrap();
    let left = found(&pg_dump(&test).await);
    assert!(left.is_empty(), "pg_dump still holds {left:?}");
}

/// What a back-up made now would hold.
async fn pg_dump(test: &TestDatabase) -> Vec<u8> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .map(|entry| entry.path().join("bin/pg_dump"))
        .filter(|path| path.exists())
        .max();
    let program = newest.unwrap_or_else(|| "pg_dump".into());
    let mut command = std::process::Command::new(program);
    command.arg("--dbname").arg(test.superuser_url());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[tokio::test]
async fn what_comes_late_from_an_erased_person_is_dropped_and_counted() {
    let test = TestDatabase::new().await;
    let (profiles, sessions) = (
        ProfileRepository::new(&test.db),
        SessionRepository::new(&test.db),
    );
    let messages = MessageRepository::new(&test.db);
    let sarah = sarah(&test).await;
    let (stored, never_stored) = (
        NewSession {
            id: sarah.device,
            ..device_call()
        },
        device_call(),
    );
    let by_phone = phone_call();
    profiles.erase(sarah.id, "admin").await.unwrap();

    for stale in [&stored, &never_stored, &by_phone] {
        let key = test.db.keys().new_session_key().unwrap();
        let started = sessions.start(stale, &key).await.unwrap();
        assert!(
            started.erased,
            "a call of before the erasure was stored: {started:?}"
        );
        let late = messages
            .insert_batch(&sealed(&key, stale.id))
            .await
            .unwrap();
        assert_eq!(
            (late.new, late.erased, late.differing.len()),
            (0, 3, 0),
            "words of an erased call"
        );
        let summary = crate::support::summary_of(stale.id, 2);
        assert!(
            !ConversationSummaryRepository::new(&test.db)
                .upsert(&summary)
                .await
                .unwrap()
        );
        let callback = NewCallback {
            id: Uuid::new_v4(),
            session: stale.id,
            phone_number: Some("+263771234567".into()),
            reason: Some("ring-me-okapi".into()),
            requested_at: chrono::Utc::now(),
        };
        CallbackRepository::new(&test.db)
            .request(&callback)
            .await
            .unwrap();
    }
    assert!(
        found(&dump(&test).await).is_empty(),
        "a replay brought something back"
    );
    let dropped = rows(&test, "SELECT sum(dropped) AS n FROM erased_sessions").await;
    assert_eq!(
        dropped[0]["n"],
        3 * 6,
        "a start, three messages, a summary and a callback of each"
    );
    assert_invariants(&test, "after a replay").await;

    let next = device_call();
    let fresh = call(&test.db, &next).await;
    assert!(
        !fresh.seen_before && fresh.hint.is_none(),
        "who calls again is a stranger: {fresh:?}"
    );
    let started = sessions.key(next.id).await.unwrap();
    assert!(started.is_some(), "and is recorded like any other");
}

#[tokio::test]
async fn an_erased_profile_is_neither_merged_nor_unmerged_nor_changed() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = sarah(&test).await;
    let parts = rows(
        &test,
        "SELECT id FROM user_profiles WHERE merged_into_profile_id IS NOT NULL",
    )
    .await;
    profiles.erase(sarah.id, "admin").await.unwrap();
    for part in parts {
        let part: ProfileId = serde_json::from_value(part["id"].clone()).unwrap();
        let outcome = profiles.unmerge(part, "admin", None).await.unwrap();
        assert_eq!(outcome, UnmergeOutcome::Erased);
    }
    let john = customer(&test.db, "john").await;
    let merged = profiles
        .merge_anonymous_to_authenticated(sarah.id, john, "x", None, true)
        .await;
    assert_eq!(merged.unwrap(), MergeOutcome::Erased);
    let patched = profiles
        .update_metadata(sarah.id, &json!({"a": 1}), &Origin::default())
        .await;
    assert_eq!(patched.unwrap(), None);
    assert_invariants(&test, "after refused changes").await;
}

#[tokio::test]
async fn the_audit_keeps_that_a_reason_was_given_and_the_merge_keeps_the_reason_until_it_is_erased()
{
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = customer(&test.db, "sarah").await;
    let device = call(&test.db, &web_session("device-one")).await.profile_id;
    let why = Some("sarah-reason-lynx");
    let merged = profiles.merge_anonymous_to_authenticated(device, sarah, "ann", why, false);
    assert!(merged.await.unwrap().is_merged());
    let undone = profiles.unmerge(device, "ann", why).await.unwrap();
    assert_eq!(undone, UnmergeOutcome::Unmerged);
    let again = profiles.unmerge(device, "ann", why).await.unwrap();
    assert_eq!(again, UnmergeOutcome::NotMerged);
    let given = rows(&test, "SELECT action, detail ->> 'reason_given' AS given FROM audit_log WHERE action ~ 'merge' ORDER BY id").await;
    assert_eq!(given.len(), 3);
    assert!(given.iter().all(|row| row["given"] == "true"), "{given:?}");
    let merge = profiles.history(device).await.unwrap().remove(0);
    assert_eq!(
        (merge.reason.as_deref(), merge.reverted_reason.as_deref()),
        (why, why)
    );
    let in_audit = count(&test, "SELECT FROM audit_log a WHERE a::text LIKE '%lynx%'").await;
    assert_eq!(in_audit, 0, "the audit cannot forget");
    profiles.erase(device, "ann").await.unwrap();
    assert!(found(&dump(&test).await).is_empty(), "the reason is gone");
    // Nor may a function of tomorrow pass a reason's words on.
    let passing = rows(&test, r"SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~* $$audit\([^;]*'reason', *(why|reason)$$").await;
    assert!(
        passing.is_empty(),
        "{passing:?} write reasons into the audit"
    );
}
