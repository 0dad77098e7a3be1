//! Who gives a command: the built program against a real PostgreSQL. Every command that reads or changes
//! what is kept of people, or the state of the record, wants a name and writes it down first.

use std::{path::PathBuf, process::Output};

use chrono::Utc;
use database::{
    Channel, CustomerRow, MessageRepository, MessageSealer, NewMessage, NewSession, ProfileId,
    ProfileRepository, Role, SessionId, SessionRepository, StoredRecord,
    spool::{Spool, SpoolConfig},
    test_support::TestDatabase,
};
use tokio::process::Command;

const PACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank");
const WORDS: &str = "How can I reset the PIN of my card, please?";

/// A database with one customer, one call and what belongs to them.
struct Harness {
    test: TestDatabase,
    sarah: ProfileId,
    session: SessionId,
    folder: PathBuf,
}

impl Harness {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let profiles = ProfileRepository::new(&test.db);
        let row = CustomerRow {
            username: "sarah".into(),
            name: Some("Sarah Quillfeather".into()),
            ..CustomerRow::default()
        };
        profiles.import_customers(&[row], "setup").await.unwrap();
        let sarah = profiles.get_by_username("sarah").await.unwrap().unwrap();
        let session = SessionId::new();
        call(&test, session).await;
        let folder = std::env::temp_dir().join(format!("teller-audited-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(folder.join("spool")).unwrap();
        Self {
            test,
            sarah: sarah.id,
            session,
            folder,
        }
    }

    /// Runs `teller` without a terminal.
    async fn teller(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_teller"))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("DATABASE_URL", &self.test.url)
            .env("KEY_FILE", self.test.key_file())
            .env("PACK_DIR", PACK)
            .env("SPOOL_DIR", self.folder.join("spool"))
            .kill_on_drop(true)
            .output()
            .await
            .unwrap()
    }

    /// `action subject through` of the rows that somebody left.
    async fn left_by(&self, actor: &str) -> Vec<String> {
        let sql = "SELECT concat_ws(' ', action, subject_id, detail->>'through') FROM audit_log WHERE actor = $1 ORDER BY id";
        let client = self.test.client().await;
        let rows = client.query(sql, &[&actor]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{}: {error}", self.folder.display());
        }
    }
}

async fn call(test: &TestDatabase, id: SessionId) {
    let new = NewSession {
        id,
        room_id: "room".into(),
        participant_id: format!("participant of {id}"),
        anonymous_id: Some(format!("device of {id}")),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now(),
    };
    let key = test.db.keys().new_session_key().unwrap();
    let sessions = SessionRepository::new(&test.db);
    sessions.start(&new, &key).await.unwrap();
    let mut sealer = MessageSealer::new(id, key);
    let said = NewMessage::new(id, 0, Role::User, WORDS, Utc::now());
    let messages = MessageRepository::new(&test.db);
    let stored = messages.insert_batch(&[sealer.seal(said).unwrap()]).await;
    assert_eq!(stored.unwrap().new, 1);
}

/// A command, and the row it leaves: action, subject and command.
const COMMANDS: [(&str, &str); 14] = [
    (
        "callbacks list",
        "callbacks.listed open teller callbacks list",
    ),
    ("sessions list", "calls.listed teller sessions list"),
    (
        "sessions show {session}",
        "call.opened {session} teller sessions show",
    ),
    (
        "sessions summarize {session} --dry-run",
        "call.opened {session} teller sessions summarize",
    ),
    (
        "sessions summarize {session}",
        "call.summarised {session} teller sessions summarize",
    ),
    ("sessions sweep", "sessions.swept teller sessions sweep"),
    (
        "sessions archive --keep-months 12 --yes --to {folder}/archive",
        "messages.archived conversation_messages_2024_01 teller sessions archive",
    ),
    (
        "knowledge import",
        "knowledge.import bank teller knowledge import",
    ),
    (
        "knowledge adopt-draft",
        "knowledge.draft bank teller knowledge adopt-draft",
    ),
    (
        "profiles show sarah",
        "profile.opened {sarah} teller profiles show",
    ),
    (
        "profiles history SARAH",
        "profile.opened {sarah} teller profiles history",
    ),
    (
        "profiles summary sarah",
        "profile.opened {sarah} teller profiles summary",
    ),
    ("profiles export {sarah}", "profile.export {sarah}"),
    ("keys rotate", "keys.rotate"),
];

#[tokio::test]
async fn every_command_that_reads_or_changes_leaves_who_did_it() {
    let harness = Harness::new().await;
    let month = uuid::Timestamp::from_unix(uuid::NoContext, 1_704_100_000, 0);
    let client = harness.test.client().await;
    let partition = "SELECT make_message_partition('2024-01-15')";
    client.batch_execute(partition).await.unwrap();
    call(&harness.test, SessionId(uuid::Uuid::new_v7(month))).await;
    let filled = |text: &str| {
        text.replace("{session}", &harness.session.to_string())
            .replace("{sarah}", &harness.sarah.to_string())
            .replace("{folder}", harness.folder.to_str().unwrap())
    };
    for (number, (command, row)) in COMMANDS.into_iter().enumerate() {
        let given = filled(command);
        let arguments: Vec<&str> = given.split(' ').collect();
        let nameless = harness.teller(&arguments).await;
        let told = String::from_utf8_lossy(&nameless.stderr).into_owned();
        assert_eq!(nameless.status.code(), Some(2), "{command}: {told}");
        assert!(told.contains("--actor <NAME>"), "{command}: {told}");
        assert!(nameless.stdout.is_empty(), "{command} shows something");

        let ann = format!("Ann Moyo {number}");
        let named = [&arguments[..], &["--actor", &ann]].concat();
        let output = harness.teller(&named).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{command}: {told}");
        assert_eq!(harness.left_by(&ann).await, [filled(row)], "{command}");
    }
}

/// Writes a message of the call into a dead letter, as a worker does with what the database refuses.
async fn dead_letter(harness: &Harness) -> String {
    let db = &harness.test.db;
    let key = SessionRepository::new(db)
        .key(harness.session)
        .await
        .unwrap();
    let messages = MessageRepository::new(db);
    let stored = messages.sealed_by_session(harness.session).await.unwrap();
    let head = stored[0].row_hash;
    let mut sealer = MessageSealer::after(harness.session, key.unwrap(), head);
    let said = NewMessage::new(harness.session, 1, Role::User, WORDS, Utc::now());
    let record = StoredRecord::Message(sealer.seal(said).unwrap()).to_spool();
    let mut spool = Spool::open(SpoolConfig {
        dir: harness.folder.join("spool"),
        key: db.keys().spool_key(),
        holder: "setup".into(),
        budget_bytes: 1 << 24,
    })
    .unwrap();
    spool.appender.append(&[record]).unwrap();
    let batch = spool.reader.next(9).unwrap();
    let parked = spool.reader.park(&batch.records[0], &batch, "refused once");
    spool.reader.done(&batch);
    parked.unwrap()
}

#[tokio::test]
async fn trying_a_dead_letter_again_leaves_who_did_it() {
    let harness = Harness::new().await;
    let id = dead_letter(&harness).await;
    let dry = ["spool", "retry", "--dry-run", "--actor", "ann"];
    assert_eq!(harness.teller(&dry).await.status.code(), Some(0));
    let left = harness.left_by("ann").await;
    assert!(left.is_empty(), "a dry run tries nothing: {left:?}");
    let nameless = harness.teller(&["spool", "retry", &id]).await;
    assert_eq!(nameless.status.code(), Some(2));
    let tried = harness
        .teller(&["spool", "retry", &id, "--actor", "ann"])
        .await;
    let told = String::from_utf8_lossy(&tried.stdout).into_owned();
    assert!(told.contains("stored"), "{told}");
    let row = format!("letter.retried {} teller spool retry", harness.session);
    assert_eq!(harness.left_by("ann").await, [row]);
}

/// Nothing is shown or changed of which the audit log takes no row.
#[tokio::test]
async fn what_is_not_written_down_is_neither_shown_nor_done() {
    let harness = Harness::new().await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse();
         UPDATE session_rows SET last_activity_at = now() - interval '1 hour'";
    let client = harness.test.client().await;
    client.batch_execute(refuse).await.unwrap();
    let session = harness.session.to_string();
    let commands: [&[&str]; 9] = [
        &["callbacks", "list"],
        &["leads", "all"],
        &["sessions", "list"],
        &["sessions", "show", &session],
        &["sessions", "summarize", &session],
        &["sessions", "sweep"],
        &["knowledge", "import"],
        &["profiles", "show", "sarah"],
        &["profiles", "history", "sarah"],
    ];
    for command in commands {
        let output = harness
            .teller(&[command, &["--actor", "ann"]].concat())
            .await;
        assert_eq!(output.status.code(), Some(3), "{command:?}");
        assert!(output.stdout.is_empty(), "{command:?} shows something");
    }
    let changed =
        "SELECT (SELECT count(*) FROM summary_rows) + (SELECT count(*) FROM rag_documents)
         + (SELECT count(*) FROM session_rows WHERE status <> 'active')";
    let changed = client.query_one(changed, &[]).await.unwrap();
    assert_eq!(changed.get::<_, i64>(0), 0, "something was done");
}

/// Files of customers as people save them; a row is imported or refused by its number.
#[tokio::test]
async fn a_list_of_customers_is_read_however_it_was_saved_and_loses_no_row() {
    let harness = Harness::new().await;
    let list = "# A comment\r\n#\r\nusername,phone_number,name\r\n#ann,+263 (0)79 000 0006,Zoë\r\n\u{202a}john\u{202c},0771234567,\r\n";
    let file = harness.folder.join("customers.csv");
    let import = [
        "profiles",
        "import",
        file.to_str().unwrap(),
        "--actor",
        "ann",
    ];
    let utf16 = format!("\u{feff}{list}").encode_utf16().collect::<Vec<_>>();
    let utf16 = utf16.into_iter().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{list}").into_bytes();
    for (bytes, first) in [
        (marked, "1 created, 0 updated"),
        (utf16, "0 created, 1 updated"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let output = harness.teller(&import).await;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "a row was refused: {told}");
        assert!(
            told.starts_with(first) && told.contains("row 2: "),
            "{told}"
        );
    }
    let demo = format!("{PACK}/demo/customers.csv");
    let output = harness
        .teller(&["profiles", "import", &demo, "--actor", "ann"])
        .await;
    assert_eq!(output.status.code(), Some(0), "the customers to try with");
    let profiles = ProfileRepository::new(&harness.test.db);
    let ann = profiles.get_by_username("#ann").await.unwrap();
    let ann = ann.expect("no row is taken for a comment");
    assert_eq!(ann.phone_number.as_deref(), Some("+263790000006"));
    assert_eq!(ann.name.as_deref(), Some("Zoë"));
    for (bytes, why) in [
        (&b"username\ncaf\xe9\n"[..], "not UTF-8"),
        (b"username\na\0\n", "line 2 holds a NUL"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let output = harness.teller(&import).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), told.contains(why)),
            (Some(2), true),
            "{told}"
        );
    }
}
