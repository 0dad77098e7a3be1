//! The ids of a call's rows, one type each, so that they cannot be mistaken for one another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.trim().parse().map(Self)
            }
        }
    };
}

uuid_id!(
    /// One person as far as we know: a row of `user_profiles`.
    ProfileId
);
uuid_id!(
    /// One participant's conversation with the agent: a row of `agent_sessions`.
    SessionId
);

impl SessionId {
    /// A UUIDv7: ids sort by the time they were made, so a session's rows lie together.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for SessionId {
    fn default() -> Self {
        Self::new()
    }
}

/// Whose rows a connection sees. One `database::Database` serves one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub i32);

impl Default for TenantId {
    /// Tenant 1, the only one of a fresh installation.
    fn default() -> Self {
        Self(1)
    }
}
