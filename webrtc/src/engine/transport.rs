//! What is known about the path to the peer. The sockets themselves are the driver's.

pub(crate) mod addresses;
pub(crate) mod dtls;
pub(crate) mod framing;
pub(crate) mod health;
pub(crate) mod paths;
mod rest;
pub(crate) mod servers;
pub(crate) mod stun;
mod transaction;
pub(crate) mod turn;
