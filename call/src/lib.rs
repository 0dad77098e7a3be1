//! The words that every part of Teller has in common: nouns with their text form, without behaviour.
//!
//! Each enum has exactly one spelling, used in SQL, in JSON and in logs, and each kind of text from
//! outside one accepted form ([`input`]). Nothing here does anything: a rule belongs to the crate that
//! decides, a row to `database`.

mod auth_level;
mod channel;
mod ending;
mod ids;
pub mod input;
mod line_quality;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;
mod reference;
mod speaker;
mod text_enum;
mod turn;

pub use auth_level::AuthLevel;
pub use channel::Channel;
pub use ending::CallEnding;
pub use ids::{ProfileId, SessionId, TenantId};
pub use input::PhoneNumber;
pub use line_quality::LineQuality;
pub use outcome::{Resolution, Sentiment, ToolOutcome};
pub use reference::{Reference, ReferenceError};
pub use speaker::Speaker;
pub use turn::Turn;
