//! `teller sessions`

use std::time::Duration;

use clap::Subcommand;
use database::{MessageRepository, SessionFilter, SessionId, SessionRepository};
use uuid::Uuid;

use crate::{
    config::DatabaseConfig,
    record::{Finalizer, LiveSessions, Sweeper},
};

/// Look at sessions, close those a killed worker left open.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// The newest sessions
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: i64,
    },
    /// One session with its messages
    Show {
        /// Session id
        session: Uuid,
    },
    /// Close sessions whose worker is gone and write missing summaries, as every worker does by itself
    Sweep {
        /// Seconds without a sign of life after which a session without a living worker is closed
        #[arg(long, default_value_t = 90)]
        silent_for: u64,
        /// Folder of the pack whose topics the summaries name
        #[arg(long, default_value = "packs/bank")]
        pack: std::path::PathBuf,
    },
}

/// Runs one command.
///
/// # Errors
/// When the database is away.
pub async fn sessions(config: &DatabaseConfig, command: SessionsCommand) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    let sessions = SessionRepository::new(&database);
    match command {
        SessionsCommand::List { limit } => {
            for call in sessions.list(&SessionFilter::default(), limit).await? {
                println!(
                    "{}  {}  {}  {:>3} messages  {}",
                    call.id,
                    call.started_at.format("%F %T"),
                    call.status.as_str(),
                    call.message_count,
                    call.summary.unwrap_or_default()
                );
            }
        }
        SessionsCommand::Show { session } => {
            let session = SessionId(session);
            let Some(stored) = sessions.get(session).await? else {
                println!("no such session");
                return Ok(false);
            };
            println!("{}", serde_json::to_string_pretty(&stored)?);
            for message in MessageRepository::new(&database)
                .by_session(session)
                .await?
            {
                println!(
                    "{:>4} {:<9} {}",
                    message.seq,
                    message.role.as_str(),
                    message.words()
                );
            }
        }
        SessionsCommand::Sweep { silent_for, pack } => {
            let pack = knowledge::Pack::load(&pack)?;
            let finalizer = Finalizer::new(&database, crate::record::topic_rules(&pack).into());
            let outer = Duration::from_secs(30 * 60);
            let sweeper = Sweeper::new(
                &database,
                finalizer,
                LiveSessions::default(),
                "administrator".into(),
                outer,
            )
            .judging(Duration::from_secs(silent_for));
            let swept = sweeper.sweep(Duration::ZERO).await?;
            println!(
                "{} sessions closed, {} summaries written",
                swept.abandoned, swept.summarised
            );
        }
    }
    Ok(true)
}
