//! A pack's sources fetched from a real server and from files, parsed in real child processes.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod files;
mod made;
mod pack;
mod server;
mod web;
