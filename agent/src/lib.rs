//! Teller: a real-time voice agent server on LiveKit rooms.
//!
//! The life of one turn: [`room`] hands frames of the caller's audio to
//! [`session`], the one place that sees every stage. [`listen`] turns frames
//! into utterances and words, [`turn`] decides that the caller has finished,
//! [`reply`] writes sentences, [`speak`] plays them and tells what was heard,
//! [`record`] keeps both sides. [`worker`] brings the calls, [`serve`] wires
//! everything, [`test_caller`] is a caller of our own. ARCHITECTURE.md is the map.

pub mod admin;
pub mod calls;
pub mod cli;
pub mod config;
pub mod http;
pub mod identify;
pub mod jobs;
pub mod listen;
pub mod metrics;
pub mod record;
pub mod rehearse;
pub mod reply;
pub mod room;
pub mod serve;
pub mod session;
pub mod speak;
pub mod telephony;
pub mod test_caller;
pub mod turn;
pub mod worker;
