//! The HTTP interface over real HTTP and, where it needs one, a real database.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

mod access;
mod callbacks;
mod calls;
mod demo;
mod described;
mod files;
mod gaps;
mod guessing;
mod leads;
mod operators;
mod people;
mod profiles;
mod recordings;
mod records;
mod server;
mod status;
mod summary;
mod token;
mod unmerge;
mod worker;
