//! Look-ups with an address of their own.

use std::sync::{Arc, Mutex};

use axum::http::Uri;

use super::*;

/// A desk that answers how many wait, to whoever has its token; and what it was asked, with which tokens.
async fn desk() -> (u16, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let answer = move |headers: HeaderMap, uri: Uri| {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (bearer, own) = (text("authorization"), text("x-api-key"));
        let tokens: Vec<&str> = bearer.into_iter().chain(own).collect();
        seen.lock()
            .unwrap()
            .push(format!("{uri} {}", tokens.join(" ")));
        let answer = match uri.path() {
            "/queues/north%20%26%20co%2F..%3F" | "/queues/north" => {
                (StatusCode::OK, r#"{"waiting": 4, "more": [1]}"#.to_owned())
            }
            "/queues/moved" => (StatusCode::FOUND, String::new()),
            "/queues/flood" => (StatusCode::OK, "x".repeat(LIMITS.bytes * 4)),
            "/queues/broken" => (StatusCode::BAD_GATEWAY, String::new()),
            "/queues/list" => (StatusCode::OK, "[4]".to_owned()),
            _ => (StatusCode::NOT_FOUND, String::new()),
        };
        async move { answer }
    };
    let app = axum::Router::new().fallback(get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "the test's own server")]
    tokio::spawn(async move { axum::serve(listener, app).await });
    (port, asked)
}

fn config() -> LookupConfig {
    LookupConfig {
        private_hosts: HostList::new(["127.0.0.1"]).unwrap(),
        tokens: [("LOOKUP_TOKEN_DESK".to_owned(), "secret".into())].into(),
        ..LookupConfig::default()
    }
}

fn declared(address: &str, parameters: &[&str]) -> DeclaredLookup {
    DeclaredLookup {
        name: "queue".to_owned(),
        address: Some(address.to_owned()),
        credential: Some("LOOKUP_TOKEN_DESK".to_owned()),
        parameters: parameters.iter().map(|&name| name.to_owned()).collect(),
        ..DeclaredLookup::default()
    }
}

async fn call(
    tool: &LookupTool,
    arguments: Value,
    customer: Option<&str>,
) -> Result<Value, ToolError> {
    let caller = ToolCaller {
        customer: customer.map(str::to_owned),
        ..ToolCaller::default()
    };
    let call = ToolCall {
        session: call::SessionId::new(),
        seq: 0,
        arguments: &arguments,
        key: KEY,
        caller: &caller,
    };
    tool.call(call).await
}

#[tokio::test]
async fn everybody_is_answered_from_an_address_of_the_packs_own() {
    let (port, asked) = desk().await;
    let lookups = Lookups::new(config()).unwrap();
    let address = format!("http://127.0.0.1:{port}/queues/{{branch}}?day={{day}}&of=all");
    let bearer = declared(&address, &["branch", "day"]);
    let in_header = DeclaredLookup {
        header: Some("x-api-key".to_owned()),
        ..bearer.clone()
    };
    for declared in [bearer, in_header] {
        let tool = lookups.tool(&declared).unwrap();
        assert_eq!(tool.needs(), AuthLevel::Anonymous);
        let arguments = json!({"branch": "north & co/..?", "day": "a=b&c#d"});
        let found = call(&tool, arguments, None).await;
        assert_eq!(found, Ok(json!({"waiting": "4"})));
    }
    let to = "/queues/north%20%26%20co%2F..%3F?day=a%3Db%26c%23d&of=all";
    assert_eq!(
        *asked.lock().unwrap(),
        [format!("{to} Bearer secret"), format!("{to} secret")],
        "a value is a value, and the token is where the pack wants it"
    );
}

