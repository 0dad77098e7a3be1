//! The pages in a real browser: headless Chromium talks with the agent through a
//! fake microphone, authenticates, hangs up and reads its summary; a supervisor
//! finds the call.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

mod support;

use std::path::PathBuf;

use serde_json::Value;
use support::{Stack, stack::root};
use tokio::process::Command;

/// Runs one of the drivers of `web/e2e` and returns what it saw.
async fn browse(driver: &str, arguments: &[&str]) -> Value {
    let output = Command::new("node")
        .arg(root().join("web/e2e").join(driver))
        .args(arguments)
        .current_dir(root().join("web"))
        .kill_on_drop(true)
        .output()
        .await
        .expect("node is installed; scripts/setup says how");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().last().unwrap_or_default();
    let seen: Value = serde_json::from_str(line).unwrap_or_else(|_| {
        panic!(
            "{driver} said nothing: {text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    assert!(output.status.success(), "{driver}: {seen:#}");
    seen
}

/// A question for the fake microphone: silence while the agent greets, then speech.
async fn question(stack: &Stack, text: &str, after_seconds: usize) -> PathBuf {
    let spoken = stack.folder.join("spoken.wav");
    let status = Command::new("flite")
        .args(["-voice", "rms", "-t", text, "-o"])
        .arg(&spoken)
        .status()
        .await
        .unwrap();
    assert!(status.success(), "flite speaks");
    let mut reader = hound::WavReader::open(&spoken).unwrap();
    let spec = reader.spec();
    let file = stack.folder.join("microphone.wav");
    let mut writer = hound::WavWriter::create(&file, spec).unwrap();
    let rate = spec.sample_rate as usize;
    let speech: Vec<i16> = reader.samples::<i16>().map(Result::unwrap).collect();
    for sample in vec![0; rate * after_seconds]
        .into_iter()
        .chain(speech)
        .chain(vec![0; rate * 30])
    {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    file
}

#[tokio::test]
async fn a_browser_caller_talks_authenticates_and_reads_the_summary_that_a_supervisor_sees() {
    let mut stack = Stack::prepare(&[("DEMO_MESSAGES", "1")]).await;
    let webhook = format!("http://{}/demo/messages", stack.http);
    stack.set("CODE_WEBHOOK_URL", &webhook);
    stack.start_worker().await;
    stack
        .import_customers("username,phone_number,email,name\nsarah,+263771234567,,Sarah Moyo\n")
        .await;
    let wav = question(&stack, "How can I withdraw cash without my card?", 12)
        .await
        .display()
        .to_string();
    let url = format!("http://{}/", stack.http);
    let seen = browse(
        "caller.mjs",
        &[
            "--url", &url, "--wav", &wav, "--timeout", "60", "--actions",
            "call; wait-transcript assistant /help you/; wait-transcript caller /card/; wait-transcript assistant /236/; \
             wait-state listening; authenticate sarah +263771234567; type Thank you, goodbye; wait-phase ended; wait-summary",
        ],
    )
    .await;
    assert!(
        seen["errors"].as_array().is_none_or(Vec::is_empty),
        "{seen:#}"
    );
    assert!(
        seen["summary"]
            .to_string()
            .to_lowercase()
            .contains("cardless"),
        "the caller reads the summary: {seen:#}"
    );

    let (session, row) = stack.summarised().await;
    assert_eq!(
        row["auth_level"], 2,
        "the page's form authenticates: {row:#}"
    );
    let url = format!("http://{}/supervisor.html", stack.http);
    let seen = browse(
        "supervisor.mjs",
        &["--url", &url, "--key", "supervisor-key-of-this-test"],
    )
    .await;
    let text = seen.to_string();
    for part in ["sarah", "ithdraw", "236"] {
        assert!(
            text.contains(part),
            "the supervisor sees `{part}` of call {session}: {seen:#}"
        );
    }
    let opened: i64 = stack
        .sql()
        .await
        .query_one(
            "SELECT count(*) FROM audit_log WHERE action LIKE 'call%'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert!(opened >= 1, "opening a call's record is audited");
}
