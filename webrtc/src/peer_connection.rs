//! A connection to one peer.

mod callbacks;

use std::{fmt, sync::Arc};

use self::callbacks::Callbacks;
pub use crate::types::{
    configuration::{AnswerOptions, OfferOptions},
    connection_state::{IceCandidateError, IceGatheringState, PeerConnectionState, SignalingState},
};
use crate::{
    MediaType, RtcError,
    data_channel::{DataChannel, DataChannelInit},
    engine::{
        driver::{self, Connection, Listener},
        negotiation::transceiver::Transceiver,
    },
    ice_candidate::IceCandidate,
    media_stream::MediaStream,
    media_stream_track::MediaStreamTrack,
    peer_connection_factory::RtcConfiguration,
    rtp_receiver::RtpReceiver,
    rtp_sender::RtpSender,
    rtp_transceiver::{RtpTransceiver, RtpTransceiverDirection, RtpTransceiverInit},
    session_description::SessionDescription,
    stats::RtcStats,
};

/// The peer began to send something.
#[derive(Debug, Clone)]
pub struct TrackEvent {
    /// Who receives it.
    pub receiver: RtpReceiver,
    /// The streams it belongs to.
    pub streams: Vec<MediaStream>,
    /// The track.
    pub track: MediaStreamTrack,
    /// The section it is on.
    pub transceiver: RtpTransceiver,
}

/// Called with each new connection state.
pub type OnConnectionChange = Box<dyn FnMut(PeerConnectionState) + Send + Sync>;
/// Called with each channel that the peer opens.
pub type OnDataChannel = Box<dyn FnMut(DataChannel) + Send + Sync>;
/// Called with each address of ours.
pub type OnIceCandidate = Box<dyn FnMut(IceCandidate) + Send + Sync>;
/// Called for each server that reported no address.
pub type OnIceCandidateError = Box<dyn FnMut(IceCandidateError) + Send + Sync>;
/// Called with each track that the peer begins to send.
pub type OnTrack = Box<dyn FnMut(TrackEvent) + Send + Sync>;

/// A connection to one peer. Clones are the same connection; it lives as long as one of them,
/// or until [`PeerConnection::close`].
///
/// Callbacks run on the engine's threads, one at a time and in the order of events.
#[derive(Clone)]
pub struct PeerConnection {
    pub(crate) inner: Arc<Connection>,
    callbacks: Arc<Callbacks>,
}

impl PeerConnection {
    pub(crate) fn new(config: RtcConfiguration) -> Self {
        let callbacks: Arc<Callbacks> = Arc::default();
        let listener: Arc<dyn Listener> = Arc::clone(&callbacks) as _;
        Self {
            inner: Connection::new(config, listener),
            callbacks,
        }
    }

    fn transceiver(&self, inner: Arc<Transceiver>) -> RtpTransceiver {
        RtpTransceiver {
            inner,
            connection: Arc::downgrade(&self.inner),
        }
    }

    /// Replaces the configuration.
    ///
    /// # Errors
    ///
    /// On a closed connection, and for another `enable_sctp_snap`.
    pub fn set_configuration(&self, config: RtcConfiguration) -> Result<(), RtcError> {
        self.inner.with(|core, _| core.set_configuration(config))
    }

    /// An offer of all that is wanted. It may be thrown away.
    ///
    /// # Errors
    ///
    /// On a closed connection, or when there is nothing to offer.
    pub async fn create_offer(
        &self,
        options: OfferOptions,
    ) -> Result<SessionDescription, RtcError> {
        self.inner
            .with(|core, now| core.create_offer(&options, now))
    }

