//! A network lab: caller, server and agent as hosts in network namespaces, a router between them that spoils
//! packets, and people's recorded sentences sent through it.
//!
//! ```text
//! plan    which sentences, in which room, when
//! peer    sends them and records what arrives, on our media engine; peer.py does the same on libwebrtc
//! score   what of the recordings is understood, concealed, late; how soon an outage is over
//! ```

pub mod peer;
pub mod plan;
pub mod score;
