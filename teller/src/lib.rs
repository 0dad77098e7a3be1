//! The program: commands, settings, and the wiring of all parts.
//!
//! [`serve`] wires everything for `teller start`, [`admin`] holds the administrators' commands,
//! `test_caller` (a feature) is a caller of our own,
//! [`demo_backend`] a company's systems to try it with, [`config`] reads the environment once.

pub mod admin;
pub mod cli;
pub mod config;
pub mod demo_backend;
pub mod mcp;
pub mod meaning;
pub mod serve;
#[cfg(feature = "test-caller")]
pub mod test_caller;
