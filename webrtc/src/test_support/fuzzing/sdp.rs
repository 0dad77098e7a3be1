//! Descriptions and candidates of a peer, in every state of signalling.

use std::time::{Duration, Instant};

use crate::{
    MediaType,
    data_channel::DataChannelInit,
    engine::{core::Core, negotiation::sdp::sections, stats::WallClock, test_support},
    ice_candidate::IceCandidate,
    peer_connection::{OfferOptions, SignalingState},
    peer_connection_factory::RtcConfiguration,
    rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit},
    session_description::{SdpType, SessionDescription},
};

/// Ends one step of the script; no description contains it.
const END: u8 = 0xff;

/// Steps that one input may take.
const MAX_STEPS: usize = 24;

/// Descriptions, candidates and calls in any order.
///
/// Each step is a letter and a text: `o`ffer, `a`nswer, `c`andidate; and without text: `m`ake an
/// offer and apply it, `n`ew section, `d`ata channel, `r`ollback, r`e`start, `t`ime passes, `x`
/// close. In a text, `@0` to `@9` stand for the names of the sections of our last offer.
///
/// # Panics
///
/// When a promise is broken.
pub fn sdp(data: &[u8]) {
    let mut side = Side::new();
    for step in data.split(|byte| *byte == END).take(MAX_STEPS) {
        if let Some((kind, text)) = step.split_first() {
            side.step(*kind, &String::from_utf8_lossy(text));
            side.check();
        }
    }
    side.end();
}

struct Side {
    core: Core,
    now: Instant,
    /// Names of the sections of our last offer.
    mids: Vec<String>,
    /// Sections that the peer's descriptions had, all together.
    offered: usize,
    added: usize,
}

impl Side {
    fn new() -> Self {
        let now = test_support::start();
        let mut core = test_support::core(RtcConfiguration::default(), now);
        core.add_host(([10, 0, 0, 1], 1_000).into(), now);
        Self {
            core,
            now,
            mids: Vec::new(),
            offered: 0,
            added: 0,
        }
    }

    fn step(&mut self, kind: u8, text: &str) {
        match kind {
            b'o' => self.take(text, SdpType::Offer),
            b'a' => self.take(text, SdpType::Answer),
            b'c' => {
                let candidate = IceCandidate {
                    mid: String::new(),
                    index: 0,
                    line: text.to_owned(),
                };
                self.core.add_remote_candidate(&candidate, self.now).ok();
            }
            b'm' => self.offer(false),
            b'e' => self.offer(true),
            b'n' => self.add_section(text),
            b'd' => {
                self.core
                    .create_channel("c", DataChannelInit::default(), self.now)
                    .ok();
            }
            b'r' => self.take("", SdpType::Rollback),
            b'x' => self.core.close(self.now),
            _ => self.pass(),
        }
        self.core.settle(self.now);
    }

    /// Applies the peer's description; an offer is answered.
    fn take(&mut self, text: &str, ty: SdpType) {
        let sdp = self.with_names(text);
        self.offered += sections(&sdp).len();
        let result = self
            .core
            .set_remote(SessionDescription { sdp, ty }, self.now);
        if result.is_ok() && ty == SdpType::Offer {
            assert_eq!(
                self.core.session.signaling(),
                SignalingState::HaveRemoteOffer,
                "an accepted offer was forgotten"
            );
            let answer = self
                .core
                .create_answer()
                .expect("an accepted offer has an answer");
            self.core.set_local(answer).expect("our own answer");
        }
    }

    fn offer(&mut self, ice_restart: bool) {
        let options = OfferOptions { ice_restart };
        if let Ok(offer) = self.core.create_offer(&options, self.now) {
            self.mids = sections(&offer.sdp)
                .into_iter()
                .map(|section| section.mid)
                .collect();
            self.core.set_local(offer).expect("our own offer");
        }
    }

    fn add_section(&mut self, text: &str) {
        let kind = if text.starts_with('v') {
            MediaType::Video
        } else {
            MediaType::Audio
        };
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::SendRecv,
            stream_ids: vec![text.chars().take(16).collect()],
            send_encodings: Vec::new(),
        };
        if self.core.add_transceiver(kind, init).is_ok() {
            self.added += 1;
        }
    }

    fn pass(&mut self) {
        for _ in 0..20 {
            self.now += Duration::from_millis(50);
            self.core.settle(self.now);
        }
    }

    fn with_names(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (index, mid) in self.mids.iter().enumerate().take(10) {
            text = text.replace(&format!("@{index}"), mid);
        }
        text
    }

    fn check(&mut self) {
        let sections = self.core.session.transceivers().len();
        assert!(
            sections <= self.offered + self.added,
            "{sections} sections of {} offered and {} added",
            self.offered,
            self.added
        );
        let events = std::mem::take(&mut self.core.outbox.events).len();
        assert!(
            events <= 64 + 4 * self.offered,
            "{events} events from one step"
        );
        let datagrams = std::mem::take(&mut self.core.outbox.datagrams).len();
        assert!(datagrams <= 10_000, "{datagrams} datagrams from one step");
        let rested = (0..100).any(|_| {
            let rests = self.core.deadline() > self.now;
            if !rests {
                self.now += Duration::from_millis(1);
                self.core.settle(self.now);
            }
            rests
        });
        assert!(rested, "the timer spins");
    }

    /// Whatever was said: statistics can be read and the connection be closed.
    fn end(mut self) {
        self.core.stats(WallClock {
            now: self.now,
            since_1970: Duration::ZERO,
        });
        self.core.close(self.now);
        self.core.settle(self.now);
        assert_eq!(self.core.session.signaling(), SignalingState::Closed);
        assert!(self.core.session.transceivers().is_empty());
    }
}
