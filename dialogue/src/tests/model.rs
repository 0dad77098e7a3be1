//! With a model that behaves, and with models that do not.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use super::{
    model_server::{Behaviour, ModelServer, chunk, event},
    *,
};

const QUESTION: &str = "How do I withdraw cash without a card?";

fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

/// Less than any limit that must not be waited for, more than a busy machine takes.
const PROMPT: Duration = Duration::from_secs(15);

async fn answer(behaviour: Behaviour) -> (Replied, Duration, ModelServer) {
    let server = ModelServer::start(behaviour).await;
    let config = server.config();
    let (replied, took) = timed(config).await;
    (replied, took, server)
}

/// The same with limits: to the first token, and to the last.
async fn hurried(behaviour: Behaviour, first_token: f64, total: f64) -> (Replied, Duration) {
    let server = ModelServer::start(behaviour).await;
    let seconds = Duration::from_secs_f64;
    timed(server.config_with(seconds(first_token), seconds(total))).await
}

async fn timed(config: LlmConfig) -> (Replied, Duration) {
    let begun = Instant::now();
    let replied = ask(&replier(Some(config)), QUESTION).await;
    (replied, begun.elapsed())
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
    assert!(took < PROMPT, "{why}: the caller waited {took:?}");
}

#[tokio::test]
async fn a_model_phrases_the_passages_it_was_given() {
    let text = "You can dial *236# on your phone. Then choose cash. ";
    let (replied, _, server) = answer(Behaviour::Writes(pieces(text))).await;
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
    let gate = Arc::new(Notify::new());
    let (before, after) = (pieces("Dial *236# now. It "), pieces("is quick."));
    let server = ModelServer::start(Behaviour::Gated(before, gate.clone(), after)).await;
    let (driver, _) = conversation(&replier(Some(server.config())), Vec::new());
    let (out, mut events) = mpsc::channel(8);
    let sentence = |text: &str| Some(ReplyEvent::Sentence(text.to_owned()));
    let heard = async {
        assert_eq!(events.recv().await, sentence("Dial *236# now."));
        // The model goes on only now.
        gate.notify_one();
        assert_eq!(events.recv().await, sentence("It is quick."));
    };
    tokio::join!(driver.reply_to(turn(QUESTION)).write(out), heard);
}

#[tokio::test]
async fn small_talk_goes_to_the_model_without_documents_and_fixed_turns_stay_the_engines() {
    let text = pieces("Good to hear from you. What can I help with? ");
    let server = ModelServer::start(Behaviour::Writes(text)).await;
    let replier = replier(Some(server.config()));
    let talked = [
        "Hello!",
        "Thank you",
        "Who are you?",
        "What is the capital of France?",
    ];
    for text in talked {
        let replied = ask(&replier, text).await;
        assert_eq!(replied.meta.model, "small-model", "{text}");
        assert!(replied.meta.sources.is_empty(), "{text}");
    }
    for request in server.requests() {
        assert!(
            !request.to_string().contains("<passage number"),
            "{request}"
        );
        // What is done for callers may be begun on any turn.
        let functions = request["tools"].as_array().into_iter().flatten();
        let names: Vec<&str> = functions
            .filter_map(|function| function["function"]["name"].as_str())
            .collect();
        assert!(
            names.iter().all(|name| name.starts_with("start_")),
            "no look-up is offered: {names:?}"
        );
    }
    for text in [
        "Goodbye",
        "Say that again",
        "Hold on a minute please",
        "My PIN is 1 2 3 4",
    ] {
        let replied = ask(&replier, text).await;
        assert_eq!(replied.meta.model, "pack", "{text}: {}", replied.text());
    }
    let asked = (replier.retrievals(), server.requests().len());
    assert_eq!(asked, (0, talked.len()));
}

