//! What a media section carries.

/// What a media section or track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// Opus.
    Audio,
    /// Negotiated, never encoded or decoded here.
    Video,
    /// Data channels.
    Data,
    /// Anything else a description may name.
    Unsupported,
}
