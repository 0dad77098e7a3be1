//! A person with a merge, and the questions about it over HTTP.

use chrono::{TimeDelta, Utc};
use database::{
    AuditEntry, AuditRepository, Channel, Database, MessageRepository, NewMessage, NewSession,
    ProfileId, ProfileRepository, Role, SessionId, SessionRepository, test_support::TestDatabase,
};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::server::{Server, answer};

pub(crate) const SAID: &str = "I lost a book on the way to Harare";

/// A call from this device with two messages; its profile.
pub(crate) async fn call(db: &Database, device: &str) -> (SessionId, ProfileId) {
    let id = SessionId::new();
    let new = NewSession {
        id,
        room_id: "room".to_owned(),
        participant_id: format!("participant of {device}"),
        anonymous_id: Some(device.to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now() - TimeDelta::minutes(5),
    };
    let started = SessionRepository::new(db)
        .create_session(&new)
        .await
        .unwrap();
    let words = [
        NewMessage::new(id, 0, Role::User, SAID, Utc::now()),
        NewMessage::new(id, 1, Role::Assistant, "It is noted now.", Utc::now()),
    ];
    let stored = MessageRepository::new(db).insert(&words).await;
    assert_eq!(stored.unwrap(), 2);
    (id, started.profile_id)
}

/// A device with two calls, merged into the customer sarah; device, customer and one of the calls.
pub(crate) async fn merged(test: &TestDatabase) -> (ProfileId, ProfileId, SessionId) {
    let profiles = ProfileRepository::new(&test.db);
    let sarah = profiles
        .create_authenticated_profile("sarah", None, None)
        .await
        .unwrap();
    call(&test.db, "device-one").await;
    let (session, device) = call(&test.db, "device-one").await;
    let outcome = profiles
        .merge_anonymous_to_authenticated(device, sarah, "caller", Some("code"), false)
        .await;
    assert!(outcome.unwrap().is_merged());
    (device, sarah, session)
}

pub(crate) async fn ask(server: &Server, profile: ProfileId, key: &str, body: &Value) -> Response {
    let request = server.posting(&format!("/v1/profiles/{profile}/unmerge"));
    answer(request.bearer_auth(key).json(body)).await
}

pub(crate) async fn history(server: &Server, profile: ProfileId, key: &str) -> Value {
    let response = server.get(&format!("/v1/profiles/{profile}"), key).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.expect("JSON")
}

pub(crate) async fn audit(db: &Database, action: &str) -> Vec<AuditEntry> {
    let mut log = AuditRepository::new(db).list(None, 200).await.unwrap();
    log.retain(|row| row.action == action);
    log
}

/// The number of the merge that an administrator is asked to confirm.
pub(crate) async fn shown(server: &Server, profile: ProfileId) -> Value {
    let path = format!("/v1/profiles/{profile}/unmerge");
    let response = server.get(&path, "changes").await;
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.expect("JSON")
}

/// These fields of an object alone.
pub(crate) fn part(object: &Value, names: &[&str]) -> Value {
    let named = names
        .iter()
        .map(|name| ((*name).to_owned(), object[*name].clone()));
    Value::Object(named.collect())
}
