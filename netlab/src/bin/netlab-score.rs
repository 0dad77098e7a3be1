//! Scores a run that is already recorded, and shows what was understood; see [`netlab::score`].

use std::path::PathBuf;

use clap::Parser;
use netlab::{
    plan::Plan,
    score::{Outage, score},
};

/// What to score.
#[derive(Parser)]
struct Options {
    /// What was said.
    #[arg(long)]
    plan: PathBuf,
    /// The receiver's folder.
    #[arg(long)]
    recorded: PathBuf,
    /// When the run began, in Unix milliseconds.
    #[arg(long)]
    start_at: u64,
    /// The sender's name.
    #[arg(long, default_value = "ours")]
    sender: String,
    /// The receiver's name.
    #[arg(long, default_value = "ours")]
    receiver: String,
    /// A time without network, FROM-UNTIL in milliseconds after the start; may be given often.
    #[arg(long, value_parser = outage)]
    outage: Vec<Outage>,
    /// Everything, as JSON; without it, one line.
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let plan = Plan::read(&options.plan)?;
    let score = score(
        &plan,
        options.start_at,
        &options.recorded,
        &options.sender,
        &options.receiver,
        &options.outage,
    )?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&score)?);
        return Ok(());
    }
    println!(
        "{:>6} -> {:<6} words wrong {:5.1} % ({} of {}), sentences {}/{}, concealed {:5.2} %, lost {:5.2} %, \
         delay {:.0}/{:.0} ms, offset {} ms, recovered {:?} (never: {})",
        score.sender,
        score.receiver,
        score.word_error_rate(),
        score.word_errors,
        score.words,
        score.sentences_heard,
        score.sentences,
        100.0 * score.concealed_share,
        100.0 * score.lost_share,
        score.delay_p50_ms.unwrap_or(f64::NAN),
        score.delay_p95_ms.unwrap_or(f64::NAN),
        score.offset_ms,
        score.recover_ms,
        score.unrecovered,
    );
    Ok(())
}

fn outage(text: &str) -> Result<Outage, String> {
    let times = text.split_once('-');
    let times = times.and_then(|(from, until)| Some((from.parse().ok()?, until.parse().ok()?)));
    let (from_ms, until_ms) = times.ok_or_else(|| format!("{text} is not FROM-UNTIL"))?;
    Ok(Outage { from_ms, until_ms })
}
