//! Replies that are written before it is known that their turn is over.

use std::pin::{Pin, pin};

use axum::{Router, http::StatusCode, routing::get};
use futures_util::poll;
use tools::{LookupConfig, Lookups};

use super::{
    model_server::{Behaviour, ModelServer, serve},
    *,
};

const CASH: &str = "How do I withdraw cash without a card?";
const FEE: &str = "And how much does it cost?";

/// What comes first of a reply: its end does not fit into `events` beside it.
async fn first(
    mut writing: Pin<&mut impl Future<Output = ()>>,
    events: &mut mpsc::Receiver<ReplyEvent>,
) -> Option<ReplyEvent> {
    tokio::select! {
        () = writing.as_mut() => panic!("a draft ended before its turn"),
        event = events.recv() => event,
    }
}

/// What is still to come of a reply, to its end.
async fn rest(mut events: mpsc::Receiver<ReplyEvent>) -> Replied {
    let mut sentences = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            ReplyEvent::Sentence(sentence) => sentences.push(sentence),
            ReplyEvent::Done(meta) => return Replied { sentences, meta },
        }
    }
    panic!("a reply ends with `Done`: {sentences:?}");
}

fn writes(text: &str) -> Behaviour {
    Behaviour::Writes(text.split_inclusive(' ').map(str::to_owned).collect())
}

#[tokio::test]
async fn a_draft_that_is_settled_is_the_reply_and_the_talk_goes_on_from_it() {
    let server = ModelServer::start(writes("You withdraw it with a code. ")).await;
    let (driver, _) = conversation(&replier(Some(server.config())), Vec::new());
    let (draft, reply) = driver.draft(turn(CASH));
    let (out, mut events) = mpsc::channel(1);
    let mut writing = pin!(reply.write(out));
    assert_eq!(
        first(writing.as_mut(), &mut events).await,
        Some(ReplyEvent::Sentence("You withdraw it with a code.".into())),
        "the first sentence is there before the turn is over"
    );
    assert!(draft.settle(), "nothing happened meanwhile");
    let ((), replied) = tokio::join!(writing, rest(events));
    assert_eq!(server.requests().len(), 1, "the model is asked once");
    driver.on(Event::ReplyWritten);
    driver.on(Event::AgentHeard("You withdraw it with a code.".into()));

    let after = super::reply(&driver, FEE).await;
    assert_eq!(after.meta.intent, replied.meta.intent, "{}", after.text());
    let told = server.requests()[1]["messages"].to_string();
    assert!(told.contains(CASH), "the turn is remembered: {told}");
}

#[tokio::test]
async fn a_draft_that_is_dropped_leaves_nothing_behind() {
    let server = ModelServer::start(writes("I can help you with that. ")).await;
    let (driver, _) = conversation(&replier(Some(server.config())), Vec::new());
    let before = format!("{:?}", driver.conversation());
    let (draft, reply) = driver.draft(turn(CASH));
    let (out, mut events) = mpsc::channel(1);
    let mut writing = pin!(reply.write(out));
    assert!(
        first(writing.as_mut(), &mut events).await.is_some(),
        "it is written"
    );
    drop(draft);
    writing.await;
    assert_eq!(format!("{:?}", driver.conversation()), before);

    super::reply(&driver, "Where is the branch?").await;
    let told = server.requests()[1]["messages"].to_string();
    assert!(
        !told.contains("without a card"),
        "words that nobody finished: {told}"
    );
}

/// A conversation with somebody who has proved who they are, and a system that knows their balance.
async fn at_the_company() -> (Driver, Rows) {
    let answer = get(async || (StatusCode::OK, r#"{"amount": "1250.5", "currency": "USD"}"#));
    let url = serve(Router::new().route("/account_balance", answer)).await;
    let lookups = LookupConfig {
        url: Some(url),
        ..LookupConfig::default()
    };
    let (bank, lookups) = (Arc::clone(&BANK), Lookups::new(lookups).unwrap());
    let replier = Replier::new(bank, ReplyConfig::default(), Some(lookups), None);
    let (driver, rows) = conversation(&replier, Vec::new());
    driver.on(proven());
    (driver, rows)
}

fn proven() -> Event {
    Event::Proven {
        name: "Ana".to_owned(),
        customer: "ana".to_owned(),
    }
}

#[tokio::test]
async fn no_tool_is_called_before_the_turn_is_over() {
    let (driver, rows) = at_the_company().await;
    let (draft, reply) = driver.draft(turn("What is my balance?"));
    let (out, events) = mpsc::channel(8);
    let mut writing = pin!(reply.write(out));
    assert!(poll!(&mut writing).is_pending());
    assert!(rows.all().is_empty(), "it was asked for: {:?}", rows.all());
    assert!(draft.settle());
    let ((), replied) = tokio::join!(writing, rest(events));
    assert!(replied.text().contains("1,250.50"), "{}", replied.text());
    assert_eq!(rows.all(), ["account_balance for turn 0", "success"]);
}

#[tokio::test]
async fn a_tool_of_a_dropped_draft_is_never_called() {
    let (driver, rows) = at_the_company().await;
    let (draft, reply) = driver.draft(turn("What is my balance?"));
    let (out, mut events) = mpsc::channel(8);
    let mut writing = pin!(reply.write(out));
    assert!(poll!(&mut writing).is_pending());
    drop(draft);
    writing.await;
    assert!(events.recv().await.is_none(), "it ends without a word");
    assert!(rows.all().is_empty(), "it was called: {:?}", rows.all());
}

#[tokio::test]
async fn a_draft_of_before_the_caller_proved_who_they_are_is_not_the_reply() {
    let (driver, _) = conversation(&replier(None), Vec::new());
    let (draft, _reply) = driver.draft(turn("What is my balance?"));
    driver.on(proven());
    let now = format!("{:?}", driver.conversation());
    assert!(!draft.settle(), "it was written for a stranger");
    assert_eq!(format!("{:?}", driver.conversation()), now);
}
