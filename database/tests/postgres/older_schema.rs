//! A database of version 9, before there were keys, homes and partitions, brought to today.

use std::sync::Mutex;

use database::testing::TestDatabase;
use database::verify::Verifier;
use database::{
    AuthLimits, AuthRepository, CallbackRepository, Claim, ConversationSummaryRepository, Database,
    DatabaseConfig, MessageRepository, NewChallenge, ProfileId, ProfileRepository, SessionId,
    SessionRepository, TenantId, UnmergeOutcome, Unsealed,
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::migrations::database_of_version;
use crate::support::{
    assert_invariants, call, count, phone_session, rows, summary_of, talk, web_session,
};
use crate::traces::{dump, found};

/// What must be nowhere in the tables afterwards. User names, devices, customer numbers, summaries
/// and why somebody merged stay readable until they are erased: docs/guarantees.md.
const SEALED: [&str; 6] = [
    "263771234567",
    "Quillfeather",
    "Ptarmigan",
    "zanzibar@",
    "sarah-said-hippo",
    "ring-me-okapi",
];

struct Before {
    test: TestDatabase,
    device: SessionId,
    phone: SessionId,
}

/// A customer with a name, a number and an address, who called from a device and by telephone;
/// both were merged; one more merge was undone.
async fn sarah_of_before(messages: i32) -> Before {
    let test = database_of_version(9).await;
    let (device, phone) = (SessionId::new(), SessionId::new());
    let sql = format!(
        "SELECT ensure_customer('sarahmoyo', '+263771234567', 'zanzibar@example.com', '100277', '{{\"name\": \"Sarah Quillfeather\"}}', true);
         SELECT start_session('{device}', 'room', 'someone', 'tablet-of-sarah', 'web', NULL, 'w', now());
         SELECT start_session('{phone}', 'call-_+263771234567_x', 'sip_+263771234567', NULL, 'phone', '+263771234567', 'w', now());
         INSERT INTO conversation_messages (session_id, seq, role, content)
           SELECT '{device}'::uuid, n, 'user'::msg_role, 'sarah-said-hippo ' || n FROM generate_series(0, {messages} - 1) n
           UNION ALL SELECT '{phone}', n, 'user', 'sarah-said-hippo by telephone ' || n FROM generate_series(0, 2) n;
         INSERT INTO conversation_summaries (session_id, summary, extracted_info, sentiment, resolution_status, message_count, duration_seconds)
           VALUES ('{device}', 'gloss', '{{\"user_name\": \"Ptarmigan\", \"primary_intent\": \"fees\"}}', 'neutral', 'resolved', {messages}, 9);
         INSERT INTO callbacks (callback_id, session_id, phone_number, reason) VALUES (gen_random_uuid(), '{phone}', '+263771234567', 'ring-me-okapi');
         UPDATE user_profiles SET profile_metadata = '{{\"name\": \"Quillfeather\", \"pet\": \"cat\"}}' WHERE anonymous_id = 'tablet-of-sarah';
         SELECT patch_profile_metadata(profile_id, '{{\"stated_name\": \"Ptarmigan\"}}', jsonb_build_object('session', session_id, 'by', 'summary')) FROM agent_sessions WHERE session_id = '{device}';
         SELECT patch_profile_metadata(profile_id, '{{\"stated_name\": \"Ptarmigan by telephone\"}}', jsonb_build_object('session', session_id, 'by', 'summary')) FROM agent_sessions WHERE session_id = '{phone}';
         SELECT merge_profiles(profile_id, (SELECT id FROM user_profiles WHERE username = 'sarahmoyo'), 'ann', 'proved') FROM agent_sessions WHERE session_id IN ('{device}', '{phone}');
         SELECT ensure_customer('john', NULL, NULL, NULL, '{{}}', true);
         SELECT start_session('{other}', 'room', 'other', 'device-of-john', 'web', NULL, 'w', now());
         SELECT merge_profiles(profile_id, (SELECT id FROM user_profiles WHERE username = 'john'), 'ann') FROM agent_sessions WHERE session_id = '{other}';
         SELECT unmerge_profile(origin_profile_id, 'ann') FROM agent_sessions WHERE session_id = '{other}'",
        other = SessionId::new(),
    );
    test.client()
        .await
        .batch_execute(&sql)
        .await
        .unwrap_or_else(|error| panic!("a call of before: {error:?}"));
    Before {
        test,
        device,
        phone,
    }
}

/// The owner of a session, and the profile it began with.
async fn profiles_of(test: &TestDatabase, session: SessionId) -> (ProfileId, ProfileId) {
    let sql = format!(
        "SELECT profile_id, origin_profile_id FROM agent_sessions WHERE session_id = '{session}'"
    );
    let row = rows(test, &sql).await.remove(0);
    let id = |column: &str| serde_json::from_value(row[column].clone()).expect("an id");
    (id("profile_id"), id("origin_profile_id"))
}

#[tokio::test]
async fn what_version_9_stored_is_sealed_readable_by_the_keys_and_found_again() {
    let Before {
        test,
        device,
        phone,
    } = sarah_of_before(40).await;
    let before = dump(&test).await;
    let held: Vec<_> = SEALED
        .into_iter()
        .filter(|word| found(&before).contains(word))
        .collect();
    assert_eq!(held, SEALED, "the search finds what is readable");
    let waiting = Unsealed {
        contacts: 4,
        // Imported ones; a summary's; traits, one of them brought by a merge; two merges' images.
        names: 2 + 1 + 3 + 2,
        messages: 43,
        reasons: 1,
    };
    assert_eq!(
        test.db.unsealed().await.unwrap(),
        waiting,
        "counted in the old schema"
    );
    let report = test.db.migrate().await.unwrap();
    assert_eq!(report.sealed, waiting.total());
    assert_eq!(test.db.unsealed().await.unwrap(), Unsealed::default());
    let after = dump(&test).await;
    let left: Vec<_> = SEALED
        .into_iter()
        .filter(|word| found(&after).contains(word))
        .collect();
    assert!(left.is_empty(), "still readable: {left:?}");
    assert_invariants(&test, "after the migration").await;

    let sarah = assert_readable_by_the_keys(&test, device, phone).await;
    let next = call(&test.db, &phone_session("+263771234567")).await;
    assert_eq!(next.hint, Some(sarah), "found by number");
    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    let asked = NewChallenge {
        session: phone,
        claim: Claim::Digits("100277".into()),
        address: None,
        code: "123456".into(),
    };
    let started = format!("{:?}", auth.start(&asked).await.unwrap());
    assert!(started.contains("Started"), "{started}");
}

/// Everything that was sealed, as a reader with keys has it; the customer.
async fn assert_readable_by_the_keys(
    test: &TestDatabase,
    device: SessionId,
    phone: SessionId,
) -> ProfileId {
    let profiles = ProfileRepository::new(&test.db);
    let sarah = profiles
        .get_by_username("sarahmoyo")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(sarah.name.as_deref(), Some("Sarah Quillfeather"));
    assert_eq!(sarah.phone_number.as_deref(), Some("+263771234567"));
    assert_eq!(sarah.email.as_deref(), Some("zanzibar@example.com"));
    assert_eq!(sarah.metadata, serde_json::json!({"pet": "cat"}));
    let messages = MessageRepository::new(&test.db);
    for (session, said) in [
        (device, "sarah-said-hippo 7"),
        (phone, "sarah-said-hippo by telephone 2"),
    ] {
        let stored = messages.by_session(session).await.unwrap();
        let heard = stored.iter().any(|m| m.content.as_deref() == Some(said));
        assert!(heard, "{said} is readable by its key");
        assert!(stored.iter().all(|m| m.content.is_some()));
    }
    let session = SessionRepository::new(&test.db).get(phone).await.unwrap();
    let session = session.expect("the call by telephone");
    assert_eq!(session.caller_number.as_deref(), Some("+263771234567"));
    let callbacks = CallbackRepository::new(&test.db);
    let promised = callbacks.by_session(phone).await.unwrap();
    assert_eq!(promised[0].phone_number.as_deref(), Some("+263771234567"));
    assert_eq!(promised[0].reason.as_deref(), Some("ring-me-okapi"));
    let summaries = ConversationSummaryRepository::new(&test.db);
    let summary = summaries.get_by_session(device);
    let expected = serde_json::json!({"user_name": "Ptarmigan", "primary_intent": "fees"});
    assert_eq!(summary.await.unwrap().unwrap().extracted_info, expected);
    let last = profiles.stated_name(sarah.id).await.unwrap();
    assert_eq!(last.as_deref(), Some("Ptarmigan by telephone"));
    sarah.id
}

#[tokio::test]
async fn what_an_older_worker_still_writes_is_counted_and_sealed_by_the_next_migration() {
    let test = TestDatabase::new().await;
    let (said, profile) = talk(&test.db, "device-one", 0).await;
    let (untold, other) = talk(&test.db, "device-two", 0).await;
    let profiles = ProfileRepository::new(&test.db);
    let summaries = ConversationSummaryRepository::new(&test.db);
    let mut today = summary_of(said, 0);
    today.extracted_info = serde_json::json!({"user_name": "Dotterel"});
    assert!(summaries.upsert(&today).await.unwrap());
    assert_eq!(test.db.unsealed().await.unwrap(), Unsealed::default());
    let sql = format!(
        "UPDATE conversation_summaries SET extracted_info = '{{\"user_name\": \"Ptarmigan\"}}' WHERE session_id = '{said}';
         INSERT INTO callbacks (callback_id, session_id, reason) VALUES (gen_random_uuid(), '{said}', 'ring-me-okapi');
         UPDATE user_profiles SET profile_metadata = '{{\"stated_name\": \"Dotterel\"}}',
                metadata_provenance = '{{\"stated_name\": {{\"session\": \"{said}\"}}}}' WHERE id = '{profile}';
         UPDATE user_profiles SET profile_metadata = '{{\"stated_name\": \"Ptarmigan\"}}' WHERE id = '{other}'"
    );
    test.client().await.batch_execute(&sql).await.unwrap();
    let waiting = test.db.unsealed().await.unwrap();
    assert_eq!((waiting.names, waiting.reasons), (3, 1));
    assert_eq!(test.db.migrate().await.unwrap().sealed, 4);
    assert_eq!(test.db.unsealed().await.unwrap(), Unsealed::default());
    let left = found(&dump(&test).await);
    assert!(left.is_empty(), "still readable: {left:?}");
    let summary = summaries.get_by_session(said).await.unwrap().unwrap();
    assert_eq!(
        summary.extracted_info["user_name"], "Ptarmigan",
        "what the older worker wrote is newer than what was sealed, a trait is not"
    );
    let stated = profiles.stated_name(other).await.unwrap();
    assert_eq!(
        stated.as_deref(),
        Some("Ptarmigan"),
        "its newest call has it"
    );
    let promised = CallbackRepository::new(&test.db).by_session(said).await;
    assert_eq!(
        promised.unwrap()[0].reason.as_deref(),
        Some("ring-me-okapi")
    );
    assert!(summaries.get_by_session(untold).await.unwrap().is_none());
    assert_eq!(test.db.migrate().await.unwrap().sealed, 0);
}

#[tokio::test]
async fn merges_of_version_9_are_undone_as_if_they_were_of_today() {
    let Before {
        test,
        device,
        phone,
    } = sarah_of_before(5).await;
    test.db.migrate().await.unwrap();
    let profiles = ProfileRepository::new(&test.db);
    let (owner, origin) = profiles_of(&test, device).await;
    assert_ne!(owner, origin, "it was merged");
    assert_eq!(
        profiles.unmerge(origin, "ann", None).await.unwrap(),
        UnmergeOutcome::Unmerged
    );
    assert_eq!(profiles_of(&test, device).await.0, origin);
    assert_eq!(profiles_of(&test, phone).await.0, owner, "the other stays");
    let tablet = profiles.get_by_id(origin).await.unwrap().unwrap();
    assert_eq!((tablet.total_sessions, tablet.total_messages), (1, 5));
    assert_eq!(tablet.name.as_deref(), Some("Quillfeather"), "its own name");
    assert_eq!(tablet.metadata, serde_json::json!({"pet": "cat"}));
    assert_eq!(tablet.provenance, serde_json::json!({}));
    let stated = profiles.stated_name(origin).await.unwrap();
    assert_eq!(stated.as_deref(), Some("Ptarmigan"), "what it stated");
    let sarah = profiles.get_by_id(owner).await.unwrap().unwrap();
    assert_eq!(
        sarah.metadata,
        serde_json::json!({}),
        "what it brought left"
    );
    assert_eq!(sarah.name.as_deref(), Some("Sarah Quillfeather"));
    assert_invariants(&test, "after undoing a merge of before").await;
    let again = profiles
        .merge_anonymous_to_authenticated(origin, owner, "ann", None, false)
        .await;
    assert!(again.unwrap().is_merged());
    assert_invariants(&test, "after merging again").await;
}

#[tokio::test]
async fn words_of_version_9_are_counted_as_unproven_and_what_follows_is_proven() {
    let Before { test, .. } = sarah_of_before(5).await;
    test.db.migrate().await.unwrap();
    let new = web_session("tablet-of-sarah");
    let key = test.db.keys().new_session_key().unwrap();
    SessionRepository::new(&test.db)
        .start(&new, &key)
        .await
        .unwrap();
    let said = crate::sealing::sealed(new.id, 0..3);
    MessageRepository::new(&test.db)
        .insert_batch(&said)
        .await
        .unwrap();
    let folder = std::env::temp_dir().join(format!("teller-anchors-{}", Uuid::new_v4()));
    let report = Verifier::new(&test.db, &folder)
        .unwrap()
        .all()
        .await
        .unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(report.unhashed, 8, "{report:?}");
}

#[tokio::test]
async fn sealing_goes_in_rounds_and_goes_on_where_it_was_cut_off() {
    let Before { test, device, .. } = sarah_of_before(1800).await;
    let (told, cut) = (Mutex::new(Vec::new()), Notify::new());
    let progress = |sealed| {
        told.lock().unwrap().push(sealed);
        if sealed > 1000 {
            cut.notify_one();
        }
    };
    let broken_off = tokio::select! {
        biased;
        () = cut.notified() => true,
        done = test.db.migrate_telling(&progress) => { done.unwrap(); false }
    };
    assert!(broken_off, "the migration was cut off");
    let steps = told.into_inner().unwrap();
    let rounds: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(rounds.iter().all(|n| *n <= 500), "{steps:?}");
    let left = test.db.unsealed().await.unwrap();
    assert!((1..1803).contains(&left.messages), "{left:?}");
    let report = test.db.migrate().await.unwrap();
    assert!(report.applied.is_empty());
    assert_eq!(report.sealed, left.total(), "what was left, and no more");
    let stored = MessageRepository::new(&test.db)
        .by_session(device)
        .await
        .unwrap();
    for (seq, message) in stored.iter().enumerate() {
        let said = format!("sarah-said-hippo {seq}");
        assert_eq!(message.content.as_deref(), Some(said.as_str()));
    }
    assert_eq!(stored.len(), 1800);
    assert_eq!(test.db.migrate().await.unwrap().sealed, 0);
    assert_invariants(&test, "after a migration that was cut off").await;
}

#[tokio::test]
async fn each_tenants_words_are_sealed_by_its_own_migration_and_counted_once() {
    let test = database_of_version(9).await;
    let client = test.client().await;
    for tenant in ["1", "2"] {
        // A UUIDv7 of February 2024, and an id that tells no time.
        let old = format!("018d{tenant}000-0000-7000-8000-00000000000{tenant}");
        for id in [old, Uuid::new_v4().to_string()] {
            let sql = format!(
                "SET app.tenant = '{tenant}';
                 SELECT start_session('{id}', 'r', 'p', 'device-{tenant}', 'web', NULL, NULL, '2024-02-01');
                 INSERT INTO conversation_messages (session_id, seq, role, content) SELECT '{id}', n, 'user', 'words ' || n FROM generate_series(0, 4) n"
            );
            client.batch_execute(&sql).await.expect("a call of before");
        }
    }
    let of_tenant = async |tenant: &str| -> (Vec<i64>, i32, i64, usize) {
        let set = format!("SET app.tenant = '{tenant}'");
        client.batch_execute(&set).await.expect("set");
        let sql = "SELECT count(*), count(content), count(content_ct), count(row_hash), count(DISTINCT tableoid) FROM conversation_messages";
        let row = client.query_one(sql, &[]).await.expect("counts");
        let sql = "SELECT total_sessions, total_messages FROM user_profiles";
        let profile = client.query_one(sql, &[]).await.expect("a profile");
        let drift = client.query("SELECT FROM counter_drift", &[]).await;
        let counts = (0..5).map(|i| row.get(i)).collect();
        (
            counts,
            profile.get(0),
            profile.get(1),
            drift.expect("drift").len(),
        )
    };
    test.db.migrate().await.expect("the rest applies");
    assert_eq!(of_tenant("1").await, (vec![10, 0, 10, 0, 2], 2, 10, 0));
    assert_eq!(
        of_tenant("2").await,
        (vec![10, 10, 0, 0, 2], 2, 10, 0),
        "another tenant's turn comes with its own migration"
    );
    let second = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..test.config()
    });
    let report = second.unwrap().migrate().await.unwrap();
    assert_eq!(report.sealed, 10);
    assert_eq!(of_tenant("2").await, (vec![10, 0, 10, 0, 2], 2, 10, 0));
}

#[tokio::test]
async fn words_without_a_session_are_counted_and_a_month_with_readable_words_is_not_put_away() {
    let test = TestDatabase::new().await;
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let orphan = SessionId("018d1000-0000-7000-8000-000000000001".parse().unwrap());
    MessageRepository::new(&test.db)
        .insert_readable(&crate::support::words(orphan, 0..3))
        .await
        .unwrap();
    assert_eq!(test.db.migrate().await.unwrap().sealed, 0);
    assert_eq!(test.db.unsealed().await.unwrap().messages, 3);
    let archives = database::ArchiveRepository::new(&test.db);
    let month = archives.retired(1).await.unwrap().remove(0);
    let folder = std::env::temp_dir().join(format!("teller-archive-{}", Uuid::new_v4()));
    let refused = archives.put_away(&month, &folder).await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        matches!(refused, Err(database::ArchiveError::Readable(_))),
        "{refused:?}"
    );
    assert_eq!(count(&test, "SELECT FROM conversation_messages").await, 3);
}
