//! `teller migrate`

use clap::Args;
use database::{Database, Unsealed};
use serde_json::json;

use crate::config::DatabaseSettings;

/// A line of progress for so many values.
const TELL_EVERY: u64 = 5_000;

/// What to do about missing migrations.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Only say what is missing and how much of an older schema is to be sealed; the exit code is
    /// 1 when there is something
    #[arg(long)]
    dry_run: bool,
    /// As JSON: {"applied": [...], "sealed": 0, "readable": {...}}, or {"pending": [...],
    /// "readable": {...}} with --dry-run
    #[arg(long)]
    json: bool,
}

/// Applies the migrations that are missing, and seals what an older schema stored readable; or says
/// what there is to do. `false` when that was asked and is something.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(config: &DatabaseSettings, args: MigrateArgs) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    if args.dry_run {
        return look(&database, args.json).await;
    }
    // Millions of rows take minutes: an operator sees that it goes on, and may stop it.
    let progress = |sealed: u64| {
        if sealed.is_multiple_of(TELL_EVERY) {
            eprintln!("sealed {sealed} old values");
        }
    };
    let report = database.migrate_telling(&progress).await?;
    let left = database.unsealed().await?;
    if args.json {
        println!(
            "{}",
            json!({ "applied": report.applied, "sealed": report.sealed, "readable": left })
        );
        return Ok(true);
    }
    match report.applied.as_slice() {
        [] => println!("the schema is up to date"),
        names => println!("applied {}", names.join(", ")),
    }
    if report.sealed > 0 {
        println!("sealed {} values of an older schema", report.sealed);
    }
    if left.total() > 0 {
        println!(
            "still readable, because nobody's key is theirs: {}",
            tell(&left)
        );
    }
    Ok(left.total() == 0)
}

async fn look(database: &Database, json: bool) -> anyhow::Result<bool> {
    let pending = database.pending_migrations().await?;
    let readable = database.unsealed().await?;
    if json {
        println!("{}", json!({ "pending": pending, "readable": readable }));
    } else if pending.is_empty() && readable.total() == 0 {
        println!("the schema is up to date");
    } else {
        if !pending.is_empty() {
            println!("pending {}", pending.join(", "));
        }
        println!("to be sealed: {}", tell(&readable));
    }
    Ok(pending.is_empty() && readable.total() == 0)
}

fn tell(left: &Unsealed) -> String {
    format!(
        "{} numbers and addresses, {} names, {} messages, {} reasons of callbacks",
        left.contacts, left.names, left.messages, left.reasons
    )
}
