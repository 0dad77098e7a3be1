//! Bad settings and bad input: the error names what is wrong and what is expected,
//! before any port opens.

use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::LazyLock,
    time::Duration,
};

use tokio::process::Command;

use crate::support::fixtures::{root, small_model};

fn teller(arguments: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teller"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("KEY_FILE", key_file())
        .env(
            "SPOOL_DIR",
            std::env::temp_dir().join(format!("teller-settings-{}", uuid::Uuid::new_v4())),
        )
        .kill_on_drop(true);
    command.envs(env.iter().copied()).current_dir(root());
    command
}

/// One key file for all tests of this process.
fn key_file() -> &'static Path {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path =
            std::env::temp_dir().join(format!("teller-settings-{}.toml", uuid::Uuid::new_v4()));
        database::test_support::ephemeral_keys()
            .write_to(&path)
            .unwrap();
        path
    });
    &FILE
}

const GOOD: [(&str, &str); 4] = [
    ("LIVEKIT_URL", "ws://127.0.0.1:1"),
    ("LIVEKIT_API_KEY", "key"),
    ("LIVEKIT_API_SECRET", "secret-of-this-test-with-32-bytes"),
    ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"),
];

async fn start_with(env: &[(&str, &str)]) -> Output {
    let all: Vec<(&str, &str)> = GOOD.into_iter().chain(env.iter().copied()).collect();
    let run = teller(&["start"], &all).output();
    tokio::time::timeout(Duration::from_secs(20), run)
        .await
        .expect("a bad setting stops the start at once")
        .unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the start should fail: {error}");
    for part in parts {
        assert!(
            error.contains(part),
            "the error should name `{part}`: {error}"
        );
    }
    assert!(!error.contains("panicked"), "{error}");
}

#[tokio::test]
async fn missing_settings_are_all_named_at_once() {
    let output = teller(&["start"], &[]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(78), "EX_CONFIG");
    assert_refused(
        &output,
        &[
            "LIVEKIT_URL",
            "LIVEKIT_API_KEY",
            "LIVEKIT_API_SECRET",
            "DATABASE_URL",
            "postgres://",
        ],
    );
}

#[tokio::test]
async fn a_worker_without_its_key_file_does_not_start_and_says_how_to_make_one() {
    let output = start_with(&[("KEY_FILE", "/nonexistent/keys.toml")]).await;
    assert_eq!(output.status.code(), Some(78), "EX_CONFIG");
    assert_refused(&output, &["/nonexistent/keys.toml", "teller keys create"]);
}

