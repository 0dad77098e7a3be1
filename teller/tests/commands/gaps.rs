//! `teller knowledge gaps`, `adopt` and `adopt-draft`: the built program against a real PostgreSQL.

use std::process::Output;

use database::{
    Adoption, Channel, DraftRepository, MessageRepository, MessageSealer, NewDraftAsk, NewMessage,
    NewSession, Role, SessionId, SessionRepository, test_support::TestDatabase,
};
use serde_json::{Value, json};

use crate::{pack_tests::Pack, support::program::teller};

/// A call of turns and replies, with what the record says of each reply.
async fn call(test: &TestDatabase, turns: &[(&str, Value)]) -> SessionId {
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
    new.id
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

#[tokio::test]
async fn a_draft_gets_into_the_pack_and_what_cannot_stays_in_the_draft() {
    let test = TestDatabase::new().await;
    let session = call(&test, &[("hello", json!({}))]).await;
    let drafts = DraftRepository::new(&test.db);
    let (dog, cat) = ("May I bring my dog, or \"Rex\"?", "are cats welcome");
    let lines = [
        ("library/study-rooms", dog),
        ("library/study-rooms", cat),
        ("library/printing", "can I print here"),
        ("library/pets", dog),
    ];
    for (document, phrasing) in lines {
        let new = NewDraftAsk {
            pack: "library",
            document,
            phrasing,
            session,
            adopted_by: "ann",
        };
        assert_eq!(drafts.adopt(&new).await.unwrap(), Adoption::Adopted);
    }

    let pack = Pack::with("");
    let folder = pack.0.to_str().unwrap();
    let adopt = [
        "knowledge",
        "adopt-draft",
        "--actor",
        "bea",
        "--pack",
        folder,
    ];
    let output = teller(&test, &adopt).await;
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "a line stays: {said}");
    assert!(said.contains("study-rooms.md: 2 new ways"), "{said}");
    assert!(
        said.contains("printing.md: 0 new ways"),
        "it asks that: {said}"
    );
    assert!(said.contains("library/pets: 1 lines stay"), "{said}");
    assert!(said.contains("3 of 4 lines"), "{said}");
    assert!(!said.contains("Rex"), "a caller's words are told: {said}");
    let left = drafts.lines("library").await.unwrap();
    let left: Vec<_> = left.iter().map(|line| line.document.as_str()).collect();
    assert_eq!(left, ["library/pets"]);
    let printing = std::fs::read_to_string(pack.0.join("documents/printing.md")).unwrap();
    assert_eq!(
        printing.matches("can I print here").count(),
        1,
        "{printing}"
    );
    for phrasing in [dog, cat] {
        let ask = ["knowledge", "ask", phrasing, "--pack", folder];
        let said = told(&teller(&test, &ask).await);
        assert!(said.contains("source    library/study-rooms"), "{said}");
    }
    let audited =
        "SELECT count(*) FROM audit_log WHERE action = 'knowledge.draft' AND actor = 'bea'";
    let client = test.client().await;
    let audited: i64 = client.query_one(audited, &[]).await.unwrap().get(0);
    assert_eq!(audited, 1, "whoever reads callers' words is on record");
}