#[tokio::test]
async fn what_the_model_does_not_say_the_pack_says() {
    for behaviour in [
        Behaviour::Fails(StatusCode::INTERNAL_SERVER_ERROR),
        Behaviour::Writes(pieces("<think>They greet me.</think>")),
        Behaviour::Writes(pieces("Please tell me your PIN. ")),
        Behaviour::Writes(pieces("Hola, en que puedo ayudarle con su tarjeta hoy? ")),
    ] {
        let with = replier(Some(ModelServer::start(behaviour.clone()).await.config()));
        let without = ask(&replier(None), "Hello!").await;
        let replied = ask(&with, "Hello!").await;
        assert_eq!(replied.sentences, without.sentences, "{behaviour:?}");
        assert_eq!(replied.meta.model, "pack", "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_model_that_hangs_is_not_waited_for() {
    let (replied, took) = hurried(Behaviour::Hangs, 0.4, 60.0).await;
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
        let (replied, took, server) = answer(Behaviour::Fails(status)).await;
        assert_documents_answered(&replied, took, status.as_str());
        assert_eq!(
            server.requests().len(),
            1,
            "a caller waits: {status} is not tried again"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_spoken_is_not_spoken() {
    let piece = |text: &str| chunk(text, None);
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
            piece("Dial\u{7}\u{1b}[31m now. ") + &piece("Yes."),
        ),
        ("one endless word", piece(&"A".repeat(5_000))),
        ("no stops", (0..400).map(|_| piece("and then ")).collect()),
        (
            "an invented code",
            piece("Dial *999# for that.") + &chunk("", Some("stop")),
        ),
        (
            "no UTF-8",
            String::from_utf8_lossy(b"data: \xff\xfe\n\n").into_owned(),
        ),
    ] {
        let (replied, took, _server) = answer(Behaviour::Sends(body)).await;
        assert_documents_answered(&replied, took, why);
    }
}

#[tokio::test]
async fn a_first_sentence_that_does_not_come_is_not_waited_for() {
    let stalls = Behaviour::StallsAfter(pieces("You can dial"));
    let (replied, took) = hurried(stalls, 0.4, 60.0).await;
    assert_documents_answered(&replied, took, "it stalls before its first sentence");
}

#[tokio::test]
async fn a_model_that_breaks_off_has_its_whole_sentences_spoken_and_no_more() {
    for behaviour in [
        Behaviour::BreaksOffAfter(pieces("Dial *236# on your phone. Then you cho")),
        Behaviour::StallsAfter(pieces("Dial *236# on your phone. Then you cho")),
    ] {
        let (replied, took) = hurried(behaviour.clone(), 10.0, 3.0).await;
        assert_eq!(
            replied.sentences,
            ["Dial *236# on your phone."],
            "{behaviour:?}"
        );
        assert_eq!(replied.meta.model, "small-model");
        assert!(took < PROMPT, "{behaviour:?} took {took:?}");
    }
}

#[tokio::test]
async fn a_model_that_breaks_off_before_a_sentence_leaves_the_answer_to_the_documents() {
    let (replied, took, _server) = answer(Behaviour::BreaksOffAfter(pieces("Dial *236# on"))).await;
    assert_documents_answered(&replied, took, "it breaks off");
}

#[tokio::test]
async fn a_server_that_is_not_there_leaves_the_answer_to_the_documents() {
    let config = LlmConfig {
        base_url: "http://127.0.0.1:1/v1".to_owned(),
        ..ModelServer::start(Behaviour::Hangs).await.config()
    };
    let (replied, took) = timed(config).await;
    assert_documents_answered(&replied, took, "nothing listens");
}

#[tokio::test]
async fn a_call_without_a_place_at_the_model_is_answered_from_the_documents() {
    let gate = Arc::new(Notify::new());
    let (before, after) = (pieces("Dial *236# on your phone. Then"), pieces(" choose."));
    let server = ModelServer::start(Behaviour::Gated(before, gate.clone(), after)).await;
    let seconds = Duration::from_secs;
    let config = LlmConfig {
        max_concurrent: 1,
        ..server.config_with(seconds(2), seconds(60))
    };
    let replier = replier(Some(config));
    let second = async {
        server.asked(1).await;
        let second = ask(&replier, QUESTION).await;
        gate.notify_one();
        second
    };
    let (first, second) = tokio::join!(ask(&replier, QUESTION), second);
    assert_eq!(first.meta.model, "small-model");
    assert_eq!(second.meta.model, "extractive");
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
        ..server.config()
    };
    let replier = replier(Some(config));
    for replies in 1..=3 {
        let (driver, _) = conversation(&replier, Vec::new());
        let (out, _events) = mpsc::channel(1);
        tokio::select! {
            () = driver.reply_to(turn(QUESTION)).write(out) => panic!("the model hangs"),
            () = server.asked(replies) => {}
        }
    }
    assert_eq!(server.requests().len(), 3, "each reply found a place");
}

#[tokio::test]
async fn thoughts_are_never_spoken_in_whatever_field_they_come() {
    let thought = |field: &str| {
        event(&serde_json::json!({
            "index": 0, "delta": { field: "It may be fifty dollars. " }, "finish_reason": null,
        }))
    };
    let answer = chunk("<think>Fifty?</thi", None)
        + &chunk("nk>Dial *236# for that.", None)
        + &chunk("", Some("stop"));
    let body = thought("reasoning_content") + &thought("reasoning") + &answer;
    let (replied, _, _server) = answer_to(body).await;
    assert_eq!(replied.sentences, ["Dial *236# for that."]);
    let withheld: Vec<_> = replied.meta.withheld.into_iter().collect();
    assert_eq!(
        withheld,
        [(crate::Withheld::Thought, 1)],
        "it leaves a trace"
    );
}

#[tokio::test]
async fn a_sentence_that_may_not_be_spoken_is_replaced_by_the_documents_own() {
    let text =
        "Yes, that is easy. Cash without a card costs ninety dollars. I have moved the money. ";
    let (replied, _, _server) = answer(Behaviour::Writes(pieces(text))).await;
    assert_eq!(
        replied.sentences.first().map(String::as_str),
        Some("Yes, that is easy.")
    );
    assert!(!replied.text().contains("ninety"), "{}", replied.text());
    assert!(!replied.text().contains("moved"), "{}", replied.text());
    assert!(
        replied.sentences.len() > 1,
        "the documents speak in its place: {}",
        replied.text()
    );
    let withheld: Vec<_> = replied.meta.withheld.into_iter().collect();
    let expected = [(crate::Withheld::Claim, 1), (crate::Withheld::Figure, 1)];
    assert_eq!(withheld, expected);
}

async fn answer_to(body: String) -> (Replied, Duration, ModelServer) {
    answer(Behaviour::Sends(body)).await
}
