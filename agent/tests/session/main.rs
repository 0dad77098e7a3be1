//! Calls as screenplays, on virtual time: see `harness.rs`.

mod harness;

mod authentication;
mod chat;
mod drain;
mod echo;
mod endings;
mod interruptions;
mod keypad;
mod long;
mod memory;
mod microphone;
mod moments;
mod network;
mod opening;
mod patience;
mod pauses;
mod recognition;
mod record;
mod recording;
mod synthesis;
mod transfer;
mod turns;
mod warm_transfer;
