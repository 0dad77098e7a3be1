//! The handle of packet trailers, which belong to video.

/// Reads and writes nothing.
#[derive(Clone, Default)]
pub struct PacketTrailerHandler {}
