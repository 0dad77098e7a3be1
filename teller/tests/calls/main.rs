//! The agent as a whole: a real LiveKit server, a real worker, callers who follow scripts.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

// First by name, so that the longest calls begin first.
mod callers;
mod conversations;
mod endurance;
mod faults;
mod identity;
mod memory;
mod outages;
mod pages;
mod recordings;
mod spoken;
mod starting;
mod support;
mod tasks;
mod trade;
mod transfers;
mod worker;
