//! What is done for callers, from the words in a room to the company's systems and back: the demonstration back end does
//! it, and the rows say so.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
};

use crate::support::{CodeInbox, Stack, fixtures::root, ports::Port};

/// The demonstration back end of the bank's pack.
struct Systems {
    process: Child,
    url: String,
    _port: Port,
}

impl Systems {
    async fn start(stack: &Stack) -> Self {
        let port = Port::reserve();
        let (pack, address) = (root().join("packs/bank"), port.address());
        let mut process = stack
            .teller(&[
                "demo-backend",
                &pack.display().to_string(),
                "--listen",
                &address,
            ])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let lines = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(lines).lines();
        let first = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        assert!(matches!(first, Ok(Ok(Some(_)))), "it says where it listens");
        Self {
            process,
            url: format!("http://{address}"),
            _port: port,
        }
    }
}

/// What tools did in a session, in the order of their calls: `block_card success`.
async fn done(stack: &Stack, session: uuid::Uuid) -> Vec<String> {
    let sql = "SELECT c.tool || ' ' || coalesce(o.outcome, 'open') FROM tool_calls c
               LEFT JOIN tool_call_outcomes o USING (session_id, idempotency_key) WHERE c.session_id = $1 ORDER BY c.requested_at";
    let rows = stack.sql().await.query(sql, &[&session]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_lost_card_is_blocked_once_the_caller_proved_who_they_are_and_agreed() {
    let codes = CodeInbox::open().await;
    let mut stack = Stack::prepare(&[
        ("CODE_WEBHOOK_URL", &*codes.url),
        ("MESSAGE_WEBHOOK_URL", &*codes.url),
    ])
    .await;
    let systems = Systems::start(&stack).await;
    stack.set("BACKEND_URL", &systems.url);
    stack.start_worker().await;
    stack.import_customers("username,phone_number,email,name,customer_number\nsarah,+263771234567,,Sarah Moyo,100234\n").await;
    let script = "- active
- wait: 30
- say: I have lost my card.
- wait: 40
- expect_agent: block it for you
- say: Yes please.
- wait: 40
- expect_agent: that it is you
- dial: \"100234#\"
- wait: 30
- dial_from: code
- wait: 30
- expect_agent: debit card or your credit card
- type: the debit card
- wait: 30
- expect_agent: Shall I go ahead
- say: Yes, go ahead.
- wait: 40
- expect_agent: The reference is
- expect_agent: as a text message
";
    let caller = stack
        .caller(script, &["--sip", "--number", "+15550123"])
        .await;
    let code = codes
        .code_for("+263771234567", 0)
        .await
        .expect("a code is sent");
    tokio::fs::write(stack.folder.join("code"), &code)
        .await
        .unwrap();
    stack.finish(caller).await.assert_met();
    let (session, _) = stack.summarised().await;
    assert_eq!(
        done(&stack, session).await,
        ["block_card success", "message success"]
    );
    // It goes to the number that is stored, not to the one that was called from.
    let (to, text) = codes.last().expect("a message is sent");
    assert_eq!(to, "+263771234567");
    assert!(text.contains("debit card is blocked"), "{text}");
    drop(systems.process);
}
