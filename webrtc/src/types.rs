//! Plain types of the public interface: values without behaviour of the engine.
//!
//! The engine and the interface above it both use them, so they lie below both. The public
//! modules of this crate re-export them under the names that upstream gives them.

pub mod audio_frame;
pub(crate) mod audio_options;
pub(crate) mod configuration;
pub(crate) mod connection_state;
pub(crate) mod data_channel;
pub(crate) mod encryption;
pub(crate) mod engine_load;
pub(crate) mod error;
pub mod ice_candidate;
pub(crate) mod media_type;
pub(crate) mod packet_trailer;
pub mod rtp_parameters;
pub(crate) mod rtp_transceiver;
pub mod session_description;
pub mod stats;
