//! Making offers, and applying local descriptions.

use std::{sync::Arc, time::Instant};

use str0m::{
    channel::ChannelId,
    media::{Direction, MediaKind, Mid},
};

use super::{sdp, session::PendingOffer, transceiver::Transceiver};
use crate::{
    engine::{channels::Channel, core::Core},
    types::{
        configuration::OfferOptions,
        connection_state::SignalingState,
        error::RtcError,
        media_type::MediaType,
        rtp_transceiver::RtpTransceiverDirection,
        session_description::{SdpType, SessionDescription},
    },
};

/// What one transceiver asks of an offer.
struct Planned {
    transceiver: Arc<Transceiver>,
    /// Its section and that section's negotiated direction, once there is one.
    section: Option<(Mid, Direction)>,
    wanted: Direction,
}

impl Core {
    /// An offer of all that is wanted. May be called again, and its result may be thrown away:
    /// nothing is agreed before `set_local`.
    ///
    /// # Errors
    ///
    /// On a closed connection, or when there is nothing to offer.
    pub(crate) fn create_offer(
        &mut self,
        options: &OfferOptions,
        now: Instant,
    ) -> Result<SessionDescription, RtcError> {
        self.ensure_open()?;
        self.attempt(now, |core| core.plan_offer(options))
    }

    fn plan_offer(&mut self, options: &OfferOptions) -> Result<SessionDescription, RtcError> {
        let plan = self.plan_sections();
        let channels = self.channels.to_offer();
        // A restart alone would make a description without sections, which no peer accepts.
        if plan.is_empty() && channels.is_empty() && self.session.local.is_none() {
            return Err(RtcError::state("there is nothing to offer"));
        }
        if options.ice_restart {
            self.wake_addresses(); // the offer names them all
        }
        let mut api = self.rtc.sdp_api();
        // Before the first exchange there is nothing to restart; the engine would announce new
        // credentials and go on with the old ones.
        if options.ice_restart && self.session.remote.is_some() {
            api.ice_restart(true); // keeps the host candidates
        }
        let mut added = Vec::new();
        for planned in &plan {
            match planned.section {
                Some((mid, current)) if current != planned.wanted => {
                    api.set_direction(mid, planned.wanted)
                }
                Some(_) => {}
                None => {
                    let (stream, track) = planned.transceiver.msid();
                    let kind = media_kind(planned.transceiver.kind);
                    let mid = api.add_media(kind, planned.wanted, Some(stream), track, None);
                    added.push((Arc::clone(&planned.transceiver), mid));
                }
            }
        }
        Self::plan_channels(&mut api, &channels);
        if !api.has_changes() {
            // W3C allows an offer with nothing new in it; the engine needs a change to make one.
            let Some((mid, direction)) = plan.iter().find_map(|planned| planned.section) else {
                drop(api);
                return self.repeat_offer();
            };
            let other = if direction == Direction::Inactive {
                Direction::RecvOnly
            } else {
                Direction::Inactive
            };
            api.set_direction(mid, other);
            api.set_direction(mid, direction);
        }
        let Some((offer, engine)) = api.apply() else {
            return Err(RtcError::internal("the engine made no offer"));
        };
        let channels = with_engine_ids(channels);
        self.session.pending = Some(PendingOffer {
            engine: Some(engine),
            added,
            channels,
        });
        let sdp = sdp::prefer_plain_opus(&offer.to_sdp_string());
        Ok(SessionDescription {
            sdp: sdp::strip_unsent(&sdp),
            ty: SdpType::Offer,
        })
    }

    fn plan_sections(&self) -> Vec<Planned> {
        let plan = |transceiver: &Arc<Transceiver>| {
            let (mid, direction) = transceiver.section();
            // A section of an earlier offer that was never answered is unknown to the engine:
            // it is offered again.
            let section =
                mid.and_then(|mid| self.rtc.media(mid).map(|media| (mid, media.direction())));
            if section.is_none() && direction == RtpTransceiverDirection::Stopped {
                return None;
            }
            let transceiver = Arc::clone(transceiver);
            Some(Planned {
                transceiver,
                section,
                wanted: to_engine(direction),
            })
        };
        self.session.transceivers.iter().filter_map(plan).collect()
    }

    /// A connection with data alone has no section whose direction could be touched: the last
    /// description goes out again under a new version number.
    fn repeat_offer(&mut self) -> Result<SessionDescription, RtcError> {
        let last = self
            .session
            .local
            .as_ref()
            .ok_or_else(|| RtcError::state("there is nothing to offer"))?;
        let sdp = sdp::repeat_as_offer(&last.sdp);
        self.session.pending = Some(PendingOffer {
            engine: None,
            added: Vec::new(),
            channels: Vec::new(),
        });
        Ok(SessionDescription {
            sdp,
            ty: SdpType::Offer,
        })
    }

    /// Applies the offer or answer that was last created. Edits that the application made to
    /// its text reach the peer but change nothing here.
    ///
    /// # Errors
    ///
    /// When no such description was created.
    pub(crate) fn set_local(&mut self, description: SessionDescription) -> Result<(), RtcError> {
        self.ensure_open()?;
        match description.ty {
            SdpType::Offer => self.set_local_offer(description),
            SdpType::Answer | SdpType::PrAnswer => {
                if self.session.answer.take().is_none() {
                    return Err(RtcError::state("there is no answer to apply"));
                }
                self.session.local = Some(description);
                self.session.state = SignalingState::Stable;
                Ok(())
            }
            SdpType::Rollback => {
                self.rollback();
                Ok(())
            }
        }
    }

    fn set_local_offer(&mut self, description: SessionDescription) -> Result<(), RtcError> {
        let Some(pending) = &self.session.pending else {
            return Err(RtcError::state("this connection did not make that offer"));
        };
        // An earlier offer that this one replaces was never answered: its new sections are none.
        let (engine, by_mid) = (&self.rtc, &mut self.session.by_mid);
        by_mid.retain(|mid, transceiver| {
            let agreed = engine.media(*mid).is_some();
            if !agreed {
                transceiver.set_mid(None);
            }
            agreed
        });
        for (transceiver, mid) in &pending.added {
            transceiver.set_mid(Some(*mid));
            self.session.by_mid.insert(*mid, Arc::clone(transceiver));
        }
        let channels: Vec<_> = pending
            .channels
            .iter()
            .map(|(channel, _)| Arc::clone(channel))
            .collect();
        self.channels.on_offered(&channels);
        self.session.pending_local = Some(description);
        self.session.state = SignalingState::HaveLocalOffer;
        Ok(())
    }
}

fn with_engine_ids(channels: Vec<Arc<Channel>>) -> Vec<(Arc<Channel>, ChannelId)> {
    channels
        .into_iter()
        .filter_map(|channel| channel.engine_id().map(|id| (channel, id)))
        .collect()
}

const fn media_kind(kind: MediaType) -> MediaKind {
    match kind {
        MediaType::Video => MediaKind::Video,
        MediaType::Audio | MediaType::Data | MediaType::Unsupported => MediaKind::Audio,
    }
}

const fn to_engine(direction: RtpTransceiverDirection) -> Direction {
    match direction {
        RtpTransceiverDirection::SendRecv => Direction::SendRecv,
        RtpTransceiverDirection::SendOnly => Direction::SendOnly,
        RtpTransceiverDirection::RecvOnly => Direction::RecvOnly,
        RtpTransceiverDirection::Inactive | RtpTransceiverDirection::Stopped => Direction::Inactive,
    }
}
