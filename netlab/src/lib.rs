//! A network lab: caller, server and agent as hosts in network namespaces, a router between them that spoils
//! packets, and people's recorded sentences sent through it.
//!
//! ```text
//! link    what becomes of each packet on its way, decided from a seed
//! router  carries packets between the hosts as the links decide
//! hosts   network namespaces with a device each
//! plan    which sentences, in which room, when
//! peer    sends them and records what arrives, on our media engine; peer.py does the same on libwebrtc
//! score   what of the recordings is understood, concealed, late; how soon an outage is over
//! ```

pub mod hosts;
pub mod link;
pub mod peer;
pub mod plan;
pub mod router;
pub mod runner;
pub mod scenario;
pub mod score;
pub mod servers;
