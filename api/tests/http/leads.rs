//! `/v1/leads`: who may take something, over real HTTP and a real database.

use chrono::Utc;
use database::{
    LeadEventRepository, NewLeadEvent, NewLeadEvents, ProfileId, ProfileRepository, SessionId,
    test_support::TestDatabase,
};
use record::LeadScores;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    people::{audit, call, part},
    server::{Server, away, serve, settings},
};

/// What happened in a call: kind, thing, value.
async fn happened(test: &TestDatabase, session_id: SessionId, what: &[(&str, &str, i16)]) {
    let event = |(cause, (kind, item, value)): (usize, &(&str, &str, i16))| NewLeadEvent {
        cause: format!("turn:{cause}:{kind}:{item}"),
        kind: (*kind).to_owned(),
        item: (!item.is_empty()).then(|| (*item).to_owned()),
        value: *value,
    };
    let new = NewLeadEvents {
        session_id,
        happened_at: Utc::now(),
        events: what.iter().enumerate().map(event).collect(),
    };
    let events = LeadEventRepository::new(&test.db);
    events.insert(&[new]).await.unwrap();
    let scores = LeadScores::new(&test.db);
    while scores.settle(Utc::now(), 50).await.unwrap() > 0 {}
}

async fn profiles(server: &Server, query: &str) -> Vec<Value> {
    let list = server.json(&format!("/v1/leads{query}")).await;
    let lines = list["leads"].as_array().expect("a list").iter();
    lines.map(|line| line["profile_id"].clone()).collect()
}

/// One who wants something and speaks of a theft, and one who hesitates.
async fn two(test: &TestDatabase) -> (ProfileId, ProfileId) {
    let (session, wanting) = call(&test.db, "device-one").await;
    let what = [
        ("interest", "home_loan", 3),
        ("interest", "savings", 2),
        ("appointment", "book_visit", 1),
        ("sentiment", "", 50),
        ("selling_off", "theft", 1),
        ("objection", "price", 1),
    ];
    happened(test, session, &what).await;
    let (session, hesitant) = call(&test.db, "device-two").await;
    let what = [
        ("interest", "home_loan", 2),
        ("objection", "price", 1),
        ("objection", "time", 1),
    ];
    happened(test, session, &what).await;
    (wanting, hesitant)
}

#[tokio::test]
async fn leads_are_listed_with_each_part_and_why() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (wanting, _) = two(&test).await;
    let list = server.json("/v1/leads?kind=all").await;
    assert_eq!(list["next_cursor"], Value::Null);
    let line = &list["leads"][0];
    let expected = json!({
        "profile_id": wanting, "profile_type": "anonymous", "username": null, "temperature": "warm", "shown": "warm",
        "qualified": false, "wanted": 2, "objections": 1
    });
    let names: Vec<&str> = expected
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(part(line, &names), expected);
    assert_eq!(
        line["intent"]["parts"][1],
        json!({"name": "appointments", "points": 3.0, "reason": "1 appointments"})
    );
    assert_eq!(line["selling_off"]["topic"], "theft");
    assert_eq!(line["calls"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn each_kind_is_listed_page_by_page_and_every_look_is_on_record() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (wanting, hesitant) = two(&test).await;
    for (query, expected) in [
        ("", vec![]),
        ("?kind=hot", vec![]),
        ("?kind=intent&limit=", vec![wanting]),
        ("?kind=stuck", vec![hesitant]),
        ("?kind=all", vec![wanting, hesitant]),
    ] {
        let expected: Vec<Value> = expected.iter().map(|id| json!(id)).collect();
        assert_eq!(profiles(&server, query).await, expected, "{query}");
    }
    let first = server.json("/v1/leads?kind=all&limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = profiles(&server, &format!("?kind=all&limit=1&cursor={cursor}")).await;
    assert_eq!(second, [json!(hesitant)]);
    for malformed in ["kind=lukewarm", "limit=0", "limit=201", "cursor=1"] {
        let refused = server.get(&format!("/v1/leads?{malformed}"), "reads").await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{malformed}");
    }
    for key in ["read", ""] {
        let refused = server.get("/v1/leads", key).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    }
    let looks = audit(&test.db, "leads.listed").await;
    assert_eq!(looks.len(), 7, "each look, and none that was refused");
    assert_eq!(looks[0].actor, "supervisor");
    let detail = json!({"through": "GET /v1/leads", "address": "127.0.0.1"});
    assert_eq!(looks[0].detail, detail);
}

#[tokio::test]
async fn an_erased_person_is_no_lead_and_without_a_database_there_are_none() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (session, profile) = call(&test.db, "device-one").await;
    happened(&test, session, &[("interest", "home_loan", 3)]).await;
    assert_eq!(profiles(&server, "?kind=all").await, [json!(profile)]);
    let people = ProfileRepository::new(&test.db);
    people.erase(profile, "ann").await.unwrap();
    assert_eq!(profiles(&server, "?kind=all").await, Vec::<Value>::new());

    let server = serve(settings(), &away()).await;
    let refused = server.get("/v1/leads", "reads").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
}
