//! `teller sessions archive`

use std::path::PathBuf;

use clap::Args;
use database::{ArchiveRepository, Database};
use serde_json::json;

use crate::{
    admin::{
        Actor,
        usage_error::{confirm, require_terminal},
    },
    config::{Reader, maintenance},
};

/// What to put away, and where.
#[derive(Debug, Args)]
pub struct Archive {
    #[command(flatten)]
    actor: Actor,
    /// Whole months that stay, beside the current one
    #[arg(long)]
    keep_months: u16,
    /// Folder of the files; ARCHIVE_DIR unless given
    #[arg(long)]
    to: Option<PathBuf>,
    /// Only say which months
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Archive {
    /// Runs it; `false` when somebody was asked and said no.
    pub(super) async fn run(&self, database: &Database) -> anyhow::Result<bool> {
        let setting = || maintenance(&mut Reader::from_env()).archive;
        let folder = self.to.clone().unwrap_or_else(setting);
        if !self.yes && !self.dry_run {
            require_terminal()?;
        }
        let archives = ArchiveRepository::new(database);
        let months = archives.retired(self.keep_months.into()).await?;
        if self.dry_run {
            if self.json {
                println!("{}", json!({"would_archive": months}));
            } else {
                for month in &months {
                    println!("{}", month.partition);
                }
                println!("{} months would be put away", months.len());
            }
            return Ok(true);
        }
        let question = format!(
            "{} months of messages leave the database for {}. Continue? [yes/no]",
            months.len(),
            folder.display()
        );
        if !months.is_empty() && !self.yes && !confirm(&question, "yes")? {
            println!("nothing was done");
            return Ok(false);
        }
        let mut done = Vec::new();
        for month in &months {
            let by = self.actor.through("teller sessions archive");
            let partition = ("partition", &*month.partition);
            by.note(database, "messages.archived", partition).await?;
            let archived = archives.put_away(month, &folder).await?;
            if !self.json {
                println!(
                    "{}  {} messages  sha256 {}{}",
                    archived.file.display(),
                    archived.messages,
                    archived.sha256,
                    if archived.dropped {
                        ""
                    } else {
                        "  (stays in the database: another tenant has messages in it)"
                    }
                );
            }
            done.push(archived);
        }
        if self.json {
            println!("{}", serde_json::to_string(&done)?);
        } else {
            println!("{} months put away", done.len());
        }
        Ok(true)
    }
}
