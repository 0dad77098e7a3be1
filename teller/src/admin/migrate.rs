//! `teller migrate`

use clap::Args;
use serde_json::json;

use crate::config::DatabaseSettings;

/// What to do about missing migrations.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Only name what is missing; the exit code is 1 when there is something
    #[arg(long)]
    dry_run: bool,
    /// As JSON: {"applied": [...]}, or {"pending": [...]} with --dry-run
    #[arg(long)]
    json: bool,
}

/// Applies the migrations that are missing, or names them. `false` when that was asked and some are.
///
/// # Errors
/// When the database is away or a migration fails.
pub async fn migrate(config: &DatabaseSettings, args: MigrateArgs) -> anyhow::Result<bool> {
    let database = super::open(config)?;
    let (verb, names) = if args.dry_run {
        ("pending", database.pending_migrations().await?)
    } else {
        ("applied", database.migrate().await?.applied)
    };
    if args.json {
        println!("{}", json!({ (verb): names }));
    } else if names.is_empty() {
        println!("the schema is up to date");
    } else {
        println!("{verb} {}", names.join(", "));
    }
    Ok(!args.dry_run || names.is_empty())
}
