//! The company's systems, over HTTP, that answer what the dialogue says they do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use knowledge::ToolAnswer;
use serde_json::{Value, json};

type Answers = Arc<Mutex<BTreeMap<String, ToolAnswer>>>;

/// A server of them.
pub(super) struct Systems {
    pub(super) url: String,
    answers: Answers,
}

impl Systems {
    pub(super) async fn start() -> Self {
        let answers = Answers::default();
        let app = Router::new()
            .route("/{tool}", get(choose).post(act))
            .with_state(answers.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::task::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, answers }
    }

    /// The next calls are answered so.
    pub(super) fn answer(&self, answers: &BTreeMap<String, ToolAnswer>) {
        self.answers.lock().unwrap().clone_from(answers);
    }
}

fn answer(answers: &Answers, tool: &str) -> Option<ToolAnswer> {
    answers.lock().unwrap().get(tool).cloned()
}

/// What there is to choose from.
async fn choose(State(answers): State<Answers>, Path(tool): Path<String>) -> Json<Value> {
    let options = answer(&answers, &tool).unwrap_or_default().options;
    let options: Vec<Value> = options
        .iter()
        .map(|value| json!({ "value": value }))
        .collect();
    Json(json!({ "options": options }))
}

/// A deed.
async fn act(
    State(answers): State<Answers>,
    Path(tool): Path<String>,
) -> (StatusCode, Json<Value>) {
    let (status, body) = match answer(&answers, &tool) {
        Some(ToolAnswer {
            declined: Some(reason),
            ..
        }) => (StatusCode::CONFLICT, json!({ "reason": reason })),
        Some(ToolAnswer { fails: true, .. }) => (StatusCode::BAD_REQUEST, json!({})),
        // What stands before the system may have passed it on.
        Some(ToolAnswer { unknown: true, .. }) => (StatusCode::BAD_GATEWAY, json!({})),
        Some(ToolAnswer { fields, .. }) => (StatusCode::OK, json!(fields)),
        None => (StatusCode::OK, json!({ "reference": "RF 100 200" })),
    };
    (status, Json(body))
}
