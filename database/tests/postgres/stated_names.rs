use database::{
    ConversationSummaryRepository, NewSession, NewSummary, ProfileId, ProfileRepository, SessionId,
    SessionRepository, UnmergeOutcome, test_support::TestDatabase,
};
use serde_json::{Value, json};

use crate::{
    roles::as_role,
    support::{assert_invariants, at, call, customer, rows, summary_of, talk, web_session},
    traces::dump,
};

/// A summary that saw so many messages and took this name from them.
fn naming(session: SessionId, last_seq: i32, name: Option<&str>) -> NewSummary {
    NewSummary {
        extracted_info: json!({"user_name": name, "primary_intent": "fees", "evidence": {"user_name": [0]}}),
        ..summary_of(session, last_seq)
    }
}

async fn name_it(test: &TestDatabase, session: SessionId, last_seq: i32, name: Option<&str>) {
    let stored = ConversationSummaryRepository::new(&test.db)
        .upsert(&naming(session, last_seq, name))
        .await;
    assert!(stored.unwrap(), "the summary is the stored one");
}

async fn info(test: &TestDatabase, session: SessionId) -> Value {
    let summaries = ConversationSummaryRepository::new(&test.db);
    let summary = summaries.get_by_session(session).await.unwrap();
    summary.expect("a summary").extracted_info
}

async fn stated_name(test: &TestDatabase, profile: ProfileId) -> Option<String> {
    let profiles = ProfileRepository::new(&test.db);
    profiles.stated_name(profile).await.unwrap()
}

async fn assert_in_no_table(test: &TestDatabase, name: &str) {
    let dump = dump(test).await;
    let found = dump.windows(name.len()).any(|w| w == name.as_bytes());
    assert!(!found, "{name} is readable in the tables");
}

#[tokio::test]
async fn a_name_stated_in_a_call_is_in_no_table_and_is_there_for_every_reader_with_keys() {
    let test = TestDatabase::new().await;
    let (session, profile) = talk(&test.db, "device-one", 3).await;
    let worker = ConversationSummaryRepository::new(&as_role(&test, "app_writer"));
    let given = naming(session, 2, Some("Ptarmi\0gan"));
    assert!(worker.upsert(&given).await.unwrap(), "a worker stores it");
    assert_in_no_table(&test, "Ptarmigan").await;

    let row = rows(
        &test,
        "SELECT extracted_info AS info FROM conversation_summaries",
    )
    .await;
    let expected = naming(session, 2, None).extracted_info;
    assert_eq!(row[0]["info"], expected, "everything else is as it was");
    let expected = naming(session, 2, Some("Ptarmigan")).extracted_info;
    for role in ["app_writer", "app_reader", "supervisor", "identity_admin"] {
        let db = as_role(&test, role);
        let summaries = ConversationSummaryRepository::new(&db);
        let one = summaries.get_by_session(session).await.unwrap().unwrap();
        assert_eq!(one.extracted_info, expected, "{role}");
        let all = summaries.get_by_profile(profile, None).await.unwrap();
        assert_eq!(all[0].extracted_info, expected, "{role}");
        let last = ProfileRepository::new(&db).stated_name(profile).await;
        assert_eq!(last.unwrap().as_deref(), Some("Ptarmigan"), "{role}");
    }
    let export = ProfileRepository::new(&test.db).export(profile).await;
    let export = export.unwrap().expect("the profile");
    assert_eq!(export.stated_name.as_deref(), Some("Ptarmigan"));
    let summary = export.sessions[0].summary.as_ref().expect("its summary");
    assert_eq!(summary.extracted_info, expected);
}

