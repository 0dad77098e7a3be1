//! Applying remote descriptions, and answering them.

use std::{sync::Arc, time::Instant};

use str0m::{
    change::{SdpAnswer, SdpOffer},
    media::{Direction, Mid},
};

use super::{
    sdp::{self, Section},
    session::PendingOffer,
    transceiver::Transceiver,
};
use crate::{
    engine::{
        core::Core,
        events::{Event, RemoteTrack},
    },
    types::{
        connection_state::SignalingState,
        error::RtcError,
        rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit},
        session_description::{SdpType, SessionDescription},
    },
};

impl Core {
    /// The answer to the remote offer.
    ///
    /// # Errors
    ///
    /// When there is no remote offer.
    pub(crate) fn create_answer(&self) -> Result<SessionDescription, RtcError> {
        let answer = self.session.answer.clone();
        let sdp = answer.ok_or_else(|| RtcError::state("there is no remote offer to answer"))?;
        Ok(SessionDescription {
            sdp,
            ty: SdpType::Answer,
        })
    }

    /// # Errors
    ///
    /// For a description that cannot be parsed, does not fit the last one, or comes in a state
    /// that does not expect it.
    pub(crate) fn set_remote(
        &mut self,
        description: SessionDescription,
        now: Instant,
    ) -> Result<(), RtcError> {
        self.ensure_open()?;
        self.ensure_same_peer(&description.sdp)?;
        self.attempt(now, |core| match description.ty {
            SdpType::Offer => core.set_remote_offer(description, now),
            SdpType::Answer | SdpType::PrAnswer => core.set_remote_answer(description, now),
            SdpType::Rollback => {
                core.rollback();
                Ok(())
            }
        })
    }

    fn set_remote_offer(
        &mut self,
        description: SessionDescription,
        now: Instant,
    ) -> Result<(), RtcError> {
        let offer = SdpOffer::from_sdp_string(&self.without_known_candidates(&description.sdp))
            .map_err(|error| RtcError::sdp(error.to_string()))?;
        if self.session.pending.is_some() {
            self.rollback();
        }
        let answer = self
            .rtc
            .sdp_api()
            .accept_offer(offer)
            .map_err(engine_error)?;
        let sections = sdp::sections(&description.sdp);
        for section in sections.iter().filter(|section| section.is_media()) {
            self.ensure_transceiver(section);
        }
        self.forget_streams(&description.sdp);
        self.on_remote_description(&description.sdp, now);
        self.drain(now);
        let answer = sdp::decline_sending(&answer.to_sdp_string(), &self.silent_sections());
        self.session.answer = Some(sdp::strip_unsent(&answer));
        self.follow_remote(&sections);
        self.session.remote = Some(description);
        self.session.state = SignalingState::HaveRemoteOffer;
        self.on_data_section(sdp::data_section(&sections), now);
        Ok(())
    }

    /// Names of the sections that we do not want to send on. The engine would agree to send
    /// wherever the peer wants to receive (JSEP, RFC 9429 section 5.3.1, lets each side decide).
    fn silent_sections(&self) -> Vec<String> {
        let silent = |transceiver: &&Arc<Transceiver>| !sends(transceiver.direction());
        self.session
            .transceivers
            .iter()
            .filter(silent)
            .filter_map(|transceiver| transceiver.mid())
            .map(|mid| mid.to_string())
            .collect()
    }

