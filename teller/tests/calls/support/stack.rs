//! One worker with its servers.

use std::{path::PathBuf, process::Stdio, sync::LazyLock, time::Duration};

use database::{MessageRepository, SessionId, test_support::TestDatabase};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep},
};

use super::{
    fixtures::root,
    livekit::{AHEAD, API_KEY, API_SECRET, LiveKit},
    pack,
    ports::Port,
};

/// Calls happen in real time and share the machine: a caller whose voice stutters because too many
/// others call would fail for no fault of the agent. Most of a call is listening, so there is a place
/// more than there are cores. `CALLS_AT_ONCE` is another number; the runner must have as many threads
/// (`--test-threads`).
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let asked = std::env::var("CALLS_AT_ONCE").map(|text| text.parse().unwrap());
    Semaphore::new(asked.unwrap_or(cores + 1))
});
/// A program that answers at all answers within this time.
const ANSWER: Duration = Duration::from_secs(10);
/// No scripted call lasts so long.
const LONGEST_CALL: Duration = Duration::from_secs(240);

/// What `teller call --json` prints.
pub(crate) struct Report(pub(crate) Value);

impl Report {
    pub(crate) fn text(&self, who: &str) -> String {
        let lines = self.0["transcript"].as_array().into_iter().flatten();
        let said: Vec<&str> = lines
            .filter(|l| l["who"] == who)
            .filter_map(|l| l["text"].as_str())
            .collect();
        said.join("\n")
    }

    #[track_caller]
    pub(crate) fn assert_met(&self) {
        let failures = self.0["failures"].as_array().map_or(0, Vec::len);
        assert_eq!(failures, 0, "the call did not go as scripted: {:#}", self.0);
    }
}

/// A message row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) seq: i32,
    pub(crate) role: String,
    pub(crate) content: String,
    pub(crate) interrupted: bool,
    pub(crate) meta: Value,
}

pub(crate) struct Stack {
    pub(crate) livekit: LiveKit,
    pub(crate) database: TestDatabase,
    worker: Option<Child>,
    worker_url: String,
    env: Vec<(String, String)>,
    pub(crate) http: String,
    pub(crate) health: String,
    pub(crate) folder: PathBuf,
    client: reqwest::Client,
    _ports: [Port; 2],
    _place: SemaphorePermit<'static>,
}

/// whisper tiny.en: it hears people.
pub(crate) fn real_model() -> PathBuf {
    let path = std::env::var_os("WHISPER_MODEL")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from);
    let path = path.unwrap_or_else(|| root().join("models/ggml-tiny.en-q8_0.bin"));
    assert!(
        path.exists(),
        "{} is missing; scripts/setup provides it",
        path.display()
    );
    path
}

impl Stack {
    /// A worker with the default pack as it is, every word of it.
    pub(crate) async fn with_the_whole_pack(settings: &[(&str, &str)]) -> Self {
        let mut stack = Self::prepare(settings).await;
        stack.use_the_whole_pack();
        stack.start_worker().await;
        stack
    }

    /// Before the worker starts.
    pub(crate) fn use_the_whole_pack(&mut self) {
        self.set("PACK_DIR", &root().join("packs/bank").display().to_string());
    }

