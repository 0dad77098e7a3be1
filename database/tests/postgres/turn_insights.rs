//! What turns say: written once, the newest reading wins, with their call from person to person, and gone with them.

use call::AuthLevel;
use chrono::{DateTime, TimeDelta, Utc};
use database::{
    DatabaseError, ProfileRepository, SessionId, SessionRepository, TurnInsight,
    TurnInsightRepository, test_support::TestDatabase,
};

use crate::support::{count, customer, talk};

pub(crate) fn insight(session_id: SessionId, seq: i32, source: &str) -> TurnInsight {
    TurnInsight {
        session_id,
        seq,
        source: source.to_owned(),
        version: 1,
        emotion: "worried".to_owned(),
        urgency: "critical".to_owned(),
        intent_category: "problem_solving".to_owned(),
        sentiment: -40,
        frustration: 3,
        causes: vec!["words".to_owned(), "no_answer".to_owned()],
        confidence: 61,
        topics: vec!["insight-hippo".to_owned()],
        pain_points: Vec::new(),
        opportunities: Vec::new(),
        objections: Vec::new(),
        actions: vec!["say_what_to_do_now".to_owned()],
        style: None,
        level: Some("beginner".to_owned()),
        made_at: DateTime::from_timestamp(1_790_000_000, 0).expect("an instant"),
    }
}

#[tokio::test]
async fn what_a_turn_says_is_stored_once_and_read_as_it_was() {
    let test = TestDatabase::new().await;
    let insights = TurnInsightRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 2).await;
    let both = [insight(session, 1, "rules"), insight(session, 0, "rules")];
    assert_eq!(insights.insert(&both).await.unwrap(), 2);
    let changed = TurnInsight {
        emotion: "happy".to_owned(),
        ..both[0].clone()
    };
    for again in [&both[..], &[changed]] {
        assert_eq!(insights.insert(again).await.unwrap(), 0, "it is there");
    }
    assert_eq!(insights.insert(&[]).await.unwrap(), 0);
    let stored = insights.by_session(session).await.unwrap();
    assert_eq!(stored, [both[1].clone(), both[0].clone()]);
    let odd = TurnInsight {
        urgency: "soon".to_owned(),
        ..insight(session, 2, "rules")
    };
    let refused = insights.insert(&[odd]).await;
    assert!(
        matches!(refused, Err(DatabaseError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn of_several_readings_of_a_turn_the_one_made_last_counts() {
    let test = TestDatabase::new().await;
    let insights = TurnInsightRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let rules = insight(session, 0, "rules");
    let model = TurnInsight {
        emotion: "angry".to_owned(),
        made_at: rules.made_at + TimeDelta::milliseconds(800),
        ..insight(session, 0, "model")
    };
    assert_eq!(insights.insert(&[model.clone(), rules]).await.unwrap(), 2);
    assert_eq!(insights.by_session(session).await.unwrap(), [model]);
    let changing = test.client().await;
    let changed = changing.batch_execute("UPDATE turn_insights SET emotion = 'happy'");
    assert!(changed.await.is_err(), "a reading was changed");
}

#[tokio::test]
async fn it_goes_with_its_call_through_a_merge_and_back_through_an_unmerge() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let (insights, profiles) = (TurnInsightRepository::new(db), ProfileRepository::new(db));
    let sarah = customer(db, "sarah").await;
    let (session, device) = talk(db, "device-one", 1).await;
    insights
        .insert(&[insight(session, 0, "rules")])
        .await
        .unwrap();
    let held = async |person| {
        let export = profiles.export(person).await.unwrap().expect("a person");
        let calls = export.sessions.iter();
        calls.map(|call| call.turn_insights.len()).sum::<usize>()
    };
    assert_eq!((held(device).await, held(sarah).await), (1, 0));
    let proven = SessionRepository::new(db)
        .authenticate(session, sarah, AuthLevel::OneTimeCode, "ann")
        .await;
    assert!(proven.unwrap().is_merged());
    assert_eq!(held(sarah).await, 1);
    profiles.unmerge(device, "ann", None).await.unwrap();
    assert_eq!((held(device).await, held(sarah).await), (1, 0));
}

#[tokio::test]
async fn it_is_erased_with_its_person_and_what_comes_later_is_turned_away() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let insights = TurnInsightRepository::new(db);
    let (session, profile) = talk(db, "device-one", 1).await;
    let (other, _) = talk(db, "device-two", 1).await;
    let early = insight(session, 0, "rules");
    let others = insight(other, 0, "rules");
    insights.insert(&[early.clone(), others]).await.unwrap();
    ProfileRepository::new(db)
        .erase(profile, "ann")
        .await
        .unwrap();
    let late = TurnInsight {
        made_at: Utc::now(),
        ..insight(session, 1, "rules")
    };
    assert_eq!(insights.insert(&[early, late]).await.unwrap(), 0);
    assert_eq!(
        count(&test, "SELECT FROM turn_insights").await,
        1,
        "the other's"
    );
    let dropped = "SELECT FROM erased_sessions WHERE dropped = 2";
    assert_eq!(count(&test, dropped).await, 1, "what came late is counted");
}
