//! What is asked of the company's systems, and who.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

#[tokio::test]
async fn a_deed_says_for_whom_with_what_and_under_which_key() {
    let (desk, url) = Desk::open().await;
    for url in [format!("{url}/"), url] {
        let tool = deeds(&url, DeedConfig::TIME).tool(&renewal(Effect::Idempotent));
        let done = call(&tool.unwrap(), &ana(), json!({"book": "4711"})).await;
        assert_eq!(done, Ok(json!({"reference": KEY.to_string()})));
    }
    let expected = json!({
        "customer": "ana", "arguments": {"book": "4711"}, "session": SESSION.0.to_string(),
    });
    let seen = desk.seen();
    for (method, address, body) in &seen.requests {
        assert_eq!(
            (method.as_str(), address.as_str()),
            ("POST", "/desk/renew_book")
        );
        assert_eq!(*body, expected);
    }
    for headers in &seen.headers {
        assert_eq!(headers["authorization"], "Bearer secret");
        assert_eq!(headers["idempotency-key"], KEY.to_string().as_str());
        assert_eq!(headers["content-type"], "application/json");
    }
    assert_eq!(seen.requests.len(), 2);
}

#[tokio::test]
async fn without_a_name_there_only_what_needs_none_is_done() {
    let (desk, url) = Desk::open().await;
    let mut declared = renewal(Effect::Idempotent);
    let stranger = ToolCaller::default();
    let proven = deeds(&url, DeedConfig::TIME).tool(&declared).unwrap();
    assert_eq!(proven.needs(), AuthLevel::OneTimeCode);
    let refused = call(&proven, &stranger, json!({"book": "4711"})).await;
    assert_eq!(refused, Err(ToolError::NotFound));
    assert_eq!(desk.requests("POST"), 0, "nothing was asked");

    declared.needs_proof = false;
    let open = deeds(&url, DeedConfig::TIME).tool(&declared).unwrap();
    assert_eq!(open.needs(), AuthLevel::Anonymous);
    let done = call(&open, &stranger, json!({"book": "4711"})).await;
    assert!(done.is_ok(), "{done:?}");
    let (_, _, body) = desk.seen().requests.remove(0);
    assert_eq!(body["customer"], Value::Null);
}

#[tokio::test]
async fn a_status_is_what_the_request_was_answered() {
    let (desk, url) = Desk::open().await;
    let tool = deeds(&url, DeedConfig::TIME).tool(&renewal(Effect::Status));
    let tool = tool.unwrap();
    assert_eq!(tool.status(KEY).await, Ok(None), "it never arrived");
    let done = call(&tool, &ana(), json!({"book": "4711"})).await.unwrap();
    assert_eq!(tool.status(KEY).await, Ok(Some(done)));
    let (method, address, _) = desk.seen().requests.remove(0);
    let expected = format!("/desk/renew_book/calls/{KEY}");
    assert_eq!((method, address), ("GET".to_owned(), expected));
    let away = deeds("http://127.0.0.1:1", DeedConfig::TIME);
    let away = away.tool(&renewal(Effect::Status)).unwrap();
    let unknown = away.status(KEY).await;
    assert!(matches!(unknown, Err(ToolError::Unclear(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_request_that_never_left_failed_and_names_nobody() {
    let tool = deeds("http://127.0.0.1:1", DeedConfig::TIME);
    let tool = tool.tool(&renewal(Effect::Once)).unwrap();
    let error = call(&tool, &ana(), json!({"book": "4711"})).await;
    let error = error.expect_err("nothing listens");
    assert!(matches!(error, ToolError::Failed(_)), "{error}");
    let text = error.to_string();
    assert!(!text.contains("ana") && !text.contains("4711"), "{text}");
}

#[tokio::test]
async fn a_deed_is_never_sent_on_a_connection_that_was_used_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tool = deeds(&url, DeedConfig::TIME).tool(&renewal(Effect::Once));
    let tool = tool.unwrap();
    // Whoever keeps connections open and one day does not: each is answered once and stays open until the next came.
    let server = async {
        let mut open = Vec::new();
        for _ in 0..3 {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let _ = connection.read(&mut request).await.unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            connection.write_all(answer.as_bytes()).await.unwrap();
            open.push(connection);
        }
    };
    let caller = ana();
    let asked = async {
        for _ in 0..3 {
            let done = call(&tool, &caller, json!({"book": "4711"})).await;
            assert_eq!(done, Ok(json!({})));
        }
    };
    let both = async { tokio::join!(server, asked) };
    let ended = tokio::time::timeout(Duration::from_secs(30), both).await;
    ended.expect("a connection was used twice");
}

#[tokio::test]
async fn options_are_asked_for_by_their_arguments() {
    let (desk, url) = Desk::open().await;
    let declared = DeclaredOptions {
        name: "free_rooms".to_owned(),
        description: "Finds rooms that are free.".to_owned(),
        needs_proof: false,
        arguments: json!({"type": "object"}),
    };
    let tool = deeds(&url, DeedConfig::TIME).options(&declared).unwrap();
    assert_eq!(tool.spec().effect, Effect::Reads);
    let caller = ana();
    let found = call(
        &tool,
        &caller,
        json!({"day": "a&b=c#", "seats": 4, "quiet": true, "of": ["x"]}),
    );
    let expected =
        json!({"options": [{"value": "r12", "spoken": "the blue room"}, {"value": "r14"}]});
    assert_eq!(found.await, Ok(expected));
    let (method, address, _) = desk.seen().requests.remove(0);
    assert_eq!(method, "GET");
    let (path, query) = address.split_once('?').unwrap();
    assert_eq!(path, "/desk/free_rooms");
    let mut parts: Vec<&str> = query.split('&').collect();
    parts.sort_unstable();
    assert_eq!(
        parts,
        ["customer=ana", "day=a%26b%3Dc%23", "quiet=true", "seats=4"]
    );

    let none = call(&tool, &ToolCaller::default(), json!({"day": "none"})).await;
    assert_eq!(none, Err(ToolError::NotFound));
    for day in ["moved", "rubbish", "flood"] {
        let error = call(&tool, &ToolCaller::default(), json!({"day": day})).await;
        assert!(
            matches!(error, Err(ToolError::Failed(_))),
            "{day}: {error:?}"
        );
    }
    assert_eq!(desk.requests("ELSEWHERE"), 0, "a redirect was followed");
}

#[test]
fn a_deed_that_is_declared_wrong_is_named_with_what_is_accepted() {
    let deeds = deeds("http://127.0.0.1:1", DeedConfig::TIME);
    for name in ["", "..", "a/b", "Renew", "renew book", &"a".repeat(61)] {
        let mut declared = renewal(Effect::Once);
        declared.name = name.to_owned();
        let text = deeds.tool(&declared).unwrap_err().to_string();
        assert!(text.contains(name) && text.contains("lower-case"), "{text}");
    }
    let mut declared = renewal(Effect::Once);
    declared.arguments = json!({"type": "books"});
    let text = deeds.tool(&declared).unwrap_err().to_string();
    assert!(text.contains("renew_book"), "{text}");
    let text = deeds.tool(&renewal(Effect::Reads)).unwrap_err().to_string();
    assert!(text.contains("idempotent, status, once"), "{text}");
    for url in ["desk", "http://"] {
        let config = DeedConfig {
            url: url.to_owned(),
            token: None,
            time: DeedConfig::TIME,
        };
        assert!(Deeds::new(config).is_err(), "{url}");
    }
}
