//! What counts for leads: once for its cause, with its call from person to person, scored for the mark that stands, and gone
//! with its person.

use call::AuthLevel;
use chrono::{DateTime, TimeDelta, Utc};
use database::{
    Database, DatabaseError, DueLead, LeadEventRepository, LeadList, LeadScoreRepository,
    LeadScoreRow, NewLeadEvent, NewLeadEvents, ProfileId, ProfileRepository, SessionId,
    SessionRepository, test_support::TestDatabase,
};
use serde_json::{Value, json};

use crate::support::{call, count, customer, rows, talk, web_session};

/// A turn in which this was spoken of, and how the turn sounded.
pub(crate) fn saw(session_id: SessionId, seq: i32, item: &str) -> NewLeadEvents {
    let event = |kind: &str, item: Option<&str>| NewLeadEvent {
        cause: match item {
            Some(item) => format!("turn:{seq}:{kind}:{item}"),
            None => format!("turn:{seq}:{kind}"),
        },
        kind: kind.to_owned(),
        item: item.map(str::to_owned),
        value: 1,
    };
    NewLeadEvents {
        session_id,
        happened_at: Utc::now() - TimeDelta::seconds(100) + TimeDelta::seconds(seq.into()),
        events: vec![event("product_seen", Some(item)), event("sentiment", None)],
    }
}

async fn tell(db: &Database, events: &[NewLeadEvents]) -> usize {
    LeadEventRepository::new(db)
        .insert(events)
        .await
        .expect("storing events")
}

/// What is due of this profile.
async fn due(db: &Database, profile: ProfileId) -> Option<DueLead> {
    let due = LeadScoreRepository::new(db).due(1000).await;
    let due = due.expect("reading what is due");
    due.into_iter().find(|due| due.profile == profile)
}

/// A score of so many points; the formula is not the database's.
fn row(due: &DueLead, total_score: f64) -> LeadScoreRow {
    let half = total_score / 2.0;
    LeadScoreRow {
        profile_id: due.profile,
        formula: 1,
        events: due.events,
        engagement_score: half,
        intent_to_buy_score: half,
        total_score,
        lead_temperature: if total_score >= 15.0 { "hot" } else { "cold" }.to_owned(),
        is_qualified: false,
        second_score: total_score,
        second_temperature: "cold".to_owned(),
        selling_off_topic: None,
        selling_off_until: None,
        wanted: 1,
        objections: 0,
        appointments: 0,
        callbacks: 0,
        documents: 0,
        last_event_at: Some(Utc::now()),
        facts: json!({"views": {"home_loan": 3, "cards": 1}, "interests": {"home_loan": "high"}, "objections": {"price": 2}, "sentiments": [50, -20]}),
        scored_at: DateTime::from_timestamp(1_790_000_000, 0).expect("an instant"),
    }
}

/// Scores whatever is due with so many points.
async fn settle(db: &Database, total_score: f64) -> Vec<ProfileId> {
    let scores = LeadScoreRepository::new(db);
    let due = scores.due(1000).await.expect("reading what is due");
    let made: Vec<_> = due
        .into_iter()
        .map(|due| {
            let row = (!due.is_gone).then(|| row(&due, total_score));
            (due, row)
        })
        .collect();
    scores.store(&made).await.expect("storing scores")
}

#[tokio::test]
async fn an_event_is_stored_once_for_its_cause_whatever_is_told_again() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let (session, profile) = talk(db, "device-one", 2).await;
    let both = [saw(session, 0, "cards"), saw(session, 2, "cards")];
    assert_eq!(tell(db, &both).await, 4);
    let mut changed = both[0].clone();
    changed.events[0].value = 3;
    changed.happened_at = Utc::now();
    for again in [&both[..], &[changed], &[]] {
        assert_eq!(tell(db, again).await, 0, "it is there");
    }
    let stored = LeadEventRepository::new(db).by_session(session).await;
    let causes: Vec<String> = stored.unwrap().into_iter().map(|one| one.cause).collect();
    assert_eq!(
        causes,
        [
            "turn:0:product_seen:cards",
            "turn:0:sentiment",
            "turn:2:product_seen:cards",
            "turn:2:sentiment"
        ]
    );
    let due = due(db, profile).await.expect("its score is to be made");
    let seen = &due.counts[0];
    assert_eq!(
        (due.events, due.sessions, seen.kind.as_str(), seen.count),
        (4, 1, "product_seen", 2)
    );
    assert_eq!(due.sentiments, [1, 1]);
    let mut odd = saw(session, 4, "cards");
    odd.events[0].kind = "liked".to_owned();
    let refused = LeadEventRepository::new(db).insert(&[odd]).await;
    assert!(
        matches!(refused, Err(DatabaseError::Invalid(_))),
        "{refused:?}"
    );
    let changing = test.client().await;
    let changed = changing.batch_execute("UPDATE lead_events SET value = 3");
    assert!(changed.await.is_err(), "an event was changed");
}

