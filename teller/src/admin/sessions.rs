//! `teller sessions`

mod archive;

use std::{path::PathBuf, time::Duration};

use clap::Subcommand;
use database::{Database, SessionFilter, SessionId, SessionRepository, SummaryQueue};
use serde_json::json;
use uuid::Uuid;

pub use archive::Archive;

use super::{Actor, print};
use crate::{
    config::{DatabaseSettings, Reader, meaning, pack_or_setting},
    meaning::Meaning,
};
use jobs::{Facts, Finalizer, Moments, Sweeper, summary_rules};
use record::{AuditedReader, LiveSessions};

/// Look at sessions, close those a killed worker left open, write summaries, put old months away.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// The newest sessions, with their summaries; audited
    List {
        /// To whom
        #[command(flatten)]
        actor: Actor,
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One session with its messages; audited
    Show {
        /// Session id
        session: Uuid,
        /// To whom
        #[command(flatten)]
        actor: Actor,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Close sessions whose worker is gone and write the summaries that are pending, as every worker
    /// does by itself. Several may run at once: each session is closed and summarised once. Audited
    Sweep {
        /// By whom
        #[command(flatten)]
        actor: Actor,
        /// Seconds without a sign of life after which a session without a living worker is closed
        #[arg(long, default_value_t = 90)]
        silent_for: u64,
        /// Folder of the pack whose topics the summaries name; PACK_DIR unless given
        #[arg(long)]
        pack: Option<PathBuf>,
        /// Only say what would be closed
        #[arg(long)]
        dry_run: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a session's summary anew from its messages, or those that were given up; audited
    Summarize {
        /// By whom
        #[command(flatten)]
        actor: Actor,
        /// Session id
        #[arg(required_unless_present = "failed", conflicts_with = "failed")]
        session: Option<Uuid>,
        /// All that were given up after failing again and again
        #[arg(long)]
        failed: bool,
        /// Folder of the pack whose topics the summary names; PACK_DIR unless given
        #[arg(long)]
        pack: Option<PathBuf>,
        /// Show the summary, or what was given up, and store nothing
        #[arg(long)]
        dry_run: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the messages of months that are over into files, then drop them from the database.
    /// Sessions, summaries and counters stay. There is no way back into the tables: asks first. Each
    /// month is audited
    Archive(Archive),
}

/// Runs one command; `false` when the answer is no.
///
/// # Errors
/// When the database is away.
pub async fn sessions(config: &DatabaseSettings, command: SessionsCommand) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    match command {
        SessionsCommand::List { actor, limit, json } => {
            let reader = actor.through("teller sessions list");
            list(&database, reader, limit, json).await
        }
        SessionsCommand::Show {
            session,
            actor,
            json,
        } => {
            let reader = actor.through("teller sessions show");
            show(&database, reader, SessionId(session), json).await
        }
        SessionsCommand::Sweep {
            actor,
            silent_for,
            pack,
            dry_run,
            json,
        } => {
            let sweeper = Sweeper::new(
                &database,
                finalizer(&database, pack)?,
                LiveSessions::default(),
                // Closes as no worker: it has no lease to keep.
                "administrator".into(),
                Duration::from_secs(30 * 60),
            )
            .judging(Duration::from_secs(silent_for));
            let by = (!dry_run).then(|| actor.through("teller sessions sweep"));
            sweep(&database, &sweeper, by, json).await
        }
        SessionsCommand::Summarize {
            actor,
            session,
            failed: _,
            pack,
            dry_run,
            json,
        } => {
            let finalizer = finalizer(&database, pack)?;
            let by = actor.through("teller sessions summarize");
            match session {
                Some(session) => {
                    let session = SessionId(session);
                    summarize(&database, by, &finalizer, session, dry_run, json).await
                }
                None => summarize_failed(&database, by, &finalizer, dry_run, json).await,
            }
        }
        SessionsCommand::Archive(archive) => archive.run(&database).await,
    }
}

fn finalizer(database: &Database, pack: Option<PathBuf>) -> anyhow::Result<Finalizer> {
    let pack = super::load_pack(&pack_or_setting(pack)?)?;
    // The same summary as the worker's, which has the model where it is.
    let meaning = Meaning::open(&meaning(&mut Reader::from_env()))?;
    let moments = Moments::new(database, jobs::trade(&pack).into());
    let facts = Facts::new(database, jobs::fact_reader(&pack).into());
    let finalizer = Finalizer::new(database, summary_rules(&pack).into());
    let finalizer = finalizer.with_moments(moments).with_facts(facts);
    Ok(finalizer.with_meaning(meaning.as_ref().map(Meaning::of_texts)))
}

async fn list(
    database: &Database,
    reader: AuditedReader<'_>,
    limit: i64,
    json: bool,
) -> anyhow::Result<bool> {
    reader.note(database, "calls.listed", None).await?;
    let sessions = SessionRepository::new(database);
    let calls = sessions.list(&SessionFilter::default(), limit).await?;
    if json {
        return print(&calls).map(|()| true);
    }
    for call in calls {
        println!(
            "{}  {}  {}  {:>3} messages  {}",
            call.id,
            call.started_at.format("%F %T"),
            call.status.as_str(),
            call.message_count,
            call.summary.unwrap_or_default()
        );
    }
    Ok(true)
}

async fn show(
    database: &Database,
    reader: AuditedReader<'_>,
    session: SessionId,
    json: bool,
) -> anyhow::Result<bool> {
    let Some(opened) = reader.call(database, session).await? else {
        println!("no such session");
        return Ok(false);
    };
    let (stored, messages) = (opened.session, opened.messages);
    if json {
        let whole = json!({"session": stored, "messages": messages});
        return print(&whole).map(|()| true);
    }
    print(&stored)?;
    for message in messages {
        println!(
            "{:>4} {:<9} {}",
            message.seq,
            message.role.as_str(),
            message.words()
        );
    }
    Ok(true)
}

/// Without a name nothing is closed: a dry run.
async fn sweep(
    database: &Database,
    sweeper: &Sweeper,
    by: Option<AuditedReader<'_>>,
    json: bool,
) -> anyhow::Result<bool> {
    let Some(by) = by else {
        let stale = sweeper.would_close().await?;
        if json {
            println!("{}", json!({"would_close": stale}));
        } else {
            for session in &stale {
                println!("{session}");
            }
            println!("{} sessions would be closed", stale.len());
        }
        return Ok(true);
    };
    by.note(database, "sessions.swept", None).await?;
    SummaryQueue::new(database)
        .enqueue_missing(chrono::Utc::now())
        .await?;
    let swept = sweeper.sweep().await?;
    if json {
        println!("{}", serde_json::to_string(&swept)?);
    } else {
        println!(
            "{} sessions closed, {} summaries written",
            swept.abandoned.len(),
            swept.summarised
        );
    }
    Ok(true)
}

/// A dry run shows what was said as well.
async fn summarize(
    database: &Database,
    by: AuditedReader<'_>,
    finalizer: &Finalizer,
    session: SessionId,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<bool> {
    let Some(draft) = finalizer.draft(session).await? else {
        println!("no such session");
        return Ok(false);
    };
    let action = if dry_run {
        "call.opened"
    } else {
        "call.summarised"
    };
    by.note(database, action, ("session", &*session.to_string()))
        .await?;
    if !dry_run {
        finalizer.summarize(session).await?;
    }
    if json {
        let shown = json!({"session": session, "summary": draft.summary, "extracted_info": draft.extracted_info,
            "topics": draft.topics, "messages": draft.message_count, "stored": !dry_run});
        print(&shown)?;
    } else {
        println!("{}", draft.summary);
    }
    // Of a session that still talks nothing is pending, and nothing is completed.
    let queue = SummaryQueue::new(database);
    if !dry_run && let Some(pending) = queue.claim_session(session, Duration::from_secs(1)).await? {
        queue.complete(&pending).await?;
    }
    Ok(true)
}

async fn summarize_failed(
    database: &Database,
    by: AuditedReader<'_>,
    finalizer: &Finalizer,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<bool> {
    let queue = SummaryQueue::new(database);
    let failed = queue.failed(1_000).await?;
    let mut written = 0;
    for summary in &failed {
        if !dry_run {
            let session = summary.session.to_string();
            by.note(database, "call.summarised", ("session", &*session))
                .await?;
            queue.enqueue(summary.session).await?;
            written += usize::from(finalizer.complete_session(summary.session).await?);
        } else if !json {
            println!(
                "{}  {} attempts  {}",
                summary.session,
                summary.attempts,
                summary.error.as_deref().unwrap_or_default()
            );
        }
    }
    if json {
        println!("{}", json!({"failed": failed, "written": written}));
    } else {
        println!("{written} of {} summaries written", failed.len());
    }
    Ok(dry_run || written == failed.len())
}
