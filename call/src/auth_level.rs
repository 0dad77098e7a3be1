use serde::{Deserialize, Serialize};

/// How sure it is who the caller is; a level includes those below. Stored as its number.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "i16")]
#[serde(from = "i16")]
pub enum AuthLevel {
    /// Nothing is proven; a device or a number is a hint.
    #[default]
    Anonymous,
    /// Another system vouches for the identity.
    Vouched,
    /// Proven by a one-time code.
    OneTimeCode,
}

impl AuthLevel {
    /// As stored in `agent_sessions.auth_level`.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::Anonymous => 0,
            Self::Vouched => 1,
            Self::OneTimeCode => 2,
        }
    }
}

impl From<AuthLevel> for i16 {
    fn from(level: AuthLevel) -> Self {
        level.number()
    }
}

impl From<i16> for AuthLevel {
    /// A number above all known levels proves no more than the highest of them.
    fn from(number: i16) -> Self {
        match number {
            ..=0 => Self::Anonymous,
            1 => Self::Vouched,
            2.. => Self::OneTimeCode,
        }
    }
}
