//! The one end of a call.

use call::ToolOutcome;
use serde_json::{Value, json};

use crate::ToolError;

/// How a call ended. Every call has exactly one.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was carried out, with this result.
    Success(Value),
    /// It was not allowed, or the tool declined.
    Refused(Refusal),
    /// It was tried and went wrong; the text is for log and record.
    Failed(String),
    /// No answer in time, and it has no effect that lasts.
    TimedOut,
    /// It was taken back before it was carried out.
    Cancelled,
    /// Nobody could find out whether it was carried out.
    Unknown,
}

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such tool in this conversation.
    #[error("unknown tool")]
    UnknownTool,
    /// The turn has had all its rounds.
    #[error("too many rounds")]
    TooManyRounds,
    /// The arguments do not match the schema; says where, and quotes none of them.
    #[error("wrong arguments: {0}")]
    Arguments(String),
    /// The caller has not proved well enough who they are.
    #[error("not authenticated")]
    NotAuthenticated,
    /// The caller has not agreed to it.
    #[error("no consent")]
    NoConsent,
    /// As much of it as may be was done today.
    #[error("the limit of a day is reached")]
    Limit,
    /// Its intent could not be written down, and without that nothing is done.
    #[error("not recorded")]
    NotRecorded,
    /// What was asked about does not exist there.
    #[error("not found")]
    NotFound,
    /// The other side declined.
    #[error("declined: {0}")]
    Declined(String),
}

impl Outcome {
    /// Its name on record.
    #[must_use]
    pub fn kind(&self) -> ToolOutcome {
        match self {
            Self::Success(_) => ToolOutcome::Success,
            Self::Refused(_) => ToolOutcome::Refused,
            Self::Failed(_) => ToolOutcome::Failed,
            Self::TimedOut => ToolOutcome::TimedOut,
            Self::Cancelled => ToolOutcome::Cancelled,
            Self::Unknown => ToolOutcome::Unknown,
        }
    }

    /// What is kept of it: the result, or the reason why there is none.
    #[must_use]
    pub fn result(&self) -> Value {
        match self {
            Self::Success(value) => value.clone(),
            Self::Refused(refusal) => json!({ "reason": refusal.to_string() }),
            Self::Failed(reason) => json!({ "reason": reason }),
            Self::TimedOut | Self::Cancelled | Self::Unknown => Value::Null,
        }
    }

    /// Why it was not carried out, without the other side's own words: those are about a person.
    pub(crate) fn reason_for_log(&self) -> String {
        match self {
            Self::Refused(Refusal::Declined(_)) => "declined".to_owned(),
            Self::Refused(refusal) => refusal.to_string(),
            Self::Failed(reason) => reason.clone(),
            Self::Success(_) | Self::TimedOut | Self::Cancelled | Self::Unknown => String::new(),
        }
    }

    /// Whether it was carried out, for certain.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success(_))
    }
}

/// An end that the tool reported itself; `None` where it does not know.
pub(crate) fn reported(answer: Result<Value, ToolError>) -> Option<Outcome> {
    Some(match answer {
        Ok(value) => Outcome::Success(value),
        Err(ToolError::NotFound) => Outcome::Refused(Refusal::NotFound),
        Err(ToolError::Declined(reason)) => Outcome::Refused(Refusal::Declined(reason)),
        Err(ToolError::Failed(reason)) => Outcome::Failed(reason),
        Err(ToolError::Unclear(_)) => return None,
    })
}
