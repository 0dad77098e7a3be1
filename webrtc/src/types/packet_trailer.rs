//! The handle of packet trailers, which belong to video.

use std::sync::{Arc, atomic::AtomicBool};

/// Reads and writes nothing.
#[derive(Clone, Default)]
pub struct PacketTrailerHandler {
    pub(crate) enabled: Arc<AtomicBool>,
}
