#![doc = include_str!("../README.md")]

mod english;
mod preferences;
pub mod redact;
pub mod sentiment;
pub mod summary;
pub mod topics;
pub mod turn;

use serde::{Deserialize, Serialize};

/// Who spoke a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person who called.
    Caller,
    /// The assistant.
    Agent,
}
