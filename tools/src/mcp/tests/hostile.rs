//! Servers that do not do what they should: each call ends once, with a reason that quotes nothing of theirs.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{server::serve, *};

/// How a server answers a call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    Well,
    /// As an event, and the stream stays open.
    OpenStream,
    Hangs,
    /// Begins an answer and sends nothing more.
    Stalls,
    /// Begins an answer and closes the connection.
    BreaksOff,
    TenMegabytes,
    EndlessEvents,
    /// A result of another type.
    Lies,
    NoProtocol,
    NotJson,
    OtherId,
    Fails(u16),
    AnError,
    Redirects,
    AsksBack,
    Nothing,
}

/// A server that lists `get_rate` as it should and behaves to its calls as told.
async fn server(manner: Manner) -> String {
    let answer = move |headers: HeaderMap, Json(request): Json<Value>| async move {
        let id = request["id"].clone();
        match request["method"].as_str().unwrap_or_default() {
            "initialize" => result(
                &id,
                &json!({
                    "protocolVersion": request["params"]["protocolVersion"],
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "hostile", "version": "1" },
                }),
            ),
            "tools/list" => result(
                &id,
                &json!({ "tools": [{
                "name": "get_rate",
                "inputSchema": { "type": "object", "properties": {
                    "base": { "type": "string" }, "currency": { "type": "string" },
                } },
            }] }),
            ),
            "tools/call" => called(manner, &id, &headers).await,
            _ => StatusCode::ACCEPTED.into_response(),
        }
    };
    serve(Router::new().route("/", post(answer))).await
}

fn result(id: &Value, result: &Value) -> Response {
    Json(json!({ "jsonrpc": "2.0", "id": id, "result": result })).into_response()
}

async fn called(manner: Manner, id: &Value, _: &HeaderMap) -> Response {
    let good = json!({ "content": [{ "type": "text", "text": "0.92 of secret-account" }] });
    let typed =
        |kind: &'static str, body: Body| ([(header::CONTENT_TYPE, kind)], body).into_response();
    let chunks = |chunks: Vec<Bytes>| stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
    match manner {
        Manner::Well => result(id, &good),
        Manner::OpenStream => {
            use futures_util::StreamExt as _;
            let ping = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":1}}\n\n";
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": good });
            let events = vec![
                Bytes::from(ping),
                Bytes::from(format!("data: {answer}\n\n")),
            ];
            let open = chunks(events).chain(stream::pending());
            typed("text/event-stream", Body::from_stream(open))
        }
        Manner::Hangs => std::future::pending().await,
        Manner::Stalls => {
            use futures_util::StreamExt as _;
            let begun = chunks(vec![Bytes::from("{\"jsonrpc\":")]).chain(stream::pending());
            typed("application/json", Body::from_stream(begun))
        }
        Manner::BreaksOff => {
            use futures_util::StreamExt as _;
            let broken = stream::iter([Err(std::io::Error::other("gone"))]);
            let begun = chunks(vec![Bytes::from("{\"jsonrpc\":")]).chain(broken);
            typed("application/json", Body::from_stream(begun))
        }
        Manner::TenMegabytes => {
            let (head, text) = (
                "{\"jsonrpc\":\"2.0\",\"result\":{\"content\":[",
                "x".repeat(10_000_000),
            );
            let body = format!("{head}{{\"type\":\"text\",\"text\":\"{text}\"}}]}},\"id\":{id}}}");
            typed("application/json", Body::from(body))
        }
        Manner::EndlessEvents => {
            let event =
                Bytes::from("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n");
            let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(event.clone()));
            typed("text/event-stream", Body::from_stream(endless))
        }
        Manner::Lies => result(
            id,
            &json!({ "content": "secret-account", "isError": "maybe" }),
        ),
        Manner::NoProtocol => Json(json!({ "rate": "secret-account" })).into_response(),
        Manner::NotJson => typed("text/html", Body::from("<html>secret-account")),
        Manner::OtherId => result(&json!(987_654), &good),
        Manner::Fails(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, "secret-account").into_response()
        }
        Manner::AnError => Json(json!({
            "jsonrpc": "2.0", "id": id, "error": { "code": -32602, "message": "secret-account" },
        }))
        .into_response(),
        Manner::Redirects => {
            axum::response::Redirect::temporary("http://127.0.0.1:1/").into_response()
        }
        Manner::AsksBack => result(
            id,
            &json!({ "resultType": "input_required", "inputRequests": {} }),
        ),
        Manner::Nothing => result(id, &json!({ "content": [] })),
    }
}

