//! Administrators' commands: the built program against a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::process::Output;

use database::testing::TestDatabase;
use serde_json::Value;
use tokio::process::Command;

/// Runs `teller` on this database.
async fn teller(database: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_teller"))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("DATABASE_URL", &database.url)
        .env("KEY_FILE", database.key_file())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no JSON ({error}): {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

#[tokio::test]
async fn migrate_says_what_is_missing_before_it_changes_anything() {
    let database = TestDatabase::empty().await;
    let missing = teller(&database, &["migrate", "--dry-run", "--json"]).await;
    assert_eq!(missing.status.code(), Some(1), "something is missing");
    let pending = json(&missing)["pending"].as_array().unwrap().len();
    assert!(pending >= 10, "{pending} migrations were named");

    let done = teller(&database, &["migrate", "--json"]).await;
    assert_eq!(done.status.code(), Some(0));
    assert_eq!(json(&done)["applied"].as_array().unwrap().len(), pending);

    let nothing = teller(&database, &["migrate", "--dry-run", "--json"]).await;
    assert_eq!(nothing.status.code(), Some(0), "nothing is missing");
    assert_eq!(json(&nothing)["pending"], serde_json::json!([]));
}
