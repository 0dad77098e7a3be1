//! Who gives a command: every command that reads or changes what is kept of people, or the state of the
//! record, asks for a name and writes it into the audit log before it does anything.
//!
//! Without `--actor`: `call`, `knowledge ask` and `knowledge check` (no database), `keys create` and `list` and `spool
//! list` and `show` (files of this host, without anybody's words), `verify` (hashes of ciphertext), and
//! `migrate`, which also makes the audit log and writes its own history.

use clap::Args;
use record::{AuditedReader, actor_name};

/// The name of who gives a command.
#[derive(Debug, Args)]
pub struct Actor {
    /// Who does this: a name by which a colleague can be asked. Kept in the audit log for good, and
    /// written there first: if that fails, nothing is shown or changed
    #[arg(long = "actor", value_name = "NAME", value_parser = actor_name)]
    name: String,
}

impl Actor {
    /// The name, 1 to 100 characters.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Who reads or changes something by this command, for the audit log.
    pub(super) fn through(&self, command: &'static str) -> AuditedReader<'_> {
        AuditedReader {
            actor: &self.name,
            through: command,
            address: None,
        }
    }
}
