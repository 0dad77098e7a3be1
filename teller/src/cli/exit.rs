//! How a command ends: its exit code.

use database::keys::KeyError;

use crate::{admin::UsageError, config::ConfigError, mcp::McpFileError};

/// What every command's help says of its exit code.
pub(super) const HELP: &str = "\
Exit codes:
  0   yes, or done
  1   the answer is no
  2   wrong use: nothing was done
  3   it failed: the database or a server is away or refuses, a file cannot be read or written
  78  a setting or the key file is missing or wrong: nothing was done";

/// The end of a command, for scripts. What may be tried again later as it is never shares a code
/// with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Yes, or done.
    Yes = 0,
    /// It ran, and the answer is no.
    No = 1,
    /// The command line makes no sense; nothing was done.
    UsageError = 2,
    /// It could not be carried out; standard error says why.
    Failed = 3,
    /// `EX_CONFIG` of sysexits: a setting or the key file is wrong; nothing was started.
    BadSetting = 78,
}

impl Exit {
    /// By what a command came to.
    #[must_use]
    pub fn of(ended: &anyhow::Result<bool>) -> Self {
        match ended {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(error) if error.is::<UsageError>() => Self::UsageError,
            Err(error) if error.is::<ConfigError>() || error.is::<McpFileError>() => {
                Self::BadSetting
            }
            Err(error) => match error.downcast_ref::<KeyError>() {
                Some(
                    KeyError::Missing(_)
                    | KeyError::Permissions { .. }
                    | KeyError::Malformed { .. },
                ) => Self::BadSetting,
                _ => Self::Failed,
            },
        }
    }

    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_is_never_taken_for_an_answer() {
        let away = database::DatabaseError::Unavailable("connection refused".into());
        let disk = KeyError::Io {
            path: "keys.toml".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        };
        for failed in [
            away.into(),
            disk.into(),
            KeyError::Unreadable.into(),
            std::io::Error::from(std::io::ErrorKind::PermissionDenied).into(),
            anyhow::anyhow!("something else"),
        ] {
            let ended = Err(failed);
            assert_eq!(Exit::of(&ended), Exit::Failed, "{ended:?}");
        }
        assert_eq!(Exit::of(&Ok(false)), Exit::No);
    }

    #[test]
    fn what_is_wrong_keeps_its_code_under_a_context() {
        let missing = || Err::<bool, _>(KeyError::Missing("keys.toml".into()));
        assert_eq!(Exit::of(&missing().context("opening")), Exit::BadSetting);
        let wrong = Err::<bool, _>(UsageError::new("no"));
        assert_eq!(Exit::of(&wrong.context("reading")), Exit::UsageError);
    }

    #[test]
    fn the_help_names_every_code() {
        for exit in [
            Exit::Yes,
            Exit::No,
            Exit::UsageError,
            Exit::Failed,
            Exit::BadSetting,
        ] {
            let line = format!("\n  {:<4}", exit.code());
            assert!(HELP.contains(&line), "{exit:?} is not in the help");
        }
    }
}
