use database::{
    CallbackRepository, Inserted, MessageRepository, MessageSealer, NewMessage, ProfileRepository,
    Role, RowHash, SealedMessage, SessionId, SessionRepository, keys::Keyring,
    test_support::TestDatabase,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::{
    support::{assert_invariants, at, count, rows, talk},
    traces::{SEALED, dump, found, sarah},
};

pub(crate) fn sealed(session: SessionId, seqs: std::ops::Range<i32>) -> Vec<SealedMessage> {
    let key = Keyring::ephemeral().unwrap().new_session_key().unwrap();
    let mut sealer = MessageSealer::new(session, key);
    seqs.map(|seq| {
        let mut message = NewMessage::new(
            session,
            seq,
            Role::User,
            format!("words that nobody reads {seq}\0"),
            at(i64::from(seq)) + chrono::TimeDelta::nanoseconds(1_234_567),
        );
        message.intent = Some("los\0t_card".to_owned());
        message.meta = json!({"z": 0.1 + 0.2, "a": {"tiny": 1e-9, "huge": 1e300, "zero": -0.0, "five": 5.0},
            "list": [1.5, -2, u64::MAX, "é \" \\ \u{7}\0", null, true], "latency": 123.456_789_012_345});
        sealer.seal(message).unwrap()
    })
    .collect()
}

#[tokio::test]
async fn what_postgres_returns_hashes_to_what_was_stored() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let messages = MessageRepository::new(&test.db);
    let batch = sealed(session, 0..4);
    assert_eq!(messages.insert_batch(&batch).await.unwrap().new, 4);
    let stored = messages.sealed_by_session(session).await.unwrap();
    assert_eq!(stored, batch, "the rows come back as they went");
    let mut hash = RowHash::first(session);
    for row in &stored {
        hash = hash.then(row);
        assert_eq!(row.row_hash, hash, "row {}", row.seq);
    }
    let head = &rows(
        &test,
        "SELECT encode(chain_head, 'hex') AS head FROM agent_sessions",
    )
    .await[0];
    assert_eq!(
        head["head"],
        json!(hash.to_string()),
        "the session keeps the last hash"
    );
    assert_invariants(&test, "after sealed messages").await;
}

/// Any JSON that a program can make: every double, every length of integer, any text.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::ANY.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let map = prop::collection::btree_map(any::<String>(), inner, 0..4);
        prop_oneof![list, map.prop_map(|map| map.into_iter().collect())]
    })
}

#[tokio::test]
async fn whatever_is_measured_of_a_turn_its_hash_holds_after_postgres_had_it() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let messages = MessageRepository::new(&test.db);
    let mut runner = TestRunner::deterministic();
    let batch: Vec<NewMessage> = (0..500)
        .map(|seq| {
            let meta = any_json().new_tree(&mut runner).unwrap().current();
            NewMessage {
                meta: json!({ "any": meta }),
                ..NewMessage::new(session, seq, Role::User, "words", at(0))
            }
        })
        .collect();
    assert_eq!(messages.insert(&batch).await.unwrap(), 500);
    let mut hash = RowHash::first(session);
    for (row, said) in messages
        .sealed_by_session(session)
        .await
        .unwrap()
        .iter()
        .zip(&batch)
    {
        hash = hash.then(row);
        assert_eq!(row.row_hash, hash, "with {}", said.meta);
    }
}

#[tokio::test]
async fn no_word_of_a_sealed_message_is_readable_in_the_database() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let stored = MessageRepository::new(&test.db)
        .insert_batch(&sealed(session, 0..3))
        .await;
    assert_eq!(stored.unwrap().new, 3);
    let found = count(&test, "SELECT 1 FROM conversation_messages m WHERE m::text LIKE '%nobody%' OR position('nobody'::bytea IN content_ct) > 0").await;
    assert_eq!(found, 0);
}

#[tokio::test]
async fn a_repeated_batch_changes_nothing_and_another_row_under_the_same_key_is_reported() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let messages = MessageRepository::new(&test.db);
    let batch = sealed(session, 0..3);
    messages.insert_batch(&batch[..2]).await.unwrap();
    assert_eq!(
        messages.insert_batch(&batch).await.unwrap(),
        Inserted {
            new: 1,
            differing: vec![],
            ..Inserted::default()
        },
        "a replay"
    );
    let other = sealed(session, 0..4);
    assert_eq!(
        messages.insert_batch(&other[2..]).await.unwrap(),
        Inserted {
            new: 1,
            differing: vec![(session, 2)],
            ..Inserted::default()
        },
        "another writer's row"
    );
    assert_eq!(
        messages.sealed_by_session(session).await.unwrap()[2],
        batch[2],
        "the stored row stays"
    );
    assert_invariants(&test, "after a conflict").await;
}

#[tokio::test]
async fn the_head_is_that_of_the_highest_number_whatever_the_order_of_arrival() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let messages = MessageRepository::new(&test.db);
    let batch = sealed(session, 0..5);
    for part in [&batch[3..5], &batch[0..2], &batch[2..3]] {
        messages.insert_batch(part).await.unwrap();
    }
    let head = &rows(
        &test,
        "SELECT encode(chain_head, 'hex') AS head, last_seq FROM agent_sessions",
    )
    .await[0];
    assert_eq!(*head, json!({"head": batch[4].row_hash, "last_seq": 4}));
}

#[test]
fn a_sealed_message_survives_being_written_down() {
    let message = sealed(SessionId::new(), 0..1).remove(0);
    let text = serde_json::to_string(&message).unwrap();
    assert_eq!(
        serde_json::from_str::<SealedMessage>(&text).unwrap(),
        message
    );
}

#[tokio::test]
async fn names_numbers_and_words_are_readable_by_the_keys_and_not_in_the_tables() {
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
    assert_eq!(callbacks[0].reason.as_deref(), Some("ring-me-okapi"));
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
    for sealed in SEALED {
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
