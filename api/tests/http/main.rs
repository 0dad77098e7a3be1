//! The HTTP interface over real HTTP and, where it needs one, a real database.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

mod guessing;
mod histories;
mod merged;
mod pages;
mod site;
mod supervisor;
mod unmerging;
