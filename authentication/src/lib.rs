//! Who calls: one-time codes, and the keypad that types them.
//!
//! The code goes only to the number stored for the customer, as other messages to customers do. Right and wrong
//! claims get the same reply; attempts are limited and logged by the database.

mod codes;
mod customer_messages;
mod keypad;
#[cfg(feature = "test-support")]
mod scripted;

use std::time::Duration;

use call::SessionId;

pub use codes::OneTimeCodes;
pub use customer_messages::CustomerMessages;
pub use database::Claim;
pub use keypad::{Keypad, KeypadAction};
#[cfg(feature = "test-support")]
pub use scripted::ScriptedAuthenticator;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// If the details are right, a code is on its way.
    CodeSent,
    /// Too many attempts.
    Limited,
    /// It cannot be done now.
    Unavailable,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// The caller is a customer, and the session is theirs.
    Authenticated {
        /// How to address them.
        name: String,
        /// Their user name.
        customer: String,
    },
    /// Another attempt is possible.
    Wrong,
    /// Too late, or there was no code.
    Expired,
    /// Too many attempts.
    Limited,
    /// It cannot be done now.
    Unavailable,
}

/// What proves who calls; shared by all calls and cheap to clone.
#[derive(Debug, Clone)]
#[cfg_attr(
    feature = "test-support",
    expect(
        clippy::large_enum_variant,
        reason = "the small one is for tests alone"
    )
)]
pub enum Authenticator {
    /// Codes to the number that is stored.
    Codes(OneTimeCodes),
    /// A script.
    #[cfg(feature = "test-support")]
    Scripted(ScriptedAuthenticator),
}

impl Authenticator {
    /// Takes a claim up; if it is right, a code is on its way. `address` is what limits count
    /// beside the claim.
    pub async fn start(
        &self,
        session: SessionId,
        claim: Claim,
        address: Option<String>,
    ) -> Started {
        match self {
            Self::Codes(codes) => codes.start(session, claim, address).await,
            #[cfg(feature = "test-support")]
            Self::Scripted(script) => script.start().await,
        }
    }

    /// How long a code lives that was sent: so long it is waited for.
    #[must_use]
    pub const fn code_lives(&self) -> Duration {
        match self {
            Self::Codes(codes) => codes.code_lives(),
            #[cfg(feature = "test-support")]
            Self::Scripted(_) => ScriptedAuthenticator::CODE_LIVES,
        }
    }

    /// Judges a code; the right one merges the caller's profile into the customer's.
    pub async fn verify(&self, session: SessionId, code: &str, address: Option<&str>) -> Verified {
        match self {
            Self::Codes(codes) => codes.verify(session, code, address).await,
            #[cfg(feature = "test-support")]
            Self::Scripted(script) => script.verify(code).await,
        }
    }
}
