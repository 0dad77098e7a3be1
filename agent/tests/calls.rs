//! Calls from end to end: a real LiveKit server, real speech both ways, a real
//! whisper, a real PostgreSQL. They assert on rows, on what was transcribed, on
//! what was heard, and on what retrieval was (not) asked.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

mod support;

use std::time::Duration;

use support::{CodeInbox, Stack, stack::assert_gapless};

#[tokio::test]
async fn a_banking_question_is_answered_from_the_documents_and_summarised() {
    let stack = Stack::start().await;
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
        .find(|r| r.meta["route"] == "banking")
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
        .find(|r| r.interrupted && r.meta["route"] == "banking")
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
    let pack = quick_pack(&stack, "away_s = 2", "hangup_s = 4");
    stack.set("PACK_DIR", &pack);
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
        "4111",
        "1111 1111",
        "4921",
        "four nine two one",
        "nine two one",
    ] {
        assert!(
            !everything.contains(secret),
            "`{secret}` was kept: {rows:#?}"
        );
    }
    assert!(
        rows.iter().any(|r| r.content.contains("[PIN]")),
        "the place is marked: {rows:#?}"
    );
}

#[tokio::test]
async fn a_phone_caller_proves_who_they_are_by_keypad_and_gets_their_own_profile() {
    let codes = CodeInbox::open().await;
    let stack = Stack::with(&[("CODE_WEBHOOK_URL", &codes.url)]).await;
    stack.import_customers("username,phone_number,email,name,customer_number\nsarah,+263771234567,,Sarah Moyo,100234\n").await;
    // A pipe feeds the second half of the script once the code is known.
    let script = "- active\n- wait: 30\n- dial: \"100234#\"\n- wait: 30\n- dial_from: code\n- wait: 30\n- expect_agent: Sarah\n";
    let caller = stack
        .caller(script, &["--sip", "--number", "+15550123"])
        .await;
    let code = codes
        .code_for("+263771234567")
        .await
        .expect("a code is sent to the stored number");
    tokio::fs::write(stack.folder.join("code"), &code)
        .await
        .unwrap();
    let report = stack.finish(caller).await;
    report.assert_met();

    let (session, row) = stack.summarised().await;
    assert_eq!(row["auth_level"], 2, "{row:#}");
    assert_eq!(
        row["extracted_info"]["authentication_attempted"], true,
        "{row:#}"
    );
    let client = stack.sql().await;
    let profile = client
        .query_one("SELECT u.username, u.total_sessions, s.profile_id <> s.origin_profile_id FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE session_id = $1", &[&session])
        .await
        .unwrap();
    assert_eq!(
        profile.get::<_, Option<String>>(0).as_deref(),
        Some("sarah"),
        "the session is the customer's now"
    );
    assert_eq!(profile.get::<_, i32>(1), 1);
    assert!(
        profile.get::<_, bool>(2),
        "it began with an anonymous profile"
    );
    let everything = format!("{:?} {}", stack.messages(session).await, stack.log());
    assert!(
        !everything.contains(&code),
        "the code is in no row and no log"
    );
}

#[tokio::test]
async fn an_unknown_customer_hears_the_same_and_no_code_is_sent() {
    let codes = CodeInbox::open().await;
    let stack = Stack::with(&[("CODE_WEBHOOK_URL", &codes.url)]).await;
    stack
        .import_customers("username,phone_number\nsarah,+263771234567\n")
        .await;
    let ask = |who: &str, number: &str| {
        format!(
            "- wait: 30\n- rpc: {{method: teller.authenticate, payload: {{username: {who}, phone_number: \"{number}\"}}, expect: [code_sent]}}\n"
        )
    };
    stack
        .call(&ask("nobody", "+263771234567"))
        .await
        .assert_met();
    stack
        .call(&ask("sarah", "+263770000000"))
        .await
        .assert_met();
    assert_eq!(codes.count(), 0, "a wrong claim sends nothing");
    stack
        .call(&ask("sarah", "+263 77 123 4567"))
        .await
        .assert_met();
    assert!(
        codes.code_for("+263771234567").await.is_some(),
        "the right one does"
    );
}

