//! Why a call was refused.

use thiserror::Error;

/// What kind of failure an [`RtcError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RtcErrorType {
    /// The engine or an argument.
    Internal,
    /// A session description that cannot be used.
    InvalidSdp,
    /// A call that does not fit the connection's state.
    InvalidState,
}

/// A refused call.
#[derive(Debug, Error)]
#[error("rtc error ({error_type:?}): {message}")]
pub struct RtcError {
    /// What kind of failure it is.
    pub error_type: RtcErrorType,
    /// What is wrong, for a person.
    pub message: String,
}

impl RtcError {
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            error_type: RtcErrorType::Internal,
            message: message.into(),
        }
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self {
            error_type: RtcErrorType::InvalidState,
            message: message.into(),
        }
    }

    pub(crate) fn sdp(message: impl Into<String>) -> Self {
        Self {
            error_type: RtcErrorType::InvalidSdp,
            message: message.into(),
        }
    }
}
