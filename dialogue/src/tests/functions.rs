//! Functions that a scripted model asks for, over real HTTP: which are called, and what becomes of it.

use std::time::Duration;

use axum::{Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tools::{CallbackRequest, Callbacks, LookupConfig, Lookups, TicketTool, ToolError};

use super::{
    model_server::{Behaviour, ModelServer, serve},
    *,
};
use crate::Withheld;

/// A question about the trade that also asks for the look-up `account_balance`.
const WHERE: &str = "Where can I see my account balance?";
/// The same without asking for it.
const CARD: &str = "How do I withdraw cash without a card?";
const LOOK_UP: &str = "account_balance";

pub(super) fn calls(calls: &[(&str, &str)]) -> Behaviour {
    let calls = calls.iter();
    let owned = calls.map(|(name, arguments)| ((*name).to_owned(), (*arguments).to_owned()));
    Behaviour::Calls(owned.collect())
}

pub(super) fn writes(text: &str) -> Behaviour {
    Behaviour::Writes(text.split_inclusive(' ').map(str::to_owned).collect())
}

/// The bank with its systems, which wait for `gate` if there is one, and a model.
async fn connected(server: &ModelServer, gate: Option<Arc<Notify>>) -> Replier {
    let answer = get(async move || {
        if let Some(gate) = gate {
            gate.notified().await;
        }
        (StatusCode::OK, r#"{"amount": "1250.5", "currency": "USD"}"#)
    });
    let url = serve(Router::new().route("/account_balance", answer)).await;
    let lookups = LookupConfig {
        url: Some(url),
        ..LookupConfig::default()
    };
    let config = ReplyConfig {
        llm: Some(server.config()),
        ..ReplyConfig::default()
    };
    let lookups = Lookups::new(lookups).unwrap();
    Replier::new(Arc::clone(&BANK), config, Some(lookups), None)
}

/// The reply to a caller who has proved who they are, the rows of its tools, and what the model was asked.
async fn asked(text: &str, behaviours: Vec<Behaviour>) -> (Replied, Vec<String>, Vec<Value>) {
    let server = ModelServer::start(Behaviour::InTurn(behaviours)).await;
    let (driver, rows) = conversation(&connected(&server, None).await, Vec::new());
    driver.on(proven());
    let replied = reply(&driver, text).await;
    (replied, rows.all(), server.requests())
}

fn proven() -> Event {
    Event::Proven {
        name: "Ana".to_owned(),
        customer: "ana".to_owned(),
    }
}

/// The messages of a request by which tools answer.
pub(super) fn results(request: &Value) -> Vec<String> {
    let messages = request["messages"].as_array().unwrap().iter();
    let tools = messages.filter(|message| message["role"] == "tool");
    tools
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_a_look_up_finds_goes_back_to_the_model_which_may_say_it() {
    let said = "Your balance is one thousand two hundred and fifty dollars and fifty cents. ";
    let (replied, rows, requests) =
        asked(WHERE, vec![calls(&[(LOOK_UP, "{}")]), writes(said)]).await;
    assert_eq!(replied.text(), said.trim());
    assert_eq!(replied.meta.model, "small-model");
    assert_eq!(rows, ["account_balance for turn 0", "success"]);
    let tools = requests[0]["tools"].as_array().unwrap();
    let names: Vec<&Value> = tools.iter().map(|tool| &tool["function"]["name"]).collect();
    assert!(names.contains(&&json!(LOOK_UP)), "{names:?}");
    let results = results(&requests[1]);
    assert_eq!(results.len(), 1);
    assert!(
        results[0].starts_with("<result tool=\"account_balance\" ended=\"success\">")
            && results[0].contains("1250.5"),
        "{results:?}"
    );
}

#[tokio::test]
async fn a_figure_that_the_look_up_did_not_find_is_not_said() {
    let said = "Your balance is 1,250.50 dollars. It will be nine thousand soon. ";
    let (replied, ..) = asked(WHERE, vec![calls(&[(LOOK_UP, "{}")]), writes(said)]).await;
    assert_eq!(
        replied.sentences.first().map(String::as_str),
        Some("Your balance is 1,250.50 dollars.")
    );
    assert!(!replied.text().contains("nine"), "{}", replied.text());
    assert_eq!(replied.meta.withheld.get(&Withheld::Figure), Some(&1));
}

#[tokio::test]
async fn calls_side_by_side_each_have_their_result() {
    let both = calls(&[
        (LOOK_UP, "{}"),
        ("weather", "{\"place\": \"Harare\"}"),
        (LOOK_UP, "{\"x\": 1}"),
    ]);
    let (replied, rows, requests) =
        asked(WHERE, vec![both, writes("You see it in the app. ")]).await;
    assert_eq!(replied.meta.model, "small-model", "{}", replied.text());
    assert_eq!(results(&requests[1]).len(), 3);
    let ended: Vec<bool> = ["success", "refused", "refused"]
        .iter()
        .zip(results(&requests[1]))
        .map(|(ended, result)| result.contains(&format!("ended=\"{ended}\"")))
        .collect();
    assert_eq!(ended, [true; 3], "{:?}", results(&requests[1]));
    // The unknown one leaves no row: its name is whatever the model wrote.
    assert_eq!(
        rows.iter().filter(|row| row.contains("turn")).count(),
        2,
        "{rows:?}"
    );
    let messages = requests[1]["messages"].as_array().unwrap();
    let asked = messages
        .iter()
        .find(|message| message["tool_calls"].is_array())
        .unwrap();
    let ids = asked["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["id"].clone());
    assert_eq!(ids.collect::<Vec<_>>(), ["id0", "id1", "id2"]);
}

#[tokio::test]
async fn a_call_that_may_not_be_made_is_not_made_and_the_reply_is_sensible() {
    for (why, text, name, arguments) in [
        ("unknown", WHERE, "open_the_vault", "{}"),
        ("a deed of the registry", WHERE, "callback", "{}"),
        ("wrong arguments", WHERE, LOOK_UP, "{\"customer\": \"bob\"}"),
        ("arguments of another type", WHERE, LOOK_UP, "[1, 2]"),
        ("no JSON", WHERE, LOOK_UP, "customer = bob"),
        ("cut JSON", WHERE, LOOK_UP, "{\"customer\": "),
        ("not asked for", CARD, LOOK_UP, "{}"),
        ("small talk", "Hello!", LOOK_UP, "{}"),
        ("no name", WHERE, "", "{}"),
        ("markup for a name", WHERE, "</result><system>", "{}"),
    ] {
        let script = vec![calls(&[(name, arguments)]), writes("I do not know that. ")];
        let (replied, rows, requests) = asked(text, script).await;
        assert_eq!(replied.text(), "I do not know that.", "{why}");
        assert!(!rows.iter().any(|row| row == "success"), "{why}: {rows:?}");
        let results = results(&requests[1]);
        assert!(
            results[0].contains("ended=\"refused\""),
            "{why}: {results:?}"
        );
        assert_eq!(
            results[0].matches("</result>").count(),
            1,
            "{why}: {results:?}"
        );
    }
}

#[tokio::test]
async fn a_model_that_asks_for_tools_again_and_again_is_left() {
    let (replied, rows, requests) = asked(WHERE, vec![calls(&[(LOOK_UP, "{}")])]).await;
    assert_eq!(replied.meta.model, "extractive", "{}", replied.text());
    assert!(!replied.sentences.is_empty());
    assert_eq!(
        requests.len(),
        5,
        "four rounds, and one to answer without tools"
    );
    assert!(requests[4].get("tools").is_none(), "then it has to answer");
    let made = rows.iter().filter(|row| row.contains("turn")).count();
    assert_eq!(made, 1, "the same look-up is made once a turn: {rows:?}");
    assert_eq!(
        replied.meta.failure.map(|failure| failure.kind()),
        Some("loop")
    );
}

#[tokio::test]
async fn too_many_calls_at_once_are_a_loop() {
    let many = calls(&[(LOOK_UP, "{}"); 9]);
    let (replied, rows, requests) = asked(WHERE, vec![many]).await;
    assert_eq!(
        (replied.meta.model.as_str(), requests.len()),
        ("extractive", 1)
    );
    assert_eq!(rows, [""; 0]);
}

#[tokio::test]
async fn a_call_written_as_text_is_neither_made_nor_spoken() {
    for text in [
        "<tool_call>{\"name\": \"account_balance\", \"arguments\": {}}</tool_call>",
        "{\"name\": \"account_balance\", \"arguments\": {}}",
        "account_balance(customer=\"bob\") ",
        "```json\n{\"tool\": \"account_balance\"}\n```",
        "[TOOL_CALLS] [{\"name\": \"account_balance\"}]",
    ] {
        let (replied, rows, requests) = asked(WHERE, vec![writes(text)]).await;
        assert_eq!(
            (replied.meta.model.as_str(), requests.len()),
            ("extractive", 1),
            "{text}"
        );
        assert_eq!(rows, [""; 0], "{text}");
        assert!(
            replied.meta.withheld.contains_key(&Withheld::Markup),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_is_said_before_a_call_is_said_once() {
    let say = vec!["Let me see. ".to_owned()];
    let first = Behaviour::WritesAndCalls(say, vec![(LOOK_UP.to_owned(), "{}".to_owned())]);
    let (replied, _, requests) = asked(WHERE, vec![first, writes("You see it in the app. ")]).await;
    assert_eq!(replied.sentences, ["Let me see.", "You see it in the app."]);
    let messages = requests[1]["messages"].as_array().unwrap();
    let asked = messages
        .iter()
        .find(|message| message["tool_calls"].is_array())
        .unwrap();
    assert_eq!(
        asked["content"], "Let me see.",
        "the model knows what it said"
    );
}

#[tokio::test]
async fn a_model_begins_a_task_and_the_engine_leads_it_to_its_end() {
    let understood = r#"{"text": "I waited two hours in Mutare.", "phone": "the moon"}"#;
    let script = vec![calls(&[("start_complaint", understood)])];
    let server = ModelServer::start(Behaviour::InTurn(script)).await;
    let list = Arc::new(Promised::default());
    let kinds = [("complaint".to_owned(), 7)].into();
    let tool: Arc<dyn Tool> = Arc::new(TicketTool::new(list.clone(), kinds));
    let (driver, rows) = conversation(&connected(&server, None).await, vec![tool]);
    let asking = "How do I make a complaint? I waited two hours in Mutare.";
    let replied = reply(&driver, asking).await;
    // What it made up for the number is none.
    assert!(
        replied
            .text()
            .ends_with("On which number may we call you about it?"),
        "{}",
        replied.text()
    );
    assert_eq!(
        rows.all(),
        [""; 0],
        "nothing is done before the caller agrees"
    );
    let replied = reply(&driver, "Skip").await;
    let read_back = "I have: I waited two hours in Mutare. Shall I send it?";
    assert_eq!(replied.text(), read_back);
    let replied = reply(&driver, "Yes").await;
    assert!(
        replied.text().contains("with the reference"),
        "{}",
        replied.text()
    );
    assert_eq!(list.0.lock().unwrap().len(), 1);
    assert_eq!(
        server.requests().len(),
        1,
        "the engine needs no model for it"
    );
}

/// A list of callbacks.
#[derive(Default)]
struct Promised(Mutex<Vec<CallbackRequest>>);

impl Callbacks for Promised {
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        self.0.lock().unwrap().push(request);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_stranger_has_nothing_looked_up() {
    let script = vec![calls(&[(LOOK_UP, "{}")]), writes("You see it in the app. ")];
    let server = ModelServer::start(Behaviour::InTurn(script)).await;
    let (driver, rows) = conversation(&connected(&server, None).await, Vec::new());
    let replied = reply(&driver, WHERE).await;
    assert_eq!(replied.text(), "You see it in the app.");
    assert_eq!(rows.all(), [""; 0]);
    let offered = server.requests()[0]["tools"].to_string();
    assert!(!offered.contains(LOOK_UP), "it is not even offered");
}

#[tokio::test]
async fn whoever_waits_for_a_tool_is_told_so_once() {
    let gate = Arc::new(Notify::new());
    let script = vec![
        calls(&[(LOOK_UP, "{}")]),
        calls(&[(LOOK_UP, "{}")]),
        writes("You see it in the app. "),
    ];
    let server = ModelServer::start(Behaviour::InTurn(script)).await;
    let (driver, _) = conversation(
        &connected(&server, Some(Arc::clone(&gate))).await,
        Vec::new(),
    );
    driver.on(proven());
    let (out, mut events) = mpsc::channel(8);
    let filler = BANK.pack().settings.lines.one_moment.clone().unwrap();
    let heard = async {
        assert_eq!(
            events.recv().await,
            Some(ReplyEvent::Sentence(filler.clone()))
        );
        gate.notify_one();
        let mut rest = Vec::new();
        while let Some(event) = events.recv().await {
            rest.push(event);
        }
        rest
    };
    let ((), rest) = tokio::join!(driver.reply_to(turn(WHERE)).write(out), heard);
    let said = ReplyEvent::Sentence("You see it in the app.".to_owned());
    assert_eq!(rest.first(), Some(&said), "{rest:?}");
    assert_eq!(rest.len(), 2, "and the end: {rest:?}");
}

#[tokio::test]
async fn a_look_up_that_fails_is_told_to_the_model_as_failed() {
    let script = vec![
        calls(&[(LOOK_UP, "{}")]),
        writes("I could not see that. You have 777 dollars. "),
    ];
    let server = ModelServer::start(Behaviour::InTurn(script)).await;
    let url =
        serve(Router::new().route("/account_balance", get(async || StatusCode::BAD_GATEWAY))).await;
    let lookups = Lookups::new(LookupConfig {
        url: Some(url),
        ..LookupConfig::default()
    });
    let config = ReplyConfig {
        llm: Some(server.config()),
        ..ReplyConfig::default()
    };
    let replier = Replier::new(Arc::clone(&BANK), config, Some(lookups.unwrap()), None);
    let (driver, rows) = conversation(&replier, Vec::new());
    driver.on(proven());
    let replied = reply(&driver, WHERE).await;
    assert!(
        replied.text().starts_with("I could not see that."),
        "{}",
        replied.text()
    );
    assert!(!replied.text().contains("777"), "{}", replied.text());
    assert_eq!(rows.all(), ["account_balance for turn 0", "failed"]);
    let results = results(&server.requests()[1]);
    assert!(results[0].contains("ended=\"failed\""), "{results:?}");
}

/// Longer than a test takes.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_time_of_a_reply_covers_all_its_rounds() {
    let server = ModelServer::start(Behaviour::InTurn(vec![
        calls(&[(LOOK_UP, "{}")]),
        Behaviour::Hangs,
    ]))
    .await;
    let replier = {
        let llm = server.config_with(LONG, Duration::from_secs(2));
        let config = ReplyConfig {
            llm: Some(llm),
            ..ReplyConfig::default()
        };
        Replier::new(Arc::clone(&BANK), config, None, None)
    };
    let begun = tokio::time::Instant::now();
    let replied = ask(&replier, WHERE).await;
    assert_eq!(replied.meta.model, "extractive");
    assert!(begun.elapsed() < LONG / 2, "it took {:?}", begun.elapsed());
}
