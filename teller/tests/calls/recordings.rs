//! Calls that are recorded: what is in the sound, what is silence in it, who may hear it, and what a killed worker leaves.

use std::time::Duration;

use recording::test_support::{decode, loudness, pages};
use reqwest::{StatusCode, header};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    pages::browse,
    support::{Stack, fixtures::small_model, stack::assert_gapless},
};

const KEY: &str = "supervisor-key-of-this-test";
/// Quieter than any word, and than what an encoder makes of silence.
const SILENT: f64 = 8.0;

/// A recording, or a part of it, as a supervisor gets it.
async fn fetch(
    stack: &Stack,
    session: Uuid,
    range: Option<&str>,
) -> (StatusCode, Vec<u8>, Option<String>) {
    let address = format!("http://{}/v1/calls/{session}/recording", stack.http);
    let mut request = reqwest::Client::new().get(address).bearer_auth(KEY);
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    let answer = request.send().await.unwrap();
    let of = answer.headers().get(header::CONTENT_RANGE);
    let of = of.map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status();
    (status, answer.bytes().await.unwrap().to_vec(), of)
}

/// A call's record as the supervisor's page gets it.
async fn open(stack: &Stack, session: Uuid) -> Value {
    let address = format!("http://{}/v1/calls/{session}", stack.http);
    let answer = reqwest::Client::new()
        .get(address)
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// A turn's stretch of the recording, milliseconds, a little within its edges.
fn stretch(message: &Value) -> std::ops::Range<usize> {
    let at = |key: &str| usize::try_from(message[key].as_u64().expect("a time")).unwrap();
    at("started_ms") + 100..at("ended_ms") - 100
}

async fn rows(stack: &Stack, sql: &str) -> i64 {
    let client = stack.sql().await;
    client
        .query_one(&format!("SELECT count(*) FROM ({sql}) q"), &[])
        .await
        .unwrap()
        .get(0)
}

#[tokio::test]
async fn a_secret_that_was_said_is_silence_between_words_that_are_not_and_a_browser_plays_it_by_turn()
 {
    let stack = Stack::with(&[("RECORDING", "on")]).await;
    let report = stack
        .call(
            "- wait: 30\n\
             - say: What are your opening hours?\n\
             - wait: 30\n\
             - say: My card number is four one one one, one one one one, one one one one, one one one one.\n\
             - wait: 30\n\
             - say: Thank you very much. Goodbye.\n\
             - expect_end: 30\n",
        )
        .await;
    report.assert_met();
    let (session, _) = stack.summarised().await;
    let told = stack.messages(session).await;
    assert_gapless(&told);
    assert_eq!(
        told[0].content, "This call is recorded.",
        "callers are told"
    );
    let record = open(&stack, session).await;
    assert_eq!(record["recorded"], true);
    let line = &record["line"];
    let mos = line["mos"].as_f64().expect("how well the caller was heard");
    assert!((2.0..=4.5).contains(&mos), "{line}");
    assert!(
        line["lost"].as_f64().is_some_and(|lost| lost < 0.01),
        "nothing is lost on one machine: {line}"
    );
    let (status, file, _) = fetch(&stack, session, None).await;
    assert_eq!(status, StatusCode::OK);
    let [caller, agent] = decode(&file);

    let messages = record["messages"].as_array().unwrap();
    let (mut secrets, mut plain) = (0, 0);
    for message in messages {
        let of = stretch(message);
        match message["role"].as_str().unwrap() {
            "assistant" => assert!(loudness(&agent, of) > 100.0, "{message:#}"),
            _ if message["content"].to_string().contains("[card number]") => {
                secrets += 1;
                let wide = of.start - 200..of.end + 200;
                let loud = loudness(&caller, wide.clone());
                assert!(
                    loud < SILENT,
                    "{loud} in {wide:?}, where it was said: {message:#}"
                );
            }
            _ => {
                plain += 1;
                let loud = loudness(&caller, of);
                assert!(loud > 100.0, "{loud}: {message:#}");
            }
        }
    }
    assert!(secrets >= 1 && plain >= 2, "{messages:#?}");
    assert_parts(&stack, session, &file).await;
    assert_played(&stack, session, messages).await;
    let opened = "SELECT FROM audit_log WHERE action = 'recording.opened' AND actor = 'supervisor'";
    assert!(rows(&stack, opened).await >= 5, "each opening is audited");
    assert_eq!(
        stack.metric("teller_recording_frames_dropped_total").await,
        0.0
    );
    assert_eq!(
        stack.metric("teller_recording_segments_lost_total").await,
        0.0
    );
}

/// Whoever seeks gets the part that was asked for.
async fn assert_parts(stack: &Stack, session: Uuid, file: &[u8]) {
    let length = file.len();
    for (range, expected) in [("bytes=0-99", 0..100), ("bytes=1000-", 1000..length)] {
        let (status, part, of) = fetch(stack, session, Some(range)).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        let named = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
        assert_eq!(of, Some(named));
        assert!(part == file[expected], "{range}");
    }
    let beyond = format!("bytes={length}-");
    let (status, ..) = fetch(stack, session, Some(&beyond)).await;
    assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
    let nobody = reqwest::get(format!(
        "http://{}/v1/calls/{session}/recording",
        stack.http
    ));
    assert_eq!(nobody.await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

/// A browser hears the words of a turn, and nothing of the secret.
async fn assert_played(stack: &Stack, session: Uuid, messages: &[Value]) {
    let url = format!("http://{}/supervisor.html", stack.http);
    let session = session.to_string();
    let of = |wanted: bool| {
        let turn = messages.iter().find(|message| {
            let secret = message["content"].to_string().contains("[card number]");
            message["role"] == "user" && secret == wanted
        });
        turn.expect("such a turn")
    };
    for (secret, audible) in [(false, true), (true, false)] {
        let turn = of(secret);
        let seq = turn["seq"].to_string();
        let play = [
            "--url",
            &url,
            "--key",
            KEY,
            "--session",
            &session,
            "--play",
            &seq,
        ];
        let seen = browse("supervisor.mjs", &play).await;
        let played = &seen["played"];
        assert_eq!(played["audible"], audible, "{played:#} of {turn:#}");
        let began = turn["started_ms"].as_f64().unwrap() / 1_000.0;
        let from = played["from"].as_f64().unwrap();
        assert!(
            (began - 1.0..=began).contains(&from),
            "from {from} s: {turn:#}"
        );
        let ended = turn["ended_ms"].as_f64().unwrap() / 1_000.0;
        let to = played["to"].as_f64().unwrap();
        assert!((ended..ended + 1.5).contains(&to), "to {to} s: {turn:#}");
        assert_eq!(seen["errors"], Value::Array(Vec::new()), "{seen:#}");
    }
}

#[tokio::test]
async fn a_call_that_is_not_recorded_leaves_no_sound_and_callers_are_told_what_is_so() {
    let mut stack = Stack::prepare(&[]).await;
    stack.use_the_whole_pack();
    stack.start_worker().await;
    let report = stack
        .call("- wait: 30\n- say: Thank you. Goodbye.\n- expect_end: 30\n")
        .await;
    report.assert_met();
    let (session, _) = stack.summarised().await;
    let told = &stack.messages(session).await[0].content;
    assert!(
        told.contains("written down") && !told.contains("recorded"),
        "{told}"
    );
    assert_eq!(rows(&stack, "SELECT FROM recording_segments").await, 0);
    assert_eq!(open(&stack, session).await["recorded"], false);
    let (status, ..) = fetch(&stack, session, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, metrics) = stack.get(&stack.health, "/metrics").await.unwrap();
    assert!(
        metrics.contains("teller_recording_calls_total 0"),
        "no call was recorded"
    );
}

#[tokio::test]
async fn a_killed_worker_leaves_what_was_sealed_and_it_plays() {
    let mut stack = Stack::with(&[("RECORDING", "on")]).await;
    let caller = stack
        .caller(
            "- wait: 30\n- say: What are your opening hours?\n- wait: 30\n- pause: 60\n",
            &[],
        )
        .await;
    let sealed = stack.eventually(Duration::from_secs(90), async || {
        rows(&stack, "SELECT FROM recording_segments").await >= 1
    });
    assert!(
        sealed.await,
        "a segment reaches the database while the call goes on:\n{}",
        stack.log()
    );
    stack.worker().kill().await.unwrap();
    drop(caller);
    stack.start_worker().await;
    let client = stack.sql().await;
    let sql = "SELECT session_id FROM recording_segments LIMIT 1";
    let session: Uuid = client.query_one(sql, &[]).await.unwrap().get(0);
    let (status, file, _) = fetch(&stack, session, None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((pages(&file).len() - 2) % 10, 0, "whole segments");
    let [_, agent] = decode(&file);
    assert!(
        loudness(&agent, 0..10_000) > 100.0,
        "the disclosure is in it"
    );
}

#[tokio::test]
async fn a_worker_does_not_start_with_a_pack_that_tells_callers_of_recording_what_is_not_so() {
    let model = small_model().display().to_string();
    for (setting, line, said, lacks) in [
        (
            "off",
            "lines.disclosure ",
            "This is an automated assistant.",
            "This call is recorded, too.",
        ),
        (
            "on",
            "lines.disclosure_recorded ",
            "This call is recorded.",
            "Good day.",
        ),
    ] {
        let stack = Stack::prepare(&[("WHISPER_MODEL", &*model), ("RECORDING", setting)]).await;
        let file = stack.folder.join("pack/pack.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(said), "the line is there");
        std::fs::write(&file, text.replace(said, lacks)).unwrap();
        let ended = stack.teller(&["start"]).output().await.unwrap();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success(), "it starts: {told}");
        let accepted = format!("while RECORDING={setting} a line");
        for part in ["pack.toml", line, lacks, &accepted] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }
}
