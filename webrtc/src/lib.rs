//! Voice-only media engine under the official livekit crate.
