//! What happens to a connection, for the application.

use std::sync::Arc;

use super::{channels::Channel, negotiation::transceiver::Transceiver, track::Track};
use crate::types::{
    connection_state::{IceCandidateError, PeerConnectionState},
    data_channel::DataChannelState,
    ice_candidate::IceCandidate,
};

/// Something the application has a callback for.
pub(crate) enum Event {
    Connection(PeerConnectionState),
    Candidate(IceCandidate),
    CandidateError(IceCandidateError),
    Track(RemoteTrack),
    /// The peer opened a channel.
    NewChannel(Arc<Channel>),
    Channel(Arc<Channel>, ChannelEvent),
}

/// Something one data channel has a callback for.
pub(crate) enum ChannelEvent {
    State(DataChannelState),
    Message {
        data: Vec<u8>,
        binary: bool,
    },
    /// This many bytes left the buffer since the last such event.
    Sent(u64),
}

/// The peer began to send something.
pub(crate) struct RemoteTrack {
    pub(crate) transceiver: Arc<Transceiver>,
    pub(crate) track: Track,
    /// The streams that it belongs to.
    pub(crate) stream_ids: Vec<String>,
}
