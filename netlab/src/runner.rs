//! Goes through the networks: carries the plan over each, listens to what arrived, writes it down.

mod carry;
mod judge;
mod peers;
mod report;
mod stop;

pub use carry::{Carried, Setting, carried, carry};
pub use judge::{Outcome, PairOutcome, judge};
pub use peers::{Engine, Programs};
pub use report::{document, line};
pub use stop::Stop;
