//! Any trade: a library's pack answers a whole call in a browser, and nothing that the call leaves behind
//! speaks of a bank: no row, no page, no line of the log.

use serde_json::Value;

use crate::{
    pages::{browse, lines, question},
    support::{Stack, fixtures::root},
};

/// Words that a program made for a bank would let slip.
const OF_A_BANK: &[&str] = &[
    "account",
    "accounts",
    "balance",
    "balances",
    "bank",
    "banker",
    "banking",
    "banks",
    "branch",
    "cash",
    "deposit",
    "deposits",
    "mortgage",
    "overdraft",
    "withdraw",
    "withdrawal",
];

#[tokio::test]
async fn a_library_is_served_whole_and_nothing_speaks_of_a_bank() {
    let pack = root().join("knowledge/tests/packs/library");
    let log = "info,teller=debug,agent=debug,dialogue=debug,record=debug,jobs=debug,api=debug";
    let stack = Stack::with(&[("PACK_DIR", &pack.display().to_string()), ("RUST_LOG", log)]).await;

    let wav = question(&stack, "How many books can I borrow?").await;
    let actions = format!(
        "call; wait-transcript assistant /help you/; wait-state listening; speak {} /any books/; \
         wait-transcript assistant /eight/; wait-state listening; \
         type Thank you, goodbye; wait-phase ended; wait-summary",
        wav.display()
    );
    let url = format!("http://{}/", stack.http);
    let calling = ["--url", &url, "--timeout", "60", "--actions", &actions];
    let caller = browse("caller.mjs", &calling).await;
    assert_eq!(caller["company"], "Willow Lane Library", "{caller:#}");
    assert!(
        lines(&caller, "assistant").contains("eight books"),
        "the library's document answers: {caller:#}"
    );

    let (session, summary) = stack.summarised().await;
    assert_eq!(summary["topics"][0], "borrowing", "{summary:#}");
    assert_eq!(summary["resolution_status"], "resolved", "{summary:#}");

    let page = format!("http://{}/supervisor.html", stack.http);
    let supervisor = browse(
        "supervisor.mjs",
        &["--url", &page, "--key", "supervisor-key-of-this-test"],
    )
    .await;
    assert!(
        supervisor["call"]["page"]
            .to_string()
            .contains("eight books"),
        "the supervisor reads the call: {supervisor:#}"
    );

    for row in stack.messages(session).await {
        assert_speaks_of_no_bank("a message", &format!("{} {}", row.content, row.meta));
    }
    for (table, row) in rows(&stack).await {
        assert_speaks_of_no_bank(&format!("a row of {table}"), &row);
    }
    assert_speaks_of_no_bank("the caller's page", &caller.to_string());
    assert_speaks_of_no_bank("the supervisor's page", &supervisor.to_string());
    let (_, status) = stack.get(&stack.http, "/v1/status").await.unwrap();
    assert_speaks_of_no_bank("the status", &status);
    assert_speaks_of_no_bank("the log", &stack.log());
}

/// Every row of every table and view that a call can leave something in, as JSON.
async fn rows(stack: &Stack) -> Vec<(String, String)> {
    let client = stack.sql().await;
    let tables = "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                   WHERE n.nspname = 'public' AND relkind IN ('r', 'v') AND relname <> 'refinery_schema_history'";
    let mut found = Vec::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let all = format!("SELECT to_jsonb(t) FROM \"{table}\" t");
        for row in client.query(&all, &[]).await.unwrap() {
            let row: Value = row.get(0);
            found.push((table.clone(), row.to_string()));
        }
    }
    let called = found.iter().any(|(table, _)| table == "agent_sessions");
    assert!(called, "the call's session is among the rows looked at");
    found
}

#[track_caller]
fn assert_speaks_of_no_bank(place: &str, text: &str) {
    let words = text.split(|c: char| !c.is_alphabetic());
    let slip = words
        .map(str::to_lowercase)
        .find(|word| OF_A_BANK.contains(&word.as_str()));
    if let Some(word) = slip {
        let line = text
            .lines()
            .find(|line| line.to_lowercase().contains(&word));
        panic!("{place} says `{word}`: {}", line.unwrap_or(text));
    }
}
