//! What is remembered of a person: completed when a call is summed up, and shown in one view by the built program.

use chrono::Utc;
use database::{
    Channel, FactRepository, MessageRepository, MessageSealer, NewMessage, NewSession, Role,
    SessionId, SessionRepository, test_support::TestDatabase,
};
use insight::facts::{Book, FactReader, What};
use jobs::{Facts, Finalizer, Moments, summary_rules};

use crate::support::{fixtures::root, program::teller};

/// A call whose worker died before it noted anything but the words.
async fn call(test: &TestDatabase, said: &[&str]) -> (SessionId, String) {
    let new = NewSession {
        id: SessionId::new(),
        room_id: "room".to_owned(),
        participant_id: "participant".to_owned(),
        anonymous_id: Some("device".to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now(),
    };
    let key = test.db.keys().new_session_key().unwrap();
    let sessions = SessionRepository::new(&test.db);
    let started = sessions.start(&new, &key).await.unwrap();
    let mut sealer = MessageSealer::new(new.id, key);
    let rows = said.iter().enumerate().map(|(seq, text)| {
        let seq = i32::try_from(seq).unwrap();
        let message = NewMessage::new(new.id, seq, Role::User, *text, Utc::now());
        sealer.seal(message).unwrap()
    });
    let rows: Vec<_> = rows.collect();
    let messages = MessageRepository::new(&test.db);
    messages.insert_batch(&rows).await.unwrap();
    (new.id, started.profile_id.to_string())
}

#[tokio::test]
async fn what_a_killed_worker_did_not_note_is_noted_with_the_summary_and_shown_in_one_view() {
    let test = TestDatabase::new().await;
    let folder = root().join("packs/property");
    let pack = knowledge::Pack::load(&folder).unwrap();
    let (session, profile) = call(
        &test,
        &[
            "Show me two bedrooms under two crore in Whitefield.",
            "It should have a gym, and it is too expensive otherwise.",
            "Forget the gym. And stop advertising.",
            "Stop advertising.",
        ],
    )
    .await;
    let finalizer = Finalizer::new(&test.db, summary_rules(&pack).into())
        .with_moments(Moments::new(&test.db, jobs::trade(&pack).into()))
        .with_facts(Facts::new(&test.db, jobs::fact_reader(&pack).into()));
    assert!(finalizer.summarize(session).await.unwrap());
    let facts = FactRepository::new(&test.db);
    let noted = facts.by_session(session).await.unwrap();
    assert!(finalizer.summarize(session).await.unwrap());
    let again = facts.by_session(session).await.unwrap();
    assert_eq!(again, noted, "a second summary changes nothing");
    let keys: Vec<&str> = noted.iter().map(|fact| fact.key.as_str()).collect();
    for key in [
        "budget",
        "configuration",
        "location",
        "amenities",
        "selling",
    ] {
        assert!(keys.contains(&key), "{key} is not in {keys:?}");
    }
    let pack = folder.display().to_string();
    let arguments = [
        "profiles", "summary", &profile, "--actor", "ann", "--pack", &pack,
    ];
    let shown = teller(&test, &arguments).await;
    let out = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.status.success(),
        "{}",
        String::from_utf8_lossy(&shown.stderr)
    );
    for line in [
        "calls: 1, ",
        "Your budget is up to 2 crore rupees.",
        "You look for two bedrooms.",
        "You like Whitefield.",
        "objections: price 1",
        "nothing is to be offered to them",
    ] {
        assert!(out.contains(line), "{line:?} is not in:\n{out}");
    }
    let nobody = uuid::Uuid::nil().to_string();
    let arguments = [
        "profiles", "summary", &nobody, "--actor", "ann", "--pack", &pack,
    ];
    assert!(
        !teller(&test, &arguments).await.status.success(),
        "there is nobody"
    );
    let audited = test.client().await;
    let rows = "SELECT FROM audit_log WHERE action = 'profile.opened' AND actor LIKE '%ann%'";
    assert_eq!(audited.query(rows, &[]).await.unwrap().len(), 1);
}

/// What a turn tells by the facts of a pack, as `key=value`, sorted.
fn told(reader: &FactReader, text: &str) -> String {
    let facts = Book::default().turn(text, reader).facts;
    let one = |fact: &insight::facts::Fact| {
        let value = fact.value.as_deref().unwrap_or_default();
        let sign = if fact.what == What::Holds { "=" } else { "!" };
        format!("{}{sign}{value}", fact.key)
    };
    let mut told: Vec<String> = facts.iter().map(one).collect();
    told.sort();
    told.join(" ")
}

#[test]
fn the_packs_remember_what_callers_say_of_themselves_and_nothing_of_their_questions() {
    for (pack, turns) in [
        (
            "property",
            &[
                (
                    "Show me 2BHK in Whitefield under 2 crore.",
                    "budget=..2000000000 INR configuration=two_bedrooms location=Whitefield",
                ),
                (
                    "We want three bedrooms in Hebbal, not in Whitefield.",
                    "configuration=three_bedrooms location!Whitefield location=Hebbal",
                ),
                ("It is our first home.", "first_home=yes"),
                ("What is the interest rate for a home loan of 50 lakh?", ""),
                ("How far is the metro?", ""),
            ][..],
        ),
        (
            "bank",
            &[
                (
                    "I prefer that you send me a text.",
                    "contact_channel=message",
                ),
                ("Keep it short, please.", "answer_style=short"),
                ("My credit card does not work.", "products_held=credit_card"),
                ("I want to open a savings account.", ""),
                ("Do I have a savings account?", ""),
                ("I did not get a text.", ""),
                ("I lost 500 dollars.", ""),
            ],
        ),
        (
            "shop",
            &[
                (
                    "Do you have a grey sofa for less than 800 dollars?",
                    "budget=..80000 USD colour=grey",
                ),
                ("We have a dog.", "has_pets=yes"),
                ("We are a family of five.", "household=5"),
                ("How much is delivery under 50 dollars?", ""),
            ],
        ),
    ] {
        let pack = knowledge::Pack::load(&root().join("packs").join(pack)).unwrap();
        let reader = jobs::fact_reader(&pack);
        let heard: Vec<_> = turns.iter().map(|(text, _)| told(&reader, text)).collect();
        let expected: Vec<_> = turns.iter().map(|(_, expected)| *expected).collect();
        assert_eq!(heard, expected, "of {turns:#?}");
    }
}
