//! One error for every route: a status and a sentence, never internals.

use std::{borrow::Cow, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use database::DatabaseError;

use crate::{
    problems::{Problem, Refusal},
    words::UnmergeOutcome,
};

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The request is malformed; the text explains how.
    #[error("{0}")]
    BadRequest(String),
    /// The key is missing or wrong.
    #[error("this needs the supervisor's key: Authorization: Bearer <key>")]
    Unauthorized,
    /// Switched off; the text names the setting.
    #[error("{0}")]
    Disabled(&'static str),
    /// The supervisor's key, where only the administrator's opens.
    #[error("this needs the administrator's key (ADMIN_KEY); the supervisor's only reads")]
    NotAdministrator,
    /// A well-formed request that is refused, for programs and for people.
    #[error("{words}")]
    Refused {
        /// For programs.
        outcome: UnmergeOutcome,
        /// For people.
        words: &'static str,
    },
    /// In order, and not done; the text says why.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// It was there once, or never: the answer does not reveal which.
    #[error("{0}")]
    Gone(&'static str),
    /// Too many requests from this address.
    #[error("too many requests; try again in {} s", seconds(*retry_after))]
    Limited {
        /// When the next one is let through.
        retry_after: Duration,
    },
    /// Too many wrong keys from this client: this one was not looked at.
    #[error("too many wrong keys; try again in {} s", seconds(*retry_after))]
    KeysLimited {
        /// When the next one is looked at.
        retry_after: Duration,
    },
    /// Try again later; the text names what is away.
    #[error("{0}")]
    Unavailable(&'static str),
    /// A fault of ours; the log has the details.
    #[error("something went wrong here")]
    Internal,
}

/// A `Retry-After` for what is merely away.
const AWAY_SECONDS: u64 = 5;

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Disabled(_) | Self::NotAdministrator => StatusCode::FORBIDDEN,
            Self::Refused { .. } | Self::Conflict(_) => StatusCode::CONFLICT,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Gone(_) => StatusCode::GONE,
            Self::Limited { .. } | Self::KeysLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Limited { retry_after } | Self::KeysLimited { retry_after } => {
                Some(seconds(*retry_after))
            }
            Self::Unavailable(_) => Some(AWAY_SECONDS),
            _ => None,
        }
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        if error.is_unavailable() {
            tracing::warn!(%error, "a request could not be answered");
            return Self::Unavailable("the database is away");
        }
        tracing::error!(%error, "a request failed");
        Self::Internal
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = self.to_string();
        let mut response = match self {
            Self::Refused { outcome, .. } => {
                (self.status(), Json(Refusal { error, outcome })).into_response()
            }
            _ => (self.status(), Json(Problem { error })).into_response(),
        };
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if matches!(self, Self::Unauthorized) {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// Whole seconds, rounded up: a client that waits that long is let through.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
