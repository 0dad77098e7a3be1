//! Calls as screenplays, on virtual time: see `harness.rs`.

mod harness;

mod authentication;
mod chat;
mod drain;
mod endings;
mod interruptions;
mod keypad;
mod long;
mod microphone;
mod network;
mod opening;
mod pauses;
mod recognition;
mod record;
mod synthesis;
mod transfer;
mod turns;
