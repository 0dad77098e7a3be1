//! The ends of the calls: one process for each role and implementation.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::stop::Stop;
use crate::{
    hosts::{Hosts, Role},
    servers::{KEY, SECRET, Servers},
};

/// How long a peer has to finish its files when asked to end.
const GRACE: Duration = Duration::from_secs(3);

/// Which media engine is at an end.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// This repository's.
    Ours,
    /// libwebrtc, in the published Python package.
    Rival,
    /// Stock livekit-client in headless Chromium. One process that speaks and listens, in one room.
    #[value(skip)]
    Browser,
}

impl Engine {
    /// Those that are tried with each other.
    pub const ALL: [Self; 2] = [Self::Ours, Self::Rival];

    /// As in file names and identities.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Rival => "rival",
            Self::Browser => "browser",
        }
    }
}

/// The programs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Our peer.
    pub ours: PathBuf,
    /// The Python with the published package.
    pub python: PathBuf,
    /// The rival's peer.
    pub rival: PathBuf,
    /// The browser's driver, for `node`.
    pub browser: PathBuf,
}

/// What all peers of a call share.
pub(super) struct Call<'a> {
    /// Where they live.
    pub(super) hosts: &'a Hosts,
    /// Where they connect to.
    pub(super) servers: &'a Servers,
    /// What is said.
    pub(super) plan: &'a Path,
    /// Where their folders are made.
    pub(super) out: &'a Path,
    /// The plan's zero, Unix milliseconds.
    pub(super) start_at: u64,
    /// Whether they use relays alone.
    pub(super) relay: bool,
    /// Encrypts end to end.
    pub(super) passphrase: Option<&'a str>,
    /// The caller's host is the browser's: ours speaks from the agent's.
    pub(super) with_browser: bool,
}

/// Processes of a call; killed when dropped.
#[derive(Default)]
pub(super) struct Peers(Vec<(String, Child)>);

impl Peers {
    /// Starts one end.
    ///
    /// # Errors
    /// When its folder cannot be made or the program not be started.
    pub(super) fn start(
        &mut self,
        call: &Call<'_>,
        programs: &Programs,
        sends: bool,
        engine: Engine,
    ) -> anyhow::Result<()> {
        let (short, role) = if sends {
            ("send", "send")
        } else {
            ("recv", "receive")
        };
        let at_caller = match engine {
            Engine::Browser if sends => return Ok(()), // whoever listens speaks as well
            Engine::Browser => true,
            Engine::Ours | Engine::Rival => sends && !call.with_browser,
        };
        let host = if at_caller { Role::Caller } else { Role::Agent };
        let name = format!("{short}-{}", engine.name());
        let out = call.out.join(&name);
        fs::create_dir_all(&out).with_context(|| format!("{}", out.display()))?;
        let mut command = match engine {
            Engine::Ours => call.hosts.command(host, &programs.ours),
            Engine::Rival => {
                let mut command = call.hosts.command(host, &programs.python);
                command.arg(&programs.rival);
                command
            }
            Engine::Browser => {
                let mut command = call.hosts.command(host, Path::new("node"));
                command.arg(&programs.browser);
                command
            }
        };
        if engine != Engine::Browser {
            command.args(["--role", role]);
        }
        let start_at = call.start_at.to_string();
        command.args(["--url", &call.servers.url, "--key", KEY, "--secret", SECRET]);
        command.args(["--name", engine.name(), "--start-at", &start_at]);
        command.arg("--plan").arg(call.plan).arg("--out").arg(&out);
        if call.relay {
            command.arg("--relay");
        }
        if let Some(passphrase) = call.passphrase {
            command.args(["--e2ee", passphrase]);
        }
        if let Some(certificate) = &call.servers.certificate {
            command.env("SSL_CERT_FILE", certificate);
        }
        self.spawn(name, command, &out.join("log.txt"))
    }

    fn spawn(&mut self, name: String, mut command: Command, log: &Path) -> anyhow::Result<()> {
        let file = File::options().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = command.spawn().with_context(|| name.clone())?;
        self.0.push((name, child));
        Ok(())
    }

    /// Waits until all have ended, `limit` at most; then ends the rest. Says who did not end well.
    ///
    /// # Errors
    /// When the run is to end.
    pub(super) fn wait(&mut self, limit: Duration, stop: &Stop) -> anyhow::Result<Vec<String>> {
        let nap = Duration::from_millis(100);
        let mut left = limit;
        while !left.is_zero() && self.running() {
            stop.sleep(nap)?;
            left = left.saturating_sub(nap);
        }
        let mut problems = Vec::new();
        for (name, child) in &mut self.0 {
            match child.try_wait()? {
                Some(status) if status.success() => {}
                Some(status) => problems.push(format!("{name} ended with {status}")),
                None => problems.push(format!("{name} did not end by itself")),
            }
        }
        self.end(stop);
        Ok(problems)
    }

    fn running(&mut self) -> bool {
        self.0
            .iter_mut()
            .any(|(_, child)| matches!(child.try_wait(), Ok(None)))
    }

    /// Asks those that are left to finish, then does not ask.
    fn end(&mut self, stop: &Stop) {
        for (_, child) in &mut self.0 {
            if matches!(child.try_wait(), Ok(None)) {
                let pid = i32::try_from(child.id())
                    .ok()
                    .and_then(rustix::process::Pid::from_raw);
                // Gone in between is as good.
                pid.map(|pid| {
                    rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok()
                });
            }
        }
        let mut left = GRACE;
        while !left.is_zero() && self.running() && stop.sleep(Duration::from_millis(100)).is_ok() {
            left = left.saturating_sub(Duration::from_millis(100));
        }
        for (_, child) in &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
        self.0.clear();
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        for (_, child) in &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
