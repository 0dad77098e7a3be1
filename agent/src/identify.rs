//! Who calls: one-time codes, and the keypad that types them.
//!
//! The code goes only to the number stored for the customer. Right and wrong
//! claims get the same reply; attempts are limited and logged by the database.

mod keypad;
mod sender;

use std::time::Duration;

use database::{
    AuthLimits, AuthRepository, ChallengeStart, Database, DatabaseError, MergeOutcome,
    NewChallenge, ProfileId, SessionId, Verification,
};

use crate::record::SessionManager;

pub use keypad::{Keypad, KeypadAction};
pub use sender::{CodeSender, SendError};

/// The merge after a right code is tried this often, this far apart. It is idempotent.
const MERGE_ATTEMPTS: u32 = 4;
const MERGE_PAUSE: Duration = Duration::from_millis(300);

/// Who the caller says they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// From the page's form.
    Named {
        /// User name.
        username: String,
        /// Phone number, in international form.
        phone_number: String,
    },
    /// From the keypad: a customer number or a phone number.
    Number(String),
}

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

/// Sends codes and judges them.
#[derive(Debug, Clone)]
pub struct Authenticator {
    challenges: AuthRepository,
    sessions: SessionManager,
    sender: CodeSender,
    bank_name: String,
}

impl Authenticator {
    /// Uses this database and sender; `bank_name` signs the message.
    pub fn new(
        database: &Database,
        sessions: SessionManager,
        sender: CodeSender,
        bank_name: String,
    ) -> Self {
        Self {
            challenges: AuthRepository::new(database, AuthLimits::default()),
            sessions,
            sender,
            bank_name,
        }
    }

    /// Opens a challenge and sends its code.
    pub async fn start(
        &self,
        session: SessionId,
        claim: Claim,
        address: Option<String>,
    ) -> Started {
        let code = format!("{:06}", rand::random_range(0..1_000_000_u32));
        let claim = match claim {
            Claim::Named {
                username,
                phone_number,
            } => database::Claim::Username {
                username,
                phone_number: Some(phone_number),
            },
            Claim::Number(digits) => database::Claim::Digits(digits),
        };
        let challenge = NewChallenge {
            session,
            claim,
            address,
            code: code.clone(),
        };
        match self.challenges.start(&challenge).await {
            Ok(ChallengeStart::Limited { .. }) => Started::Limited,
            Ok(ChallengeStart::Started { delivery }) => {
                if let Some(delivery) = delivery {
                    self.send(delivery.phone_number, code);
                }
                Started::CodeSent
            }
            Err(error) => {
                tracing::warn!(%error, "a challenge could not be opened");
                Started::Unavailable
            }
        }
    }

    /// The code is spent: a database that hiccups, or a session whose start is still on its way
    /// to it, must not make the caller begin again.
    async fn merge(
        &self,
        session: SessionId,
        customer: ProfileId,
    ) -> Result<MergeOutcome, DatabaseError> {
        for _ in 1..MERGE_ATTEMPTS {
            match self.sessions.authenticated(session, customer).await {
                Ok(MergeOutcome::SessionNotFound) => {}
                Err(error) if error.is_unavailable() => {}
                other => return other,
            }
            tokio::time::sleep(MERGE_PAUSE).await;
        }
        self.sessions.authenticated(session, customer).await
    }

    /// In the background, so that a right claim takes no longer than a wrong one.
    #[expect(
        clippy::disallowed_methods,
        reason = "outlives the call on purpose; bounded by the sender's time-out and the limits"
    )]
    fn send(&self, to: String, code: String) {
        let sender = self.sender.clone();
        let text = format!(
            "{}: your one-time code is {code}. Tell it to nobody but our assistant in this call.",
            self.bank_name
        );
        tokio::spawn(async move {
            if let Err(error) = sender.send(&to, &text).await {
                tracing::error!(%error, "a one-time code was not sent");
            }
        });
    }

    /// Judges a code; the right one merges the caller's profile into the customer's.
    pub async fn verify(&self, session: SessionId, code: &str, address: Option<&str>) -> Verified {
        let verified = match self.challenges.verify(session, code, address).await {
            Ok(verified) => verified,
            Err(error) => {
                tracing::warn!(%error, "a code could not be judged");
                return Verified::Unavailable;
            }
        };
        let customer = match verified {
            Verification::Verified(customer) => customer,
            Verification::Wrong { attempts_left: 0 } | Verification::Exhausted => {
                return Verified::Limited;
            }
            Verification::Wrong { .. } => return Verified::Wrong,
            Verification::Expired | Verification::NoChallenge => return Verified::Expired,
        };
        match self.merge(session, customer).await {
            Ok(outcome) if outcome.is_merged() => {
                let (name, customer) = self
                    .sessions
                    .name_of(customer)
                    .await
                    .ok()
                    .flatten()
                    .unwrap_or_default();
                Verified::Authenticated { name, customer }
            }
            Ok(outcome) => {
                tracing::warn!(?outcome, "an authenticated caller could not be merged");
                Verified::Unavailable
            }
            Err(error) => {
                tracing::warn!(%error, "an authenticated caller could not be merged");
                Verified::Unavailable
            }
        }
    }
}
