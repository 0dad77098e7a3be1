//! What an application asks of a connection.

/// STUN and TURN servers that share credentials.
#[derive(Clone, Debug)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` addresses (RFC 7064, RFC 7065), by UDP or TCP.
    pub urls: Vec<String>,
    /// For TURN.
    pub username: String,
    /// For TURN.
    pub password: String,
}

/// Whether changes of the network are followed. This engine gathers once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContinualGatheringPolicy {
    /// Addresses are those at the start.
    GatherOnce,
    /// New addresses are announced.
    GatherContinually,
}

/// Which addresses may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceTransportsType {
    /// A relay's only.
    Relay,
    /// All but the machine's own.
    NoHost,
    /// All.
    All,
}

/// How a connection is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RtcConfiguration {
    /// Servers to learn addresses from.
    pub ice_servers: Vec<IceServer>,
    /// Whether changes of the network are followed.
    pub continual_gathering_policy: ContinualGatheringPolicy,
    /// Which addresses may be used.
    pub ice_transport_type: IceTransportsType,
    /// Set data channels up with the offer (`a=sctp-init`) and so save two round trips. Fixed
    /// for the life of a connection.
    pub enable_sctp_snap: bool,
}

impl Default for RtcConfiguration {
    fn default() -> Self {
        Self {
            ice_servers: Vec::new(),
            continual_gathering_policy: ContinualGatheringPolicy::GatherContinually,
            ice_transport_type: IceTransportsType::All,
            enable_sctp_snap: false,
        }
    }
}

/// What an offer is to contain.
#[derive(Debug, Clone, Default)]
pub struct OfferOptions {
    /// New ICE credentials: the way to a peer is looked for again.
    pub ice_restart: bool,
}

/// What an answer is to contain: nothing can be chosen.
#[derive(Debug, Clone, Default)]
pub struct AnswerOptions {}
