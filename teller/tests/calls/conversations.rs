//! Calls from end to end: a real LiveKit server, real speech both ways, a real
//! whisper, a real PostgreSQL. They assert on rows, on what was transcribed, on
//! what was heard, and on what retrieval was (not) asked.

use database::{CallbackFilter, CallbackRepository, SessionId, ToolCallRepository};

use crate::support::{CodeInbox, Stack, stack::assert_gapless};

#[tokio::test]
async fn a_banking_question_is_answered_from_the_documents_and_summarised() {
    let stack = Stack::with_the_whole_pack(&[]).await;
    let report = stack
        .call(
            "- wait: 30\n\
             - say: How can I withdraw cash without my card?\n\
             - wait: 30\n\
             - expect_agent: \"*236#\"\n\
             - say: Thank you very much. Goodbye.\n\
             - expect_end: 30\n",
        )
        .await;
    report.assert_met();
    assert!(
        report.0["turns"][0]["speech_end_to_first_audio_ms"]
            .as_u64()
            .is_some(),
        "the answer was audible: {:#}",
        report.0
    );

    let (session, summary) = stack.summarised().await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    assert!(
        rows[0].role == "assistant" && rows[0].content.contains("automated assistant"),
        "the disclosure comes first: {rows:#?}"
    );
    let question = rows
        .iter()
        .find(|r| r.role == "user")
        .expect("the caller's turn is on record");
    assert!(
        question.content.to_lowercase().contains("without my card"),
        "as heard: {question:?}"
    );
    let answer = rows
        .iter()
        .find(|r| r.meta["route"] == "knowledge")
        .expect("the answer is on record");
    assert_eq!(
        answer.meta["sources"][0]["source"], "bank/cardless-withdrawal",
        "the answer names its source: {answer:?}"
    );
    assert!(
        answer.meta["latency"]["reply_ms"].as_u64().is_some(),
        "the answer has its latency: {answer:?}"
    );
    assert_eq!(
        stack.metric("teller_retrievals_total").await,
        1.0,
        "one banking question, one retrieval"
    );
    assert_eq!(summary["topics"][0], "cardless_withdrawal", "{summary:#}");
    assert_eq!(summary["resolution_status"], "resolved", "{summary:#}");
    assert_eq!(summary["end_reason"], "agent_goodbye", "{summary:#}");
    assert_eq!(
        summary["message_count"].as_u64().unwrap() as usize,
        rows.len(),
        "the summary counts every message"
    );
}

#[tokio::test]
async fn small_talk_asks_no_retrieval_and_is_recorded_all_the_same() {
    let stack = Stack::start().await;
    let report = stack
        .call("- wait: 30\n- say: Hello. Who are you?\n- wait: 30\n- say: Thank you.\n- wait: 30\n")
        .await;
    report.assert_met();
    let (session, summary) = stack.summarised().await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    assert_eq!(
        rows.iter().filter(|r| r.role == "user").count(),
        2,
        "{rows:#?}"
    );
    assert_eq!(
        stack.metric("teller_retrievals_total").await,
        0.0,
        "small talk is no question for the documents"
    );
    assert_eq!(summary["end_reason"], "caller_left");
}

#[tokio::test]
async fn speaking_over_the_answer_cuts_it_and_only_what_was_heard_is_recorded() {
    let stack = Stack::start().await;
    let report = stack
        .call(
            "- wait: 30\n\
             - say: What do I need to open an account?\n\
             - interrupt: {after: 1.5, say: \"Sorry, wait a moment, what are your opening hours?\"}\n\
             - wait: 30\n",
        )
        .await;
    report.assert_met();
    let (session, _) = stack.summarised().await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    let cut = rows
        .iter()
        .find(|r| r.interrupted && r.meta["route"] == "knowledge")
        .unwrap_or_else(|| panic!("no reply was cut: {rows:#?}"));
    let whole = rows.iter().rev().find(|r| r.role == "assistant").unwrap();
    assert!(
        !whole.interrupted && whole.seq > cut.seq,
        "the second question got a whole answer: {rows:#?}"
    );
    assert!(
        !cut.content.is_empty() && cut.content.split_whitespace().count() < 40,
        "what was heard in two seconds: {cut:?}"
    );
    assert_eq!(stack.metric("teller_interruptions_total").await, 1.0);
}

