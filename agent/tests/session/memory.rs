//! What is remembered of callers: kept while they speak, told after proof alone, met again in their next call.

use authentication::Verified;
use call::Resolution;
use chrono::{TimeDelta, Utc};
use record::{Past, PastCall, ScriptedCalls, StoredFact};

use crate::harness::{
    Scene, at,
    words::{
        ASKED_LAST, AUTHENTICATED, DISCLOSURE, ENTER_CODE, ENTER_NUMBER, FORGET, FORGOTTEN,
        GREETING, KNOWN, LAST_CALL, LAST_TOPIC, MEMBER_KNOWN, NO_OFFERS, NO_OFFERS_ANY_MORE,
        NOT_PROVEN, NOTHING_KNOWN, QUESTION, REMEMBERED, TELLS, WELCOME_BACK, WHAT_DID_I_ASK,
        WHAT_FOR, WHAT_IS_KNOWN,
    },
};

const CODE: &str = "271828";

/// A customer's call, with what earlier ones left.
fn customers(calls: i64, days: i64) -> Scene {
    let mut scene = Scene::phone();
    scene.authenticates_with(CODE);
    let session = call::SessionId::new();
    let then = Utc::now() - TimeDelta::days(days);
    let member = StoredFact {
        session,
        seq: 0,
        place: 0,
        key: "member".to_owned(),
        what: "holds".to_owned(),
        value: Some("yes".to_owned()),
        confidence: 90,
        source: "said".to_owned(),
        learned_at: then,
        expires_at: None,
    };
    scene.earlier = Some(ScriptedCalls {
        facts: vec![member],
        past: Past {
            calls,
            last: Some(PastCall {
                session,
                started_at: then,
                topics: vec![LAST_TOPIC.to_owned()],
                resolution: Some(Resolution::Resolved),
            }),
            ..Past::default()
        },
        question: Some(QUESTION.to_owned()),
        are_away: false,
    });
    scene
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_says_of_themselves_is_kept_and_forgotten_as_they_wish() {
    let mut scene = Scene::browser();
    scene.types(5.0, TELLS);
    scene.types(12.0, FORGET);
    scene.types(22.0, NO_OFFERS);
    scene.leaves(32.0);
    let played = scene.play().await;
    let facts = played.kept.facts.iter();
    let kept: Vec<String> = facts
        .map(|fact| format!("{} {} {:?}", fact.key, fact.what, fact.value))
        .collect();
    assert_eq!(
        kept,
        [
            "budget holds Some(\"..2000 USD\")",
            "budget forgotten None",
            "selling holds Some(\"off\")",
        ],
        "{played}"
    );
    let answers = played.said_by(call::Speaker::Agent).join(" ");
    assert!(answers.contains(FORGOTTEN), "{played}");
    assert!(answers.contains(NO_OFFERS_ANY_MORE), "{played}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_the_proof_but_how_to_prove_it() {
    let mut scene = customers(1, 2);
    scene.is_recognised(0.0, true);
    scene.says(5.0, 6.0, WHAT_IS_KNOWN);
    scene.leaves(20.0);
    let played = scene.play().await;
    let answers = played.said_by(call::Speaker::Agent).join(" ");
    assert_eq!(
        answers,
        format!("{DISCLOSURE} {WELCOME_BACK} {NOT_PROVEN} {ENTER_NUMBER}"),
        "{played}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_returns_and_proves_it_is_told_once_what_their_last_call_was_about() {
    let mut scene = customers(1, 2);
    scene.dials(4.0, "100234#");
    scene.dials(8.0, CODE);
    scene.says(20.0, 21.0, WHAT_IS_KNOWN);
    scene.says(32.0, 33.0, WHAT_DID_I_ASK);
    scene.leaves(46.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 agent: {ENTER_CODE}
         3 agent: {AUTHENTICATED}
         4 agent: {LAST_CALL}
         5 agent: {WHAT_FOR}
         6 caller: {WHAT_IS_KNOWN}
         7 agent: {KNOWN} {MEMBER_KNOWN}
         8 caller: {WHAT_DID_I_ASK}
         9 agent: {ASKED_LAST}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn later_calls_are_met_in_short_until_they_are_rare() {
    for (calls, days, expected) in [(2, 2, WELCOME_BACK), (2, 40, LAST_CALL)] {
        let mut scene = customers(calls, days);
        scene.dials(4.0, "100234#");
        scene.dials(8.0, CODE);
        scene.leaves(18.0);
        let played = scene.play().await;
        played.goes_on(&format!(
            "2 agent: {ENTER_CODE}
             3 agent: {AUTHENTICATED}
             4 agent: {expected}
             5 agent: {WHAT_FOR}
             ended caller_left"
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_never_answers_delays_no_greeting_and_the_proof_by_half_a_second() {
    let mut scene = customers(1, 2);
    scene.earlier.as_mut().expect("a script").are_away = true;
    scene.dials(4.0, "100234#");
    scene.dials(8.0, CODE);
    scene.says(16.0, 17.0, WHAT_IS_KNOWN);
    scene.leaves(26.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 agent: {ENTER_CODE}
         3 agent: {AUTHENTICATED}
         4 caller: {WHAT_IS_KNOWN}
         5 agent: {NOTHING_KNOWN}
         ended caller_left"
    ));
    // The greeting is heard before anybody could know who calls.
    let (from, _) = played.sounds(GREETING);
    assert!(from < at(4.0).as_secs_f64(), "{played}");
    // A step of half a second, and half a second of patience.
    played.begins(10.1, AUTHENTICATED);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_code_is_no_proof() {
    let mut scene = customers(1, 2);
    let script = scene.authenticator.as_mut().expect("a script");
    script.verified = Verified::Limited;
    scene.dials(4.0, "100234#");
    scene.dials(8.0, CODE);
    scene.says(16.0, 17.0, WHAT_DID_I_ASK);
    scene.leaves(28.0);
    let played = scene.play().await;
    let answers = played.said_by(call::Speaker::Agent).join(" ");
    assert!(answers.contains(NOT_PROVEN), "{played}");
    for secret in [ASKED_LAST, LAST_CALL, MEMBER_KNOWN, REMEMBERED] {
        assert!(!answers.contains(secret), "{secret}: {played}");
    }
}
