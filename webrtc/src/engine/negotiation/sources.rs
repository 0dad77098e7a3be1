//! Forgetting the streams that a peer no longer sends.
//!
//! LiveKit's server gives a section that fell silent to the next track, with another SSRC
//! (RFC 3550). The engine would keep the stream of every SSRC that was ever named, and a guest who
//! stays in a room would pay memory for each one who came and went.

use std::collections::BTreeSet;

use super::sdp;
use crate::engine::core::Core;

/// SSRCs that the peer's last description named no longer.
#[derive(Default)]
pub(super) struct Retired(BTreeSet<u32>);

impl Retired {
    /// The SSRCs to forget now that a description names these after one that named those.
    ///
    /// One negotiation late: until then packets that were on their way find their own stream,
    /// instead of being taken for the section's next one.
    fn replace(&mut self, before: &BTreeSet<u32>, named: &BTreeSet<u32>) -> Vec<u32> {
        let retiring = before.difference(named).copied().collect();
        let due = std::mem::replace(&mut self.0, retiring);
        due.difference(named).copied().collect()
    }
}

impl Core {
    /// To be called with each remote description, before it takes the place of the last one.
    pub(super) fn forget_streams(&mut self, description: &str) {
        let before = self
            .session
            .remote()
            .map(|remote| sdp::ssrcs(&remote.sdp))
            .unwrap_or_default();
        let named = sdp::ssrcs(description);
        for ssrc in self.session.retired.replace(&before, &named) {
            self.rtc.direct_api().remove_stream_rx(ssrc.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        engine::test_support,
        types::{
            configuration::{OfferOptions, RtcConfiguration},
            media_type::MediaType,
            rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit},
            session_description::{SdpType, SessionDescription},
        },
    };

    fn peer(now: Instant) -> Core {
        test_support::core(RtcConfiguration::default(), now)
    }

    /// An offer of one section that sends, its SSRC and the text around it.
    fn offer_to_send(now: Instant) -> (String, u32) {
        let mut server = peer(now);
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::SendOnly,
            stream_ids: vec!["PA_1".to_owned()],
            send_encodings: Vec::new(),
        };
        server
            .add_transceiver(MediaType::Audio, init)
            .expect("a section");
        let offer = server.create_offer(&OfferOptions::default(), now);
        let sdp = offer.expect("an offer").sdp;
        let named = sdp::ssrcs(&sdp);
        let ssrc = *named.first().expect("an offer to send names its SSRC");
        (sdp, ssrc)
    }

    /// The section given to another track.
    fn with_another_ssrc(sdp: &str, from: u32, to: u32) -> String {
        sdp::repeat_as_offer(sdp).replace(&format!("a=ssrc:{from} "), &format!("a=ssrc:{to} "))
    }

    fn accept(guest: &mut Core, sdp: &str, now: Instant) {
        let offer = SessionDescription {
            sdp: sdp.to_owned(),
            ty: SdpType::Offer,
        };
        guest.set_remote(offer, now).expect("the server's offer");
        let answer = guest.create_answer().expect("an answer");
        guest.set_local(answer).expect("our own answer");
    }

    #[test]
    fn a_section_that_serves_one_track_after_the_other_keeps_two_streams_at_most() {
        let now = test_support::start();
        let (mut sdp, mut ssrc) = offer_to_send(now);
        let mut guest = peer(now);
        let mut served = Vec::new();
        for next in 1000..1050 {
            accept(&mut guest, &sdp, now);
            served.push(ssrc);
            sdp = with_another_ssrc(&sdp, ssrc, next);
            ssrc = next;
        }
        let mut held = |ssrc: &u32| guest.rtc.direct_api().stream_rx(&(*ssrc).into()).is_some();
        let (earlier, last) = served.split_at(served.len() - 2);
        assert!(
            last.iter().all(&mut held),
            "the present stream, and the one whose packets may be on their way, are kept"
        );
        let kept: Vec<_> = earlier.iter().filter(|ssrc| held(ssrc)).collect();
        assert!(kept.is_empty(), "streams of tracks long gone: {kept:?}");
    }

    #[test]
    fn a_stream_that_is_named_again_is_not_forgotten() {
        let mut retired = Retired::default();
        let (both, one) = (BTreeSet::from([1, 2]), BTreeSet::from([1]));
        assert_eq!(retired.replace(&both, &one), [0_u32; 0]);
        assert_eq!(retired.replace(&one, &both), [0_u32; 0]);
        assert_eq!(retired.replace(&both, &one), [0_u32; 0]);
        assert_eq!(retired.replace(&one, &one), [2]);
    }
}
