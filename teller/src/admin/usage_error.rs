//! Wrong use that only shows once a command looks: exit code 2, as for the command line itself.

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Something given to a command is not of the accepted form. Nothing was done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

impl UsageError {
    /// The text names what was given and what would be accepted.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What was given is wrong for this reason.
    pub(crate) fn because(given: impl Display, why: impl Display) -> Self {
        Self(format!("{given}: {why}"))
    }
}

/// Refuses a question that nobody is there to answer. Asked before anything is looked at, so that a
/// script is told the same whatever the database holds.
///
/// # Errors
/// [`UsageError`] without a terminal.
pub(super) fn require_terminal() -> Result<(), UsageError> {
    if std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(UsageError::new(
        "this cannot be undone: give --yes where nobody can be asked",
    ))
}

/// Asks at the terminal for exactly this answer.
///
/// # Errors
/// When the terminal is gone meanwhile.
pub(super) fn confirm(question: &str, expected: &str) -> std::io::Result<bool> {
    eprint!("{question} ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == expected)
}
