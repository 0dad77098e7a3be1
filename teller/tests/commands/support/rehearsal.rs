//! A writer that can be killed, and the question afterwards:
//! is everything that was acknowledged there, once, in order, as it was said?

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use database::{SessionId, SessionRepository};
use uuid::Uuid;

use super::{
    cluster::{Cluster, signal},
    fixtures::root,
};

impl Cluster {
    /// A harness with a spool of its own.
    pub(crate) fn harness(&self, name: &str) -> Harness {
        Harness {
            url: self.url(),
            keys: self.folder.join("keys.toml"),
            spool: self.folder.join(format!("spool-{name}")),
            acks: self.folder.join(format!("acks-{name}")),
            log: self.folder.join(format!("log-{name}")),
            spool_mb: "64".into(),
        }
    }

    /// What of the harnesses' acknowledgements the database has.
    pub(crate) async fn judge(&self, harnesses: &[&Harness]) -> Verdict {
        let mut acked = HashMap::new();
        for harness in harnesses {
            acked.extend(harness.acknowledged());
        }
        let rows = self
            .sql()
            .await
            .query(
                "SELECT session_id, seq, row_hash, content_ct FROM conversation_messages",
                &[],
            )
            .await
            .unwrap();
        let sessions = SessionRepository::new(&self.database());
        let mut verdict = Verdict {
            acked: acked.len(),
            stored: rows.len(),
            ..Verdict::default()
        };
        let mut stored: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        let mut keys = HashMap::new();
        for row in &rows {
            let (session, seq): (Uuid, i32) = (row.get(0), row.get(1));
            stored.entry(session).or_default().push(seq);
            let hash: Vec<u8> = row.get(2);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            if acked
                .remove(&(session, seq))
                .is_some_and(|acked| acked != hash)
            {
                verdict.changed.push((session, seq));
            }
            let id = SessionId(session);
            if let std::collections::hash_map::Entry::Vacant(entry) = keys.entry(session) {
                entry.insert(sessions.key(id).await.unwrap());
            }
            let words = keys[&session]
                .as_ref()
                .and_then(|key| key.open_message(id, seq, row.get(3)).ok());
            if words.as_deref() != Some(&super::words::words(id, seq)) {
                verdict.changed.push((session, seq));
            }
        }
        verdict.lost = acked.into_keys().collect();
        verdict.lost.sort_unstable();
        for (session, mut seqs) in stored {
            seqs.sort_unstable();
            let count = seqs.len();
            let last = seqs.last().copied().unwrap_or(0);
            seqs.dedup();
            verdict.doubled += count - seqs.len();
            if usize::try_from(last).unwrap() + 1 != seqs.len() {
                verdict.gaps.push(session);
            }
        }
        verdict
    }
}

/// The assertion of every proof here.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) acked: usize,
    pub(crate) stored: usize,
    /// Acknowledged and not there.
    pub(crate) lost: Vec<(Uuid, i32)>,
    /// More than once there.
    pub(crate) doubled: usize,
    /// Sessions whose numbers have gaps.
    pub(crate) gaps: Vec<Uuid>,
    /// There with other words or another hash.
    pub(crate) changed: Vec<(Uuid, i32)>,
}

impl Verdict {
    #[track_caller]
    pub(crate) fn assert_exact(&self, least: usize) {
        assert!(
            self.acked >= least,
            "too little was said to prove anything: {self:?}"
        );
        assert!(
            self.lost.is_empty(),
            "acknowledged and lost: {:?}",
            self.lost
        );
        assert_eq!(self.doubled, 0, "doubled");
        assert!(self.gaps.is_empty(), "gaps in {:?}", self.gaps);
        assert!(
            self.changed.is_empty(),
            "stored as something else: {:?}",
            self.changed
        );
    }
}

/// One writer at a time, and what it acknowledged over all its lives.
#[derive(Clone)]
pub(crate) struct Harness {
    pub(crate) url: String,
    keys: PathBuf,
    pub(crate) spool: PathBuf,
    acks: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) spool_mb: String,
}

impl Harness {
    pub(crate) fn teller(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_teller"));
        command.args(arguments);
        command
    }

