//! What can go wrong with the database, by what the caller does next.

use std::fmt::Write as _;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::error::{DbError, SqlState};

/// A failed database operation. Messages hold no values of rows or parameters.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// PostgreSQL is away, slow, full or shutting down: the same request may succeed later.
    /// Whether this one took effect is unknown; every writing operation may be repeated.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The request cannot be stored as it is; repeating it is useless.
    #[error("the database refuses this: {0}")]
    Invalid(String),
    /// The person it belongs to was erased: nothing was stored. Drop it and count it.
    #[error("its person was erased")]
    Erased,
    /// Program and schema do not fit, or the configuration is wrong: an operator must act.
    #[error("database set-up: {0}")]
    Setup(String),
}

impl DatabaseError {
    /// True if the same request may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// True if this login lacks the right: another one may have it.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        // 42501 is insufficient_privilege; `describe` ends each message with its code.
        matches!(self, Self::Setup(message) if message.ends_with("SQLSTATE 42501)"))
    }
}

/// A transaction that lost a race and may simply be repeated.
pub(crate) fn lost_a_race(error: &tokio_postgres::Error) -> bool {
    matches!(error.code(), Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED)
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            // Conversion errors are ours; what is left comes from the socket.
            let source = std::error::Error::source(&error);
            if let Some(why) = source.and_then(tls_refusal) {
                return Self::Setup(why);
            }
            return match source {
                Some(source) if source.is::<std::io::Error>() => {
                    Self::Unavailable(source.to_string())
                }
                _ if error.is_closed() => Self::Unavailable("connection closed".to_owned()),
                _ => classify_local(&error),
            };
        };
        let message = describe(db);
        // The class is the first two characters (PostgreSQL manual, appendix A).
        match db.code().code() {
            // Cancelled by a timeout; lock not available; read-only, as a standby is.
            "57014" | "55P03" | "25006" => Self::Unavailable(message),
            code => match &code[..2] {
                // Connection, lost races, resources, operator's intervention, system.
                "08" | "40" | "53" | "57" | "58" => Self::Unavailable(message),
                // Data, constraints, and what our own functions raise.
                "22" | "23" | "P0" | "44" => Self::Invalid(message),
                _ => Self::Setup(message),
            },
        }
    }
}

fn classify_local(error: &tokio_postgres::Error) -> DatabaseError {
    let text = error.to_string();
    let source = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    if text.contains("serializing parameter") || text.contains("deserializing column") {
        DatabaseError::Invalid(text)
    } else if text.contains("configuration") || text.contains("TLS") {
        DatabaseError::Setup(format!("{text}: {source}"))
    } else {
        DatabaseError::Unavailable(format!("{text} {source}"))
    }
}

/// Why TLS itself failed, if it did: the server is there, and nothing was sent to it.
fn tls_refusal(source: &(dyn std::error::Error + 'static)) -> Option<String> {
    let why = source.downcast_ref::<std::io::Error>()?.get_ref()?;
    let why = why.downcast_ref::<rustls::Error>()?;
    let mut text = format!("no encrypted connection to the server: {why}");
    if matches!(why, rustls::Error::InvalidCertificate(_)) {
        // Writing to a string cannot fail.
        let _infallible = write!(
            text,
            " (DATABASE_CA_FILE names the authority that is trusted, else this system's are; the address must name the host as the certificate does)"
        );
    }
    Some(text)
}

/// SQLSTATE, message and constraint. Not the detail: it quotes the row. The message of class 22
/// may quote the value, so it is left out too.
fn describe(db: &DbError) -> String {
    let code = db.code().code();
    let message = if code.starts_with("22") {
        "bad value"
    } else {
        db.message()
    };
    match db.constraint() {
        Some(constraint) => format!("{message} ({constraint}, SQLSTATE {code})"),
        None => format!("{message} (SQLSTATE {code})"),
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            PoolError::PostCreateHook(HookError::Message(message)) => {
                Self::Setup(message.into_owned())
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}
