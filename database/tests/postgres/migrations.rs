use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Once,
};

use database::test_support::{TestDatabase, migration_script};

use crate::support::{assert_invariants, rows, talk};

/// The file, written anew first if `UPDATE` asks for it.
fn script_file() -> PathBuf {
    static WRITTEN: Once = Once::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrate_profiles.sql");
    WRITTEN.call_once(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the way to ask for the file to be written anew"
        )]
        if std::env::var("UPDATE").is_ok() {
            std::fs::write(&file, migration_script()).expect("writing migrate_profiles.sql");
        }
    });
    file
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| {
        panic!("{program} is not installed (apt-get install postgresql-client): {error}")
    })
}

fn psql(test: &TestDatabase) -> (String, bool) {
    let file = script_file();
    let output = run(
        "psql",
        &[
            "-X",
            "-d",
            &test.url,
            "-f",
            file.to_str().expect("a plain path"),
        ],
    );
    let said = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&said).into_owned(),
        output.status.success(),
    )
}

/// The schema as text, without what differs from run to run.
fn dump(test: &TestDatabase) -> String {
    let output = run("pg_dump", &["--schema-only", "--no-owner", "-d", &test.url]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("a dump is UTF-8");
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_script_for_psql_is_generated_from_the_migrations() {
    let stored = std::fs::read_to_string(script_file()).unwrap_or_default();
    let same = stored == migration_script();
    assert!(
        same,
        "database/migrate_profiles.sql is out of date: UPDATE=1 cargo test -p database --test postgres migrations"
    );
}

#[tokio::test]
async fn psql_and_the_program_make_the_same_schema() {
    let (by_psql, by_program) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let (said, succeeded) = psql(&by_psql);
    assert!(succeeded, "{said}");
    let report = by_program.db.migrate().await.unwrap();
    assert!(report.applied.len() >= 9, "{report:?}");
    let (one, other) = (dump(&by_psql), dump(&by_program));
    let difference = one.lines().zip(other.lines()).find(|(a, b)| a != b);
    assert!(one == other, "first difference: {difference:?}");
    talk(&by_psql.db, "device-one", 3).await;
    assert_invariants(&by_psql, "in a database made by psql").await;
}

#[tokio::test]
async fn either_way_of_migrating_may_follow_the_other() {
    let test = TestDatabase::empty().await;
    assert!(psql(&test).1);
    let before = dump(&test);
    let report = test
        .db
        .migrate()
        .await
        .expect("the program accepts what psql did");
    assert!(report.applied.is_empty(), "{report:?}");
    let (said, succeeded) = psql(&test);
    assert!(
        succeeded && said.contains("already migrated: 1 ") && !said.contains("applying"),
        "{said}"
    );
    assert_eq!(dump(&test), before);
}

#[tokio::test]
async fn workers_that_start_together_migrate_once() {
    let test = TestDatabase::empty().await;
    let (a, b, c) = tokio::join!(test.db.migrate(), test.db.migrate(), test.db.migrate());
    let mut applied = [a, b, c].map(|report| report.unwrap().applied.len());
    applied.sort_unstable();
    assert_eq!(applied[..2], [0, 0], "one of three migrates");
    assert!(applied[2] >= 9);
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let test = TestDatabase::new().await;
    test.client()
        .await
        .execute(
            "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 3",
            &[],
        )
        .await
        .unwrap();
    let refused = test.db.migrate().await;
    assert!(
        matches!(refused, Err(database::DatabaseError::Setup(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_tables_that_documents_name_exist() {
    let test = TestDatabase::new().await;
    let tables = rows(&test, "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace").await;
    let text = format!("{tables:?}");
    for table in [
        "agent_instructions",
        "agent_sessions",
        "conversation_messages",
        "rag_documents",
        "system_config",
        "user_profiles",
        "conversation_summaries",
    ] {
        assert!(text.contains(&format!("\"{table}\"")), "{table} is missing");
    }
}
