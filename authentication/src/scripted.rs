//! An authenticator without a database, for calls on virtual time.

use std::time::Duration;

use crate::{Started, Verified};

/// Takes every claim; one code is the right one.
#[derive(Debug, Clone)]
pub struct ScriptedAuthenticator {
    /// How long each step takes.
    pub takes: Duration,
    /// What becomes of a claim.
    pub started: Started,
    /// The right code.
    pub code: String,
    /// What becomes of it.
    pub verified: Verified,
}

impl ScriptedAuthenticator {
    /// How long its codes live.
    pub const CODE_LIVES: Duration = Duration::from_secs(300);

    pub(crate) async fn start(&self) -> Started {
        tokio::time::sleep(self.takes).await;
        self.started
    }

    pub(crate) async fn verify(&self, code: &str) -> Verified {
        tokio::time::sleep(self.takes).await;
        if code == self.code {
            self.verified.clone()
        } else {
            Verified::Wrong
        }
    }
}