    /// A worker that hears with tiny.en.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A worker with settings of its own.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let mut stack = Self::prepare(settings).await;
        stack.start_worker().await;
        stack
    }

    /// Everything but the worker.
    pub(crate) async fn prepare(settings: &[(&str, &str)]) -> Self {
        let place = PLACES.acquire().await.unwrap();
        let livekit = tokio::task::spawn_blocking(LiveKit::start).await.unwrap();
        let database = TestDatabase::new().await;
        let ports = [(); 2].map(|()| Port::reserve());
        let [http, health] = [0, 1].map(|index| ports[index].address());
        let folder =
            std::env::temp_dir().join(format!("teller-e2e-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let pack = pack::copy(&folder);
        pack::shorten(&pack);
        let mut env: Vec<(String, String)> = [
            ("LIVEKIT_URL", livekit.url()),
            ("LIVEKIT_API_KEY", API_KEY.into()),
            ("LIVEKIT_API_SECRET", API_SECRET.into()),
            ("DATABASE_URL", database.url.clone()),
            ("KEY_FILE", database.key_file().display().to_string()),
            ("SPOOL_DIR", folder.join("spool").display().to_string()),
            ("SPEECH_CACHE", folder.join("speech").display().to_string()),
            ("ANCHOR_DIR", folder.join("anchors").display().to_string()),
            ("ARCHIVE_DIR", folder.join("archive").display().to_string()),
            ("PACK_DIR", pack.display().to_string()),
            ("WEB_DIR", root().join("web/dist").display().to_string()),
            ("HTTP_BIND", http.clone()),
            ("HEALTH_BIND", health.clone()),
            ("SUPERVISOR_KEY", "supervisor-key-of-this-test".into()),
            ("WHISPER_THREADS", "1".into()),
            // It judges people: synthetic callers would be waited for.
            ("END_OF_TURN_MODEL", "off".into()),
        ]
        .map(|(k, v)| (k.to_owned(), v))
        .into();
        env.extend(
            settings
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        if !settings.iter().any(|(k, _)| *k == "WHISPER_MODEL") {
            env.push(("WHISPER_MODEL".into(), real_model().display().to_string()));
        }
        let given = settings.iter().find(|(key, _)| *key == "DATABASE_URL");
        let worker_url = given.map_or_else(
            || database.url_as("app_writer"),
            |(_, url)| (*url).to_owned(),
        );
        Self {
            livekit,
            database,
            worker: None,
            worker_url,
            env,
            http,
            health,
            folder,
            client: reqwest::Client::builder().timeout(ANSWER).build().unwrap(),
            _ports: ports,
            _place: place,
        }
    }

    /// `teller` with this stack's settings and nothing else of ours.
    pub(crate) fn teller(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_teller"));
        command.args(arguments);
        command
    }

    /// The same for a caller, who has a machine of their own.
    pub(crate) fn ahead(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("nice");
        command.args(AHEAD);
        command.arg(env!("CARGO_BIN_EXE_teller")).args(arguments);
        command
    }

    /// Any program with them.
    pub(crate) fn program(&self, path: &str) -> Command {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .kill_on_drop(true);
        command.envs(self.env.iter().cloned()).current_dir(root());
        command
    }

    /// Starts the worker and waits until it is registered.
    pub(crate) async fn start_worker(&mut self) {
        self.worker = Some(self.spawn_worker());
        self.until_registered().await;
    }

    /// Starts a worker that the caller keeps.
    pub(crate) fn spawn_worker(&self) -> Child {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("worker.log"))
            .unwrap();
        // Ahead of what else runs here, as deploy/teller.service says.
        self.program("nice")
            .args(["-n", "-5", env!("CARGO_BIN_EXE_teller"), "start"])
            // As in a bank: a worker is no owner of its tables.
            .env("DATABASE_URL", &self.worker_url)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// Waits until offers reach the worker.
    pub(crate) async fn until_registered(&self) {
        let ready = self
            .eventually(Duration::from_secs(30), async || {
                self.get(&self.health, "/").await == Some((200, "OK".into()))
            })
            .await;
        assert!(
            ready,
            "the worker is not registered after 30 s:\n{}",
            self.log()
        );
    }

    /// A setting, before the worker starts. DATABASE_URL is also the login of the worker then.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        if key == "DATABASE_URL" {
            value.clone_into(&mut self.worker_url);
        }
        self.env.retain(|(k, _)| k != key);
        self.env.push((key.to_owned(), value.to_owned()));
    }

    /// Before the worker starts: the pack asks a silent caller after so many seconds and hangs up after so many more.
    pub(crate) fn wait_for_silent_callers(&self, away_s: u32, hangup_s: u32) {
        let (away, hangup) = (
            format!("away_s = {away_s}"),
            format!("hangup_s = {hangup_s}"),
        );
        let changes = [("away_s = 15", &*away), ("hangup_s = 30", &hangup)];
        pack::edit(&self.folder.join("pack/pack.toml"), &changes);
    }

    /// Imports customers as an administrator would.
    pub(crate) async fn import_customers(&self, csv: &str) {
        let file = self.folder.join("customers.csv");
        std::fs::write(&file, csv).unwrap();
        let output = self
            .teller(&[
                "profiles",
                "import",
                &file.display().to_string(),
                "--actor",
                "test",
            ])
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub(crate) fn worker(&mut self) -> &mut Child {
        self.worker.as_mut().expect("the worker was started")
    }

    /// SIGTERM, as an operator would.
    pub(crate) fn terminate(&mut self) {
        let pid = self.worker().id().expect("the worker runs").to_string();
        std::process::Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap();
    }

    /// What the worker logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("worker.log")).unwrap_or_default()
    }

    /// `GET` an address of the worker.
    pub(crate) async fn get(&self, server: &str, path: &str) -> Option<(u16, String)> {
        let response = self
            .client
            .get(format!("http://{server}{path}"))
            .send()
            .await
            .ok()?;
        let status = response.status().as_u16();
        Some((status, response.text().await.ok()?))
    }

    /// The value of a metric without labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self
            .get(&self.health, "/metrics")
            .await
            .expect("the worker answers /metrics");
        let line = text
            .lines()
            .find(|l| l.split([' ', '{']).next() == Some(name));
        let line = line.unwrap_or_else(|| panic!("there is no metric {name} in\n{text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Makes a call that follows `script`.
    pub(crate) async fn call(&self, script: &str) -> Report {
        self.call_with(script, &[]).await
    }

    /// Makes a call with arguments of its own.
    pub(crate) async fn call_with(&self, script: &str, arguments: &[&str]) -> Report {
        let caller = self.caller(script, arguments).await;
        self.finish(caller).await
    }

    /// Waits for a caller's report.
    pub(crate) async fn finish(&self, caller: Child) -> Report {
        self.finish_within(caller, LONGEST_CALL).await
    }

    /// The same with more patience.
    pub(crate) async fn finish_within(&self, caller: Child, patience: Duration) -> Report {
        let output = tokio::time::timeout(patience, caller.wait_with_output()).await;
        let output = output
            .unwrap_or_else(|_| panic!("the caller does not hang up; worker:\n{}", self.log()))
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let report = serde_json::from_str(&text).unwrap_or_else(|_| {
            panic!(
                "no report: {text}\n{}\nworker:\n{}",
                String::from_utf8_lossy(&output.stderr),
                self.log()
            )
        });
        Report(report)
    }

    /// Starts a caller.
    pub(crate) async fn caller(&self, script: &str, arguments: &[&str]) -> Child {
        let file = self
            .folder
            .join(format!("{}.yaml", uuid::Uuid::new_v4().simple()));
        let mut writer = tokio::fs::File::create(&file).await.unwrap();
        writer.write_all(script.as_bytes()).await.unwrap();
        writer.flush().await.unwrap();
        let file = file.display().to_string();
        self.ahead(&["call", "--json", "--script", &file])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A connection to look at rows.
    pub(crate) async fn sql(&self) -> tokio_postgres::Client {
        self.database.client().await
    }

    /// The newest session once it is summarised: its id, then the summary's row as JSON.
    pub(crate) async fn summarised(&self) -> (uuid::Uuid, Value) {
        self.summarised_within(Duration::from_secs(60)).await
    }

    /// The same with more patience.
    pub(crate) async fn summarised_within(&self, patience: Duration) -> (uuid::Uuid, Value) {
        let client = self.sql().await;
        let deadline = Instant::now() + patience;
        loop {
            let row = client
                .query_opt(
                    "SELECT s.session_id, to_jsonb(c) || to_jsonb(s)
                       FROM (SELECT * FROM agent_sessions ORDER BY started_at DESC LIMIT 1) s
                       JOIN conversation_summaries c USING (session_id)",
                    &[],
                )
                .await
                .unwrap();
            if let Some(row) = row {
                return (row.get(0), row.get(1));
            }
            assert!(
                Instant::now() < deadline,
                "no session was summarised in {patience:?}:\n{}",
                self.log()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The messages of a session, in order, opened with its key.
    pub(crate) async fn messages(&self, session: uuid::Uuid) -> Vec<Row> {
        let messages = MessageRepository::new(&self.database.db);
        let stored = messages.by_session(SessionId(session)).await.unwrap();
        stored
            .into_iter()
            .map(|message| Row {
                seq: message.seq,
                role: message.role.as_str().to_owned(),
                content: message.content.expect("its key is there"),
                interrupted: message.interrupted,
                meta: message.meta,
            })
            .collect()
    }

    /// Whether something comes true in time.
    pub(crate) async fn eventually(
        &self,
        patience: Duration,
        check: impl AsyncFn() -> bool,
    ) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if check().await {
                return true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(mut worker) = self.worker.take() {
            drop(worker.start_kill());
        }
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

/// No turn is lost or doubled, and the two sides are numbered without gaps.
#[track_caller]
pub(crate) fn assert_gapless(rows: &[Row]) {
    let seqs: Vec<i32> = rows.iter().map(|row| row.seq).collect();
    let expected: Vec<i32> = (0..i32::try_from(rows.len()).unwrap()).collect();
    assert_eq!(
        seqs, expected,
        "messages of a session are numbered without gaps"
    );
}
