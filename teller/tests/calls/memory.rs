//! A person returns: who proves it is met with what the last call was about and what it left open, and hears what is
//! remembered; before that nothing of it is said.

use crate::support::{CodeInbox, Stack};

/// The caller proves who they are, by the customer's number and the code that is sent.
const PROVE: &str = "- dial: \"100234#\"
- wait: 30
- dial_from: code
- wait: 30
- expect_agent: Sarah
";

/// A call of Sarah's, whose `before`-th code is in the inbox once she asked for it.
async fn call(stack: &Stack, codes: &CodeInbox, script: &str, before: usize) {
    let code = stack.folder.join("code");
    if code.exists() {
        tokio::fs::remove_file(&code).await.unwrap();
    }
    let caller = stack
        .caller(script, &["--sip", "--number", "+15550123"])
        .await;
    let sent = codes.code_for("+263771234567", before).await;
    tokio::fs::write(&code, sent.expect("a code is sent"))
        .await
        .unwrap();
    stack.finish(caller).await.assert_met();
}

#[tokio::test]
async fn a_person_who_returns_and_proves_it_is_met_with_what_they_left_open() {
    let codes = CodeInbox::open().await;
    let stack = Stack::with(&[("CODE_WEBHOOK_URL", &codes.url)]).await;
    stack.import_customers("username,phone_number,email,name,customer_number\nsarah,+263771234567,,Sarah Moyo,100234\n").await;
    let first = format!(
        "- active
- wait: 30
{PROVE}- type: I prefer that you send me a text.
- wait: 30
- type: I would like to reset the PIN of my card.
- wait: 30
- type: I want to file a complaint.
- wait: 30
"
    );
    call(&stack, &codes, &first, 0).await;
    let (session, _) = stack.summarised().await;
    let facts = "SELECT key || ' ' || value FROM facts WHERE session_id = $1";
    let facts = stack.sql().await.query(facts, &[&session]).await.unwrap();
    let facts: Vec<String> = facts.iter().map(|row| row.get(0)).collect();
    assert_eq!(facts, ["contact_channel message"]);

    let second = format!(
        "- active
- wait: 30
- type: What do you know about me?
- wait: 30
- expect_agent: once they have proved who they are
{PROVE}- expect_agent: Your last call was about
- wait: 20
- type: What do you know about me?
- wait: 30
- expect_agent: You prefer to be reached by text message
- type: Forget everything you know about me.
- wait: 30
- expect_agent: I have forgotten
- type: What do you know about me?
- wait: 30
- expect_agent: I have noted nothing about you
"
    );
    call(&stack, &codes, &second, codes.count()).await;
    assert!(
        stack.log().contains("RETURNING USER"),
        "who returns is in no log"
    );
}
