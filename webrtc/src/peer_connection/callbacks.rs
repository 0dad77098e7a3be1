//! The callbacks of a connection.

use std::sync::Arc;

use super::{
    OnConnectionChange, OnDataChannel, OnIceCandidate, OnIceCandidateError, OnTrack, TrackEvent,
};
use crate::{
    data_channel::DataChannel,
    engine::{
        driver::{Connection, Listener},
        events::{Event, RemoteTrack},
        slot::Slot,
    },
    media_stream::MediaStream,
    rtp_transceiver::RtpTransceiver,
};

/// Where the application leaves its callbacks, and who calls them.
#[derive(Default)]
pub(super) struct Callbacks {
    pub(super) connection: Slot<OnConnectionChange>,
    pub(super) data_channel: Slot<OnDataChannel>,
    pub(super) candidate: Slot<OnIceCandidate>,
    pub(super) candidate_error: Slot<OnIceCandidateError>,
    pub(super) track: Slot<OnTrack>,
}

impl Listener for Callbacks {
    fn on_event(&self, event: Event, connection: &Arc<Connection>) {
        match event {
            Event::Connection(state) => self.connection.call(|f| f(state)),
            Event::Candidate(candidate) => self.candidate.call(|f| f(candidate)),
            Event::CandidateError(error) => self.candidate_error.call(|f| f(error)),
            Event::Track(remote) => self.track.call(|f| f(track_event(remote, connection))),
            Event::NewChannel(inner) => self.data_channel.call(|f| {
                f(DataChannel {
                    inner,
                    connection: Arc::downgrade(connection),
                })
            }),
            Event::Channel(..) => {} // goes to the channel itself
        }
    }
}

fn track_event(remote: RemoteTrack, connection: &Arc<Connection>) -> TrackEvent {
    let transceiver = RtpTransceiver {
        inner: remote.transceiver,
        connection: Arc::downgrade(connection),
    };
    TrackEvent {
        receiver: transceiver.receiver(),
        streams: MediaStream::of(remote.stream_ids),
        track: remote.track.into(),
        transceiver,
    }
}
