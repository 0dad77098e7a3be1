//! `teller demo-backend` as a process of its own: asked over HTTP, killed, started anew.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use call::{AuthLevel, SessionId};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use uuid::Uuid;

use tools::{
    BoxFuture, DeclaredDeed, DeclaredOptions, DeedConfig, Deeds, Effect, Intent, NotRecorded,
    Outcome, Registry, Request, Tool, ToolCallLog, ToolCaller,
};

use crate::{
    pack_tests::{copy, told},
    support::fixtures::root,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A copy of the bank's pack with a state file beside it; removed when dropped.
struct Scene(PathBuf);

/// A running back end.
struct Backend {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
    http: reqwest::Client,
}

impl Scene {
    fn new() -> Self {
        let name = format!("teller-backend-{}", Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(name);
        copy(&root().join("packs/bank/demo"), &folder.join("demo"));
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("demo/backend.toml")
    }

    fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(from), "{from} is not in the file");
        std::fs::write(self.file(), text.replacen(from, to, 1)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_teller"));
        command
            .arg("demo-backend")
            .arg(&self.0)
            .args(arguments)
            .env_clear()
            .current_dir(root())
            .kill_on_drop(true);
        command
    }

    async fn start(&self) -> Backend {
        let state = self.0.join("state.jsonl");
        let mut command = self.command(&["--listen", "127.0.0.1:0", "--state"]);
        command.arg(state).env("BACKEND_TOKEN", "secret");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(PATIENCE, lines.next_line()).await;
        let first = first.expect("it says where it listens").unwrap().unwrap();
        let url = first
            .strip_prefix("listening at ")
            .expect(&first)
            .to_owned();
        let http = reqwest::Client::new();
        Backend {
            child,
            lines,
            url,
            http,
        }
    }

    /// Exit code and standard error of a start that fails.
    async fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output();
        let output = timeout(PATIENCE, output).await.expect("it ends").unwrap();
        (output.status.code(), told(&output).1)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Backend {
    fn post(&self, deed: &str, key: Uuid, arguments: &Value) -> reqwest::RequestBuilder {
        let body = json!({"customer": "sarah", "arguments": arguments, "session": Uuid::new_v4()});
        self.http
            .post(format!("{}/{deed}", self.url))
            .bearer_auth("secret")
            .header("idempotency-key", key.to_string())
            .json(&body)
    }

    async fn asked(&self, deed: &str, key: Uuid, arguments: &Value) -> (u16, Value) {
        let answer = self.post(deed, key, arguments).send().await.unwrap();
        let named = answer.headers()["idempotency-key"].to_str().unwrap();
        assert_eq!(named, key.to_string(), "an answer names its call");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}/{path}", self.url));
        let answer = request.bearer_auth("secret").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("a line is printed").unwrap().expect("it runs")
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn a_deed_whose_server_was_killed_before_it_answered_is_done_once() {
    let scene = Scene::new();
    // It is done at once and answered much later: killed meanwhile, it is in the middle of it.
    scene.edit(
        "name = \"block_card\"",
        "name = \"block_card\"\nanswer_after_ms = 60000",
    );
    let (key, card) = (Uuid::new_v4(), json!({"card": "debit"}));
    let mut backend = scene.start().await;
    let request = backend.post("block_card", key, &card).send();
    let waiting = tokio::spawn(request);
    let line = backend.line().await;
    assert!(line.ends_with(&format!("block_card {key} done")), "{line}");
    assert!(!line.contains("sarah") && !line.contains("debit"), "{line}");
    backend.kill().await;
    let unanswered = waiting.await.unwrap();
    assert!(unanswered.is_err(), "its connection broke");

    let mut backend = scene.start().await;
    let (status, kept) = backend.get(&format!("block_card/calls/{key}")).await;
    assert_eq!((status, &kept["state"]), (200, &json!("blocked")));
    let again = backend.asked("block_card", key, &card).await;
    assert_eq!(again, (200, kept), "as it would have been answered");
    let line = backend.line().await;
    assert!(line.ends_with("answered again"), "{line}");
    let (status, _) = backend
        .get(&format!("block_card/calls/{}", Uuid::new_v4()))
        .await;
    assert_eq!(status, 404, "that key never arrived");
}

#[tokio::test]
async fn requests_at_the_same_time_under_one_key_do_it_once() {
    let scene = Scene::new();
    let mut backend = scene.start().await;
    let slot = backend.get("free_slots?branch=airport").await.1["options"][5]["value"].clone();
    let (key, arguments) = (Uuid::new_v4(), json!({"slot": slot, "branch": "airport"}));
    let both = [(); 8].map(|()| backend.asked("book_appointment", key, &arguments));
    let answers = futures_util::future::join_all(both).await;
    let first = answers.first().unwrap();
    assert_eq!(first.0, 200, "{first:?}");
    for answer in &answers {
        assert_eq!(answer, first);
    }
    let mut done = 0;
    for _ in 0..8 {
        done += usize::from(backend.line().await.ends_with(" done"));
    }
    assert_eq!(done, 1);
    let (status, _) = backend
        .asked("cancel_appointment", Uuid::new_v4(), &json!({}))
        .await;
    assert_eq!(status, 200);
    let others = [(); 8].map(|()| backend.asked("book_appointment", Uuid::new_v4(), &arguments));
    let others = futures_util::future::join_all(others).await;
    let booked = others.iter().filter(|(status, _)| *status == 200);
    assert_eq!(booked.count(), 1, "one time, eight keys: {others:?}");
}

#[tokio::test]
async fn whoever_has_not_the_token_or_asks_otherwise_is_refused() {
    let scene = Scene::new();
    let backend = scene.start().await;
    let url = format!("{}/block_card", backend.url);
    let without = backend.http.post(&url).body("{}").send().await.unwrap();
    assert_eq!(without.status(), 401);
    let key = Uuid::new_v4().to_string();
    for (header, body, status) in [
        ("x-other", "{}", 400),
        ("idempotency-key", "<html>", 400),
        ("idempotency-key", "{\"customer\": 7}", 400),
    ] {
        let request = backend.http.post(&url).bearer_auth("secret");
        let answer = request
            .header(header, &key)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{header} {body}");
        let reason: Value = answer.json().await.unwrap();
        assert!(
            reason["reason"].as_str().unwrap().contains("accepted"),
            "{reason}"
        );
    }
    let flood = backend.post(
        "block_card",
        Uuid::new_v4(),
        &json!({"card": "x".repeat(100_000)}),
    );
    assert_eq!(flood.send().await.unwrap().status(), 413);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of mistakes")]
async fn a_file_that_is_wrong_is_refused_with_key_value_and_what_is_accepted() {
    for (from, to, parts) in [
        (
            "customers = \"customers.csv\"",
            "customers = \"nobody.csv\"",
            &["nobody.csv"][..],
        ),
        (
            "utc_offset = \"+02:00\"",
            "utc_offset = \"Harare\"",
            &["utc_offset", "\"Harare\"", "+02:00"],
        ),
        (
            "spoken_date = \"%-d %B\"",
            "spoken_date = \"%Q\"",
            &["spoken_date", "%Q", "%A %-d %B"],
        ),
        (
            "[records.sarah]",
            "[records.sara]",
            &["records", "\"sara\"", "sarah"],
        ),
        ("[[lookup]]", "[[lookups]]", &["lookups", "lookup"]),
        (
            "name = \"block_card\"",
            "name = \"Block Card\"",
            &["deed: name", "\"Block Card\"", "lower-case"],
        ),
        (
            "name = \"travel_notice\"",
            "name = \"block_card\"",
            &["deed: name", "\"block_card\"", "no name twice"],
        ),
        (
            "reference = \"{reference}\"",
            "reference = \"{reference\"",
            &["{reference", "brace"],
        ),
        (
            "reference = \"{reference}\"",
            "reference = \"{referenz}\"",
            &["deed block_card: answer", "{referenz}", "reference"],
        ),
        ("mon-sun", "sun-mon", &["sun-mon", "mon-fri"]),
        ("08:00-16:00", "8 to 4", &["8 to 4", "08:00-16:00"]),
        ("days = 10", "days = 1000", &["days", "1000", "1 to 60"]),
        ("action = \"book\"", "action = \"buy\"", &["buy", "book"]),
        (
            "name = \"free_slots\", action",
            "name = \"slots\", action",
            &["calendar", "\"slots\"", "free_slots"],
        ),
        (
            "when = { \"dispute.of\"",
            "when = { \"disputed.of\"",
            &["deed dispute_transaction: rule", "disputed", "dispute"],
        ),
        (
            "decline = \"There",
            "answer = {}\ndecline = \"There",
            &["deed block_card: rule", "one of them"],
        ),
    ] {
        let scene = Scene::new();
        scene.edit(from, to);
        let (code, said) = scene.refused(&["--listen", "127.0.0.1:0"]).await;
        assert_eq!(code, Some(2), "{to}: {said}");
        let file = if to.contains("nobody.csv") {
            "nobody.csv"
        } else {
            "demo/backend.toml"
        };
        for part in parts.iter().chain([&file]) {
            assert!(said.contains(part), "{to}: {part} is missing in: {said}");
        }
    }
}

#[tokio::test]
async fn what_it_is_started_with_is_checked_first() {
    let scene = Scene::new();
    let (code, said) = scene.refused(&["--listen", "0.0.0.0:0"]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("0.0.0.0:0") && said.contains("BACKEND_TOKEN"),
        "{said}"
    );
    let state = scene.0.join("state");
    std::fs::write(&state, "rubbish\n").unwrap();
    let state = state.to_str().unwrap();
    let (code, said) = scene
        .refused(&["--listen", "127.0.0.1:0", "--state", state])
        .await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(state) && said.contains("line 1"), "{said}");
    std::fs::remove_file(scene.file()).unwrap();
    let (code, said) = scene.refused(&[]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("demo/backend.toml"), "{said}");
}

/// A record that takes everything.
struct Kept;

impl ToolCallLog for Kept {
    fn intend(&self, _: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        Box::pin(async { Ok(()) })
    }

    fn finish(
        &self,
        _: SessionId,
        _: Uuid,
        _: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_conversation_has_its_deeds_done_there() {
    let scene = Scene::new();
    // Longer than the conversation waits: it asks by the key what came of it.
    scene.edit(
        "name = \"block_card\"",
        "name = \"block_card\"\nanswer_after_ms = 60000",
    );
    let backend = scene.start().await;
    let deeds = Deeds::new(DeedConfig {
        url: backend.url.clone(),
        token: Some("secret".into()),
        time: Duration::from_secs(3),
    });
    let deeds = deeds.unwrap();
    let deed = |name: &str| DeclaredDeed {
        name: name.to_owned(),
        description: name.to_owned(),
        needs_proof: true,
        consent: false,
        arguments: json!({"type": "object"}),
        effect: Effect::Status,
    };
    let slots = DeclaredOptions {
        name: "free_slots".to_owned(),
        description: "free times".to_owned(),
        needs_proof: false,
        arguments: json!({"type": "object"}),
    };
    let tools: Vec<Arc<dyn Tool>> = vec![
        Arc::new(deeds.tool(&deed("block_card")).unwrap()),
        Arc::new(deeds.tool(&deed("book_appointment")).unwrap()),
        Arc::new(deeds.options(&slots).unwrap()),
    ];
    let registry = Registry::new(SessionId::new(), tools, Arc::new(Kept), Vec::new());
    let asked = async |tool: &str, seq: i32, arguments: Value| {
        let caller = ToolCaller {
            customer: Some("sarah".to_owned()),
            level: AuthLevel::OneTimeCode,
            ..ToolCaller::default()
        };
        let outcome = registry.call(Request {
            tool: tool.to_owned(),
            seq,
            round: 0,
            arguments,
            consent: true,
            caller,
        });
        match outcome.await {
            Outcome::Success(result) => result,
            other => panic!("{tool}: {other:?}"),
        }
    };
    let blocked = asked("block_card", 0, json!({"card": "debit"})).await;
    assert_eq!(blocked["state"], "blocked", "{blocked}");
    let free = asked("free_slots", 2, json!({"branch": "airport"})).await;
    let slot = &free["options"][3];
    let arguments = json!({"branch": "airport", "slot": slot["value"]});
    let booked = asked("book_appointment", 4, arguments).await;
    assert_eq!(booked["spoken"], slot["spoken"], "{booked}");
}
