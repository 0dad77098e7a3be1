//! Goes through the networks: carries the plan over each, listens to what arrived, writes it down.

mod carry;
mod judge;
mod peers;
mod report;
mod stop;

pub use self::{
    carry::{Carried, Setting, carried, carry},
    judge::{Outcome, PairOutcome, judge},
    peers::{Engine, Programs},
    report::{document, line},
    stop::Stop,
};
