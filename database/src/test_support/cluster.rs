//! A PostgreSQL server for one test process.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
};

const SCRIPT: &str = include_str!("cluster.sh");

/// A private server on a socket in a temporary folder. It is stopped and removed when this value
/// is dropped or the process ends, even by SIGKILL.
#[derive(Debug)]
pub struct Cluster {
    keeper: Mutex<Keeper>,
    socket: PathBuf,
}

/// The script that owns the server, and both ends of the talk with it.
#[derive(Debug)]
struct Keeper {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    /// Starts a server; takes about two seconds.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start: nothing can be tested then.
    #[must_use]
    pub fn start() -> Self {
        let bin =
            server_programs().expect("PostgreSQL is not installed: apt-get install postgresql");
        let mut child = keeper_command(&bin)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starting the script that keeps PostgreSQL");
        let commands = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut line = String::new();
        answers
            .read_line(&mut line)
            .expect("reading the script's answer");
        let socket = line
            .trim()
            .strip_prefix("ready ")
            .expect("PostgreSQL did not start; its log is above");
        Self {
            socket: PathBuf::from(socket),
            keeper: Mutex::new(Keeper {
                child,
                commands,
                answers,
            }),
        }
    }

    /// The address of a database of this server, as this role.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        let socket = self.socket.display().to_string().replace('/', "%2F");
        format!("postgres://{role}@{socket}/{database}")
    }

    /// Starts the server anew so that it also listens on this address, at its usual port 5432.
    /// Encryption needs that: PostgreSQL offers none on a socket.
    pub fn listen(&self, address: std::net::IpAddr) {
        self.command(&format!("listen {address}"));
        self.crash();
        self.restart();
    }

    /// Kills the server as a crash would. [`Self::restart`] brings it back with what was committed.
    pub fn crash(&self) {
        self.command("stop");
    }

    /// Starts a crashed server again.
    pub fn restart(&self) {
        self.command("start");
    }

    fn command(&self, command: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let commands = keeper.commands.as_mut().expect("open until dropped");
        writeln!(commands, "{command}").expect("the script reads until its input closes");
        let mut answer = String::new();
        keeper
            .answers
            .read_line(&mut answer)
            .expect("the script answers each command");
        assert_ne!(answer.trim(), "failed", "PostgreSQL did not start again");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let keeper = self
            .keeper
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // Closing its input is the signal to stop and clean up.
        drop(keeper.commands.take());
        let _exit_status_does_not_matter = keeper.child.wait();
    }
}

/// PostgreSQL refuses to run as root, so root hands over to the user that Debian's package made.
fn keeper_command(bin: &Path) -> Command {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command
            .args(["-u", "postgres", "--", "sh"])
            .current_dir("/");
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", SCRIPT, "postgres-keeper"]).arg(bin);
    command
}

/// The newest `/usr/lib/postgresql/*/bin`, else wherever `initdb` is on the PATH.
fn server_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max();
    newest.map(|(_, bin)| bin).or_else(|| {
        let found = Command::new("sh")
            .args(["-c", "command -v initdb"])
            .output()
            .ok()?;
        let path = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
        path.parent()
            .filter(|bin| bin.is_dir())
            .map(Path::to_path_buf)
    })
}