#[tokio::test]
async fn a_silent_caller_is_asked_then_the_call_ends() {
    let mut stack = Stack::prepare(&[]).await;
    stack.wait_for_silent_callers(2, 4);
    stack.start_worker().await;
    let report = stack
        .call("- wait: 30\n- pause: 4\n- expect_agent: still there\n- expect_end: 30\n")
        .await;
    report.assert_met();
    let (_, summary) = stack.summarised().await;
    assert_eq!(summary["end_reason"], "silence", "{summary:#}");
    assert_eq!(summary["resolution_status"], "incomplete", "{summary:#}");
}

#[tokio::test]
async fn a_typed_question_is_answered_like_a_spoken_one() {
    let stack = Stack::start().await;
    let report = stack
        .call(
            "- wait: 30\n- type: What are your opening hours?\n- wait: 30\n- expect_agent: open\n",
        )
        .await;
    report.assert_met();
    let (session, summary) = stack.summarised().await;
    let rows = stack.messages(session).await;
    let typed = rows
        .iter()
        .find(|r| r.role == "user")
        .expect("the typed turn is on record");
    assert_eq!(
        (typed.content.as_str(), &typed.meta["typed"]),
        ("What are your opening hours?", &true.into())
    );
    assert_eq!(summary["topics"][0], "banking_hours", "{summary:#}");
}

#[tokio::test]
async fn secrets_never_reach_a_row_or_a_log() {
    let stack = Stack::with(&[("RUST_LOG", "info,teller=trace")]).await;
    let report = stack
        .call("- wait: 30\n- type: \"My card number is 4111 1111 1111 1111 and my PIN is 4921\"\n- wait: 30\n- say: My PIN is four nine two one.\n- wait: 30\n")
        .await;
    report.assert_met();
    let (session, summary) = stack.summarised().await;
    let rows = stack.messages(session).await;
    let everything = format!("{rows:?} {summary} {}", stack.log());
    for secret in [
        "4111111111111111",
        "4111",
        "1111 1111",
        "4921",
        "four nine two one",
        "nine two one",
    ] {
        let place = holds(&everything, secret);
        assert!(
            place.is_none(),
            "`{secret}` was kept: {place:?} in {rows:#?}"
        );
    }
    assert!(
        rows.iter().any(|r| r.content.contains("[PIN]")),
        "the place is marked: {rows:#?}"
    );
}

/// Where `text` holds `secret`, with what stands around it. Four digits inside a longer number are the
/// microseconds of a log line.
fn holds<'a>(text: &'a str, secret: &str) -> Option<&'a str> {
    let mut found = text.match_indices(secret);
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (at, _) = found.find(|(at, _)| {
        !is_digit(text[..*at].chars().next_back())
            && !is_digit(text[at + secret.len()..].chars().next())
    })?;
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[line..].lines().next()
}

