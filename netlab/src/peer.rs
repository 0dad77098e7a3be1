//! One end of the lab's calls, on our media engine: says a plan's sentences, or records what arrives of them.
//!
//! `peer.py` beside this package is the same program on the published Python package, which carries libwebrtc. Both
//! take the same arguments and write the same files, so that a run can mix them freely.

mod receive;
mod record;
mod room;
mod send;
mod stats;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};

pub use self::{
    record::{Recording, read_wav, write_wav},
    stats::{Counters, Line},
};
use crate::plan::{Plan, RATE_HZ};

/// How long files are written on after the last sentence: what is still under way arrives.
const TAIL: Duration = Duration::from_secs(2);

/// The command line.
#[derive(Debug, Clone, clap::Parser)]
#[command(about = "One end of the network lab's calls, on this product's media engine")]
pub struct Options {
    /// What this end does.
    #[arg(long)]
    pub role: Role,
    /// What is said, where and when.
    #[arg(long)]
    pub plan: PathBuf,
    /// The LiveKit server, ws:// or wss://.
    #[arg(long)]
    pub url: String,
    /// The server's API key.
    #[arg(long)]
    pub key: String,
    /// The key's secret.
    #[arg(long)]
    pub secret: String,
    /// Which implementation this is; the identity is `send-NAME` or `recv-NAME`.
    #[arg(long, default_value = "ours")]
    pub name: String,
    /// Where recordings and statistics go.
    #[arg(long)]
    pub out: PathBuf,
    /// When the plan's clock stands at zero, in Unix milliseconds.
    #[arg(long)]
    pub start_at: u64,
    /// Encrypt end to end with this passphrase.
    #[arg(long)]
    pub e2ee: Option<String>,
    /// Through a relay only.
    #[arg(long)]
    pub relay: bool,
    /// End this long after the start instead of two seconds after the last sentence.
    #[arg(long)]
    pub seconds: Option<f64>,
}

/// Which end of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Publishes a microphone in each room.
    Send,
    /// Records every microphone of each room.
    Receive,
}

impl Options {
    /// Who this end is in every room.
    pub fn identity(&self) -> String {
        let role = match self.role {
            Role::Send => "send",
            Role::Receive => "recv",
        };
        format!("{role}-{}", self.name)
    }
}

/// The plan's clock: wall time, because both ends of a call are different processes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start_at_ms: u64,
}

impl Clock {
    /// Unix time in milliseconds.
    pub(crate) fn unix_ms() -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as u64)
    }

    /// Milliseconds since the start; negative before it.
    pub(crate) fn elapsed_ms(self) -> i64 {
        Self::unix_ms() as i64 - self.start_at_ms as i64
    }

    /// Sleeps until so long after the start.
    async fn reach(self, offset: Duration) {
        let left = offset.as_millis() as i64 - self.elapsed_ms();
        tokio::time::sleep(Duration::from_millis(left.max(0) as u64)).await;
    }
}

/// Runs this end until the plan is over, the time is up or SIGTERM comes; then files are finished.
///
/// # Errors
/// When the plan cannot be read, files cannot be written, or a room was never joined.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let plan = Plan::read(&options.plan)?;
    anyhow::ensure!(plan.rate_hz == RATE_HZ, "the plan is not at {RATE_HZ} Hz");
    std::fs::create_dir_all(&options.out).with_context(|| format!("{}", options.out.display()))?;
    let clock = Clock {
        start_at_ms: options.start_at,
    };
    let until = options.seconds.map_or_else(
        || plan.length() + TAIL,
        |seconds| Duration::from_secs_f64(seconds.max(0.0)),
    );
    let (stop, stopped) = watch::channel(false);
    let mut rooms = JoinSet::new();
    for stream in plan.streams {
        let (options, stopped) = (options.clone(), stopped.clone());
        rooms.spawn(async move {
            match options.role {
                Role::Send => send::run(&options, stream, clock, until, stopped).await,
                Role::Receive => receive::run(&options, stream.room, clock, until, stopped).await,
            }
        });
    }
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        () = clock.reach(until) => {}
        _ = terminate.recv() => {}
    }
    stop.send_replace(true);
    let mut outcome = Ok(());
    while let Some(done) = rooms.join_next().await {
        let done = done.context("a room's task failed").and_then(|done| done);
        outcome = outcome.and(done);
    }
    outcome
}