    /// A program on this harness's database and spool.
    pub(crate) fn program(&self, path: &str) -> Command {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("DATABASE_URL", &self.url)
            .env("KEY_FILE", &self.keys)
            .env("SPOOL_DIR", &self.spool)
            .env("SPOOL_MB", &self.spool_mb)
            .env("RUST_LOG", "info")
            .current_dir(root())
            .stdin(Stdio::null());
        command
    }

    /// The rehearsal; its acknowledgements and log are kept.
    pub(crate) fn rehearse(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_rehearsal"));
        let append = |path: &Path| {
            std::fs::File::options()
                .create(true)
                .append(true)
                .open(path)
                .unwrap()
        };
        command
            .args(arguments)
            .stdout(append(&self.acks))
            .stderr(append(&self.log));
        if !arguments.contains(&"--patience") {
            // An orderly end brings everything home, however busy the machine.
            command.args(["--patience", "120"]);
        }
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        Process(self.rehearse(arguments).spawn().unwrap())
    }

    /// Brings home what is left; the spool is empty then.
    #[track_caller]
    pub(crate) fn bring_home(&self) {
        let status = self
            .rehearse(&["--sessions", "0", "--patience", "60"])
            .status()
            .unwrap();
        assert!(
            status.success(),
            "what was left did not reach the database: {status}\n{}",
            self.log()
        );
        let left = self.files(".seg");
        assert!(left.is_empty(), "an orderly end leaves segments: {left:?}");
    }

    pub(crate) fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.spool)
            .into_iter()
            .flatten()
            .flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| path.to_string_lossy().ends_with(suffix));
        files.sort();
        files
    }

    fn output(&self) -> String {
        std::fs::read_to_string(&self.acks).unwrap_or_default()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Messages that were acknowledged, with their hashes.
    pub(crate) fn acknowledged(&self) -> HashMap<(Uuid, i32), String> {
        let output = self.output();
        let mut all = HashMap::new();
        // A line that a SIGKILL cut is no acknowledgement; in the next life it is followed by another line.
        for line in output.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            if let ["ack", session, seq, hash] = parts[..]
                && hash.len() == 64
                && let (Ok(session), Ok(seq)) = (session.parse(), seq.parse::<i32>())
                && seq >= 0
            {
                all.insert((session, seq), hash.to_owned());
            }
        }
        all
    }

    /// Sums of what its lives found at their start: records, torn tails, damaged places.
    pub(crate) fn found(&self) -> [u64; 3] {
        let mut sums = [0; 3];
        for line in self.output().lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            if let [
                "started",
                records,
                "records",
                torn,
                "torn",
                damaged,
                "damaged",
            ] = parts[..]
            {
                for (sum, text) in sums.iter_mut().zip([records, torn, damaged]) {
                    *sum += text.parse::<u64>().unwrap_or(0);
                }
            }
        }
        sums
    }

    /// Waits until this many messages were acknowledged.
    #[track_caller]
    pub(crate) fn until_acknowledged(&self, count: usize, patience: Duration) {
        self.until(patience, &format!("{count} turns are acknowledged"), || {
            self.acknowledged().len() >= count
        });
    }

    /// Waits until the log has these words.
    #[track_caller]
    pub(crate) fn until_logged(&self, words: &str, patience: Duration) {
        self.until(patience, &format!("the log says `{words}`"), || {
            self.log().contains(words)
        });
    }

    /// Waits until this holds.
    #[track_caller]
    pub(crate) fn until(&self, patience: Duration, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + patience;
        while !holds() {
            assert!(
                Instant::now() < deadline,
                "waited {patience:?} in vain until {what}; {} turns were acknowledged\n{}",
                self.acknowledged().len(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A writer that runs; killed when dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// SIGTERM, and its answer: `true` when everything reached the database.
    pub(crate) fn end(mut self) -> bool {
        signal(self.0.id(), "TERM");
        self.0.wait().unwrap().success()
    }

    /// Waits for its own end; `false` when it is still there after that long.
    pub(crate) fn dies_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.0.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