    /// A section of the remote offer that no transceiver of ours stands for.
    fn ensure_transceiver(&mut self, section: &Section) {
        let mid: Mid = section.mid.as_str().into();
        if self.session.by_mid.contains_key(&mid) {
            return;
        }
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::RecvOnly,
            stream_ids: Vec::new(),
            send_encodings: Vec::new(),
        };
        let transceiver = Transceiver::new(section.kind, init);
        transceiver.set_mid(Some(mid));
        self.session.transceivers.push(Arc::clone(&transceiver));
        self.session.by_mid.insert(mid, transceiver);
    }

    fn set_remote_answer(
        &mut self,
        description: SessionDescription,
        now: Instant,
    ) -> Result<(), RtcError> {
        if self.session.state != SignalingState::HaveLocalOffer {
            return Err(RtcError::state(format!(
                "an answer was not expected in {:?}",
                self.session.state
            )));
        }
        // livekit applies the current answer once more to abandon an offer, before it restarts ICE.
        if self
            .session
            .remote
            .as_ref()
            .is_some_and(|remote| remote.sdp == description.sdp)
        {
            self.rollback();
            return Ok(());
        }
        let answer = SdpAnswer::from_sdp_string(&self.without_known_candidates(&description.sdp))
            .map_err(|error| RtcError::sdp(error.to_string()))?;
        let Some(PendingOffer {
            engine, channels, ..
        }) = self.session.pending.take()
        else {
            return Err(RtcError::state("no offer is outstanding"));
        };
        if let Some(engine) = engine {
            self.rtc
                .sdp_api()
                .accept_answer(engine, answer)
                .map_err(engine_error)?;
        }
        self.keep_abandoned_channels(channels);
        self.forget_streams(&description.sdp);
        self.on_remote_description(&description.sdp, now);
        self.drain(now);
        let sections = sdp::sections(&description.sdp);
        self.follow_remote(&sections);
        self.session.local = self.session.pending_local.take();
        self.session.remote = Some(description);
        self.session.state = SignalingState::Stable;
        self.on_data_section(sdp::data_section(&sections), now);
        Ok(())
    }

    /// Brings the transceivers in line with a remote description and announces what is newly
    /// received. LiveKit's server reuses sections: a new `msid` on an old section is a new track.
    fn follow_remote(&mut self, sections: &[Section]) {
        self.forget_ssrcs();
        for section in sections {
            let mid: Mid = section.mid.as_str().into();
            let Some(transceiver) = self.session.by_mid.get(&mid).map(Arc::clone) else {
                continue;
            };
            let agreed = self
                .rtc
                .media(mid)
                .map_or(RtpTransceiverDirection::Inactive, |m| {
                    agreed(from_engine(m.direction()), transceiver.direction())
                });
            let section = section.clone().with_red_only_if(|red| self.knows_red(red));
            let Some(track) = transceiver.follow_remote(&section, agreed, &self.ticker) else {
                continue;
            };
            let stream_ids = transceiver.recv_stream_ids();
            let remote = RemoteTrack {
                transceiver,
                track,
                stream_ids,
            };
            self.outbox.events.push(Event::Track(remote));
        }
    }

    /// Whether the engine has agreed to redundant audio under this payload type. What a peer
    /// offers is not yet agreed.
    fn knows_red(&self, payload_type: u8) -> bool {
        let params = self.rtc.codec_config().params();
        params
            .iter()
            .any(|params| params.red().is_some_and(|red| *red == payload_type))
    }
}

fn engine_error(error: impl std::fmt::Display) -> RtcError {
    RtcError::internal(error.to_string())
}

/// What the engine agreed to, less sending where we do not want to send.
const fn agreed(
    by_engine: RtpTransceiverDirection,
    wanted: RtpTransceiverDirection,
) -> RtpTransceiverDirection {
    match by_engine {
        RtpTransceiverDirection::SendRecv if !sends(wanted) => RtpTransceiverDirection::RecvOnly,
        RtpTransceiverDirection::SendOnly if !sends(wanted) => RtpTransceiverDirection::Inactive,
        other => other,
    }
}

const fn sends(direction: RtpTransceiverDirection) -> bool {
    matches!(
        direction,
        RtpTransceiverDirection::SendOnly | RtpTransceiverDirection::SendRecv
    )
}

const fn from_engine(direction: Direction) -> RtpTransceiverDirection {
    match direction {
        Direction::SendRecv => RtpTransceiverDirection::SendRecv,
        Direction::SendOnly => RtpTransceiverDirection::SendOnly,
        Direction::RecvOnly => RtpTransceiverDirection::RecvOnly,
        Direction::Inactive => RtpTransceiverDirection::Inactive,
    }
}
