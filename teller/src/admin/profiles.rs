//! `teller profiles`

mod change;
mod import;
mod show;
mod summary;

use std::path::PathBuf;

use clap::Subcommand;
use database::ProfileRepository;
use uuid::Uuid;

pub use change::{Change, Erase};
pub(crate) use import::table as customer_table;

use super::Actor;
use crate::config::DatabaseSettings;

/// Look at, merge, unmerge, import, export and erase profiles.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Show a profile and the merges it took part in; audited
    Show {
        /// Profile id (UUID) or user name
        profile: String,
        /// To whom
        #[command(flatten)]
        actor: Actor,
        /// As JSON: {"profile": {...}, "merges": [...]}
        #[arg(long)]
        json: bool,
    },
    /// The merges a profile took part in, newest first, refused and undone ones too; audited
    History {
        /// Profile id (UUID) or user name
        profile: String,
        /// To whom
        #[command(flatten)]
        actor: Actor,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// A person in one view: calls, what they spoke of, interests, objections, how the calls sounded, what was done, what is
    /// open, what is known of them now; audited
    Summary {
        /// Profile id (UUID) or user name
        profile: String,
        /// To whom
        #[command(flatten)]
        actor: Actor,
        /// Folder of the pack; PACK_DIR unless given
        #[arg(long)]
        pack: Option<PathBuf>,
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
    /// username,phone_number,email,name,customer_number (only username is required). Lines above
    /// the header that begin with # are comments
    Import {
        /// The file
        file: PathBuf,
        /// By whom
        #[command(flatten)]
        actor: Actor,
    },
    /// Everything held of a person, readable, as JSON: profiles, identifiers, calls with what was
    /// said, summaries, merges, audit. The export itself is audited
    Export {
        /// Profile id (UUID) or user name
        profile: String,
        /// For whom
        #[command(flatten)]
        actor: Actor,
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
pub async fn profiles(config: &DatabaseSettings, command: ProfilesCommand) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    let profiles = ProfileRepository::new(&database);
    match command {
        ProfilesCommand::Show {
            profile,
            actor,
            json,
        } => {
            let reader = actor.through("teller profiles show");
            show::show(&database, reader, &profile, json).await
        }
        ProfilesCommand::History {
            profile,
            actor,
            json,
        } => {
            let reader = actor.through("teller profiles history");
            show::history(&database, reader, &profile, json).await
        }
        ProfilesCommand::Summary {
            profile,
            actor,
            pack,
            json,
        } => {
            let reader = actor.through("teller profiles summary");
            summary::summary(&database, reader, &profile, pack, json).await
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
        ProfilesCommand::Import { file, actor } => {
            import::import(&profiles, &file, actor.name()).await
        }
        ProfilesCommand::Export {
            profile,
            actor,
            output,
        } => show::export(&database, &profile, actor.name(), output.as_deref()).await,
        ProfilesCommand::Erase(args) => change::erase(&profiles, &args).await,
    }
}
