//! What is known of people: written once, sealed unless it is searched by, with its call from person to person, gone with
//! them; and what their earlier calls came to.

use call::AuthLevel;
use chrono::{DateTime, TimeDelta, Utc};
use database::{
    ArchiveRepository, CallbackRepository, Database, DatabaseError, FactRepository,
    MessageRepository, NewCallback, NewFact, NewMessage, PastRepository, ProfileId,
    ProfileRepository, Role, SealedFact, SessionId, SessionRepository, test_support::TestDatabase,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    retention::{Folder, old_session},
    support::{at, count, customer, rows, summarise, talk},
};

pub(crate) fn fact(session_id: SessionId, seq: i32, key: &str, value: &str) -> NewFact {
    NewFact {
        session_id,
        seq,
        place: 0,
        key: key.to_owned(),
        what: "holds".to_owned(),
        value: Some(value.to_owned()),
        query: key == "budget",
        confidence: 90,
        source: "said".to_owned(),
        learned_at: DateTime::from_timestamp(1_790_000_000 + i64::from(seq), 0)
            .expect("an instant"),
        expires_at: None,
    }
}

async fn sealed(db: &Database, facts: &[NewFact]) -> Vec<SealedFact> {
    let mut all = Vec::new();
    for fact in facts {
        let key = SessionRepository::new(db)
            .key(fact.session_id)
            .await
            .unwrap();
        all.push(fact.seal(&key.expect("the session's key")).unwrap());
    }
    all
}

pub(crate) async fn keep(db: &Database, facts: &[NewFact]) -> usize {
    let sealed = sealed(db, facts).await;
    FactRepository::new(db).insert(&sealed).await.unwrap()
}

async fn prove(db: &Database, session: SessionId, person: ProfileId) {
    let sessions = SessionRepository::new(db);
    let proven = sessions.authenticate(session, person, AuthLevel::OneTimeCode, "ann");
    assert!(proven.await.unwrap().is_merged());
}

/// Values by key, in the order in which they were learned.
fn values(facts: &[database::StoredFact]) -> Vec<String> {
    let one = |fact: &database::StoredFact| {
        format!("{} {}", fact.key, fact.value.as_deref().unwrap_or("-"))
    };
    facts.iter().map(one).collect()
}

#[tokio::test]
async fn a_fact_is_stored_once_and_readable_only_where_it_is_searched_by() {
    let test = TestDatabase::new().await;
    let facts = FactRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 2).await;
    let forgotten = NewFact {
        what: "forgotten".to_owned(),
        value: None,
        ..fact(session, 1, "*", "")
    };
    let all = [
        fact(session, 0, "budget", "open-lemur"),
        NewFact {
            place: 1,
            ..fact(session, 0, "nickname", "shut-lemur")
        },
        // Of two that contradict each other in one turn the last counts, and both are kept.
        NewFact {
            place: 2,
            ..fact(session, 0, "budget", "other-lemur")
        },
        forgotten,
    ];
    assert_eq!(keep(&test.db, &all).await, 4);
    assert_eq!(keep(&test.db, &all).await, 0, "a replay");
    assert_eq!(facts.insert(&[]).await.unwrap(), 0);
    let stored = facts.by_session(session).await.unwrap();
    assert_eq!(
        values(&stored),
        [
            "budget open-lemur",
            "nickname shut-lemur",
            "budget other-lemur",
            "* -"
        ]
    );
    let readable = |word: &str| {
        format!(
            "SELECT FROM facts f WHERE f::text ~ '{word}' OR position('{word}'::bytea IN value_ct) > 0"
        )
    };
    assert_eq!(count(&test, &readable("open-lemur")).await, 1);
    assert_eq!(
        count(&test, &readable("shut-lemur")).await,
        0,
        "its value is readable"
    );
    let changing = test.client().await;
    let changed = changing
        .batch_execute("UPDATE facts SET key = 'other'")
        .await;
    assert!(changed.is_err(), "a fact was changed");
}

#[tokio::test]
async fn what_is_too_long_or_of_no_known_kind_is_refused_for_good() {
    let test = TestDatabase::new().await;
    let facts = FactRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let long = "x".repeat(10_000);
    let odd = NewFact {
        what: "perhaps".to_owned(),
        ..fact(session, 0, "budget", "v")
    };
    let empty = NewFact {
        value: None,
        ..fact(session, 0, "budget", "v")
    };
    for refused in [
        fact(session, 0, "budget", &long),
        fact(session, 0, "nickname", &long),
        odd,
        empty,
    ] {
        let refused = sealed(&test.db, &[refused]).await;
        let answer = facts.insert(&refused).await;
        assert!(
            matches!(answer, Err(DatabaseError::Invalid(_))),
            "{answer:?}"
        );
    }
    assert_eq!(count(&test, "SELECT FROM facts").await, 0);
}

