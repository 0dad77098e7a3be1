//! The record of a worker with made-up calls, for proofs. It prints each
//! acknowledgement, so that whoever kills it can ask afterwards whether it was kept.

use std::{
    io::Write as _,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use call::{CallEnding, Channel, Speaker};
use chrono::{DateTime, Utc};
use clap::Parser;
use database::{SessionId, SummaryToken, spool::SpoolConfig};
use jobs::Finalizer;
use record::{
    Acknowledged, Acknowledgements, Durability, MessageRow, RecordConfig, RecordHandle, Recorder,
    SessionEnd, SessionStart,
};
use serde_json::json;
use teller::{
    admin,
    cli::{Exit, start_logging},
    config::{DatabaseSettings, Reader, SpoolSettings, database_only, spool},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

#[path = "../support/words.rs"]
mod words;

use words::words;

/// The recorder's queue is kept below this, or a rehearsal would outrun any disk.
const MOST_WAITING: usize = 8_192;

/// Records made-up calls as a worker would and prints each acknowledgement:
/// `ack SESSION SEQ HASH`, then `stopped` and whether everything reached the database.
#[derive(Debug, Parser)]
struct Args {
    /// The same seed makes the same calls
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Calls at a time; 0 only brings home what an earlier run left
    #[arg(long, default_value_t = 4)]
    sessions: usize,
    /// Turns of each call, then it ends; without it calls go on until SIGTERM
    #[arg(long)]
    turns: Option<i32>,
    /// Microseconds between one round of turns and the next
    #[arg(long, default_value_t = 2000)]
    pause_us: u64,
    /// Seconds that the database has to take what waits at the end
    #[arg(long, default_value_t = 30)]
    patience: u64,
    /// In the first call a message with a number that no table takes comes after this many turns
    #[arg(long)]
    poison_after: Option<i32>,
    /// After this many turns the clock goes back by an hour
    #[arg(long)]
    clock_back_after: Option<i32>,
    /// The device that all calls come from
    #[arg(long, conflicts_with = "phone")]
    device: Option<String>,
    /// The telephone number that all calls come from, with +
    #[arg(long)]
    phone: Option<String>,
    /// Control: acknowledge before anything is durable, and use no spool; a proof must find losses
    #[arg(long)]
    acknowledge_from_memory: bool,
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
    runtime.block_on(record_calls(&database, spool, args))
}

/// Runs until its calls have ended or SIGTERM came. `false` when something waits on the disk.
async fn record_calls(
    database: &DatabaseSettings,
    spool: SpoolSettings,
    args: Args,
) -> anyhow::Result<bool> {
    let database = admin::open(database)?;
    let metrics = Arc::default();
    let tasks = TaskTracker::new();
    let config = RecordConfig {
        spool: SpoolConfig {
            dir: spool.dir,
            key: database.keys().spool_key(),
            budget_bytes: spool.budget_bytes,
            holder: format!("rehearsal-{}", args.seed),
        },
        acknowledgements: Some(Acknowledgements(Arc::new(print))),
        durability: if args.acknowledge_from_memory {
            Durability::Nothing
        } else {
            Durability::Disk
        },
    };
    let own = database.dedicated()?;
    let finalizer = Arc::new(Finalizer::new(&own, Arc::default()));
    let record = RecordHandle::start(config, own, finalizer, &metrics, &tasks)?;
    let replay = record.replay();
    println!(
        "started {} records {} torn {} damaged",
        replay.records,
        replay.torn_tails(),
        replay.damage.len()
    );
    let stopped = Arc::new(AtomicBool::new(false));
    let mut term = signal(SignalKind::terminate())?;
    let stop = stopped.clone();
    tasks.spawn(async move {
        term.recv().await;
        stop.store(true, Ordering::Relaxed);
    });
    let health = record.health();
    if args.sessions > 0 {
        rehearse(&record.recorder(), &args, &stopped).await;
    }
    let unsafe_calls = health.status().unsafe_calls;
    let home = record.stop(Duration::from_secs(args.patience)).await;
    let waiting = health.status().waiting;
    println!("stopped home={home} waiting={waiting} unsafe={unsafe_calls}");
    Ok(home)
}

/// One line, one `write`: what a killed process has printed is whole.
fn print(told: &Acknowledged) {
    let hash = told
        .hash
        .map_or_else(|| "-".to_owned(), |hash| hash.to_string());
    let line = format!("ack {} {} {hash}\n", told.session, told.seq);
    if std::io::stdout().write_all(line.as_bytes()).is_err() {
        // Nobody reads acknowledgements any more: no promise is made without them.
        std::process::exit(3);
    }
}

async fn rehearse(recorder: &Recorder, args: &Args, stopped: &AtomicBool) {
    let sessions: Vec<SessionId> = (0..args.sessions).map(|_| SessionId::new()).collect();
    for session in &sessions {
        recorder.session_started(start(args, *session));
    }
    let pause = Duration::from_micros(args.pause_us);
    let mut seq = 0;
    while !stopped.load(Ordering::Relaxed) && args.turns.is_none_or(|turns| seq < turns) {
        for session in &sessions {
            recorder.message_at(turn(*session, seq), now(args, seq));
        }
        seq += 1;
        if args.poison_after == Some(seq)
            && let Some(first) = sessions.first()
        {
            recorder.message(turn(*first, -seq));
        }
        // A full spool and no database: nothing gets less, and SIGTERM ends it all the same.
        while recorder.waiting() > MOST_WAITING && !stopped.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    for session in &sessions {
        recorder.session_ended(end(*session));
    }
}

fn now(args: &Args, seq: i32) -> DateTime<Utc> {
    let jumped = args.clock_back_after.is_some_and(|after| seq >= after);
    Utc::now() - chrono::TimeDelta::hours(i64::from(jumped))
}

/// A telephone's room and identity hold its number, as LiveKit's SIP bridge names them.
fn start(args: &Args, session: SessionId) -> SessionStart {
    let number = args.phone.as_deref().unwrap_or_default();
    SessionStart {
        session,
        room: format!("call-{number}_{session}"),
        participant: match &args.phone {
            Some(number) => format!("sip_{number}"),
            None => format!("rehearsal-{session}"),
        },
        device: args.device.clone(),
        phone_hint: args.phone.clone(),
        channel: if args.phone.is_some() {
            Channel::Phone
        } else {
            Channel::Web
        },
        worker_id: "rehearsal".into(),
        started_at: Utc::now(),
        summary_token: SummaryToken::random(),
        recognised: None,
    }
}

fn turn(session: SessionId, seq: i32) -> MessageRow {
    MessageRow {
        session,
        seq,
        speaker: if seq % 2 == 0 {
            Speaker::Agent
        } else {
            Speaker::Caller
        },
        content: words(session, seq),
        redacted: false,
        started_ms: Some(seq.saturating_mul(1500)),
        ended_ms: Some(seq.saturating_mul(1500).saturating_add(1200)),
        interrupted: seq % 7 == 3,
        intent: None,
        latency_ms: (seq % 2 == 0).then_some(420),
        meta: json!({ "latency": { "endpointing_ms": 300 } }),
    }
}

fn end(session: SessionId) -> SessionEnd {
    SessionEnd {
        session,
        ending: CallEnding::CallerLeft,
        ended_at: Utc::now(),
        duration: Duration::from_secs(60),
        transferred: false,
        callback_requested: false,
        authentication_attempted: false,
        line: None,
    }
}
