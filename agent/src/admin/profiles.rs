//! `teller profiles`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use database::{CustomerRow, ProfileId, ProfileRepository};
use serde::Deserialize;
use uuid::Uuid;

use crate::config::DatabaseConfig;

/// Look at, merge, unmerge and import profiles.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Show a profile and the merges it took part in
    Show {
        /// Profile id (UUID) or user name
        profile: String,
    },
    /// Make everything of an anonymous profile the authenticated one's
    Merge {
        /// The anonymous profile
        anonymous: Uuid,
        /// The authenticated profile
        authenticated: Uuid,
        /// Who does this; kept in the audit
        #[arg(long)]
        actor: String,
        /// Why; kept in the audit
        #[arg(long)]
        reason: Option<String>,
        /// Join two customers who are one person
        #[arg(long)]
        force: bool,
    },
    /// Undo the merge of a profile, exactly
    Unmerge {
        /// The profile that was merged into another
        profile: Uuid,
        /// Who does this; kept in the audit
        #[arg(long)]
        actor: String,
        /// Why; kept in the audit
        #[arg(long)]
        reason: Option<String>,
    },
    /// Create or update customers from a CSV file with the columns
    /// username,phone_number,email,name,customer_number (only username is required)
    Import {
        /// The file
        file: PathBuf,
        /// Who does this; kept in the audit
        #[arg(long)]
        actor: String,
    },
}

/// Runs one command; `false` when it was refused.
///
/// # Errors
/// When the database is away, or the file is not of the form.
pub async fn profiles(config: &DatabaseConfig, command: ProfilesCommand) -> anyhow::Result<bool> {
    let profiles = ProfileRepository::new(&super::open(config)?);
    match command {
        ProfilesCommand::Show { profile } => show(&profiles, &profile).await,
        ProfilesCommand::Merge {
            anonymous,
            authenticated,
            actor,
            reason,
            force,
        } => {
            let (source, target) = (ProfileId(anonymous), ProfileId(authenticated));
            let outcome = profiles
                .merge_anonymous_to_authenticated(source, target, &actor, reason.as_deref(), force)
                .await?;
            println!("{}", outcome.as_str());
            Ok(outcome.is_merged())
        }
        ProfilesCommand::Unmerge {
            profile,
            actor,
            reason,
        } => {
            let outcome = profiles
                .unmerge(ProfileId(profile), &actor, reason.as_deref())
                .await?;
            println!("{}", outcome.as_str());
            Ok(outcome == database::UnmergeOutcome::Unmerged)
        }
        ProfilesCommand::Import { file, actor } => import(&profiles, &file, &actor).await,
    }
}

/// One line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    username: String,
    #[serde(default)]
    phone_number: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    customer_number: Option<String>,
}

impl From<Line> for CustomerRow {
    fn from(line: Line) -> Self {
        Self {
            username: line.username,
            phone_number: line.phone_number,
            email: line.email,
            name: line.name,
            customer_number: line.customer_number,
        }
    }
}

async fn show(profiles: &ProfileRepository, wanted: &str) -> anyhow::Result<bool> {
    let found = match wanted.parse::<Uuid>() {
        Ok(id) => profiles.get_by_id(ProfileId(id)).await?,
        Err(_) => profiles.get_by_username(wanted).await?,
    };
    let Some(profile) = found else {
        println!("no such profile");
        return Ok(false);
    };
    println!("{}", serde_json::to_string_pretty(&profile)?);
    for merge in profiles.history(profile.id).await? {
        let reverted = if merge.reverted_at.is_some() {
            ", undone since"
        } else {
            ""
        };
        println!(
            "{}  {}  {} -> {}  by {}: {} sessions, {} messages{reverted}",
            merge.merged_at.format("%F %T"),
            merge.outcome.as_str(),
            merge.requested.0,
            merge.requested.1,
            merge.actor,
            merge.sessions_moved,
            merge.messages_moved,
        );
    }
    Ok(true)
}

async fn import(
    profiles: &ProfileRepository,
    file: &std::path::Path,
    actor: &str,
) -> anyhow::Result<bool> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(file)
        .with_context(|| format!("reading {}", file.display()))?;
    let rows: Vec<CustomerRow> = reader
        .deserialize::<Line>()
        .map(|line| line.map(CustomerRow::from))
        .collect::<Result<_, _>>()
        .with_context(|| {
            format!(
                "{}: columns are username,phone_number,email,name,customer_number",
                file.display()
            )
        })?;
    let report = profiles.import_customers(&rows, actor).await?;
    println!(
        "{} created, {} updated, {} refused",
        report.created,
        report.updated,
        report.refused.len()
    );
    for (row, reason) in &report.refused {
        println!("  row {}: {reason}", row + 1);
    }
    Ok(report.refused.is_empty())
}
