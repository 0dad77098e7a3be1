//! Who calls: authentication by keypad and page, and what nobody is told before it.

use crate::support::{CodeInbox, Stack};

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
        .code_for("+263771234567", 0)
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
    // The worker is a member of app_writer and nothing more; its upkeep goes on beside the call.
    let log = stack.log();
    for denied in [
        "SQLSTATE 42501",
        "permission denied",
        "upkeep of the record failed",
    ] {
        assert!(!log.contains(denied), "{denied}: {log}");
    }
    nothing_is_left_after_erasing_sarah(&stack, session).await;
}

/// Every row of every table as text.
async fn tables(stack: &Stack) -> String {
    let client = stack.sql().await;
    let sql = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    let mut all = String::new();
    for table in client.query(sql, &[]).await.unwrap() {
        let sql = format!("SELECT t::text FROM {} t", table.get::<_, String>(0));
        for row in client.query(&sql, &[]).await.unwrap() {
            all.push_str(row.get(0));
            all.push('\n');
        }
    }
    all
}

/// After a real call: what she and her telephone are called is in no table and no log.
async fn nothing_is_left_after_erasing_sarah(stack: &Stack, session: uuid::Uuid) {
    let hers = ["100234", "sarah", "Sarah Moyo", "263771234567", "15550123"];
    let before = tables(stack).await;
    assert!(hers[..2].iter().all(|word| before.contains(word)));
    let words: Vec<String> = stack
        .messages(session)
        .await
        .into_iter()
        .map(|row| row.content)
        .collect();
    let greeted = words.iter().any(|said| said.contains("Sarah"));
    assert!(greeted, "her name was said: {words:?}");
    let arguments = ["profiles", "erase", "sarah", "--actor", "ann", "--yes"];
    let output = stack.teller(&arguments).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let (after, log) = (tables(stack).await, stack.log());
    for word in hers.into_iter().chain(words.iter().map(String::as_str)) {
        assert!(!after.contains(word), "{word:?} is still in a table");
        assert!(
            !log.contains(word),
            "{word:?} is in the worker's log:\n{log}"
        );
    }
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
        codes.code_for("+263771234567", 0).await.is_some(),
        "the right one does"
    );
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
    // The greeting does not wait for a database that is slow to recognise a device: a busy machine has three calls.
    for call in 1.. {
        let report = stack.call_with("- wait: 30\n", &device).await;
        report.assert_met();
        let said = report.text("agent");
        assert!(
            !said.contains("Sarah"),
            "nothing personal before authentication: {:#}",
            report.0
        );
        if said.contains("Welcome back") {
            break;
        }
        assert!(call < 3, "not recognised in {call} calls: {:#}", report.0);
    }
}