#[tokio::test]
async fn a_caller_who_vanishes_mid_sentence_leaves_a_complete_record() {
    let stack = Stack::start().await;
    let mut caller = stack.caller("- wait: 30\n- say: \"I would like to know how I can open a savings account for my daughter, and what it costs every month.\"\n- wait: 30\n", &[]).await;
    let speaking = stack.eventually(Duration::from_secs(30), async || {
        let rows = stack
            .sql()
            .await
            .query(
                "SELECT 1 FROM conversation_messages WHERE content LIKE '%help you%'",
                &[],
            )
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(speaking.await, "the greeting is on record");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    caller.start_kill().unwrap();
    let (session, summary) = stack.summarised_within(Duration::from_secs(60)).await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    let last = rows
        .iter()
        .rev()
        .find(|r| r.role == "user")
        .unwrap_or_else(|| panic!("what was said is on record: {rows:#?}"));
    assert!(
        last.content.to_lowercase().contains("like to know"),
        "{last:?}"
    );
    assert_ne!(summary["status"], "active", "{summary:#}");
}

/// How many sessions are still open.
async fn open_sessions(stack: &Stack) -> i64 {
    let sql = "SELECT count(*) FROM agent_sessions WHERE status = 'active'";
    stack.sql().await.query_one(sql, &[]).await.unwrap().get(0)
}

/// `teller sessions sweep`, with patience for nobody.
async fn sweep(stack: &Stack) {
    let output = stack
        .teller(&["sessions", "sweep", "--silent-for", "0"])
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn a_killed_worker_loses_no_committed_turn_and_another_one_closes_the_session() {
    let mut stack = Stack::start().await;
    let mut caller = stack
        .caller(
            "- wait: 30\n- say: What are your opening hours?\n- wait: 30\n- pause: 60\n",
            &[],
        )
        .await;
    let answered = stack.eventually(Duration::from_secs(40), async || {
        let rows = stack
            .sql()
            .await
            .query(
                "SELECT 1 FROM conversation_messages WHERE meta->>'route' = 'banking'",
                &[],
            )
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(
        answered.await,
        "the answer is on record while the call goes on:\n{}",
        stack.log()
    );
    stack.worker().start_kill().unwrap();
    stack.worker().wait().await.unwrap();
    sweep(&stack).await;
    let early = open_sessions(&stack).await;
    assert_eq!(early, 1, "a worker whose lease still runs is not judged");
    stack
        .sql()
        .await
        .execute(
            "UPDATE workers SET expires_at = now() - interval '1 second'",
            &[],
        )
        .await
        .unwrap();
    sweep(&stack).await;
    let (session, summary) = stack.summarised().await;
    assert_eq!(
        (summary["status"].as_str(), summary["partial"].as_bool()),
        (Some("abandoned"), Some(true)),
        "{summary:#}"
    );
    assert_gapless(&stack.messages(session).await);
    drop(caller.start_kill());
}

#[tokio::test]
async fn a_drain_finishes_with_a_goodbye_and_a_summary() {
    let mut stack = Stack::with(&[("DRAIN_SECONDS", "1")]).await;
    let caller = stack
        .caller(
            "- wait: 30\n- say: Hello there.\n- wait: 30\n- expect_end: 30\n",
            &[],
        )
        .await;
    let greeted = stack.eventually(Duration::from_secs(40), async || {
        let rows = stack
            .sql()
            .await
            .query(
                "SELECT 1 FROM conversation_messages WHERE role = 'user'",
                &[],
            )
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(greeted.await, "the caller was heard:\n{}", stack.log());
    stack.terminate();
    let report = stack.finish(caller).await;
    report.assert_met();
    assert!(
        report.text("agent").contains("restart"),
        "the goodbye was said: {:#}",
        report.0
    );
    let status = tokio::time::timeout(Duration::from_secs(30), stack.worker().wait())
        .await
        .expect("a drained worker ends")
        .unwrap();
    assert!(
        status.success(),
        "a drained worker ends in order: {status}\n{}",
        stack.log()
    );
    let (session, summary) = stack.summarised().await;
    assert_eq!(summary["end_reason"], "drained", "{summary:#}");
    assert_gapless(&stack.messages(session).await);
}

#[tokio::test]
async fn a_returning_browser_is_welcomed_without_facts() {
    let stack = Stack::start().await;
    let device = ["--device", "d0123456789abcdef0123456789abcdef"];
    stack
        .call_with(
            "- wait: 30\n- say: My name is Sarah.\n- wait: 30\n",
            &device,
        )
        .await
        .assert_met();
    stack.summarised().await;
    let report = stack
        .call_with("- wait: 30\n- expect_agent: welcome back\n", &device)
        .await;
    report.assert_met();
    assert!(
        !report.text("agent").contains("Sarah"),
        "nothing personal before authentication: {:#}",
        report.0
    );
}

#[tokio::test]
async fn asking_for_a_person_gets_a_call_back_and_counts_as_escalated() {
    let stack = Stack::start().await;
    let report = stack
        .call("- wait: 30\n- say: Can I speak to a person, please?\n- wait: 30\n- say: Yes please.\n- wait: 30\n- expect_agent: call you back\n")
        .await;
    report.assert_met();
    let (_, summary) = stack.summarised().await;
    assert_eq!(summary["resolution_status"], "escalated", "{summary:#}");
    let waiting: i64 = stack
        .sql()
        .await
        .query_one("SELECT count(*) FROM callbacks", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(waiting, 1, "the call back is on somebody's list");
}

#[tokio::test]
async fn a_database_that_goes_away_in_the_call_delays_the_record_and_loses_nothing() {
    let mut stack = Stack::prepare(&[]).await;
    let proxy = support::Proxy::before(&stack.database.url).await;
    stack.set("DATABASE_URL", &proxy.url);
    stack.start_worker().await;
    let caller = stack.caller("- wait: 30\n- say: What are your opening hours?\n- wait: 30\n- expect_agent: open\n- pause: 2\n", &[]).await;
    let greeted = stack.eventually(Duration::from_secs(40), async || {
        let rows = stack
            .sql()
            .await
            .query("SELECT 1 FROM agent_sessions", &[])
            .await
            .unwrap();
        !rows.is_empty()
    });
    assert!(greeted.await, "the session is on record");
    proxy.cut();
    stack.finish(caller).await.assert_met();
    proxy.mend();
    let (session, summary) = stack.summarised_within(Duration::from_secs(60)).await;
    let rows = stack.messages(session).await;
    assert_gapless(&rows);
    assert!(
        rows.iter().any(|r| r.meta["route"] == "banking"),
        "the answer came through: {rows:#?}"
    );
    assert_eq!(summary["status"], "ended");
}

/// A copy of the bank's pack with shorter patience.
fn quick_pack(stack: &Stack, away: &str, hangup: &str) -> String {
    let folder = stack.folder.join("pack");
    let status = std::process::Command::new("cp")
        .arg("-r")
        .arg(support::stack::root().join("packs/bank"))
        .arg(&folder)
        .status()
        .unwrap();
    assert!(status.success(), "the pack is copied");
    let settings = std::fs::read_to_string(folder.join("pack.toml")).unwrap();
    let quick = settings
        .replace("away_s = 15", away)
        .replace("hangup_s = 30", hangup);
    assert_ne!(
        settings, quick,
        "the pack's silence limits are where this test looks for them"
    );
    std::fs::write(folder.join("pack.toml"), quick).unwrap();
    folder.display().to_string()
}
