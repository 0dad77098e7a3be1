//! The signalling state of one connection.

use std::{collections::HashMap, sync::Arc};

use str0m::{change::SdpPendingOffer, channel::ChannelId, media::Mid};

use super::{sdp, sources::Retired, transceiver::Transceiver};
use crate::{
    engine::{channels::Channel, core::Core},
    types::{
        connection_state::SignalingState,
        error::RtcError,
        media_type::MediaType,
        rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit},
        session_description::SessionDescription,
    },
};

/// An offer between `create_offer` and its answer, or until it is abandoned.
pub(super) struct PendingOffer {
    /// `None` for a repeated description, which changes nothing in the engine.
    pub(super) engine: Option<SdpPendingOffer>,
    /// Sections this offer adds.
    pub(super) added: Vec<(Arc<Transceiver>, Mid)>,
    /// Channels this offer announces.
    pub(super) channels: Vec<(Arc<Channel>, ChannelId)>,
}

/// Transceivers and descriptions.
pub(crate) struct Session {
    pub(super) state: SignalingState,
    pub(super) transceivers: Vec<Arc<Transceiver>>,
    pub(super) by_mid: HashMap<Mid, Arc<Transceiver>>,
    pub(super) pending: Option<PendingOffer>,
    /// Made when a remote offer is set, handed out by `create_answer`.
    pub(super) answer: Option<String>,
    pub(super) local: Option<SessionDescription>,
    pub(super) remote: Option<SessionDescription>,
    pub(super) pending_local: Option<SessionDescription>,
    pub(super) retired: Retired,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            state: SignalingState::Stable,
            transceivers: Vec::new(),
            by_mid: HashMap::new(),
            pending: None,
            answer: None,
            local: None,
            remote: None,
            pending_local: None,
            retired: Retired::default(),
        }
    }
}

impl Session {
    pub(crate) const fn signaling(&self) -> SignalingState {
        self.state
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == SignalingState::Closed
    }

    pub(crate) const fn local(&self) -> Option<&SessionDescription> {
        self.local.as_ref()
    }

    /// The description that was set last, agreed or not.
    pub(crate) fn latest_local(&self) -> Option<&SessionDescription> {
        self.pending_local.as_ref().or(self.local.as_ref())
    }

    pub(crate) const fn remote(&self) -> Option<&SessionDescription> {
        self.remote.as_ref()
    }

    pub(crate) fn by_mid(&self, mid: Mid) -> Option<&Arc<Transceiver>> {
        self.by_mid.get(&mid)
    }

    /// The live transceivers; none on a closed connection.
    pub(crate) fn transceivers(&self) -> &[Arc<Transceiver>] {
        if self.is_closed() {
            return &[];
        }
        &self.transceivers
    }

    /// The section that candidates are attributed to. All share one transport (BUNDLE).
    pub(crate) fn first_mid(&self) -> String {
        let description = self.local.as_ref().or(self.pending_local.as_ref());
        let first =
            description.and_then(|description| sdp::sections(&description.sdp).into_iter().next());
        first.map(|section| section.mid).unwrap_or_default()
    }

    pub(crate) fn close(&mut self) {
        for transceiver in &self.transceivers {
            transceiver.end();
        }
        self.state = SignalingState::Closed;
    }
}

impl Core {
    /// Adds a section, still without a track.
    ///
    /// # Errors
    ///
    /// On a closed connection, and for anything but audio and video.
    pub(crate) fn add_transceiver(
        &mut self,
        kind: MediaType,
        init: RtpTransceiverInit,
    ) -> Result<Arc<Transceiver>, RtcError> {
        self.ensure_open()?;
        if !matches!(kind, MediaType::Audio | MediaType::Video) {
            return Err(RtcError::internal("a transceiver carries audio or video"));
        }
        let transceiver = Transceiver::new(kind, init);
        self.session.transceivers.push(Arc::clone(&transceiver));
        Ok(transceiver)
    }

    /// Stops sending on a section. It stays, for reuse, as inactive or receiving.
    ///
    /// # Errors
    ///
    /// On a closed connection.
    pub(crate) fn remove_track(&mut self, sender: &Transceiver) -> Result<(), RtcError> {
        self.ensure_open()?;
        sender.clear_send_track();
        sender.change_direction(|direction| match direction {
            RtpTransceiverDirection::SendRecv => RtpTransceiverDirection::RecvOnly,
            RtpTransceiverDirection::SendOnly => RtpTransceiverDirection::Inactive,
            other => other,
        });
        Ok(())
    }

    /// Abandons an outstanding offer, as if it had not been made.
    pub(super) fn rollback(&mut self) {
        if let Some(pending) = self.session.pending.take() {
            for (transceiver, mid) in pending.added {
                transceiver.set_mid(None);
                self.session.by_mid.remove(&mid);
            }
            self.channels.on_rollback(pending.channels);
        }
        self.session.pending_local = None;
        self.session.state = SignalingState::Stable;
    }
}
