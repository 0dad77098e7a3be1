//! The network lab's runner.

use std::path::PathBuf;

use clap::Parser;

/// What to make.
#[derive(Parser)]
struct Options {
    /// How many sentences.
    #[arg(long, default_value_t = 8)]
    sentences: usize,
    /// In how many rooms.
    #[arg(long, default_value_t = 2)]
    streams: usize,
    /// Where the plan and its recordings go.
    #[arg(long)]
    work: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let plan = netlab::plan::make(options.sentences, options.streams, &options.work)?;
    plan.write(&options.work.join("plan.json"))
}
