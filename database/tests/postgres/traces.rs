//! A customer of whom everything that can be known is stored, and the search for it.

use std::time::Duration;

use database::{
    Adoption, AuthLimits, AuthRepository, CallbackChange, CallbackRepository, Channel, Claim,
    ConversationSummaryRepository, CustomerRow, Database, DraftRepository, LeadEventRepository,
    MergeOutcome, MessageRepository, MessageSealer, NewCallback, NewChallenge, NewDraftAsk,
    NewMessage, NewSession, NewSummary, Origin, ProfileId, ProfileRepository, Resolution, Role,
    SealedMessage, Sentiment, SessionId, SessionRepository, SummaryToken, SummaryTokenRepository,
    ToolCallRepository, ToolOutcome, TurnInsight, TurnInsightRepository, keys::SessionKey,
    test_support::TestDatabase,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    facts::{fact, keep},
    leads::saw,
    support::{rows, web_session},
    tool_calls::made,
    turn_insights::insight,
};

/// Words that occur nowhere but in Sarah's data.
pub(crate) const TRACES: [&str; 22] = [
    "sarahmoyo",
    "263771234567",
    "Quillfeather",
    "Ptarmigan",
    "zanzibar@",
    "tablet-of-sarah",
    "100277",
    "walrus-password",
    "sarah-said-hippo",
    "ring-me-okapi",
    "not-before-quokka",
    "noted-of-jerboa",
    "asked-for-tapir",
    "answered-gannet",
    "adopted-dugong",
    "gloss-narwhal",
    "spoke-of-ibis",
    "wanted-of-kudu",
    "known-of-gecko",
    "prefers-serval",
    "sarah-reason-lynx",
    "room-of-sarah",
];

/// Those that no table holds in a readable form.
pub(crate) const SEALED: [&str; 12] = [
    "263771234567",
    "Quillfeather",
    "Ptarmigan",
    "zanzibar@",
    "sarah-said-hippo",
    "ring-me-okapi",
    "not-before-quokka",
    "noted-of-jerboa",
    "asked-for-tapir",
    "answered-gannet",
    "adopted-dugong",
    "known-of-gecko",
];

pub(crate) struct Sarah {
    pub(crate) id: ProfileId,
    pub(crate) device: SessionId,
    pub(crate) phone: SessionId,
}

pub(crate) fn sealed(key: &SessionKey, session: SessionId) -> Vec<SealedMessage> {
    let mut sealer = MessageSealer::new(session, key.clone());
    (0..3)
        .map(|seq| {
            let text = format!("sarah-said-hippo number {seq}");
            let new = NewMessage::new(session, seq, Role::User, text, chrono::Utc::now());
            sealer.seal(new).unwrap()
        })
        .collect()
}

pub(crate) fn device_call() -> NewSession {
    NewSession {
        room_id: "room-of-sarah".to_owned(),
        started_at: chrono::Utc::now(),
        ..web_session("tablet-of-sarah")
    }
}

pub(crate) fn phone_call() -> NewSession {
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

/// What the caller said of themselves.
async fn learn(db: &Database, session: SessionId) {
    let known = [
        fact(session, 0, "nickname", "known-of-gecko"),
        fact(session, 1, "budget", "prefers-serval"),
    ];
    assert_eq!(keep(db, &known).await, 2);
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
        extracted_info: json!({"user_name": "Ptarmigan"}),
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
    read_a_turn(db, session).await;
    learn(db, session).await;
    let callback = NewCallback {
        phone_number: Some("+263771234567".into()),
        reason: Some("ring-me-okapi".into()),
        wanted: Some("not-before-quokka".into()),
        ..NewCallback::new(Uuid::new_v4(), session, chrono::Utc::now())
    };
    let callbacks = CallbackRepository::new(db);
    callbacks.request(&callback).await.unwrap();
    let noted = callbacks.done(callback.id, "ann", Some("noted-of-jerboa"));
    assert_eq!(noted.await.unwrap(), CallbackChange::Changed);
    // Of each call one: the same question twice would be one line.
    let phrasing = format!("adopted-dugong in {session}");
    let adopted = NewDraftAsk {
        pack: "library",
        document: "library/printing",
        phrasing: &phrasing,
        session,
        adopted_by: "ann",
    };
    let adopted = DraftRepository::new(db).adopt(&adopted).await;
    assert_eq!(adopted.unwrap(), Adoption::Adopted);
    let words = (json!("asked-for-tapir"), json!("answered-gannet"));
    let (intent, outcome) = made(db, session, words, ToolOutcome::Success).await;
    let calls = ToolCallRepository::new(db);
    assert!(calls.begin(&intent).await.unwrap());
    assert!(calls.finish(&outcome).await.unwrap());
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

/// What is read in a turn, and what that counts for a lead.
async fn read_a_turn(db: &Database, session: SessionId) {
    let read = TurnInsight {
        topics: vec!["spoke-of-ibis".into()],
        ..insight(session, 0, "rules")
    };
    TurnInsightRepository::new(db)
        .insert(&[read])
        .await
        .unwrap();
    let wanted = saw(session, 0, "wanted-of-kudu");
    LeadEventRepository::new(db)
        .insert(&[wanted])
        .await
        .unwrap();
}

/// A customer with everything that can be known of one: two calls, merges, a summary, a callback,
/// challenges, a reason.
pub(crate) async fn sarah(test: &TestDatabase) -> Sarah {
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
    let sql = "
        INSERT INTO room_locks (room, holder, expires_at) VALUES ('room-of-sarah', 'h', now());
        UPDATE profile_merges SET reason = 'sarah-reason-lynx'";
    test.client().await.batch_execute(sql).await.unwrap();
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

/// What a back-up made now would hold.
pub(crate) async fn pg_dump(test: &TestDatabase) -> Vec<u8> {
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
