use std::collections::HashMap;

use axum::{
    extract::{Path, Query},
    http::HeaderMap,
    routing::get,
};

use super::*;

/// A company's system that answers by the customer's name, over real HTTP.
async fn system() -> String {
    let answer = |headers: HeaderMap,
                  Path(name): Path<String>,
                  Query(query): Query<HashMap<String, String>>| async move {
        let customer = query.get("customer").map_or("", String::as_str);
        let authorization = headers.get("authorization");
        if authorization.is_none_or(|value| value != "Bearer secret") {
            return (StatusCode::UNAUTHORIZED, String::new());
        }
        let answer = match (name.as_str(), customer) {
            ("books_on_loan", "ana & co") => {
                r#"{"count": 2, "fine": 1234567.80, "due": "2024-05-03", "late": false}"#.to_owned()
            }
            (_, "rubbish") => "<html>".to_owned(),
            (_, "list") => "[]".to_owned(),
            (_, "flood") => "x".repeat(MAX_BODY * 4),
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

fn lookups(url: String, token: Option<&str>) -> Lookups {
    let token = token.map(SecretString::from);
    Lookups::new(LookupConfig { url, token }).unwrap()
}

#[tokio::test]
async fn a_known_customers_record_is_text_as_it_was_written() {
    let url = system().await;
    for url in [format!("{url}/"), url] {
        let found = lookups(url, Some("secret"))
            .find("books_on_loan", "ana & co")
            .await
            .unwrap();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            found,
            [("count", "2"), ("due", "2024-05-03"), ("fine", "1234567.8")]
        );
    }
}

#[tokio::test]
async fn anything_but_a_record_is_an_error_that_names_no_customer() {
    let url = system().await;
    let known = lookups(url.clone(), Some("secret"));
    let unknown = known.find("books_on_loan", "nobody").await;
    assert_eq!(unknown, Err(ToolError::Unknown));
    for customer in ["rubbish", "list", "flood", "broken"] {
        let error = known
            .find("books_on_loan", customer)
            .await
            .expect_err(customer);
        assert!(matches!(error, ToolError::Failed(_)), "{customer}: {error}");
        assert!(!error.to_string().contains(customer), "named in {error}");
    }
    let without_token = lookups(url, None).find("books_on_loan", "ana & co").await;
    assert!(
        matches!(without_token, Err(ToolError::Failed(_))),
        "{without_token:?}"
    );
    let nowhere = lookups("http://127.0.0.1:1/".to_owned(), None);
    let error = nowhere
        .find("books_on_loan", "ana")
        .await
        .expect_err("nothing listens");
    assert!(!error.to_string().contains("ana"), "named in {error}");
}

#[tokio::test]
async fn a_caller_who_is_not_authenticated_is_not_asked_about() {
    let tool = lookups("http://127.0.0.1:1/".to_owned(), None).tool("books_on_loan");
    assert_eq!(tool.name(), "books_on_loan");
    assert_eq!(
        tool.call(&ToolCaller::default()).await,
        Err(ToolError::NotAuthenticated)
    );
}
