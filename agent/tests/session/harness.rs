//! What a scene is told and played with.
//!
//! Everything is scripted but the session itself, its turn-taking and its answers: sound marks its
//! own words (`voice`'s `test-support`), the recorder's queue is read instead of a disk, and time
//! is tokio's paused clock, so that a call of minutes takes milliseconds.

mod carrier;
mod colleague;
mod loopback;
mod microphones;
mod page;
mod play;
mod played;
mod recording;
mod scene;
mod sink;
mod stage;
pub(crate) mod words;

pub(crate) use carrier::Carrier;
pub(crate) use colleague::{Colleague, PicksUp};
pub(crate) use scene::{OTHER, Scene, at};