#[tokio::test]
async fn a_server_that_misbehaves_ends_each_call_once_and_is_not_quoted() {
    for manner in [
        Manner::Hangs,
        Manner::Stalls,
        Manner::BreaksOff,
        Manner::TenMegabytes,
        Manner::EndlessEvents,
        Manner::Lies,
        Manner::NoProtocol,
        Manner::NotJson,
        Manner::OtherId,
        Manner::Fails(500),
        Manner::Fails(401),
        Manner::Fails(404),
        Manner::AnError,
        Manner::Redirects,
        Manner::AsksBack,
        Manner::Nothing,
    ] {
        let may_be_late = [Manner::Hangs, Manner::Stalls, Manner::OtherId].contains(&manner);
        let seconds = if may_be_late { 1 } else { 25 };
        let mcp = met(&server(manner).await, |tool| tool.seconds = seconds).await;
        assert_eq!(mcp.tools().len(), 1, "{manner:?}: it is listed");
        let begun = Instant::now();
        let outcome = call(&mcp, euro()).await;
        let took = begun.elapsed();
        match &outcome {
            Outcome::TimedOut => assert!(may_be_late, "{manner:?}: it was late"),
            Outcome::Failed(reason) => {
                assert!(
                    !reason.contains("secret"),
                    "{manner:?}: it quotes the server: {reason}"
                );
            }
            other => panic!("{manner:?}: {other:?}"),
        }
        assert!(
            took < Duration::from_secs(20),
            "{manner:?}: it took {took:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_is_taken_as_one_body_and_as_an_event_of_a_stream_that_stays_open() {
    for manner in [Manner::Well, Manner::OpenStream] {
        let mcp = met(&server(manner).await, |_| {}).await;
        let begun = Instant::now();
        let outcome = call(&mcp, euro()).await;
        let expected = Outcome::Success(json!({ "text": "0.92 of secret-account" }));
        assert_eq!(outcome, expected, "{manner:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{manner:?}: it waited for the end of the stream"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_has_no_tools_until_it_is_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mcp = met(&format!("http://{address}/"), |_| {}).await;
    assert!(mcp.tools().is_empty());
    let working = Arc::new(server(Manner::Well).await);
    let there = met(&working, |_| {}).await;
    assert_eq!(there.tools().len(), 1);
}

#[tokio::test]
async fn a_server_that_goes_away_between_two_calls_fails_the_second_alone() {
    let url = server(Manner::Well).await;
    let mcp = met(&url, |_| {}).await;
    let tools = mcp.tools();
    assert!(call(&mcp, euro()).await.is_success());
    // The same tool at an address where nobody listens.
    let gone = Mcp::new(&file("http://127.0.0.1:1/", |_| {}), &BTreeMap::new()).unwrap();
    *gone.entries[0].seen() = mcp.entries[0].seen().clone();
    let said = reason(call(&gone, euro()).await);
    assert!(said.contains("no connection"), "{said}");
    assert_eq!(
        gone.tools().len(),
        tools.len(),
        "it may be there again for the next call"
    );
}

#[tokio::test]
async fn a_token_goes_to_the_server_and_nowhere_else() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let answer = move |headers: HeaderMap| async move {
        let token = headers
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        kept.lock().unwrap().push(token);
        StatusCode::UNAUTHORIZED
    };
    let url = serve(Router::new().route("/", post(answer))).await;
    let mut file = file(&url, |_| {});
    file.servers[0].credential = Some("MCP_TOKEN_RATES".to_owned());
    let tokens = BTreeMap::from([("MCP_TOKEN_RATES".to_owned(), SecretString::from("hunter2"))]);
    let mcp = Mcp::new(&file, &tokens).unwrap();
    mcp.meet().await;
    assert_eq!(*seen.lock().unwrap(), [Some("Bearer hunter2".to_owned())]);
    assert!(mcp.tools().is_empty());
    assert!(!format!("{mcp:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_session_is_given_back_when_what_it_was_for_is_over() {
    let (given_back, returned) = tokio::sync::mpsc::channel(8);
    let answer = |headers: HeaderMap, Json(request): Json<Value>| async move {
        let id = request["id"].clone();
        let is_known = headers.get("mcp-session-id").is_some_and(|id| id == "s-1");
        match request["method"].as_str().unwrap_or_default() {
            "initialize" => {
                let greeting = result(
                    &id,
                    &json!({
                        "protocolVersion": request["params"]["protocolVersion"],
                        "capabilities": { "tools": {} },
                        "serverInfo": { "name": "sessions", "version": "1" },
                    }),
                );
                ([("mcp-session-id", "s-1")], greeting).into_response()
            }
            _ if !is_known => StatusCode::BAD_REQUEST.into_response(),
            "tools/list" => result(&id, &json!({ "tools": [] })),
            _ => StatusCode::ACCEPTED.into_response(),
        }
    };
    let end = move |headers: HeaderMap| async move {
        let session = headers["mcp-session-id"].to_str().unwrap().to_owned();
        given_back.send(session).await.unwrap();
        StatusCode::OK
    };
    let url = serve(Router::new().route("/", post(answer).delete(end))).await;
    met(&url, |_| {}).await;
    let mut returned = returned;
    let session = timeout(Duration::from_secs(30), returned.recv()).await;
    assert_eq!(session.expect("it is given back").as_deref(), Some("s-1"));
}
