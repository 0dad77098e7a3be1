#![doc = include_str!("../README.md")]

mod english;
pub mod facts;
pub mod lead;
pub mod moment;
mod preferences;
pub mod redact;
pub mod sentiment;
pub mod summary;
pub mod topics;
pub mod turn;
