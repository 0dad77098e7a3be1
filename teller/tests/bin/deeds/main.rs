//! A worker's calls in writing, for proofs of what is done: the product's dialogue, tools and record, with the caller at
//! standard input and standard output. It stops, or dies, where whoever kills it wants it to.

use std::{io::Write as _, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use database::spool::SpoolConfig;
use dialogue::{Replier, ReplyConfig};
use jobs::Finalizer;
use knowledge::KnowledgeBase;
use record::{Acknowledged, Acknowledgements, Durability, RecordConfig, RecordHandle};
use serde::Deserialize;
use teller::{
    admin,
    cli::{Exit, start_logging},
    config::{DatabaseSettings, Reader, SpoolSettings, database_only, spool},
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::task::TaskTracker;
use tools::{DeedConfig, Deeds};
use uuid::Uuid;

mod one_call;
mod watched;

use one_call::OneCall;
use watched::Stop;

/// The database has this long to take what an earlier life left.
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds the calls that it is ordered on standard input, one JSON object a line, and prints what the caller hears.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of the pack
    #[arg(long)]
    pack: std::path::PathBuf,
    /// The company's systems
    #[arg(long)]
    backend: String,
    /// Milliseconds that one request may take
    #[arg(long, default_value_t = 500)]
    patience_ms: u64,
    #[command(flatten)]
    controls: Controls,
}

/// Mistakes that a proof must find.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Controls {
    /// Control: outcomes go on record when the call ends
    #[arg(long)]
    outcomes_in_memory: bool,
    /// Control: each request has a key of its own
    #[arg(long)]
    fresh_keys: bool,
    /// Control: an answer that is none is taken for a yes
    #[arg(long)]
    credulous: bool,
}

/// What is ordered.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// A call begins.
    Call {
        session: Uuid,
        /// The sessions of earlier lives that it goes on with, the first one first.
        continues: Vec<Uuid>,
        stop: Option<Stop>,
    },
    /// The caller says something.
    Say {
        seq: i32,
        text: String,
    },
    HangUp,
    Quit,
}

/// What all calls share.
struct Worker {
    replier: Replier,
    record: RecordHandle,
    calls: database::ToolCallRepository,
    tasks: TaskTracker,
    controls: Controls,
}

fn main() -> ExitCode {
    agent::worker::install_crypto_provider();
    let ended = run(Args::parse());
    if let Err(error) = &ended {
        eprintln!("error: {error:#}");
    }
    Exit::of(&ended).code().into()
}

fn run(args: Args) -> anyhow::Result<bool> {
    let env = &mut Reader::from_env();
    start_logging("warn", false);
    let (database, spool) = (database_only(env)?, spool(env));
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(serve(&database, spool, args))
}

async fn serve(
    database: &DatabaseSettings,
    spool: SpoolSettings,
    args: Args,
) -> anyhow::Result<bool> {
    let worker = Worker::start(database, spool, args)?;
    // What an earlier life left reaches the database before anything is asked of it.
    anyhow::ensure!(
        worker.record.recorder().flush(PATIENCE).await,
        "what was left did not reach the database"
    );
    print_line("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut call = None;
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Order::Call {
                session,
                continues,
                stop,
            } => {
                call = Some(OneCall::begin(&worker, session, continues, stop).await?);
            }
            Order::Say { seq, text } => {
                let call: &OneCall = call.as_ref().expect("a call was begun");
                call.say(seq, text).await;
            }
            Order::HangUp => {
                if let Some(call) = call.take() {
                    call.hang_up().await;
                }
            }
            Order::Quit => break,
        }
        print_line("end");
    }
    let home = worker.record.stop(PATIENCE).await;
    print_line(&format!("home {home}"));
    Ok(home)
}

impl Worker {
    fn start(
        database: &DatabaseSettings,
        spool: SpoolSettings,
        args: Args,
    ) -> anyhow::Result<Self> {
        let database = admin::open(database)?;
        let tasks = TaskTracker::new();
        let config = RecordConfig {
            spool: SpoolConfig {
                dir: spool.dir,
                key: database.keys().spool_key(),
                budget_bytes: spool.budget_bytes,
                holder: "deeds".to_owned(),
            },
            acknowledgements: Some(Acknowledgements(Arc::new(kept))),
            durability: Durability::Disk,
        };
        let own = database.dedicated()?;
        let finalizer = Arc::new(Finalizer::new(&own, Arc::default()));
        let record = RecordHandle::start(config, own, finalizer, &Arc::default(), &tasks)?;
        let deeds = Deeds::new(DeedConfig {
            url: args.backend,
            token: None,
            time: Duration::from_millis(args.patience_ms),
        })?;
        let base = Arc::new(KnowledgeBase::load(&args.pack)?);
        Ok(Self {
            replier: Replier::new(base, ReplyConfig::default(), None, Some(deeds)),
            record,
            calls: database::ToolCallRepository::new(&database),
            tasks,
            controls: args.controls,
        })
    }
}

/// A message of these is what somebody said; other numbers are of tools and promises.
fn kept(told: &Acknowledged) {
    if (0..i32::MAX).contains(&told.seq) {
        print_line(&format!("kept {}", told.seq));
    }
}

/// One line, one `write`: what a killed process has printed is whole.
fn print_line(line: &str) {
    if std::io::stdout()
        .write_all(format!("{line}\n").as_bytes())
        .is_err()
    {
        // The caller is gone, and whoever was to kill this.
        std::process::exit(3);
    }
}
