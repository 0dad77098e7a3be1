//! Plain types of the public interface: values without behaviour of the engine.
//!
//! The engine and the interface above it both use them, so they lie below both. The public
//! modules of this crate re-export them under the names that upstream gives them.

pub mod audio_frame;
pub(crate) mod connection_state;
pub mod ice_candidate;
pub mod rtp_parameters;
pub mod session_description;
pub mod stats;
