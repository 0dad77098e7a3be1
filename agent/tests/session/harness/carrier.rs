//! A carrier that answers as the script says.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use agent::session::Transfers;
use tokio::time::sleep;
use tools::{BoxFuture, SipTransfer, ToolError, TransferTarget};

/// What a carrier makes of a transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Carrier {
    /// Puts the call through after so long.
    Takes(Duration),
    /// Refuses after so long.
    Refuses(Duration),
    /// Never answers.
    Hangs,
}

/// The carrier, and how often it was asked; clones share the count.
#[derive(Debug, Clone)]
pub(super) struct ScriptedTransfers {
    carrier: Option<Carrier>,
    asked: Arc<AtomicUsize>,
}

impl ScriptedTransfers {
    pub(super) fn new(carrier: Option<Carrier>) -> Self {
        let asked = Arc::default();
        Self { carrier, asked }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Transfers for ScriptedTransfers {
    fn in_room(&self, _room: &str) -> Arc<dyn SipTransfer> {
        Arc::new(self.clone())
    }
}

impl SipTransfer for ScriptedTransfers {
    fn transfer<'a>(
        &'a self,
        _participant: &'a str,
        _to: &'a TransferTarget,
    ) -> BoxFuture<'a, Result<(), ToolError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            match self.carrier.expect("a carrier was scripted") {
                Carrier::Takes(after) => {
                    sleep(after).await;
                    Ok(())
                }
                Carrier::Refuses(after) => {
                    sleep(after).await;
                    Err(ToolError::Failed("the script says so".to_owned()))
                }
                Carrier::Hangs => pending().await,
            }
        })
    }
}