#[tokio::test]
async fn what_comes_from_a_clock_that_is_ahead_happened_when_it_was_stored() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let ahead = NewLeadEvents {
        happened_at: Utc::now() + TimeDelta::days(400),
        ..saw(session, 0, "cards")
    };
    assert_eq!(tell(&test.db, &[ahead]).await, 2);
    let late = "SELECT FROM lead_events WHERE happened_at > now()";
    assert_eq!(count(&test, late).await, 0);
}

#[tokio::test]
async fn events_that_came_before_their_call_count_when_it_is_there() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let new = web_session("device-one");
    assert_eq!(tell(db, &[saw(new.id, 0, "cards")]).await, 2);
    assert_eq!(count(&test, "SELECT FROM lead_dues").await, 0, "of nobody");
    let profile = call(db, &new).await.profile_id;
    let due = due(db, profile).await.expect("a call began");
    assert_eq!((due.events, due.sessions), (2, 1));
}

#[tokio::test]
async fn a_merge_makes_one_persons_events_of_both_and_an_unmerge_gives_them_back() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let sarah = customer(db, "sarah").await;
    let (first, device) = talk(db, "device-one", 1).await;
    let events = [saw(first, 0, "cards"), saw(first, 2, "loans")];
    tell(db, &events).await;
    settle(db, 3.0).await;
    assert!(due(db, device).await.is_none(), "it is made");
    let before = rows(&test, "SELECT * FROM lead_events ORDER BY cause").await;

    let proven = SessionRepository::new(db)
        .authenticate(first, sarah, AuthLevel::OneTimeCode, "ann")
        .await;
    assert!(proven.unwrap().is_merged());
    let source = due(db, device).await.expect("it is nobody's own any more");
    assert!(source.is_gone && source.events == 0, "{source:?}");
    let target = due(db, sarah).await.expect("she has more events");
    assert_eq!((target.events, target.sessions), (4, 1));
    assert_eq!(settle(db, 4.0).await, [sarah]);
    let scores = LeadScoreRepository::new(db);
    assert_eq!(scores.get(device).await.unwrap(), None, "a merged profile");

    let profiles = ProfileRepository::new(db);
    profiles.unmerge(device, "ann", None).await.unwrap();
    let (hers, its) = (due(db, sarah).await, due(db, device).await);
    let events = |due: Option<DueLead>| due.map(|due| (due.events, due.is_gone));
    assert_eq!(
        (events(hers), events(its)),
        (Some((0, false)), Some((4, false)))
    );
    let after = rows(&test, "SELECT * FROM lead_events ORDER BY cause").await;
    assert_eq!(after, before, "nothing was copied, nothing moved");
}

#[tokio::test]
async fn a_score_that_was_made_of_what_was_true_before_is_not_stored() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let scores = LeadScoreRepository::new(db);
    let (session, profile) = talk(db, "device-one", 1).await;
    tell(db, &[saw(session, 0, "cards")]).await;
    let stale = due(db, profile).await.expect("due");
    tell(db, &[saw(session, 2, "cards")]).await;
    let made = [(stale.clone(), Some(row(&stale, 1.0)))];
    assert_eq!(scores.store(&made).await.unwrap(), []);
    let fresh = due(db, profile).await.expect("it stays due");
    assert_ne!(fresh.mark, stale.mark);
    let made = [(fresh.clone(), Some(row(&fresh, 2.0)))];
    assert_eq!(scores.store(&made).await.unwrap(), [profile]);
    assert_eq!(scores.store(&made).await.unwrap(), [], "its mark is gone");
    let stored = scores.get(profile).await.unwrap().expect("a score");
    assert_eq!(stored, row(&fresh, 2.0).at(stored.last_event_at));
    // Replaying what is there is nothing new.
    tell(db, &[saw(session, 2, "cards")]).await;
    assert_eq!(due(db, profile).await, None);
    assert_eq!(
        scores.mark_old(Utc::now(), 1, 10).await.unwrap(),
        1,
        "its day is over"
    );
    assert!(due(db, profile).await.is_some());
}

trait At {
    fn at(self, last_event_at: Option<DateTime<Utc>>) -> Self;
}

impl At for LeadScoreRow {
    fn at(self, last_event_at: Option<DateTime<Utc>>) -> Self {
        Self {
            last_event_at,
            ..self
        }
    }
}

#[tokio::test]
async fn it_is_erased_with_its_person_during_the_call_and_what_comes_later_is_turned_away() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let scores = LeadScoreRepository::new(db);
    let (session, profile) = talk(db, "device-one", 1).await;
    let (other, _) = talk(db, "device-two", 1).await;
    tell(db, &[saw(session, 0, "cards"), saw(other, 0, "cards")]).await;
    settle(db, 9.0).await;
    tell(db, &[saw(session, 2, "cards")]).await;
    let stale = due(db, profile).await.expect("due");
    let profiles = ProfileRepository::new(db);
    profiles.erase(profile, "ann").await.unwrap();
    assert_eq!(tell(db, &[saw(session, 4, "cards")]).await, 0);
    let made = [(stale.clone(), Some(row(&stale, 9.0)))];
    assert_eq!(
        scores.store(&made).await.unwrap(),
        [],
        "of an erased person"
    );
    assert_eq!(scores.get(profile).await.unwrap(), None);
    assert_eq!(due(db, profile).await, None);
    for (sql, left) in [
        ("SELECT FROM lead_events", 2),
        ("SELECT FROM lead_scores", 1),
        ("SELECT FROM erased_sessions WHERE dropped = 2", 1),
    ] {
        assert_eq!(count(&test, sql).await, left, "{sql}: the other's");
    }
}

