//! `/v1/demo/messages`.

use api::HttpConfig;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{answer, away, serve, settings};

const PATH: &str = "/v1/demo/messages";

#[tokio::test]
async fn demonstration_messages_are_there_only_when_switched_on() {
    for demo_messages in [true, false] {
        let settings = HttpConfig {
            demo_messages,
            ..settings()
        };
        let server = serve(settings, &away()).await;
        let post = async |message: Value| answer(server.posting(PATH).json(&message)).await;
        let message = json!({"to": "+15550100", "text": "Your code is 123456."});
        let sent = post(message).await;
        let shown = server.get(PATH, "").await;
        if !demo_messages {
            assert_eq!(sent.status(), StatusCode::NOT_FOUND);
            assert_eq!(shown.status(), StatusCode::NOT_FOUND);
            continue;
        }
        assert_eq!(sent.status(), StatusCode::NO_CONTENT);
        let shown: Value = shown.json().await.expect("JSON");
        assert_eq!(shown["messages"][0]["to"], "+15550100");
        assert_eq!(shown["messages"][0]["text"], "Your code is 123456.");
        let bad = post(json!({"to": 1})).await;
        assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
        for n in 0..25 {
            let sent = post(json!({"to": "+15550100", "text": format!("{n}")})).await;
            assert_eq!(sent.status(), StatusCode::NO_CONTENT);
        }
        let shown: Value = server.json(PATH).await;
        let messages = shown["messages"].as_array().expect("a list");
        assert_eq!((messages.len(), &messages[0]["text"]), (20, &json!("24")));
    }
}

#[tokio::test]
async fn demonstration_messages_stay_off_where_others_could_reach_them() {
    let settings = HttpConfig {
        demo_messages: true,
        bind: ([0, 0, 0, 0], 0).into(),
        ..settings()
    };
    let server = serve(settings, &away()).await;
    let url = format!("http://127.0.0.1:{}{PATH}", server.port());
    let shown = answer(reqwest::Client::new().get(url)).await;
    assert_eq!(shown.status(), StatusCode::NOT_FOUND);
}