#[tokio::test]
async fn a_value_leads_nowhere_else() {
    let (port, asked) = desk().await;
    let lookups = Lookups::new(config()).unwrap();
    let tool = |template: &str| {
        let address = format!("http://127.0.0.1:{port}{template}");
        lookups.tool(&declared(&address, &["branch"])).unwrap()
    };
    for value in ["..", ".", "", "/", "%"] {
        let found = call(
            &tool("/queues/{branch}/all"),
            json!({"branch": value}),
            None,
        )
        .await;
        assert_eq!(found, Err(ToolError::NotFound), "{value:?}");
    }
    let missing = call(&tool("/queues/{branch}"), json!({}), None).await;
    assert_eq!(missing, Err(ToolError::NotFound));
    let stranger = call(&tool("/of/{customer}"), json!({}), None).await;
    assert_eq!(stranger, Err(ToolError::NotFound));
    assert!(asked.lock().unwrap().is_empty(), "nothing was asked");
    let of = call(&tool("/of/{customer}"), json!({}), Some("ana/../b")).await;
    assert_eq!(of, Err(ToolError::NotFound), "nobody there");
    assert_eq!(
        *asked.lock().unwrap(),
        ["/of/ana%2F..%2Fb Bearer secret"],
        "the customer's name is a value too"
    );
}

#[tokio::test]
async fn what_is_no_record_is_an_error_that_names_nothing_of_the_question() {
    let (port, _) = desk().await;
    let lookups = Lookups::new(config()).unwrap();
    let address = format!("http://127.0.0.1:{port}/queues/{{branch}}");
    let tool = lookups.tool(&declared(&address, &["branch"])).unwrap();
    for branch in ["moved", "flood", "broken", "list"] {
        let error = call(&tool, json!({"branch": branch}), None).await;
        let error = error.expect_err(branch);
        assert!(matches!(error, ToolError::Failed(_)), "{branch}: {error}");
        let text = error.to_string();
        assert!(!text.contains(branch) && !text.contains("secret"), "{text}");
    }
    let unknown = call(&tool, json!({"branch": "west"}), None).await;
    assert_eq!(unknown, Err(ToolError::NotFound));
}

#[tokio::test]
async fn an_address_that_nobody_allowed_is_refused() {
    let (port, asked) = desk().await;
    let unnamed = LookupConfig {
        private_hosts: HostList::default(),
        // The company's own host is allowed for its own URL, and for that alone.
        url: Some(format!("http://127.0.0.1:{port}/")),
        ..config()
    };
    let lookups = Lookups::new(unnamed).unwrap();
    for address in [
        format!("http://127.0.0.1:{port}/queues/north"),
        "http://desk.example.com/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
    ] {
        let refused = lookups.tool(&declared(&address, &[])).unwrap_err();
        assert!(refused.is_mistake(), "{refused}");
        for part in ["queue", &address, "https://", "LOOKUP_PRIVATE_HOSTS"] {
            assert!(refused.to_string().contains(part), "{refused}");
        }
    }
    // Over https a private address is refused when it is connected to.
    let address = format!("https://127.0.0.1:{port}/queues/north");
    let tool = lookups.tool(&declared(&address, &[])).unwrap();
    let refused = call(&tool, json!({}), None).await.unwrap_err();
    assert!(refused.to_string().contains("not public"), "{refused}");
    assert!(asked.lock().unwrap().is_empty(), "nothing was asked");
}

#[test]
fn what_is_not_set_is_named() {
    let lookups = Lookups::new(LookupConfig::default()).unwrap();
    let own = declared("https://desk.example.com/", &[]);
    let missing = lookups.tool(&own).unwrap_err();
    assert!(!missing.is_mistake(), "{missing}");
    assert!(
        missing.to_string().contains("LOOKUP_TOKEN_DESK"),
        "{missing}"
    );
    let company = DeclaredLookup {
        address: None,
        credential: None,
        ..own
    };
    let missing = lookups.tool(&company).unwrap_err();
    assert!(missing.to_string().contains("LOOKUP_URL"), "{missing}");
}

#[test]
fn arguments_are_the_parameters_and_nothing_else() {
    let lookups = Lookups::new(config()).unwrap();
    let declared = declared("https://desk.example.com/{branch}", &["branch"]);
    let tool = lookups.tool(&declared).unwrap();
    let schema = jsonschema::validator_for(&tool.spec().arguments).unwrap();
    assert!(schema.is_valid(&json!({"branch": "north"})));
    for wrong in [
        json!({}),
        json!({"branch": 1}),
        json!({"branch": ""}),
        json!({"branch": "x".repeat(MAX_VALUE + 1)}),
        json!({"branch": "north", "day": "1"}),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}
