//! `teller`: the one binary. Every command reads its settings first and opens nothing before they are right.

use std::process::ExitCode;

use agent::worker::install_crypto_provider;
use teller::cli;

fn main() -> ExitCode {
    // Two TLS stacks come with the dependencies; the first connection would panic without a choice.
    install_crypto_provider();
    let ended = cli::run(cli::Cli::from_command_line());
    if let Err(error) = &ended {
        eprintln!("error: {error:#}");
    }
    cli::Exit::of(&ended).code().into()
}
