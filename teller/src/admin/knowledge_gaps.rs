//! `teller knowledge gaps`: what callers asked and nobody wrote down.

use std::path::{Path, PathBuf};

use chrono::{Duration, Utc};

use super::{Actor, base};
use crate::config::DatabaseSettings;

/// Phrasings of one gap that are shown.
const SHOWN: usize = 3;

/// `teller knowledge gaps`
#[derive(Debug, clap::Args)]
pub struct GapsArgs {
    /// To whom
    #[command(flatten)]
    pub actor: Actor,
    /// Folder of the pack; PACK_DIR unless given
    #[arg(long)]
    pub pack: Option<PathBuf>,
    /// Of how many days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3650))]
    pub days: i64,
    /// Of how many questions, the newest
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    pub limit: i64,
    /// By words alone, as without an embedding model
    #[arg(long)]
    pub words: bool,
}

/// Shows what callers asked about the trade and no document answered; `false` when there is anything.
///
/// # Errors
/// When the pack is malformed or the database is away.
pub async fn gaps(
    config: &DatabaseSettings,
    folder: &Path,
    args: GapsArgs,
) -> anyhow::Result<bool> {
    let base = base(folder, args.words)?;
    let database = super::open(config)?;
    let pack = &base.pack().settings.name;
    let reader = args.actor.through("teller knowledge gaps");
    let since = Utc::now() - Duration::days(args.days);
    let questions = reader.unanswered(&database, pack, since, args.limit);
    let questions = questions.await?;
    let gaps = base.gaps(&questions);
    for gap in &gaps {
        let mut shown = gap.asked.iter().map(|place| &questions[*place].words);
        if let Some(first) = shown.next() {
            println!("{:>4}  {first}", gap.asked.len());
        }
        for also in shown.take(SHOWN - 1) {
            println!("      {also}");
        }
        if let Some(nearest) = &gap.nearest {
            println!("      nearest: {}  {}", nearest.source, nearest.title);
        }
    }
    println!(
        "{} questions of {} days without an answer, {} different",
        questions.len(),
        args.days,
        gaps.len()
    );
    Ok(gaps.is_empty())
}
