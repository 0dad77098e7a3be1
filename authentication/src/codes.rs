//! One-time codes: sends them and judges them.

use std::time::Duration;

use call::{ProfileId, SessionId};
use database::{
    AuthLimits, AuthRepository, ChallengeStart, Claim, Database, DatabaseError, MergeOutcome,
    NewChallenge, Profile, ProfileRepository, SessionManager, Verification,
};
use tools::MessageGateway;

use crate::{Started, Verified};

/// The merge after a right code is tried this often, this far apart. It is idempotent.
const MERGE_ATTEMPTS: u32 = 4;
const MERGE_PAUSE: Duration = Duration::from_millis(300);

/// A customer who proved to be the caller.
#[derive(Debug, Default)]
struct Customer {
    /// How to address them.
    name: String,
    username: String,
    phone_number: String,
}

impl Customer {
    /// `None`: a profile without user name or number, which no code can have been sent to.
    fn of(profile: Profile) -> Option<Self> {
        let username = profile.username?;
        let learned = profile.metadata.get("name").and_then(|name| name.as_str());
        let name = profile.name.as_deref().or(learned).unwrap_or(&username);
        Some(Self {
            name: name.to_owned(),
            phone_number: profile.phone_number?,
            username,
        })
    }
}

/// Sends codes and judges them.
#[derive(Debug, Clone)]
pub struct OneTimeCodes {
    challenges: AuthRepository,
    profiles: ProfileRepository,
    sessions: SessionManager,
    sender: MessageGateway,
    company_name: String,
}

impl OneTimeCodes {
    /// Uses this database and sender; `company_name` signs the message.
    pub fn new(database: &Database, sender: MessageGateway, company_name: String) -> Self {
        Self {
            challenges: AuthRepository::new(database, AuthLimits::default()),
            profiles: ProfileRepository::new(database),
            sessions: SessionManager::new(database),
            sender,
            company_name,
        }
    }

    /// How long a code lives.
    #[must_use]
    pub const fn code_lives(&self) -> Duration {
        self.challenges.code_lives()
    }

    /// Opens a challenge and sends its code.
    pub async fn start(
        &self,
        session: SessionId,
        claim: Claim,
        address: Option<String>,
    ) -> Started {
        let code = format!("{:06}", rand::random_range(0..1_000_000_u32));
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
    ) -> Result<(MergeOutcome, Customer), DatabaseError> {
        for _ in 1..MERGE_ATTEMPTS {
            match self.try_merge(session, customer).await {
                Ok((MergeOutcome::SessionNotFound, _)) => {}
                Err(error) if error.is_unavailable() => {}
                other => return other,
            }
            tokio::time::sleep(MERGE_PAUSE).await;
        }
        self.try_merge(session, customer).await
    }

    async fn try_merge(
        &self,
        session: SessionId,
        customer: ProfileId,
    ) -> Result<(MergeOutcome, Customer), DatabaseError> {
        let Some(customer) = self
            .profiles
            .get_by_id(customer)
            .await?
            .and_then(Customer::of)
        else {
            return Ok((MergeOutcome::NotFound, Customer::default()));
        };
        let (username, phone_number) = (&customer.username, &customer.phone_number);
        let outcome = self
            .sessions
            .authenticate_user(session, username, phone_number)
            .await?;
        Ok((outcome, customer))
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
            self.company_name
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
            Ok((outcome, customer)) if outcome.is_merged() => Verified::Authenticated {
                name: customer.name,
                customer: customer.username,
            },
            Ok((outcome, _)) => {
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