/// The documents' own, with the names that they give.
const Q5: &str = "SELECT * FROM user_profiles WHERE user_id = 'test_user_001';";
const Q6: &str = "SELECT 
    user_id,
    jsonb_array_elements(properties_viewed)->>'name' as project,
    (jsonb_array_elements(properties_viewed)->>'view_count')::int as views
FROM user_profiles
WHERE user_id = 'test_user_001';";
const Q7: &str = "SELECT 
    user_id,
    engagement_score,
    intent_to_buy_score,
    lead_temperature
FROM user_profiles
WHERE user_id = 'test_user_001';";

#[tokio::test]
async fn the_queries_of_sales_tools_run_unchanged_on_the_names_that_they_know() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let (session, _) = talk(db, "test_user_001", 2).await;
    tell(db, &[saw(session, 0, "home_loan")]).await;
    settle(db, 16.0).await;
    let client = test.client().await;
    let search = "SET search_path = sales_names, public";
    client.batch_execute(search).await.unwrap();
    let ask = async |sql: &str| -> Vec<Value> {
        let sql = format!("SELECT to_jsonb(q) FROM ({}) q", sql.trim_end_matches(';'));
        let rows = client.query(&sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let whole = ask(Q5).await;
    assert_eq!(whole.len(), 1);
    for (name, expected) in [
        (
            "interested_projects",
            json!([{"id": "home_loan", "name": "home loan", "interest_level": "high"}]),
        ),
        ("objections_history", json!([{"type": "price", "count": 2}])),
        ("sentiment_history", json!([50, -20])),
        ("callbacks_requested", json!(0)),
        ("total_sessions", json!(1)),
    ] {
        assert_eq!(whole[0][name], expected, "{name}");
    }
    assert_eq!(
        ask(Q6).await,
        [
            json!({"user_id": "test_user_001", "project": "home loan", "views": 3}),
            json!({"user_id": "test_user_001", "project": "cards", "views": 1})
        ]
    );
    assert_eq!(
        ask(Q7).await,
        [
            json!({"user_id": "test_user_001", "engagement_score": 8, "intent_to_buy_score": 8, "lead_temperature": "hot"})
        ]
    );
    for role in ["supervisor", "app_reader", "app_writer"] {
        let sql = format!("SET ROLE {role}; SELECT * FROM sales_names.user_profiles; RESET ROLE");
        client.batch_execute(&sql).await.unwrap();
    }
}

#[tokio::test]
async fn hot_stuck_and_high_intent_leads_are_listed_page_by_page() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let scores = LeadScoreRepository::new(db);
    let now = Utc::now();
    // Points, objections, appointments, days of silence.
    let people = [
        (16.0, 0, 1, 0),
        (16.0, 2, 0, 0),
        (12.0, 0, 0, 8),
        (11.5, 1, 0, 6),
        (2.0, 5, 1, 30),
    ];
    let mut made = Vec::new();
    for (place, (total, objections, appointments, days)) in people.into_iter().enumerate() {
        let (session, profile) = talk(db, &format!("device-{place}"), 1).await;
        tell(db, &[saw(session, 0, "cards")]).await;
        let due = due(db, profile).await.expect("due");
        let row = LeadScoreRow {
            objections,
            appointments,
            last_event_at: Some(now - TimeDelta::days(days)),
            ..row(&due, total)
        };
        made.push((due, Some(row)));
    }
    assert_eq!(scores.store(&made).await.unwrap().len(), 5);
    let listed = async |list| -> Vec<f64> {
        let lines = scores.list(list, None, 10).await.unwrap();
        lines.iter().map(|line| line.total_score).collect()
    };
    assert_eq!(listed(LeadList::Hot).await, [16.0, 16.0]);
    assert_eq!(listed(LeadList::Stuck).await, [16.0, 12.0]);
    assert_eq!(listed(LeadList::Intent).await, [16.0, 16.0, 12.0]);
    assert_eq!(listed(LeadList::All).await, [16.0, 16.0, 12.0, 11.5, 2.0]);

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = scores.list(LeadList::All, after, 2).await.unwrap();
        after = page.last().map(database::LeadLine::cursor);
        if page.is_empty() {
            break;
        }
        assert!(page.iter().all(|line| line.calls.len() == 1));
        seen.extend(page.into_iter().map(|line| line.profile));
    }
    seen.dedup();
    assert_eq!(seen.len(), 5, "each once, and equals by their profile");
}