#[tokio::test]
async fn a_later_summary_replaces_the_name_and_an_outdated_one_does_not() {
    let test = TestDatabase::new().await;
    let (session, profile) = talk(&test.db, "device-one", 6).await;
    name_it(&test, session, 2, Some("Ptarmigan")).await;
    name_it(&test, session, 3, Some("Dotterel")).await;
    assert_eq!(info(&test, session).await["user_name"], "Dotterel");
    let outdated = naming(session, 1, Some("Ptarmigan"));
    let summaries = ConversationSummaryRepository::new(&test.db);
    assert!(!summaries.upsert(&outdated).await.unwrap());
    assert_eq!(info(&test, session).await["user_name"], "Dotterel");
    let owed = naming(session, 4, Some("Plover"));
    let key = SessionRepository::new(&test.db).key(session).await.unwrap();
    assert!(summaries.upsert_claimed(&owed, key.as_ref()).await.unwrap());
    assert_eq!(info(&test, session).await["user_name"], "Plover");
    name_it(&test, session, 5, None).await;
    assert_eq!(info(&test, session).await["user_name"], Value::Null);
    assert_eq!(stated_name(&test, profile).await, None);
    let kept = rows(&test, "SELECT name_ct FROM session_keys").await;
    assert_eq!(kept[0]["name_ct"], Value::Null, "also by none");
}

#[tokio::test]
async fn a_name_without_a_key_is_not_stored_and_one_that_does_not_open_reads_as_none() {
    let test = TestDatabase::new().await;
    let (session, profile) = talk(&test.db, "device-one", 3).await;
    let (other, _) = talk(&test.db, "device-two", 3).await;
    name_it(&test, session, 1, Some("Ptarmigan")).await;
    name_it(&test, other, 1, Some("Dotterel")).await;
    let swap = "UPDATE session_keys a SET name_ct = b.name_ct FROM session_keys b WHERE a.session_id <> b.session_id";
    test.client().await.batch_execute(swap).await.unwrap();
    for call in [session, other] {
        let name = &info(&test, call).await["user_name"];
        assert_eq!(*name, Value::Null, "another call's name was opened");
    }
    test.client()
        .await
        .batch_execute("DELETE FROM session_keys")
        .await
        .unwrap();
    name_it(&test, session, 2, Some("Ptarmigan")).await;
    assert_eq!(info(&test, session).await["user_name"], Value::Null);
    assert_in_no_table(&test, "Ptarmigan").await;

    let erased = ProfileRepository::new(&test.db).erase(profile, "ann").await;
    erased.unwrap();
    let late = naming(session, 9, Some("Ptarmigan"));
    let summaries = ConversationSummaryRepository::new(&test.db);
    assert!(!summaries.upsert(&late).await.unwrap());
    assert_eq!(info(&test, session).await, json!({}), "an erased summary");
    assert_in_no_table(&test, "Ptarmigan").await;
}

#[tokio::test]
async fn a_persons_name_is_the_one_stated_last_and_follows_its_call_through_merges() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = customer(&test.db, "sarah").await;
    assert_eq!(stated_name(&test, sarah).await, None);
    let mut devices = Vec::new();
    for (n, name) in [(1, Some("Ptarmigan")), (2, Some("Dotterel")), (3, None)] {
        let new = NewSession {
            started_at: at(n * 100),
            ..web_session(&format!("device-{n}"))
        };
        let device = call(&test.db, &new).await.profile_id;
        name_it(&test, new.id, 0, name).await;
        let merged = profiles.merge_anonymous_to_authenticated(device, sarah, "ann", None, false);
        assert!(merged.await.unwrap().is_merged());
        devices.push(device);
    }
    let expected = Some("Dotterel".to_owned());
    assert_eq!(stated_name(&test, sarah).await, expected, "a silent call");
    assert_eq!(
        stated_name(&test, devices[0]).await,
        expected,
        "any profile"
    );
    let parted = profiles.unmerge(devices[1], "ann", None).await.unwrap();
    assert_eq!(parted, UnmergeOutcome::Unmerged);
    let names = [sarah, devices[1]];
    let names = [
        stated_name(&test, names[0]).await,
        stated_name(&test, names[1]).await,
    ];
    assert_eq!(names, [Some("Ptarmigan".to_owned()), expected]);
    assert_invariants(&test, "after names went with their calls").await;
}
