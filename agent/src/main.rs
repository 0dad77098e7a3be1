//! `teller`: the one binary. Every command reads its settings first and opens nothing before they are right.

use std::process::ExitCode;

use clap::Parser as _;
use teller::{cli, worker::install_crypto_provider};

/// `EX_CONFIG` of sysexits: nothing was started.
const BAD_CONFIGURATION: u8 = 78;
/// As for a command line that makes no sense; nothing was done.
const WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    // Two TLS stacks come with the dependencies; the first connection would panic without a choice.
    install_crypto_provider();
    let command = cli::Cli::parse();
    match cli::run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<teller::admin::WrongUse>() {
                WRONG_USE.into()
            } else if error.is::<teller::config::ConfigError>()
                || error.is::<database::keys::KeyError>()
            {
                BAD_CONFIGURATION.into()
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
