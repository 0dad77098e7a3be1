//! Administrators' commands: profiles, sessions, knowledge, the schema.

mod actor;
mod callbacks;
mod insight_eval;
mod keys;
mod knowledge_adopt;
mod knowledge_check;
mod knowledge_commands;
mod knowledge_fetch;
mod knowledge_gaps;
mod knowledge_test;
mod knowledge_train;
mod leads;
mod migrate;
mod profiles;
mod sessions;
mod spool;
mod usage_error;
mod verify;

use database::{Database, TenantId, keys::Keyring};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::config::DatabaseSettings;

pub use actor::Actor;
pub use callbacks::{CallbacksCommand, callbacks};
pub use insight_eval::{INSIGHT_EVAL_HELP, InsightEvalArgs, insight_eval};
pub use keys::{KeysCommand, keys};
pub use knowledge_adopt::{AdoptArgs, AdoptDraftArgs, adopt, adopt_draft};
pub use knowledge_check::{CheckArgs, check};
pub use knowledge_commands::{ask, base, import_knowledge};
pub use knowledge_fetch::{FETCH_HELP, FetchArgs, PARSE_FILE, fetch};
pub use knowledge_gaps::{GapsArgs, gaps};
pub use knowledge_test::{TestArgs, test};
pub use knowledge_train::{TrainArgs, eval, train};
pub use leads::{LEADS_HELP, LeadsCommand, leads};
pub use migrate::{MigrateArgs, migrate};
pub(crate) use profiles::customer_table;
pub use profiles::{Change, Erase, ProfilesCommand, profiles};
pub use sessions::{Archive, SessionsCommand, sessions};
pub use spool::{SpoolCommand, spool};
pub use usage_error::UsageError;
pub use verify::{VerifyArgs, verify};

/// Opens the database; connects at the first use.
///
/// # Errors
/// When the address is malformed, or the key file missing, open to others or malformed.
pub fn open(config: &DatabaseSettings) -> anyhow::Result<Database> {
    let keys = Keyring::open(&config.key_file)?;
    let mut settings = database::DatabaseConfig::new(config.url.expose_secret(), keys);
    settings.ca_file.clone_from(&config.ca_file);
    settings.tenant = TenantId(config.tenant);
    settings.pool_size = config.pool_size;
    Ok(Database::new(settings)?)
}

/// What a command answers, as JSON that people can read too.
fn print(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A pack from a folder that was given on the command line.
fn load_pack(folder: &std::path::Path) -> anyhow::Result<knowledge::Pack> {
    knowledge::Pack::load(folder)
        .map_err(|error| UsageError::because(folder.display(), error).into())
}
