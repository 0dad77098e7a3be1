//! Functions the agent may call during a call.
//!
//! A [`Tool`] does one thing for the caller of one call. What needs the room or the database goes
//! through a port ([`SipTransfer`], [`Callbacks`]) that the agent implements; what needs a bank's
//! system asks it over HTTP ([`BalanceTool`]). Deeds carry the session's id, so that a port can see
//! that it was asked before: a reply that was interrupted may be given anew, a callback must not be.

mod balance;
mod callback;
mod transfer;

pub use balance::{Balance, BalanceConfig, BalanceTool};
pub use callback::{CallbackRequest, CallbackTool, Callbacks};
pub use transfer::{SipTransfer, TransferTarget, TransferTool};

use std::pin::Pin;

/// What a tool's call returns: async, and object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something the agent can do for a caller.
pub trait Tool: Send + Sync {
    /// Its name, for logs, metrics and models.
    fn name(&self) -> &'static str;

    /// What it does, in a sentence a model could choose by.
    fn description(&self) -> &'static str;

    /// Does it for this caller.
    ///
    /// # Errors
    /// [`ToolError`], by what the agent should say.
    fn call<'a>(&'a self, caller: &'a ToolCaller) -> BoxFuture<'a, Result<Outcome, ToolError>>;
}

/// The caller a tool is called for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCaller {
    /// The session's id: the key under which a deed is done once.
    pub session: String,
    /// The participant's identity in the room.
    pub participant: String,
    /// The number they call from, if it is known.
    pub phone: Option<String>,
    /// The customer, if they have authenticated.
    pub customer: Option<String>,
}

/// What a tool did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The call is being put through.
    Transferred,
    /// A callback is on record.
    CallbackRecorded,
    /// The customer's balance.
    Balance(Balance),
}

/// Why a tool did nothing, by what the agent should say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The caller must authenticate first.
    #[error("the caller is not authenticated")]
    NotAuthenticated,
    /// The system asked does not know this customer.
    #[error("the customer is not known there")]
    Unknown,
    /// It failed this time; the text is for the log and holds no personal data.
    #[error("the tool failed: {0}")]
    Failed(String),
}
