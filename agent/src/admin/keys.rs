//! `teller keys`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use database::keys::Keyring;

/// Make the key file; list its keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key file with new keys, readable by its owner only; refuses to overwrite one.
    /// Copy it to a safe place apart from the database's back-ups: nothing opens without it
    Create {
        /// Where; KEY_FILE unless given
        file: Option<PathBuf>,
    },
    /// The file's name (fingerprint) and its wrapping keys, without the keys
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs one command.
///
/// # Errors
/// When the file exists already (`create`), or is missing or no key file.
pub fn keys(file: &Path, command: KeysCommand) -> anyhow::Result<bool> {
    match command {
        KeysCommand::Create { file: other } => {
            let path = other.as_deref().unwrap_or(file);
            let keys = Keyring::create(path)?;
            println!(
                "{} made, fingerprint {}",
                path.display(),
                keys.fingerprint()
            );
            println!(
                "copy it to a safe place apart from the database's back-ups: nothing opens without it"
            );
        }
        KeysCommand::List { json } => list(&Keyring::open(file)?, json)?,
    }
    Ok(true)
}

fn list(keys: &Keyring, json: bool) -> anyhow::Result<()> {
    let wrapping = keys.wrapping_keys();
    if json {
        let shown = serde_json::json!({"fingerprint": keys.fingerprint(), "wrapping": wrapping});
        println!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    println!("fingerprint {}", keys.fingerprint());
    for key in &wrapping {
        let newest = if key.id == keys.newest_wrapping_key() {
            "  wraps new keys"
        } else {
            ""
        };
        println!("wrapping key {}  made {}{newest}", key.id, key.created);
    }
    Ok(())
}
