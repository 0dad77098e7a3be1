//! The built program, run by an administrator.

use std::process::{Command, Output, Stdio};

use database::test_support::TestDatabase;

/// Runs `teller` without a terminal and without an embedding model.
pub(crate) async fn teller(test: &TestDatabase, arguments: &[&str]) -> Output {
    teller_with(test, arguments, &[("EMBEDDING_MODEL", "off".to_owned())]).await
}

/// Runs `teller` without a terminal and with these settings.
pub(crate) async fn teller_with(
    test: &TestDatabase,
    arguments: &[&str],
    settings: &[(&str, String)],
) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teller"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        // As in a bank: an administrator is no owner of the tables.
        .env("DATABASE_URL", test.url_as("identity_admin"))
        .env("KEY_FILE", test.key_file())
        .envs(settings.iter().cloned())
        .stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap()
}
