//! The states of a connection.

/// Whether media can flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerConnectionState {
    /// Nothing was tried.
    New,
    /// ICE or DTLS is under way.
    Connecting,
    /// Media flows.
    Connected,
    /// Lost; it may come back by itself.
    Disconnected,
    /// Lost for good unless ICE is restarted.
    Failed,
    /// Closed here.
    Closed,
}

/// Whether all addresses are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceGatheringState {
    /// Not begun.
    New,
    /// Under way.
    Gathering,
    /// All known.
    Complete,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalingState {
    /// Nobody's.
    Stable,
    /// The peer's: it has our offer.
    HaveLocalOffer,
    /// Ours: we have the peer's offer.
    HaveRemoteOffer,
    /// Over.
    Closed,
}

/// A failure to learn an address.
#[derive(Debug, Clone)]
pub struct IceCandidateError {
    /// The local address it was tried from.
    pub address: String,
    /// The local port it was tried from.
    pub port: i32,
    /// The server that was asked.
    pub url: String,
    /// STUN error code.
    pub error_code: i32,
    /// What the server said.
    pub error_text: String,
}