    /// The answer to the remote offer.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn create_answer(
        &self,
        _options: AnswerOptions,
    ) -> Result<SessionDescription, RtcError> {
        self.inner.read(|core| core.create_answer())
    }

    /// Applies the description last created. Opens sockets the first time.
    ///
    /// # Errors
    ///
    /// When no such description was created.
    pub async fn set_local_description(
        &self,
        description: SessionDescription,
    ) -> Result<(), RtcError> {
        self.inner.set_local(description)
    }

    /// Applies the peer's description.
    ///
    /// # Errors
    ///
    /// For one that cannot be parsed, does not fit, or is not expected now.
    pub async fn set_remote_description(
        &self,
        description: SessionDescription,
    ) -> Result<(), RtcError> {
        self.inner
            .with(|core, now| core.set_remote(description, now))
    }

    /// Adds an address of the peer.
    ///
    /// # Errors
    ///
    /// Before the remote description, and for a line that cannot be parsed.
    pub async fn add_ice_candidate(&self, candidate: IceCandidate) -> Result<(), RtcError> {
        self.inner
            .with(|core, now| core.add_remote_candidate(&candidate, now))
    }

    /// Creates a data channel. It opens with the connection, or at once on one that has
    /// channels already.
    ///
    /// # Errors
    ///
    /// On a closed connection, and for a label and protocol of more than 1,488 bytes together.
    pub fn create_data_channel(
        &self,
        label: &str,
        init: DataChannelInit,
    ) -> Result<DataChannel, RtcError> {
        let inner = self
            .inner
            .with(|core, now| core.create_channel(label, init, now))?;
        Ok(DataChannel {
            inner,
            connection: Arc::downgrade(&self.inner),
        })
    }

    /// Sends a track on a new section.
    ///
    /// # Errors
    ///
    /// On a closed connection.
    pub fn add_track<T: AsRef<str>>(
        &self,
        track: MediaStreamTrack,
        stream_ids: &[T],
    ) -> Result<RtpSender, RtcError> {
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::SendRecv,
            stream_ids: stream_ids.iter().map(|id| id.as_ref().to_owned()).collect(),
            send_encodings: Vec::new(),
        };
        self.add_transceiver(track, init)
            .map(|transceiver| transceiver.sender())
    }

    /// Stops sending a track; the section stays for reuse.
    ///
    /// # Errors
    ///
    /// On a closed connection.
    pub fn remove_track(&self, sender: RtpSender) -> Result<(), RtcError> {
        self.inner.with(|core, _| core.remove_track(&sender.inner))
    }

    /// Counters of the connection and its sections.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub async fn get_stats(&self) -> Result<Vec<RtcStats>, RtcError> {
        Ok(self.inner.read(|core| core.stats(driver::wall_clock())))
    }

    /// Adds a section that sends a track.
    ///
    /// # Errors
    ///
    /// On a closed connection.
    pub fn add_transceiver(
        &self,
        track: MediaStreamTrack,
        init: RtpTransceiverInit,
    ) -> Result<RtpTransceiver, RtcError> {
        let kind = match track {
            MediaStreamTrack::Audio(_) => MediaType::Audio,
            MediaStreamTrack::Video(_) => MediaType::Video,
        };
        let transceiver = self.inner.add_transceiver(kind, init, Some(track.into()))?;
        Ok(self.transceiver(transceiver))
    }

    /// Adds a section without a track, to receive on.
    ///
    /// # Errors
    ///
    /// On a closed connection, and for data.
    pub fn add_transceiver_for_media(
        &self,
        kind: MediaType,
        init: RtpTransceiverInit,
    ) -> Result<RtpTransceiver, RtcError> {
        let transceiver = self.inner.add_transceiver(kind, init, None)?;
        Ok(self.transceiver(transceiver))
    }

    /// Ends the connection. It has no transceivers after that and refuses every change.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Whether media can flow.
    pub fn connection_state(&self) -> PeerConnectionState {
        self.inner.read(|core| core.connection_state())
    }

    /// Whether all addresses are known.
    pub fn ice_gathering_state(&self) -> IceGatheringState {
        self.inner.read(|core| core.gathering())
    }

    /// Whose turn it is.
    pub fn signaling_state(&self) -> SignalingState {
        self.inner.read(|core| core.session.signaling())
    }

    /// Our description, once agreed.
    pub fn current_local_description(&self) -> Option<SessionDescription> {
        self.inner.read(|core| core.session.local().cloned())
    }

    /// The peer's description.
    pub fn current_remote_description(&self) -> Option<SessionDescription> {
        self.inner.read(|core| core.session.remote().cloned())
    }

    /// The sending halves of all sections.
    pub fn senders(&self) -> Vec<RtpSender> {
        self.transceivers()
            .iter()
            .map(RtpTransceiver::sender)
            .collect()
    }

    /// All sections; none on a closed connection.
    pub fn transceivers(&self) -> Vec<RtpTransceiver> {
        let sections = self.inner.read(|core| core.session.transceivers().to_vec());
        let object = |section| self.transceiver(section);
        sections.into_iter().map(object).collect()
    }

    /// Sets or clears the callback for the connection state.
    pub fn on_connection_state_change(&self, callback: Option<OnConnectionChange>) {
        self.callbacks.connection.set(callback);
    }

    /// Sets or clears the callback for channels of the peer.
    pub fn on_data_channel(&self, callback: Option<OnDataChannel>) {
        self.callbacks.data_channel.set(callback);
    }

    /// Sets or clears the callback for our addresses.
    pub fn on_ice_candidate(&self, callback: Option<OnIceCandidate>) {
        self.callbacks.candidate.set(callback);
    }

    /// Sets or clears the callback for addresses that could not be learnt.
    pub fn on_ice_candidate_error(&self, callback: Option<OnIceCandidateError>) {
        self.callbacks.candidate_error.set(callback);
    }

    /// Sets or clears the callback for tracks of the peer.
    pub fn on_track(&self, callback: Option<OnTrack>) {
        self.callbacks.track.set(callback);
    }
}

impl fmt::Debug for PeerConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerConnection")
            .field("state", &self.connection_state())
            .finish()
    }
}
