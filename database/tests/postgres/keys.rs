use database::{
    Database, DatabaseConfig, DatabaseError, SessionRepository, TenantId,
    keys::KeyError,
    test_support::{TestDatabase, ephemeral_keys},
};

use crate::support::{call, count, customer, rows, web_session};

#[tokio::test]
async fn a_session_keeps_its_first_key_and_says_so_to_another() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let (new, key) = (
        web_session("device-one"),
        test.db.keys().new_session_key().unwrap(),
    );
    let first = sessions.start(&new, &key).await.unwrap();
    assert_eq!(
        sessions.start(&new, &key).await.unwrap(),
        first,
        "repeating it changes nothing"
    );
    let stored = sessions.key(new.id).await.unwrap().expect("it has a key");
    let sealed = key.seal_message(new.id, 0, "hello").unwrap();
    assert_eq!(stored.open_message(new.id, 0, &sealed).unwrap(), "hello");

    let other = test.db.keys().new_session_key().unwrap();
    let refused = sessions.start(&new, &other).await;
    assert!(
        matches!(refused, Err(DatabaseError::Invalid(_))),
        "{refused:?}"
    );
    assert_eq!(sessions.create_session(&new).await.unwrap(), first);
    assert!(
        sessions.key(new.id).await.unwrap() == Some(key),
        "the first key stays"
    );
}

#[tokio::test]
async fn sessions_of_one_person_are_wrapped_by_one_key_and_a_merge_moves_none() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let (one, two) = (web_session("device-one"), web_session("device-one"));
    let owner = call(&test.db, &one).await.profile_id;
    call(&test.db, &two).await;
    let before = rows(&test, "SELECT * FROM session_keys ORDER BY session_id").await;
    assert_eq!(before.len(), 2);
    for row in &before {
        assert_eq!(row["profile_id"], serde_json::json!(owner));
    }
    let keys = [
        sessions.key(one.id).await.unwrap(),
        sessions.key(two.id).await.unwrap(),
    ];
    let sarah = customer(&test.db, "sarah").await;
    sessions
        .authenticate(one.id, sarah, call::AuthLevel::OneTimeCode, "test")
        .await
        .unwrap();
    assert_eq!(
        rows(&test, "SELECT * FROM session_keys ORDER BY session_id").await,
        before
    );
    let after = [
        sessions.key(one.id).await.unwrap(),
        sessions.key(two.id).await.unwrap(),
    ];
    assert!(
        keys == after,
        "what was readable before a merge must be readable after it"
    );
    assert!(keys[0] != keys[1], "each session has a key of its own");
}

#[tokio::test]
async fn a_swapped_or_foreign_key_row_opens_nothing() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let (one, two) = (web_session("device-one"), web_session("device-two"));
    call(&test.db, &one).await;
    call(&test.db, &two).await;
    let client = test.client().await;
    let swap = "UPDATE session_keys a SET wrapped = b.wrapped FROM session_keys b WHERE a.session_id <> b.session_id";
    assert_eq!(client.execute(swap, &[]).await.unwrap(), 2);
    let refused = sessions.key(one.id).await;
    assert!(
        matches!(refused, Err(DatabaseError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn another_key_file_than_the_database_was_written_with_is_refused_by_name() {
    let test = TestDatabase::new().await;
    call(&test.db, &web_session("device-one")).await;
    let stranger = ephemeral_keys();
    let db = Database::new(DatabaseConfig::new(&test.url, stranger.clone())).unwrap();
    let refused = db.ping().await;
    let Err(DatabaseError::Setup(text)) = refused else {
        panic!("a second key file was accepted: {refused:?}")
    };
    for name in [stranger.fingerprint(), test.db.keys().fingerprint()] {
        assert!(
            text.contains(&name),
            "the refusal should name {name}: {text}"
        );
    }
    let other_tenant = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..DatabaseConfig::new(&test.url, stranger)
    });
    let answer = other_tenant.unwrap().ping().await;
    answer.expect("another tenant may have another key file");
}

#[tokio::test]
async fn turning_the_wrapping_key_rewraps_people_and_nothing_else() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let calls: Vec<_> = (0..5)
        .map(|n| web_session(&format!("device-{n}")))
        .collect();
    for new in &calls {
        call(&test.db, new).await;
    }
    let key = sessions.key(calls[0].id).await.unwrap();
    let before = rows(&test, "SELECT * FROM session_keys ORDER BY session_id").await;
    assert_eq!(test.db.keys().add_wrapping_key().unwrap(), 2);
    let part = test.db.rewrap_person_keys(3).await.unwrap();
    assert_eq!((part.keys, part.left), (3, 2), "it works in parts");
    assert_eq!(test.db.wrapped_keys().await.unwrap(), [(1, 2), (2, 3)]);
    assert!(
        sessions.key(calls[0].id).await.unwrap() == key,
        "half-way everything opens"
    );
    let rest = test.db.rewrap_person_keys(100).await.unwrap();
    assert_eq!((rest.keys, rest.left), (2, 0));
    let again = test.db.rewrap_person_keys(100).await.unwrap();
    assert_eq!(
        (again.keys, again.left),
        (0, 0),
        "a third run finds nothing to do"
    );
    assert_eq!(
        rows(&test, "SELECT * FROM session_keys ORDER BY session_id").await,
        before
    );
    assert!(sessions.key(calls[0].id).await.unwrap() == key);
    assert_eq!(
        count(&test, "SELECT FROM person_keys WHERE key_id = 2").await,
        5
    );
}

#[tokio::test]
async fn two_that_begin_one_session_at_once_agree_on_its_key() {
    let test = TestDatabase::new().await;
    for n in 0..20 {
        let new = web_session(&format!("device-{n}"));
        let key = test.db.keys().new_session_key().unwrap();
        let sessions = SessionRepository::new(&test.db);
        let (a, b, c) = tokio::join!(
            sessions.start(&new, &key),
            sessions.start(&new, &key),
            sessions.start(&new, &key)
        );
        assert!(
            a.is_ok() && b.is_ok() && c.is_ok(),
            "trial {n}: {a:?} {b:?} {c:?}"
        );
        assert!(
            sessions.key(new.id).await.unwrap() == Some(key),
            "trial {n}"
        );
    }
}

#[test]
fn errors_of_keys_are_set_up_or_data_by_what_to_do_next() {
    let missing = DatabaseError::from(KeyError::UnknownKey(3));
    assert!(
        matches!(&missing, DatabaseError::Setup(text) if text.contains("wrapping key 3")),
        "{missing}"
    );
    assert!(matches!(
        DatabaseError::from(KeyError::Unreadable),
        DatabaseError::Invalid(_)
    ));
}
