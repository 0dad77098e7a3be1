//! `teller profiles`

mod change;
mod import;
mod show;

use std::path::PathBuf;

use clap::Subcommand;
use database::ProfileRepository;
use uuid::Uuid;

pub use change::{Change, Erase};

use crate::config::DatabaseConfig;
use record::actor_name;

/// Look at, merge, unmerge, import, export and erase profiles.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Show a profile and the merges it took part in
    Show {
        /// Profile id (UUID) or user name
        profile: String,
        /// As JSON: {"profile": {...}, "merges": [...]}
        #[arg(long)]
        json: bool,
    },
    /// The merges a profile took part in, newest first, refused and undone ones too
    History {
        /// Profile id (UUID) or user name
        profile: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make everything of an anonymous profile the authenticated one's
    Merge {
        /// The anonymous profile
        anonymous: Uuid,
        /// The authenticated profile
        authenticated: Uuid,
        /// Join two customers who are one person
        #[arg(long)]
        force: bool,
        /// By whom and why
        #[command(flatten)]
        change: Change,
    },
    /// Undo the merge of a profile, exactly
    Unmerge {
        /// The profile that was merged into another
        profile: Uuid,
        /// By whom and why
        #[command(flatten)]
        change: Change,
    },
    /// Create or update customers from a CSV file with the columns
    /// username,phone_number,email,name,customer_number (only username is required)
    Import {
        /// The file
        file: PathBuf,
        /// Who does this; kept in the audit
        #[arg(long, value_parser = actor_name)]
        actor: String,
    },
    /// Everything held of a person, readable, as JSON: profiles, identifiers, calls with what was
    /// said, summaries, merges, audit. The export itself is audited
    Export {
        /// Profile id (UUID) or user name
        profile: String,
        /// Who asks; kept in the audit
        #[arg(long, value_parser = actor_name)]
        actor: String,
        /// Write to this new file, readable by its owner only, instead of standard output
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Erase a person for good: the profile, all merged into it, and what they said. Keys are
    /// destroyed, readable columns overwritten; counts and the audit stay. Exit code 0 also when
    /// it was erased before
    Erase(Erase),
}

/// Runs one command; `false` when it was refused.
///
/// # Errors
/// When the database is away, or a file is not of the form.
pub async fn profiles(config: &DatabaseConfig, command: ProfilesCommand) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    let profiles = ProfileRepository::new(&database);
    match command {
        ProfilesCommand::Show { profile, json } => show::show(&profiles, &profile, json).await,
        ProfilesCommand::History { profile, json } => {
            show::history(&profiles, &profile, json).await
        }
        ProfilesCommand::Merge {
            anonymous,
            authenticated,
            force,
            change,
        } => change::merge(&profiles, (anonymous, authenticated), force, &change).await,
        ProfilesCommand::Unmerge { profile, change } => {
            change::unmerge(&profiles, profile, &change).await
        }
        ProfilesCommand::Import { file, actor } => import::import(&profiles, &file, &actor).await,
        ProfilesCommand::Export {
            profile,
            actor,
            output,
        } => show::export(&database, &profile, &actor, output.as_deref()).await,
        ProfilesCommand::Erase(args) => change::erase(&profiles, &args).await,
    }
}