#[tokio::test]
async fn asking_for_a_person_gets_a_call_back_and_counts_as_escalated() {
    let stack = Stack::start().await;
    let script = "- wait: 30
- say: Can I speak to a person, please?
- wait: 40
- expect_agent: call you back
- say: Yes please.
- wait: 40
- expect_agent: which number
- type: oh seven seven one two three four five six seven
- wait: 30
- expect_agent: suit you
- type: tomorrow morning
- wait: 30
- expect_agent: Is that right
- say: Yes.
- wait: 40
- expect_agent: Your reference is
";
    stack.call(script).await.assert_met();
    let (session, summary) = stack.summarised().await;
    assert_eq!(summary["resolution_status"], "escalated", "{summary:#}");
    let told = summary["summary"].as_str().unwrap_or_default();
    assert!(told.contains("Agent carried out: callback."), "{told}");
    let callbacks = CallbackRepository::new(&stack.database.db);
    let waiting = callbacks.list(CallbackFilter::Open, None, 9).await.unwrap();
    assert_eq!(waiting.len(), 1, "the call back is on somebody's list");
    assert_eq!(waiting[0].kind, "callback");
    let rows = stack.messages(session).await;
    let consent = rows.iter().rfind(|row| row.role == "user").unwrap().seq;
    let calls = tool_calls(&stack, session).await;
    let due = waiting[0].due_at.with_timezone(&chrono::Local).date_naive();
    let told = serde_json::json!({ "reference": waiting[0].reference, "due": due });
    let asked = serde_json::json!({ "phone": "+263771234567", "time": "tomorrow morning" });
    assert_eq!(
        calls,
        [format!("{consent} callback {asked} success {told}")]
    );
    let listed = ["callbacks", "list", "--json", "--actor", "ann"];
    let listed = stack.teller(&listed).output().await.unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for part in ["+263771234567", "tomorrow morning"] {
        assert!(listed.contains(part), "{part:?} is not listed: {listed}");
    }
}

#[tokio::test]
async fn a_transfer_and_a_look_up_that_fail_are_admitted_and_on_record() {
    let codes = CodeInbox::open().await;
    let stack = Stack::with(&[
        ("CODE_WEBHOOK_URL", &codes.url),
        ("TRANSFER_TO", "tel:+15550199"),
        // Nothing listens there, and the server has no bridge to the telephone network.
        ("LOOKUP_URL", "http://127.0.0.1:1/"),
    ])
    .await;
    stack
        .import_customers("username,phone_number,email,name,customer_number\nsarah,+263771234567,,Sarah Moyo,100234\n")
        .await;
    let script = "- active\n- wait: 30\n- dial: \"100234#\"\n- wait: 30\n- dial_from: code\n- wait: 30\n- expect_agent: Sarah\n\
                  - say: What is my account balance?\n- wait: 30\n- expect_agent: went wrong on our side\n\
                  - say: Can I speak to a person, please?\n- wait: 30\n- say: Yes please.\n- wait: 30\n\
                  - wait: 30\n- expect_agent: did not go through\n";
    let caller = stack
        .caller(script, &["--sip", "--number", "+15550123"])
        .await;
    let code = codes.code_for("+263771234567", 0).await;
    let code = code.expect("a code is sent to the stored number");
    tokio::fs::write(stack.folder.join("code"), &code)
        .await
        .unwrap();
    stack.finish(caller).await.assert_met();
    let (session, _) = stack.summarised().await;
    let calls = tool_calls(&stack, session).await;
    let [look_up, transfer] = &calls[..] else {
        panic!("one look-up and one transfer are on record: {calls:#?}")
    };
    assert!(look_up.contains("account_balance {} failed"), "{look_up}");
    assert!(transfer.contains("transfer {} failed"), "{transfer}");
    for call in &calls {
        assert!(call.contains("reason"), "says why: {call}");
    }
    assert!(!calls.concat().contains("sarah"), "{calls:#?}");
}

/// The calls of a session's tools: turn, tool, arguments, outcome and result.
async fn tool_calls(stack: &Stack, session: uuid::Uuid) -> Vec<String> {
    let calls = ToolCallRepository::new(&stack.database.db);
    let calls = calls.by_session(SessionId(session)).await.unwrap();
    calls
        .into_iter()
        .map(|call| {
            let (arguments, result) = (call.arguments.unwrap(), call.result.unwrap());
            let outcome = call.outcome.expect("every call has an outcome").as_str();
            format!("{} {} {arguments} {outcome} {result}", call.seq, call.tool)
        })
        .collect()
}
