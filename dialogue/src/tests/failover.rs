//! A second model, a model that is left alone for a while, and budgets, over real HTTP.

use std::time::Duration;

use axum::http::StatusCode;

use super::{
    model_server::{Behaviour, ModelServer},
    *,
};

const QUESTION: &str = "How do I withdraw cash without a card?";

fn writes(text: &str) -> Behaviour {
    Behaviour::Writes(text.split_inclusive(' ').map(str::to_owned).collect())
}

/// A first model and a second one.
async fn two(
    first: Behaviour,
    second: Behaviour,
    wait: Duration,
) -> (Replier, ModelServer, ModelServer) {
    let (first, second) = (
        ModelServer::start(first).await,
        ModelServer::start(second).await,
    );
    let config = ReplyConfig {
        llm: Some(first.config_with(wait, Duration::from_secs(60))),
        llm_fallback: Some(LlmConfig {
            model: "second-model".to_owned(),
            ..second.config()
        }),
        ..ReplyConfig::default()
    };
    (
        Replier::new(Arc::clone(&BANK), config, None, None),
        first,
        second,
    )
}

/// Who answered, and how each request ended.
fn outcomes(replied: &Replied) -> Vec<(bool, &'static str)> {
    let requests = replied.meta.model_requests.iter();
    requests
        .map(|request| (request.fallback, request.outcome))
        .collect()
}

#[tokio::test]
async fn where_the_first_model_fails_the_second_answers() {
    let broken = || Behaviour::BreaksOffAfter(vec!["Dial ".to_owned()]);
    for (first, wait, outcome) in [
        (
            Behaviour::Fails(StatusCode::INTERNAL_SERVER_ERROR),
            30.0,
            "refused",
        ),
        (
            Behaviour::Fails(StatusCode::TOO_MANY_REQUESTS),
            30.0,
            "refused",
        ),
        (Behaviour::Hangs, 0.4, "late"),
        (broken(), 30.0, "broken"),
        (
            Behaviour::Sends("data: {{{{\n\n".to_owned()),
            30.0,
            "broken",
        ),
    ] {
        let wait = Duration::from_secs_f64(wait);
        let (replier, ..) = two(first.clone(), writes("Dial *236# for that. "), wait).await;
        let replied = ask(&replier, QUESTION).await;
        assert_eq!(replied.text(), "Dial *236# for that.", "{first:?}");
        assert_eq!(replied.meta.model, "second-model", "{first:?}");
        assert_eq!(
            outcomes(&replied),
            [(false, outcome), (true, "answered")],
            "{first:?}"
        );
    }
}

#[tokio::test]
async fn a_model_that_has_spoken_is_not_replaced() {
    let first =
        Behaviour::BreaksOffAfter(vec!["Dial *236# for that. ".to_owned(), "Then ".to_owned()]);
    let (replier, _, second) =
        two(first, writes("Something else. "), Duration::from_secs(30)).await;
    let replied = ask(&replier, QUESTION).await;
    assert_eq!(replied.text(), "Dial *236# for that.");
    assert_eq!(replied.meta.model, "small-model");
    assert_eq!(second.requests().len(), 0);
}

#[tokio::test]
async fn where_both_fail_the_documents_answer() {
    let fails = || Behaviour::Fails(StatusCode::BAD_GATEWAY);
    let (replier, first, second) = two(fails(), fails(), Duration::from_secs(30)).await;
    let replied = ask(&replier, QUESTION).await;
    assert_eq!(replied.meta.model, "extractive");
    assert_eq!(
        (first.requests().len(), second.requests().len()),
        (1, 1),
        "each once"
    );
    assert_eq!(outcomes(&replied), [(false, "refused"), (true, "refused")]);
}

#[tokio::test]
async fn a_model_that_fails_again_and_again_is_left_alone_for_a_while() {
    let fails = Behaviour::Fails(StatusCode::BAD_GATEWAY);
    let (replier, first, second) = two(
        fails,
        writes("Dial *236# for that. "),
        Duration::from_secs(30),
    )
    .await;
    for _ in 0..8 {
        let replied = ask(&replier, QUESTION).await;
        assert_eq!(replied.meta.model, "second-model");
    }
    assert_eq!(
        first.requests().len(),
        5,
        "five failures, and no request after them"
    );
    assert_eq!(second.requests().len(), 8);
    let replied = ask(&replier, QUESTION).await;
    assert_eq!(outcomes(&replied), [(false, "resting"), (true, "answered")]);
}

#[tokio::test]
async fn a_budget_that_is_used_up_leaves_the_answer_to_the_documents() {
    let pieces = vec!["Dial *236# for that. ".to_owned()];
    let server = ModelServer::start(Behaviour::Reports(pieces, 6_000)).await;
    let config = LlmConfig {
        tokens_per_day: Some(10_000),
        ..server.config()
    };
    let replier = replier(Some(config));
    for _ in 0..2 {
        let replied = ask(&replier, QUESTION).await;
        assert_eq!(replied.meta.model, "small-model");
        assert_eq!(
            replied.meta.model_requests[0].tokens, 6_000,
            "as the server says"
        );
    }
    let replied = ask(&replier, QUESTION).await;
    assert_eq!(replied.meta.model, "extractive", "{}", replied.text());
    assert!(!replied.sentences.is_empty(), "never silence");
    assert_eq!(outcomes(&replied), [(false, "over_budget")]);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn what_a_server_does_not_tell_is_estimated() {
    let replier = replier(Some(
        ModelServer::start(writes("Dial *236# for that. "))
            .await
            .config(),
    ));
    let replied = ask(&replier, QUESTION).await;
    let tokens = replied.meta.model_requests[0].tokens;
    assert!(
        (200..5_000).contains(&tokens),
        "{tokens} tokens for a prompt of a few kilobytes"
    );
}
