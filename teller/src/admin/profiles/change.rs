//! `teller profiles merge`, `unmerge` and `erase`

use clap::Args;
use database::{ErasureOutcome, ProfileId, ProfileRepository, UnmergeOutcome};
use serde_json::json;
use uuid::Uuid;

use super::show::find;
use crate::admin::{
    Actor, print,
    usage_error::{confirm, require_terminal},
};
use record::action_reason;

/// Who changes something, why, and whether only to say what would happen.
#[derive(Debug, Args)]
pub struct Change {
    #[command(flatten)]
    actor: Actor,
    /// Why; kept in the audit for good: no personal data
    #[arg(long, value_parser = action_reason)]
    reason: Option<String>,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
    /// As JSON: {"outcome": "..."}
    #[arg(long)]
    json: bool,
}

impl Change {
    fn say(&self, outcome: &str) -> anyhow::Result<()> {
        if self.json {
            return print(&json!({"outcome": outcome, "dry_run": self.dry_run}));
        }
        let would = if self.dry_run { "would be " } else { "" };
        println!("{would}{outcome}");
        Ok(())
    }
}

pub(super) async fn merge(
    profiles: &ProfileRepository,
    (anonymous, authenticated): (Uuid, Uuid),
    force: bool,
    change: &Change,
) -> anyhow::Result<bool> {
    let (source, target) = (ProfileId(anonymous), ProfileId(authenticated));
    let outcome = if change.dry_run {
        profiles.would_merge(source, target, force).await?
    } else {
        profiles
            .merge_anonymous_to_authenticated(
                source,
                target,
                change.actor.name(),
                change.reason.as_deref(),
                force,
            )
            .await?
    };
    change.say(outcome.as_str())?;
    Ok(outcome.is_merged())
}

pub(super) async fn unmerge(
    profiles: &ProfileRepository,
    profile: Uuid,
    change: &Change,
) -> anyhow::Result<bool> {
    let source = ProfileId(profile);
    let outcome = if change.dry_run {
        profiles.would_unmerge(source).await?
    } else {
        profiles
            .unmerge(source, change.actor.name(), change.reason.as_deref())
            .await?
    };
    change.say(outcome.as_str())?;
    Ok(outcome == UnmergeOutcome::Unmerged)
}

/// How to erase.
#[derive(Debug, Args)]
pub struct Erase {
    /// Profile id (UUID) or user name
    profile: String,
    #[command(flatten)]
    actor: Actor,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only say how much would be erased
    #[arg(long)]
    dry_run: bool,
    /// As JSON: {"outcome": "erased", "profiles": ..., "sessions": ..., ...}
    #[arg(long)]
    json: bool,
}

pub(super) async fn erase(profiles: &ProfileRepository, args: &Erase) -> anyhow::Result<bool> {
    let asks = !args.yes && !args.dry_run;
    if asks {
        require_terminal()?;
    }
    let Some(profile) = find(profiles, &args.profile).await? else {
        return Ok(false);
    };
    let would = profiles.would_erase(profile.id).await?;
    let ask = asks && would.outcome == ErasureOutcome::Erased;
    let question = || {
        format!(
            "Erase {} and {} sessions for good? Type the profile's id:",
            profile.id, would.sessions
        )
    };
    if ask && !confirm(&question(), &profile.id.to_string())? {
        eprintln!("nothing was erased");
        return Ok(false);
    }
    let done = if args.dry_run {
        would
    } else {
        profiles.erase(profile.id, args.actor.name()).await?
    };
    if args.json {
        print(&json!(done))?;
    } else {
        let would = if args.dry_run { "would be " } else { "" };
        println!(
            "{would}{}: {} profiles, {} sessions, {} messages, {} summaries, {} identifiers",
            done.outcome.as_str(),
            done.profiles,
            done.sessions,
            done.messages,
            done.summaries,
            done.identifiers,
        );
    }
    Ok(done.outcome != ErasureOutcome::NotFound)
}
