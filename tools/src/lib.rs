//! Functions the agent may call during a call.
//!
//! A [`Tool`] does one thing for the caller of one call. What needs the room or the database goes
//! through a port ([`SipTransfer`], [`Callbacks`]) that the agent implements; what needs the company's
//! systems asks them over HTTP ([`LookupTool`]). Each call carries the session's id, so that a port can
//! detect repeats: an interrupted reply may be given again, but a callback must be recorded only once.

mod callback;
mod lookup;
mod transfer;

pub use callback::{CallbackRequest, CallbackTool, Callbacks};
pub use lookup::{LookupConfig, LookupTool, Lookups, Record};
pub use transfer::{SipTransfer, TransferTarget, TransferTool};

use std::pin::Pin;

/// What a tool's call returns: async, and object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something the agent can do for a caller.
pub trait Tool: Send + Sync {
    /// Its name, for logs, metrics and models.
    fn name(&self) -> &str;

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
    /// The session's id: the key under which an action is done once.
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
    /// What the company's systems know about the customer.
    Found(Record),
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