#[tokio::test]
async fn a_value_opens_in_its_own_place_alone() {
    let test = TestDatabase::new().await;
    let facts = FactRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let mut moved = sealed(&test.db, &[fact(session, 0, "nickname", "Sally")]).await;
    moved[0].seq = 1;
    facts.insert(&moved).await.unwrap();
    assert_eq!(
        values(&facts.by_session(session).await.unwrap()),
        ["nickname -"]
    );
}

#[tokio::test]
async fn it_goes_with_its_call_through_a_merge_and_back_through_an_unmerge() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let (facts, profiles) = (FactRepository::new(db), ProfileRepository::new(db));
    let sarah = customer(db, "sarah").await;
    let (session, device) = talk(db, "device-one", 1).await;
    keep(db, &[fact(session, 0, "nickname", "Sally")]).await;
    let held = async |person| {
        let export = profiles.export(person).await.unwrap().expect("a person");
        let exported = export.sessions.iter().map(|call| call.facts.len());
        (
            facts.of_person(person).await.unwrap().len(),
            exported.sum::<usize>(),
        )
    };
    assert_eq!((held(device).await, held(sarah).await), ((1, 1), (0, 0)));
    prove(db, session, sarah).await;
    assert_eq!(held(sarah).await, (1, 1));
    profiles.unmerge(device, "ann", None).await.unwrap();
    assert_eq!((held(device).await, held(sarah).await), ((1, 1), (0, 0)));
}

#[tokio::test]
async fn a_call_is_told_only_what_its_person_said_in_calls_in_which_they_were_proven() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let facts = FactRepository::new(db);
    let sarah = customer(db, "sarah").await;
    let (before, _) = talk(db, "device-one", 1).await;
    // Somebody else had the device before, and proved nothing.
    let (guests, _) = talk(db, "device-two", 1).await;
    let (now, _) = talk(db, "device-two", 1).await;
    let (strangers, _) = talk(db, "device-three", 1).await;
    for (session, name) in [
        (before, "own"),
        (guests, "guest"),
        (now, "now"),
        (strangers, "stranger"),
    ] {
        keep(db, &[fact(session, 0, "nickname", name)]).await;
    }
    assert_eq!(facts.elsewhere(now).await.unwrap(), [], "nobody is proven");
    prove(db, before, sarah).await;
    assert_eq!(facts.elsewhere(now).await.unwrap(), [], "not in this call");
    prove(db, now, sarah).await;
    assert_eq!(
        values(&facts.elsewhere(now).await.unwrap()),
        ["nickname own"]
    );
    assert_eq!(facts.elsewhere(strangers).await.unwrap(), []);
}

#[tokio::test]
async fn it_is_erased_with_its_person_also_while_they_speak() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let (session, profile) = talk(db, "device-one", 1).await;
    let (other, _) = talk(db, "device-two", 1).await;
    keep(
        db,
        &[
            fact(session, 0, "budget", "1"),
            fact(other, 0, "budget", "2"),
        ],
    )
    .await;
    // Sealed before the erasure, on its way while it happens.
    let late = sealed(db, &[fact(session, 1, "budget", "3")]).await;
    ProfileRepository::new(db)
        .erase(profile, "ann")
        .await
        .unwrap();
    let facts = FactRepository::new(db);
    assert_eq!(facts.insert(&late).await.unwrap(), 0);
    assert_eq!(count(&test, "SELECT FROM facts").await, 1, "the other's");
    assert_eq!(facts.of_person(profile).await.unwrap(), []);
    let dropped = "SELECT FROM erased_sessions WHERE dropped = 1";
    assert_eq!(count(&test, dropped).await, 1, "what came late is counted");
}

/// A call in which something was asked, answered and promised.
async fn visit(db: &Database, device: &str, person: ProfileId, asked: &str) -> SessionId {
    let (session, _) = talk(db, device, 0).await;
    let said = |seq: i32, role: Role, text: &str| NewMessage {
        meta: json!({"route": if seq == 1 { "knowledge" } else { "small_talk" }}),
        ..NewMessage::new(session, seq, role, text, Utc::now())
    };
    let words = [
        said(0, Role::User, asked),
        said(1, Role::Assistant, "An answer."),
        said(2, Role::User, "Thank you."),
        said(3, Role::Assistant, "You are welcome."),
    ];
    MessageRepository::new(db).insert(&words).await.unwrap();
    summarise(db, session, 3).await;
    prove(db, session, person).await;
    session
}

