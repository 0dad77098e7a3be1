//! `teller keys`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use database::{
    AuditRepository, Database, Rewrapped,
    keys::{KeyError, Keyring},
};
use serde_json::json;

use super::{Actor, UsageError, print};
use crate::config::{Reader, database_only};

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
    /// Add a wrapping key and wrap every person's key anew with it. Calls go on meanwhile; what was
    /// cut off goes on with --resume. Only person keys are rewritten. Afterwards copy the key file
    /// again; the old wrapping keys stay in it for the database's older back-ups
    Rotate {
        /// By whom
        #[command(flatten)]
        actor: Actor,
        /// Add no key: wrap with the newest what is still under an older one
        #[arg(long)]
        resume: bool,
        /// Only say how many keys would be wrapped anew
        #[arg(long)]
        dry_run: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Person keys that are wrapped anew in one statement.
const BATCH: i64 = 500;

/// Runs one command.
///
/// # Errors
/// When the file exists already (`create`), or is missing or no key file; `rotate` also when the
/// database is away.
pub async fn keys(file: &Path, command: KeysCommand) -> anyhow::Result<bool> {
    match command {
        KeysCommand::Create { file: other } => {
            let path = other.as_deref().unwrap_or(file);
            let keys = match Keyring::create(path) {
                Err(error @ KeyError::Exists(_)) => {
                    return Err(UsageError::new(error.to_string()).into());
                }
                made => made?,
            };
            let (file, fingerprint) = (path.display(), keys.fingerprint());
            println!("{file} made, fingerprint {fingerprint}");
            println!(
                "copy it to a safe place apart from the database's back-ups: nothing opens without it"
            );
        }
        KeysCommand::List { json } => list(&Keyring::open(file)?, json)?,
        KeysCommand::Rotate {
            actor,
            resume,
            dry_run,
            json,
        } => {
            let database = super::open(&database_only(&mut Reader::from_env())?)?;
            rotate(&database, actor.name(), !resume, dry_run, json).await?;
        }
    }
    Ok(true)
}

async fn rotate(
    database: &Database,
    actor: &str,
    add: bool,
    dry_run: bool,
    json: bool,
) -> anyhow::Result<()> {
    let held = database.wrapped_keys().await?;
    let newest = database.keys().newest_wrapping_key();
    let to_do = held.iter().filter(|(id, _)| add || *id < newest);
    let mut done = Rewrapped {
        keys: 0,
        left: to_do.map(|(_, count)| count.unsigned_abs()).sum(),
    };
    let mut key = newest;
    if !dry_run {
        if add {
            key = database.keys().add_wrapping_key()?;
        }
        loop {
            let part = database.rewrap_person_keys(BATCH).await?;
            done = Rewrapped {
                keys: done.keys + part.keys,
                left: part.left,
            };
            if part.left == 0 {
                break;
            }
        }
        let detail = json!({"wrapping_key": key, "keys": done.keys});
        AuditRepository::new(database)
            .record(actor, "keys.rotate", None, &detail)
            .await?;
    }
    if json {
        let (rewrapped, left) = (done.keys, done.left);
        print(&json!({"wrapping_key": key, "rewrapped": rewrapped, "left": left}))?;
    } else if dry_run {
        println!("{} person keys would be wrapped anew", done.left);
    } else {
        println!(
            "{} person keys wrapped anew with wrapping key {key}; copy the key file again",
            done.keys
        );
    }
    Ok(())
}

fn list(keys: &Keyring, json: bool) -> anyhow::Result<()> {
    let wrapping = keys.wrapping_keys();
    if json {
        return print(&json!({"fingerprint": keys.fingerprint(), "wrapping": wrapping}));
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
