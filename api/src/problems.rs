//! Answers that are not what was asked for, as the interface describes them; `error.rs` makes them.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::words::UnmergeOutcome;

/// Why a request was not answered with what it asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A sentence for people.
    pub(crate) error: String,
}

/// Why something in order was not done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// A sentence for people.
    pub(crate) error: String,
    pub(crate) outcome: UnmergeOutcome,
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `ApiError` answers")]
pub(crate) enum Malformed {
    /// The request is malformed; the text explains how.
    #[response(status = 400)]
    Malformed(Problem),
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `ApiError` answers")]
pub(crate) enum NoSuchThing {
    /// There is no such thing, or the id is malformed.
    #[response(status = 404)]
    NoSuchThing(Problem),
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `ApiError` answers")]
pub(crate) enum TooOften {
    /// Too many requests from this address.
    #[response(status = 429, headers(("Retry-After" = u64, description = "Seconds to wait.")))]
    TooOften(Problem),
}

#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `ApiError` answers")]
pub(crate) enum DatabaseProblems {
    /// Something went wrong here; the log has the details.
    #[response(status = 500)]
    Internal(Problem),
    /// The database is away.
    #[response(status = 503, headers(("Retry-After" = u64, description = "Seconds to wait.")))]
    Away(Problem),
}

/// Of every route that needs a key.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `ApiError` answers")]
pub(crate) enum KeyProblems {
    /// The key is missing or wrong.
    #[response(status = 401, headers(("WWW-Authenticate" = String)))]
    Unauthorized(Problem),
    /// The deployment has no such key, or another one is needed.
    #[response(status = 403)]
    Forbidden(Problem),
}
