//! Two connections over this machine's network, through the public interface alone.
#![expect(
    clippy::disallowed_methods,
    reason = "tests have a real clock and their own tasks"
)]

mod audio;
mod data;
mod encryption;
mod negotiation;
mod peers;
mod relay;