#[tokio::test]
async fn what_earlier_calls_came_to_is_known_to_the_next_proven_call() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let past = PastRepository::new(db);
    let sarah = customer(db, "sarah").await;
    let first = visit(db, "device-one", sarah, "When do you open?").await;
    let callbacks = CallbackRepository::new(db);
    let asked_at = Utc::now() - TimeDelta::minutes(5);
    let promise = NewCallback::new(Uuid::new_v4(), first, asked_at);
    callbacks.request(&promise).await.unwrap();
    let (now, _) = talk(db, "device-two", 1).await;
    assert_eq!(
        past.of(now).await.unwrap().calls,
        0,
        "nothing before the proof"
    );
    prove(db, now, sarah).await;
    let found = past.of(now).await.unwrap();
    assert_eq!(found.calls, 1);
    let last = found.last.expect("the first call");
    assert_eq!(last.session, first);
    assert_eq!(last.topics, ["cardless_withdrawal", "banking_hours"]);
    assert!(last.resolution.is_some());
    assert_eq!(found.open.len(), 1, "the promise");
    assert!(found.open[0].reference.is_some());
    let asked = past.asked_last(first).await.unwrap();
    assert_eq!(
        asked.as_deref(),
        Some("When do you open?"),
        "thanks are no question"
    );
    assert_eq!(past.asked_last(now).await.unwrap(), None);
}

#[tokio::test]
async fn after_everything_was_forgotten_no_call_before_that_is_spoken_of() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let sarah = customer(db, "sarah").await;
    let first = visit(db, "device-one", sarah, "When do you open?").await;
    let (now, _) = talk(db, "device-two", 1).await;
    prove(db, now, sarah).await;
    let past = PastRepository::new(db);
    let forgotten = |seq: i32, learned_at: DateTime<Utc>| NewFact {
        what: "forgotten".to_owned(),
        value: None,
        learned_at,
        ..fact(first, seq, "*", "")
    };
    // Calls of these tests begin at one time.
    keep(db, &[forgotten(2, at(0) - TimeDelta::seconds(1))]).await;
    let last = past.of(now).await.unwrap().last;
    assert!(last.is_some(), "a call after that");
    keep(db, &[forgotten(3, at(0) + TimeDelta::seconds(1))]).await;
    let found = past.of(now).await.unwrap();
    assert_eq!((found.calls, found.last), (1, None));
}

#[tokio::test]
async fn the_wish_to_be_sold_nothing_is_not_crowded_out_by_what_was_said_later() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let sarah = customer(db, "sarah").await;
    let (before, _) = talk(db, "device-one", 1).await;
    let (now, _) = talk(db, "device-two", 1).await;
    let mut said = vec![fact(before, 0, "selling", "off")];
    said.extend((1..=250).map(|seq| fact(before, seq, "budget", "1")));
    keep(db, &said).await;
    prove(db, before, sarah).await;
    prove(db, now, sarah).await;
    let known = FactRepository::new(db).elsewhere(now).await.unwrap();
    assert_eq!(known.len(), 200);
    assert_eq!(values(&known)[0], "selling off", "oldest first");
}

#[tokio::test]
async fn what_was_learned_in_a_month_that_is_put_away_goes_with_it() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let old = old_session(db, 2).await[0].session_id;
    let (young, _) = talk(db, "device-two", 1).await;
    keep(
        db,
        &[
            fact(old, 0, "budget", "1"),
            fact(old, 1, "selling", "off"),
            fact(young, 0, "budget", "2"),
        ],
    )
    .await;
    let facts = FactRepository::new(db);
    let archives = ArchiveRepository::new(db);
    let months = archives.retired(12).await.unwrap();
    let folder = Folder::new();
    let archived = archives.put_away(&months[0], &folder.0).await.unwrap();
    assert_eq!(archived.deleted, 1);
    let file = std::fs::read_to_string(&archived.file).unwrap();
    assert!(!file.contains("budget"), "it is in the file");
    let stays = facts.by_session(old).await.unwrap();
    assert_eq!(values(&stays), ["selling off"], "a wish does not run out");
    assert_eq!(facts.by_session(young).await.unwrap().len(), 1);
}
