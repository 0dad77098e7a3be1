//! Text from outside: whatever hides in it, it is stored, found again and means the same.

use std::time::Duration;

use database::{
    AuthLimits, AuthRepository, CallbackRepository, ChallengeStart, Claim, CustomerRow,
    DocumentChunk, DocumentRepository, NewCallback, NewChallenge, NewSession, ProfileRepository,
    RoomLock, SessionFilter, SessionId, SessionRepository, Verification,
    test_support::TestDatabase,
};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{at, call, phone_session, web_session};

/// As telephones copy a number: between marks of the writing direction.
const COPIED: &str = "\u{202a}+263 (0)77 123 4567\u{202c}";
const NUMBER: &str = "+263771234567";

#[tokio::test]
async fn a_call_is_on_record_whatever_hides_in_its_room_and_identity() {
    let test = TestDatabase::new().await;
    let new = NewSession {
        room_id: "bug-\0-1".to_owned(),
        participant_id: "web_nul\0x".to_owned(),
        ..web_session("device\0\u{202e}")
    };
    call(&test.db, &new).await;
    let sessions = SessionRepository::new(&test.db);
    let stored = sessions
        .get(new.id)
        .await
        .unwrap()
        .expect("it is on record");
    assert_eq!(stored.room_id, "bug-\u{fffd}-1");
    assert_eq!(stored.participant_id, "web_nul\u{fffd}x");
    let listed = sessions.list(&SessionFilter::default(), 10).await.unwrap();
    assert_eq!(listed.len(), 1, "supervisors see it");
    let again = call(
        &test.db,
        &NewSession {
            id: SessionId::new(),
            ..new
        },
    )
    .await;
    assert!(again.seen_before, "the same device is recognised");
    let other = call(&test.db, &web_session("device")).await;
    assert!(!other.seen_before, "another device is not taken for it");
}

#[tokio::test]
async fn a_room_with_a_hidden_character_is_locked_as_any_other() {
    let test = TestDatabase::new().await;
    let locks = RoomLock::new(&test.db);
    let lease = Duration::from_secs(30);
    assert!(locks.take("bug-\0-1", "one", lease).await.unwrap());
    assert!(!locks.take("bug-\0-1", "two", lease).await.unwrap());
    assert!(
        locks.take("bug--1", "two", lease).await.unwrap(),
        "another room"
    );
    locks.release("bug-\0-1", "one").await.unwrap();
    assert!(locks.take("bug-\0-1", "two", lease).await.unwrap());
}

fn row(username: &str, phone_number: &str) -> CustomerRow {
    CustomerRow {
        username: username.to_owned(),
        phone_number: Some(phone_number.to_owned()),
        ..CustomerRow::default()
    }
}

#[tokio::test]
async fn a_number_is_one_number_at_the_import_the_form_and_the_call() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let rows = [
        row("\u{feff}sarah\0", COPIED),
        row("#ann", "00263 (0) 77 765-4321"),
        row("john", "0771234567"),
        CustomerRow {
            name: Some("x".repeat(256)),
            ..row("long", NUMBER)
        },
    ];
    let report = profiles.import_customers(&rows, "admin").await.unwrap();
    assert_eq!(report.created, 2);
    let refused: Vec<_> = report.refused.iter().map(|(row, _)| *row).collect();
    assert_eq!(refused, [2, 3], "{report:?}");
    for (name, number) in [("sarah\u{200b}", NUMBER), ("#Ann", "+263777654321")] {
        let found = profiles.get_by_username(name).await.unwrap();
        let found = found.unwrap_or_else(|| panic!("{name:?} is a customer"));
        assert_eq!(found.phone_number.as_deref(), Some(number));
    }

    let auth = AuthRepository::new(&test.db, AuthLimits::default());
    let session = SessionId::new();
    let asked = NewChallenge {
        session,
        claim: Claim::Username {
            username: "SARAH\u{202c}\0".to_owned(),
            phone_number: Some(COPIED.to_owned()),
        },
        address: None,
        code: "123456".to_owned(),
    };
    let ChallengeStart::Started { delivery } = auth.start(&asked).await.unwrap() else {
        panic!("limited")
    };
    let sent_to = delivery.map(|delivery| delivery.phone_number);
    assert_eq!(sent_to.as_deref(), Some(NUMBER));
    let judged = auth
        .verify(session, "\u{200e}12 34-٥٦", None)
        .await
        .unwrap();
    assert!(matches!(judged, Verification::Verified(_)), "{judged:?}");

    let called = call(&test.db, &phone_session(COPIED)).await;
    assert!(called.hint.is_some(), "the number points at the customer");
}

#[tokio::test]
async fn a_promise_to_call_back_holds_a_number_or_none() {
    let test = TestDatabase::new().await;
    let new = phone_session("anonymous");
    call(&test.db, &new).await;
    let callbacks = CallbackRepository::new(&test.db);
    for (claimed, kept) in [
        (COPIED, Some(NUMBER)),
        ("1042", Some("1042")),
        ("anonymous", None),
    ] {
        let promise = NewCallback {
            phone_number: Some(claimed.to_owned()),
            reason: Some("a\0b".to_owned()),
            ..NewCallback::new(Uuid::new_v4(), new.id, at(1))
        };
        callbacks.request(&promise).await.unwrap();
        let stored = callbacks.by_session(new.id).await.unwrap();
        let stored = stored.into_iter().find(|stored| stored.id == promise.id);
        let stored = stored.expect("it is stored");
        assert_eq!(stored.phone_number.as_deref(), kept, "from {claimed:?}");
        assert_eq!(stored.reason.as_deref(), Some("ab"));
    }
}

#[tokio::test]
async fn a_device_a_pack_and_a_patch_are_stored_without_what_hides_in_them() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let patch = serde_json::json!({"na\0me": "Sa\u{202e}rah"});
    let made = profiles.create_anonymous_profile(Some("device\0"), Some(&patch));
    let made = made.await.unwrap();
    let found = profiles.get_by_anonymous_id("device\0").await.unwrap();
    let found = found.expect("it is found as it was given");
    assert_eq!(found.id, made);
    assert_eq!(found.metadata, serde_json::json!({"name": "Sarah"}));

    let chunk = DocumentChunk {
        document: "hours\0".to_owned(),
        chunk: 0,
        title: "Hou\u{200b}rs".to_owned(),
        topic: None,
        body: "Open\r\nat nine\0".to_owned(),
        meta: Value::Object(serde_json::Map::new()),
    };
    let documents = DocumentRepository::new(&test.db);
    documents.import("li\0brary", &[chunk]).await.unwrap();
    let stored = documents.all("library").await.unwrap();
    assert_eq!(
        (&*stored[0].document, &*stored[0].title, &*stored[0].body),
        ("hours", "Hours", "Open\nat nine")
    );
}
