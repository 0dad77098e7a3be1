//! How near somebody is to taking what the company offers, from what happened in their calls: with each part and why.
//!
//! ```text
//! turns and deeds --> events, each once --> tallies --> facts about a person --> score, its parts, what it says of selling
//! ```
//!
//! A score is made of the facts, and these of all events of whoever the calls belong to now. Scores are never added: two
//! profiles that become one have the score of their events together.

mod event;
mod facts;
mod score;
#[cfg(test)]
mod tests;

pub use event::{AgentTurn, Happened, LeadKind, of_agent, of_caller, of_promise};
pub use facts::{FIELDS, Facts, Happening, Interest, Need, TURNS, Tally};
pub use score::{FORMULA, LeadScore, Part, Points, Selling, Temperature, score};
