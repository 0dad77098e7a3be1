//! `teller knowledge gaps` and `adopt`: the built program against a real PostgreSQL.

use std::process::Output;

use database::{
    Channel, MessageRepository, MessageSealer, NewMessage, NewSession, Role, SessionId,
    SessionRepository, test_support::TestDatabase,
};
use serde_json::{Value, json};

use crate::{pack_tests::Pack, support::program::teller};

/// A call of turns and replies, with what the record says of each reply.
async fn call(test: &TestDatabase, turns: &[(&str, Value)]) {
    let new = NewSession {
        id: SessionId::new(),
        room_id: "room".into(),
        participant_id: "participant".into(),
        anonymous_id: None,
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: chrono::Utc::now(),
    };
    let key = test.db.keys().new_session_key().unwrap();
    SessionRepository::new(&test.db)
        .start(&new, &key)
        .await
        .unwrap();
    let mut sealer = MessageSealer::new(new.id, key);
    let mut messages = Vec::new();
    for (said, meta) in turns {
        let seq = i32::try_from(messages.len()).unwrap();
        let now = chrono::Utc::now();
        let asked = NewMessage::new(new.id, seq, Role::User, *said, now);
        let mut reply = NewMessage::new(new.id, seq + 1, Role::Assistant, "a reply", now);
        reply.meta = meta.clone();
        messages.push(sealer.seal(asked).unwrap());
        messages.push(sealer.seal(reply).unwrap());
    }
    let repository = MessageRepository::new(&test.db);
    repository.insert_batch(&messages).await.unwrap();
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[tokio::test]
async fn what_nobody_wrote_down_is_shown_and_a_phrasing_of_it_becomes_a_way_of_asking() {
    let test = TestDatabase::new().await;
    let unanswered = json!({"route": "knowledge", "sources": []});
    let answered = json!({"route": "knowledge", "sources": [{"source": "library/printing"}]});
    let courtesy = json!({"route": "small_talk", "sources": []});
    let dog = "Can I bring my dog to the reading room?";
    let printing = ("Where can I print?", answered);
    let hello = ("Hello there", courtesy);
    call(&test, &[(dog, unanswered.clone()), printing, hello]).await;
    call(
        &test,
        &[("May I bring a dog to the reading room?", unanswered)],
    )
    .await;

    let pack = Pack::with("");
    let folder = pack.0.to_str().unwrap();
    let gaps = ["knowledge", "gaps", "--actor", "ann", "--pack", folder];
    let output = teller(&test, &gaps).await;
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "there are gaps: {said}");
    assert!(
        said.contains("   2  May I bring a dog"),
        "the newest words first: {said}"
    );
    assert!(said.contains(dog), "{said}");
    assert!(
        !said.contains("print?") && !said.contains("Hello"),
        "{said}"
    );
    let audited =
        "SELECT count(*) FROM audit_log WHERE action = 'knowledge.gaps' AND actor = 'ann'";
    let audited: i64 = test
        .client()
        .await
        .query_one(audited, &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(audited, 1, "whoever reads callers' words is on record");

    let adopt = ["knowledge", "adopt", dog, "--pack", folder, "--document"];
    let output = teller(&test, &[&adopt[..], &["library/printing"]].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let ask = ["knowledge", "ask", dog, "--pack", folder];
    let said = told(&teller(&test, &ask).await);
    assert!(said.contains("source    library/printing"), "{said}");

    let output = teller(&test, &[&adopt[..], &["library/dogs"]].concat()).await;
    let said = told(&output);
    assert!(
        said.contains("no document is called library/dogs"),
        "{said}"
    );
    assert_ne!(output.status.code(), Some(0));
}
