//! What calls share: a LiveKit server, a PostgreSQL database and a `teller` worker of one's own, and
//! callers who follow scripts.

pub(crate) mod bridge;
pub(crate) mod codes;
pub(crate) mod full;
mod pack;
pub(crate) mod stack;

#[path = "../support/cluster.rs"]
pub(crate) mod cluster;
#[path = "../support/fixtures.rs"]
pub(crate) mod fixtures;
#[path = "../support/livekit.rs"]
pub(crate) mod livekit;
#[path = "../support/ports.rs"]
pub(crate) mod ports;
#[expect(dead_code, reason = "no call has its database's answers swallowed")]
#[path = "../support/proxy.rs"]
pub(crate) mod proxy;

pub(crate) use codes::CodeInbox;
pub(crate) use proxy::Proxy;
pub(crate) use stack::{Report, Stack};
