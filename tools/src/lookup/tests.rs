use std::collections::HashMap;

use super::*;
use crate::ToolCaller;
use axum::{
    extract::{Path, Query},
    http::HeaderMap,
    routing::get,
};

mod declared;

const KEY: Uuid = Uuid::from_u128(7);

/// A company's system that answers by the customer's name, over real HTTP.
async fn system() -> String {
    let answer = |headers: HeaderMap,
                  Path(name): Path<String>,
                  Query(query): Query<HashMap<String, String>>| async move {
        let customer = query.get("customer").map_or("", String::as_str);
        let is = |name, expected: &str| headers.get(name).is_some_and(|value| value == expected);
        if !is("authorization", "Bearer secret") {
            return (StatusCode::UNAUTHORIZED, String::new());
        }
        if !is("idempotency-key", &KEY.to_string()) {
            return (StatusCode::BAD_REQUEST, String::new());
        }
        let answer = match (name.as_str(), customer) {
            ("books_on_loan", "ana & co") => {
                r#"{"count": 2, "fine": 1234567.80, "due": "2024-05-03", "late": false}"#.to_owned()
            }
            (_, "rubbish") => "<html>".to_owned(),
            (_, "list") => "[]".to_owned(),
            (_, "flood") => "x".repeat(LIMITS.bytes * 4),
            (_, "broken") => return (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
            _ => return (StatusCode::NOT_FOUND, String::new()),
        };
        (StatusCode::OK, answer)
    };
    let app = axum::Router::new().route("/customers/{name}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test's own server")]
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/customers")
}

/// What `books_on_loan` finds at `url` for this customer.
async fn find(url: &str, token: Option<&str>, customer: Option<&str>) -> Result<Value, ToolError> {
    let config = LookupConfig {
        url: Some(url.to_owned()),
        token: token.map(SecretString::from),
        ..LookupConfig::default()
    };
    let declared = DeclaredLookup {
        name: "books_on_loan".to_owned(),
        needs_proof: true,
        ..DeclaredLookup::default()
    };
    let tool = Lookups::new(config).unwrap().tool(&declared).unwrap();
    let caller = ToolCaller {
        customer: customer.map(str::to_owned),
        ..ToolCaller::default()
    };
    let call = ToolCall {
        session: call::SessionId::new(),
        seq: 0,
        arguments: &Value::Null,
        key: KEY,
        caller: &caller,
    };
    tool.call(call).await
}

#[tokio::test]
async fn a_known_customers_record_is_text_as_it_was_written() {
    let url = system().await;
    for url in [format!("{url}/"), url] {
        let found = find(&url, Some("secret"), Some("ana & co")).await;
        let expected = json!({"count": "2", "due": "2024-05-03", "fine": "1234567.8"});
        assert_eq!(found, Ok(expected));
    }
}

#[tokio::test]
async fn anything_but_a_record_is_an_error_that_names_no_customer() {
    let url = system().await;
    let unknown = find(&url, Some("secret"), Some("nobody")).await;
    assert_eq!(unknown, Err(ToolError::NotFound));
    let unnamed = find(&url, Some("secret"), None).await;
    assert_eq!(unnamed, Err(ToolError::NotFound));
    for customer in ["rubbish", "list", "flood", "broken"] {
        let error = find(&url, Some("secret"), Some(customer)).await;
        let error = error.expect_err(customer);
        assert!(matches!(error, ToolError::Failed(_)), "{customer}: {error}");
        assert!(!error.to_string().contains(customer), "named in {error}");
    }
    let without_token = find(&url, None, Some("ana & co")).await;
    assert!(
        matches!(without_token, Err(ToolError::Failed(_))),
        "{without_token:?}"
    );
    let error = find("http://127.0.0.1:1/", None, Some("ana")).await;
    let error = error.expect_err("nothing listens");
    assert!(!error.to_string().contains("ana"), "named in {error}");
}
