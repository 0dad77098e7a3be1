//! With a model that behaves, and with models that do not.

use super::super::{Awaiting, LlmConfig, ReplyEvent};
use super::model_server::{Behaviour, ModelServer, chunk};
use super::{Replied, asks, replier, reply};
use axum::http::StatusCode;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

const QUESTION: &str = "How do I withdraw cash without a card?";

fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

async fn ask(behaviour: Behaviour) -> (Replied, Duration, ModelServer) {
    let server = ModelServer::start(behaviour).await;
    let begun = Instant::now();
    let replied = reply(&replier(Some(server.config()), None), asks(QUESTION)).await;
    (replied, begun.elapsed(), server)
}

/// The documents answered, in the time a caller can bear.
fn assert_documents_answered(replied: &Replied, took: Duration, why: &str) {
    assert_eq!(
        replied.meta.model,
        "extractive",
        "{why}: {}",
        replied.text()
    );
    assert!(
        replied.text().contains("*236#"),
        "{why}: {}",
        replied.text()
    );
    assert!(
        took < Duration::from_millis(1_200),
        "{why}: the caller waited {took:?}"
    );
}

#[tokio::test]
async fn a_model_phrases_the_passages_it_was_given() {
    let told = Behaviour::Tells(
        pieces("You can dial *236# on your phone. Then choose cash. "),
        Duration::ZERO,
    );
    let (replied, _, server) = ask(told).await;
    assert_eq!(
        replied.sentences,
        ["You can dial *236# on your phone.", "Then choose cash."]
    );
    assert_eq!(replied.meta.model, "small-model");
    assert!(
        replied.meta.llm_first_token.is_some(),
        "the first token is timed"
    );
    assert!(
        !replied.meta.sources.is_empty(),
        "the passages are its sources"
    );

    let requests = server.requests();
    assert_eq!(requests.len(), 1, "one question, one request");
    let request = requests[0].to_string();
    assert!(
        request.contains("*236#") && request.contains("Meridian Bank"),
        "passages and rules go along"
    );
    let last = requests[0]["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert!(last.contains(QUESTION), "the question comes last: {last}");
}

#[tokio::test]
async fn speech_can_start_with_the_first_sentence() {
    let told = Behaviour::Tells(
        pieces("Dial *236# now. It is quick. Then you are done."),
        Duration::from_millis(60),
    );
    let server = ModelServer::start(told).await;
    let replier = replier(Some(server.config()), None);
    let (out, mut events) = mpsc::channel(8);
    let begun = Instant::now();
    let first = async {
        let first = events.recv().await;
        let at = begun.elapsed();
        while events.recv().await.is_some() {}
        (first, at, begun.elapsed())
    };
    let ((), (first, at, end)) = tokio::join!(replier.reply(asks(QUESTION), out), first);
    assert_eq!(
        first,
        Some(ReplyEvent::Sentence("Dial *236# now.".to_owned()))
    );
    assert!(
        at + Duration::from_millis(200) < end,
        "the first sentence came at {at:?} of {end:?}"
    );
}

#[tokio::test]
async fn a_model_that_offers_a_person_can_be_answered_yes() {
    let offers = "That depends. Would you like a person to help you?";
    for (text, awaiting) in [
        (offers, Awaiting::CallbackConsent),
        ("Dial *236# for it. Did that help?", Awaiting::None),
        ("A person at the branch can help.", Awaiting::None),
    ] {
        let (replied, ..) = ask(Behaviour::Tells(pieces(text), Duration::ZERO)).await;
        assert_eq!(replied.meta.awaiting, awaiting, "{text}");
    }
}

#[tokio::test]
async fn small_talk_never_asks_the_model_nor_the_documents() {
    let server = ModelServer::start(Behaviour::Hangs).await;
    let replier = replier(Some(server.config()), None);
    for text in [
        "Hello!",
        "Thank you",
        "Who are you?",
        "What is the capital of France?",
        "Goodbye",
    ] {
        let replied = reply(&replier, asks(text)).await;
        assert_eq!(replied.meta.model, "pack", "{text}");
    }
    assert_eq!((replier.retrievals(), server.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_model_that_hangs_is_not_waited_for() {
    let (replied, took, _server) = ask(Behaviour::Hangs).await;
    assert_documents_answered(&replied, took, "it hangs");
    assert!(
        took >= Duration::from_millis(400),
        "it had its chance: {took:?}"
    );
}

#[tokio::test]
async fn a_model_that_fails_is_asked_once() {
    for status in [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::UNAUTHORIZED,
    ] {
        let (replied, took, server) = ask(Behaviour::Fails(status)).await;
        assert_documents_answered(&replied, took, status.as_str());
        assert_eq!(
            server.requests().len(),
            1,
            "a caller waits: {status} is not tried again"
        );
    }
}

#[tokio::test]
async fn rubbish_is_not_spoken() {
    let event = |text: &str| chunk(text, None);
    for (why, body) in [
        ("no JSON", "data: {{{{\n\n".to_owned()),
        ("no events", "<html>Welcome to nginx!</html>".to_owned()),
        ("nothing", String::new()),
        (
            "JSON of another kind",
            "data: {\"hello\": 1}\n\n".to_owned(),
        ),
        ("no text", chunk("", Some("stop"))),
        (
            "control characters",
            event("Dial\u{7}\u{1b}[31m now. ") + &event("Yes."),
        ),
        ("one endless word", event(&"A".repeat(5_000))),
        ("no stops", (0..400).map(|_| event("and then ")).collect()),
        (
            "an invented code",
            event("Dial *999# for that.") + &chunk("", Some("stop")),
        ),
        (
            "no UTF-8",
            String::from_utf8_lossy(b"data: \xff\xfe\n\n").into_owned(),
        ),
    ] {
        let (replied, took, _server) = ask(Behaviour::Sends(body)).await;
        assert_documents_answered(&replied, took, why);
    }
}

#[tokio::test]
async fn a_first_sentence_that_does_not_come_is_not_waited_for() {
    let (replied, took, _server) = ask(Behaviour::StallsAfter(pieces("You can dial"))).await;
    assert_documents_answered(&replied, took, "it stalls before its first sentence");
}

#[tokio::test]
async fn a_model_that_breaks_off_has_its_whole_sentences_spoken_and_no_more() {
    for behaviour in [
        Behaviour::BreaksOffAfter(pieces("Dial *236# on your phone. Then you cho")),
        Behaviour::StallsAfter(pieces("Dial *236# on your phone. Then you cho")),
    ] {
        let (replied, took, _server) = ask(behaviour.clone()).await;
        assert_eq!(
            replied.sentences,
            ["Dial *236# on your phone."],
            "{behaviour:?}"
        );
        assert_eq!(replied.meta.model, "small-model");
        assert!(
            took < Duration::from_millis(2_000),
            "{behaviour:?} took {took:?}"
        );
    }
}

#[tokio::test]
async fn a_model_that_breaks_off_before_a_sentence_leaves_the_answer_to_the_documents() {
    let (replied, took, _server) = ask(Behaviour::BreaksOffAfter(pieces("Dial *236# on"))).await;
    assert_documents_answered(&replied, took, "it breaks off");
}

#[tokio::test]
async fn a_server_that_is_not_there_leaves_the_answer_to_the_documents() {
    let key = secrecy::SecretString::from("key");
    let config = LlmConfig::new(
        "http://127.0.0.1:1/v1".to_owned(),
        key,
        "small-model".to_owned(),
    );
    let begun = Instant::now();
    let replied = reply(&replier(Some(config), None), asks(QUESTION)).await;
    assert_documents_answered(&replied, begun.elapsed(), "nothing listens");
}

#[tokio::test]
async fn a_call_without_a_place_at_the_model_is_answered_from_the_documents() {
    let server = ModelServer::start(Behaviour::StallsAfter(pieces(
        "Dial *236# on your phone. Then",
    )))
    .await;
    let config = LlmConfig {
        max_concurrent: 1,
        ..server.config()
    };
    let replier = replier(Some(config), None);
    let (first, second) = tokio::join!(
        reply(&replier, asks(QUESTION)),
        reply(&replier, asks(QUESTION))
    );
    let mut models = [first.meta.model, second.meta.model];
    models.sort();
    assert_eq!(models, ["extractive", "small-model"]);
    assert_eq!(
        server.requests().len(),
        1,
        "the second never reached the server"
    );
}

#[tokio::test]
async fn dropping_a_reply_frees_its_place_at_the_model() {
    let server = ModelServer::start(Behaviour::Hangs).await;
    let config = LlmConfig {
        max_concurrent: 1,
        first_token_timeout: Duration::from_secs(30),
        ..server.config()
    };
    let replier = replier(Some(config), None);
    for _ in 0..3 {
        let (out, _events) = mpsc::channel(1);
        let cancelled = tokio::time::timeout(
            Duration::from_millis(150),
            replier.reply(asks(QUESTION), out),
        )
        .await;
        assert!(
            cancelled.is_err(),
            "the model hangs, so the reply was still under way"
        );
    }
    assert_eq!(server.requests().len(), 3, "each reply found a place");
}
