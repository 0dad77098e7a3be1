#![doc = include_str!("../README.md")]

mod english;
mod preferences;
pub mod redact;
pub mod sentiment;
pub mod summary;
pub mod topics;
pub mod turn;
