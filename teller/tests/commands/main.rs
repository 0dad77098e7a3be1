//! What needs no call: the built programs against a real PostgreSQL, and the record whose writer
//! is killed.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

mod administration;
mod audited;
mod callbacks;
mod deeds;
mod demo_backend;
mod erasure;
mod fetching;
mod gaps;
mod leads;
mod meanings;
mod pack_checks;
mod pack_tests;
mod people_commands;
mod record;
mod remembered;
mod settings;
mod support;
mod torture;
mod upkeep;
