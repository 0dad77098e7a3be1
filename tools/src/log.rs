//! Where calls of tools are written down.

use call::SessionId;
use serde_json::Value;
use uuid::Uuid;

use crate::{BoxFuture, Outcome};

/// The port for the rows of a conversation's calls. Each method puts its record on its way at once, in
/// the order of the calls; the future it returns only waits until the record cannot be lost any more,
/// and may be dropped.
pub trait ToolCallLog: Send + Sync {
    /// A tool is about to be called.
    fn intend(&self, intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>>;

    /// What came of the call with this key, whose intent was written before.
    fn finish(
        &self,
        session: SessionId,
        key: Uuid,
        outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>>;

    /// What a task under way knows now, in the place of what was kept before; `None`: nothing is unfinished. Nobody waits
    /// until it is kept. Where nothing is kept, nothing is.
    fn left(&self, _session: SessionId, _task: Option<LeftTask>) {}
}

/// What a task knew when a call broke off, and what is lost with a call that breaks now.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftTask {
    /// Its name.
    pub task: String,
    /// What was said, by slot: an object whose meaning is the conversation's own.
    pub values: Value,
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The conversation.
    pub session: SessionId,
    /// With the session, the key of the call.
    pub key: Uuid,
    /// Number of the caller's turn that asked for it.
    pub seq: i32,
    /// The tool's name.
    pub tool: String,
    /// It leaves something behind that the caller agreed to: if nobody sees its end, a person looks into it.
    pub deed: bool,
    /// What it is called with.
    pub arguments: Value,
}

/// A call that an earlier life of the conversation left on record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCall {
    /// The key of the call.
    pub key: Uuid,
    /// The tool's name.
    pub tool: String,
    /// What came of it; `None`: it broke off before anybody knew.
    pub outcome: Option<Outcome>,
}

/// Neither disk nor database took the record in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call of a tool could not be recorded in time")]
pub struct NotRecorded;
