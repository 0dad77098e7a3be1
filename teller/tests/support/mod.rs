//! What the end-to-end tests share: a LiveKit server, a PostgreSQL database and
//! a `teller` worker of one's own, and callers who follow scripts.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file uses its own part of this"
)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

pub(crate) mod codes;
pub(crate) mod full;
pub(crate) mod livekit;
pub(crate) mod proxy;
pub(crate) mod rehearsal;
pub(crate) mod stack;
pub(crate) mod words;

pub(crate) use codes::CodeInbox;
pub(crate) use livekit::LiveKit;
pub(crate) use proxy::Proxy;
pub(crate) use stack::{Report, Stack};
