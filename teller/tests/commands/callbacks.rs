//! `teller callbacks`: the built program against a real PostgreSQL.

use std::process::Output;

use call::Reference;
use chrono::{TimeDelta, Utc};
use database::{
    CallbackRepository, Channel, NewCallback, NewSession, SessionId, SessionRepository,
    test_support::TestDatabase,
};
use serde_json::Value;
use uuid::Uuid;

use crate::support::program::teller;

/// A promise due this many hours from now; its reference.
async fn promise(test: &TestDatabase, hours: i64) -> (Uuid, String) {
    let now = Utc::now();
    let session = NewSession {
        id: SessionId::new(),
        room_id: "room".into(),
        participant_id: "participant".into(),
        anonymous_id: None,
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: now,
    };
    let key = test.db.keys().new_session_key().unwrap();
    let sessions = SessionRepository::new(&test.db);
    sessions.start(&session, &key).await.unwrap();
    let new = NewCallback {
        phone_number: Some("+263771234567".into()),
        reason: Some("the sofa".into()),
        wanted: Some("after four".into()),
        due_at: Some(now + TimeDelta::hours(hours)),
        ..NewCallback::new(Uuid::new_v4(), session.id, now)
    };
    let callbacks = CallbackRepository::new(&test.db);
    callbacks.request(&new).await.unwrap();
    (new.id, Reference::of(new.id).to_string())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_promise_is_listed_taken_by_one_and_done() {
    let test = TestDatabase::new().await;
    let (id, late) = promise(&test, -1).await;
    let (_, soon) = promise(&test, 5).await;
    let run = async |arguments: &[&str]| {
        let output = teller(&test, &[&["callbacks"], arguments].concat()).await;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() < Some(2), "{arguments:?}: {errors}");
        (output.status.code() == Some(0), said(&output))
    };
    let (_, open) = run(&["list", "--actor", "ann"]).await;
    let first = open.lines().next().expect("a promise");
    assert!(first.starts_with(&late), "what is due soonest: {open}");
    assert!(
        first.ends_with("callback, OVERDUE, nobody has it"),
        "{open}"
    );
    for part in [
        &*soon,
        "+263771234567",
        "the sofa",
        "after four",
        "2 promises",
    ] {
        assert!(open.contains(part), "{part} in {open}");
    }

    let (is_taken, text) = run(&["take", &late.to_lowercase(), "--actor", "Ann Moyo"]).await;
    assert!(is_taken && text == "Ann Moyo has it\n", "{text}");
    let (is_taken, text) = run(&["take", &id.to_string(), "--actor", "Bea"]).await;
    assert!(!is_taken, "{text}");
    assert!(text.starts_with("Ann Moyo has it since 20"), "{text}");
    let (is_done, text) = run(&["done", &late, "--actor", "Bea", "--note", "on Monday"]).await;
    assert!(is_done && text == "it is done\n", "{text}");
    let (is_done, text) = run(&["done", &late, "--actor", "Ann Moyo"]).await;
    assert!(
        !is_done && text.starts_with("Bea has done it, 20"),
        "{text}"
    );
    let (is_there, text) = run(&["take", "AA000000", "--actor", "Bea"]).await;
    assert!(!is_there && text == "there is no such promise\n", "{text}");

    let (_, overdue) = run(&["list", "--overdue", "--actor", "ann"]).await;
    assert_eq!(overdue, "0 promises\n");
    let (_, all) = run(&["list", "--all", "--json", "--actor", "ann"]).await;
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let kept = all.as_array().unwrap().iter();
    let kept: Vec<&Value> = kept.filter(|line| line["reference"] == *late).collect();
    assert_eq!(
        (&kept[0]["done_by"], &kept[0]["note"]),
        (&"Bea".into(), &"on Monday".into())
    );
    assert_eq!(kept[0]["overdue"], false);
}

#[tokio::test]
async fn every_change_names_who_makes_it_and_what_names_no_promise_is_wrong_use() {
    let test = TestDatabase::new().await;
    let (id, reference) = promise(&test, 5).await;
    let nameless: [&[&str]; 3] = [&["list"], &["take", &reference], &["done", &reference]];
    for arguments in nameless {
        let output = teller(&test, &[&["callbacks"], arguments].concat()).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).is_empty(), "{arguments:?} shows something");
    }
    for what in ["take", "done"] {
        let output = teller(&test, &["callbacks", what, "42", "--actor", "ann"]).await;
        assert_eq!(output.status.code(), Some(2), "{what}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("such as KM482915"), "{errors}");
        let arguments = ["callbacks", what, &reference, "--actor", "ann"];
        assert_eq!(teller(&test, &arguments).await.status.code(), Some(0));
    }
    let sql = "SELECT concat_ws(' ', action, subject_type, subject_id, detail->>'through') FROM audit_log WHERE actor = 'ann' ORDER BY id";
    let rows = test.client().await.query(sql, &[]).await.unwrap();
    let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let row = |what: &str| format!("callback.{what} callback {id} teller callbacks {what}");
    assert_eq!(rows, [row("take"), row("done")]);
}
