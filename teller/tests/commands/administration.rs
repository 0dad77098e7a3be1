//! Administrators' commands: the built program against a real PostgreSQL.

use std::process::Output;

use database::test_support::TestDatabase;
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

/// Who gives the commands of these tests.
const ANN: &str = "--actor=ann";

/// Whether the command line shows it or what it names.
#[tokio::test]
async fn wrong_use_ends_with_2_names_what_is_wrong_and_changes_nothing() {
    let database = TestDatabase::new().await;
    let profiles = database::ProfileRepository::new(&database.db);
    let sarah = profiles
        .create_authenticated_profile("sarah", None, None)
        .await
        .unwrap();
    let sarah = sarah.to_string();
    let folder = std::env::temp_dir().join(format!("teller-commands-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, nowhere) = (folder.join("there"), folder.join("nowhere"));
    std::fs::write(&file, "name,colour\nsarah,red\n").unwrap();
    let (there, nowhere) = (file.to_str().unwrap(), nowhere.to_str().unwrap());
    let wrong: [(&[&str], &str); 18] = [
        (&["profiles", "erase", &sarah, ANN], "--yes"),
        (&["profiles", "erase", "nobody", ANN], "--yes"),
        (
            &["sessions", "archive", "--keep-months", "12", ANN],
            "--yes",
        ),
        (&["spool", "inspect", "letter", "--reveal"], "--actor"),
        (
            &["profiles", "erase", &sarah, "--yes", "--actor", ""],
            "--actor",
        ),
        (
            &["profiles", "merge", &sarah, &sarah, "--actor", " "],
            "--actor",
        ),
        (&["profiles", "unmerge", &sarah], "--actor"),
        (&["profiles", "unmerge", "sarah", ANN], "sarah"),
        (&["profiles", "import", nowhere, ANN], "nowhere"),
        (&["profiles", "import", there, ANN], "columns are username"),
        (
            &["profiles", "export", &sarah, "--output", there, ANN],
            "exists",
        ),
        (&["sessions", "list", "--limit", "0", ANN], "1..=10000"),
        (&["sessions", "sweep", "--pack", nowhere, ANN], "nowhere"),
        (&["knowledge", "import", nowhere, ANN], "nowhere"),
        (&["verify", "--anchors", nowhere], "--anchors is a folder"),
        (&["spool", "list"], "SPOOL_DIR"),
        (&["keys", "create", there], "exists"),
        (&["keys", "rotate", "--actor", "a\nb"], "--actor"),
    ];
    for (arguments, named) in wrong {
        let output = teller(&database, arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains(named),
            "{arguments:?} should name {named}: {said}"
        );
    }
    let held = profiles.get_by_username("sarah").await.unwrap();
    assert!(held.is_some(), "nothing was erased");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "name,colour\nsarah,red\n"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_question_asked_in_order_whose_answer_is_no_ends_with_1() {
    let database = TestDatabase::new().await;
    let sarah = database::ProfileRepository::new(&database.db)
        .create_authenticated_profile("sarah", None, None)
        .await
        .unwrap()
        .to_string();
    let no: [&[&str]; 3] = [
        &["profiles", "show", "nobody", ANN],
        &["profiles", "unmerge", &sarah, ANN],
        &["sessions", "show", &sarah, ANN],
    ];
    for arguments in no {
        let output = teller(&database, arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    }
}

/// Every command that asks the database, and nothing it could do without.
#[tokio::test]
async fn a_command_whose_database_is_away_ends_with_3_and_says_so() {
    let mut database = TestDatabase::new().await;
    database.url = "postgres://nobody@127.0.0.1:1/nothing".to_owned();
    let customers = std::env::temp_dir().join(format!("teller-away-{}.csv", uuid::Uuid::new_v4()));
    std::fs::write(&customers, "username\nsarah\n").unwrap();
    let (id, other) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let (id, other) = (id.to_string(), other.to_string());
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank");
    let anchors = env!("CARGO_MANIFEST_DIR");
    let commands: [&[&str]; 20] = [
        &["migrate"],
        &["migrate", "--dry-run"],
        &["knowledge", "import", pack, ANN],
        &["profiles", "show", "sarah", ANN],
        &["profiles", "history", &id, "--json", ANN],
        &["profiles", "merge", &id, &other, ANN],
        &["profiles", "merge", &id, &other, "--dry-run", ANN],
        &["profiles", "unmerge", &id, ANN],
        &["profiles", "import", customers.to_str().unwrap(), ANN],
        &["profiles", "export", "sarah", ANN],
        &["profiles", "erase", "sarah", "--yes", ANN],
        &["sessions", "list", ANN],
        &["sessions", "show", &id, "--json", ANN],
        &["sessions", "sweep", "--pack", pack, ANN],
        &["sessions", "summarize", &id, "--pack", pack, ANN],
        &["sessions", "summarize", "--failed", "--pack", pack, ANN],
        &["sessions", "archive", "--keep-months", "1", "--yes", ANN],
        &["keys", "rotate", ANN],
        &["verify", "--anchors", anchors],
        &["verify", "--session", &id, "--anchors", anchors],
    ];
    for arguments in commands {
        let output = teller(&database, arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(
            said.contains("the database is unavailable"),
            "{arguments:?}: {said}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?} answers something");
    }
    std::fs::remove_file(&customers).unwrap();
}

/// What is wrong there is a setting, whichever command meets it.
#[tokio::test]
async fn a_command_without_its_key_file_ends_with_78_and_one_whose_disk_refuses_with_3() {
    let database = TestDatabase::new().await;
    let commands: [&[&str]; 7] = [
        &["migrate"],
        &["profiles", "show", "sarah", ANN],
        &["sessions", "list", ANN],
        &["spool", "list"],
        &["keys", "list"],
        &["keys", "rotate", ANN],
        &["verify"],
    ];
    std::fs::remove_file(database.key_file()).unwrap();
    for arguments in commands {
        let output = teller(&database, arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{arguments:?}: {said}");
        assert!(said.contains("teller keys create"), "{arguments:?}: {said}");
    }
    let nowhere = ["keys", "create", "/proc/nowhere/keys.toml"];
    let output = teller(&database, &nowhere).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
}

#[tokio::test]
async fn every_command_explains_its_exit_codes() {
    let database = TestDatabase::empty().await;
    let commands: [&[&str]; 3] = [&["migrate"], &["profiles"], &["profiles", "erase"]];
    for command in commands {
        let output = teller(&database, &[command, &["--help"]].concat()).await;
        let help = String::from_utf8_lossy(&output.stdout);
        assert!(help.contains("\n  3   it failed"), "{command:?}: {help}");
    }
}
