//! One end of the network lab's calls; see [`netlab::peer`].

use clap::Parser as _;
use netlab::peer::{Options, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    run(Options::parse()).await
}