#[tokio::test]
async fn the_command_makes_a_key_file_once_and_lists_it_without_its_keys() {
    let path = std::env::temp_dir().join(format!("teller-made-{}.toml", uuid::Uuid::new_v4()));
    let file = path.display().to_string();
    let run = async |arguments: &[&str]| {
        let output = teller(arguments, &[("KEY_FILE", &file)]).output().await;
        let output = output.unwrap();
        let shown = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(shown).unwrap())
    };
    let (made, text) = run(&["keys", "create"]).await;
    assert_eq!(made, Some(0), "{text}");
    let (again, refusal) = run(&["keys", "create"]).await;
    assert_ne!(again, Some(0), "a key file must not be overwritten");
    assert!(refusal.contains(&file), "{refusal}");
    let (listed, json) = run(&["keys", "list", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((listed, &json["wrapping"][0]["id"]), (Some(0), &1.into()));
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let quoted = written.lines().filter_map(|line| line.split('"').nth(1));
    for key in quoted.filter(|value| value.len() == 44) {
        assert!(
            !format!("{text}{json}").contains(key),
            "a command shows a key"
        );
    }
}

#[tokio::test]
async fn rotating_wraps_every_person_key_anew_and_a_dry_run_none() {
    let test = database::test_support::TestDatabase::new().await;
    let sessions = database::SessionRepository::new(&test.db);
    let new = database::NewSession {
        id: database::SessionId::new(),
        room_id: "room".into(),
        participant_id: "participant".into(),
        anonymous_id: Some("device".into()),
        channel: database::Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: chrono::Utc::now(),
    };
    sessions.create_session(&new).await.unwrap();
    let file = test.key_file().display().to_string();
    let keys = database::keys::Keyring::open(test.key_file()).unwrap();
    let running = database::Database::new(database::DatabaseConfig::new(&test.url, keys));
    let running = database::SessionRepository::new(&running.unwrap());
    let env = [
        ("KEY_FILE", file.as_str()),
        ("DATABASE_URL", test.url.as_str()),
    ];
    let run = async |flag: &str| {
        let arguments = ["keys", "rotate", "--actor", "test", "--json", flag];
        let output = teller(&arguments, &env).output().await.unwrap();
        let (text, error) = (
            String::from_utf8(output.stdout),
            String::from_utf8(output.stderr),
        );
        assert!(output.status.success(), "{}", error.unwrap());
        serde_json::from_str::<serde_json::Value>(&text.unwrap()).unwrap()
    };
    let dry = run("--dry-run").await;
    assert_eq!((&dry["rewrapped"], &dry["left"]), (&0.into(), &1.into()));
    assert_eq!(
        test.db.wrapped_keys().await.unwrap(),
        [(1, 1)],
        "a dry run changes nothing"
    );
    let resumed = run("--resume").await;
    assert_eq!(
        (&resumed["wrapping_key"], &resumed["left"]),
        (&1.into(), &0.into())
    );
    let output = teller(&["keys", "rotate", "--actor", "test"], &env).output();
    assert!(output.await.unwrap().status.success());
    assert_eq!(test.db.wrapped_keys().await.unwrap(), [(2, 1)]);
    let key = running.key(new.id).await.unwrap();
    assert!(
        key.is_some(),
        "a process with the file of before reads the new key by itself"
    );
}

#[tokio::test]
async fn a_natural_voice_that_is_not_there_ends_the_start_by_the_settings_name() {
    let output = start_with(&[
        ("TTS_ENGINE", "piper"),
        ("ONNXRUNTIME", "/nowhere/libonnxruntime.so"),
    ])
    .await;
    let library = "`/nowhere/libonnxruntime.so`; it should be the file libonnxruntime.so";
    assert_refused(&output, &["ONNXRUNTIME is", library, "no such file"]);
}

#[tokio::test]
async fn malformed_settings_are_named_with_value_and_form() {
    let output = start_with(&[
        ("MAX_CALLS", "lots"),
        ("TTS_ENGINE", "parrot"),
        ("HTTP_BIND", "here"),
    ])
    .await;
    assert_refused(
        &output,
        &[
            "MAX_CALLS",
            "`lots`",
            "1 to 1000",
            "TTS_ENGINE",
            "`parrot`",
            "flite",
            "HTTP_BIND",
            "`here`",
            "host:port",
        ],
    );
}

#[tokio::test]
async fn a_pack_that_is_not_there_is_named() {
    let model = small_model().display().to_string();
    let output = start_with(&[("WHISPER_MODEL", &model), ("PACK_DIR", "packs/nowhere")]).await;
    assert_refused(&output, &["packs/nowhere"]);
}

#[tokio::test]
async fn a_document_that_is_not_utf8_is_named() {
    let folder =
        std::env::temp_dir().join(format!("teller-pack-{}", uuid::Uuid::new_v4().simple()));
    let status = std::process::Command::new("cp")
        .arg("-r")
        .arg(root().join("packs/bank"))
        .arg(&folder)
        .status()
        .unwrap();
    assert!(status.success(), "the pack is copied");
    std::fs::write(
        folder.join("documents/broken.md"),
        b"+++\ntitle = \"caf\xe9\"\n+++\n",
    )
    .unwrap();
    let path = folder.display().to_string();
    let output = teller(
        &["knowledge", "ask", "What are your fees?", "--pack", &path],
        &[],
    )
    .output()
    .await
    .unwrap();
    assert_refused(&output, &["broken.md", "UTF-8"]);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_model_file_that_is_cut_short_never_reaches_whisper() {
    let file = std::env::temp_dir().join(format!(
        "teller-model-{}.bin.gz",
        uuid::Uuid::new_v4().simple()
    ));
    let whole = std::fs::read(small_model()).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let path = file.display().to_string();
    let output = start_with(&[("WHISPER_MODEL", &path)]).await;
    assert_refused(&output, &["WHISPER_MODEL", &path]);
    let nothing = start_with(&[("WHISPER_MODEL", "models/nothing.bin")]).await;
    assert_refused(
        &nothing,
        &["WHISPER_MODEL", "models/nothing.bin", "scripts/model"],
    );
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_network_for_the_end_of_turns_that_is_broken_or_missing_is_named() {
    let model = small_model().display().to_string();
    let file = std::env::temp_dir().join(format!("turn-{}.onnx", uuid::Uuid::new_v4().simple()));
    // A length of five bytes, and none of them.
    std::fs::write(&file, [0x3a, 5]).unwrap();
    let path = file.display().to_string();
    let output = start_with(&[("WHISPER_MODEL", &model), ("END_OF_TURN_MODEL", &path)]).await;
    let expected = [
        "END_OF_TURN_MODEL",
        &path,
        "cut short",
        "scripts/model smart-turn",
    ];
    assert_refused(&output, &expected);
    let missing = [
        ("WHISPER_MODEL", &*model),
        ("END_OF_TURN_MODEL", "models/nothing.onnx"),
    ];
    assert_refused(
        &start_with(&missing).await,
        &["END_OF_TURN_MODEL", "models/nothing.onnx"],
    );
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let model = small_model().display().to_string();
    let output = start_with(&[
        ("WHISPER_MODEL", &model),
        ("HTTP_BIND", &address),
        ("HEALTH_BIND", "127.0.0.1:0"),
    ])
    .await;
    assert_refused(&output, &[&address]);
}

#[tokio::test]
async fn a_call_without_a_server_fails_with_a_reason() {
    let output = teller(&["call", "--say", "hello"], &GOOD[..3])
        .output()
        .await
        .unwrap();
    assert_refused(&output, &["joining the room"]);
    assert_eq!(output.status.code(), Some(3), "a failure is no answer");
}

#[tokio::test]
async fn an_administrator_is_told_that_the_database_is_away() {
    let output = teller(&["migrate"], &GOOD).output().await.unwrap();
    assert_refused(&output, &["database"]);
    assert_eq!(output.status.code(), Some(3), "a failure is no answer");
}
