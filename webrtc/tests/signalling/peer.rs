//! One side: a connection, and what it ought to be in.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use libwebrtc::{
    MediaType,
    audio_source::{AudioSourceOptions, native::NativeAudioSource},
    ice_candidate::IceCandidate,
    peer_connection_factory::native::PeerConnectionFactoryExt,
    prelude::*,
    session_description::SessionDescription,
};
use proptest::prelude::*;

/// What a peer says that makes no sense here and now.
#[derive(Clone, Debug)]
pub(crate) enum Rubbish {
    Offer(String),
    Answer(String),
}

pub(crate) fn rubbish() -> impl Strategy<Value = Rubbish> {
    const TEXTS: [&str; 3] = [
        "v=0\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        "nonsense",
    ];
    let text = prop_oneof![
        prop::sample::select(&TEXTS[..]).prop_map(str::to_owned),
        "\\PC{0,80}"
    ];
    prop_oneof![
        text.clone().prop_map(Rubbish::Offer),
        text.prop_map(Rubbish::Answer)
    ]
}

/// A section of our own making.
struct Section {
    transceiver: RtpTransceiver,
    track: Option<RtcAudioTrack>,
    stream: String,
    sends: bool,
    enabled: bool,
}

pub(crate) struct Side {
    name: &'static str,
    connection: PeerConnection,
    sections: Vec<Section>,
    channels: Vec<DataChannel>,
    /// The model's signalling state.
    state: SignalingState,
}

impl Side {
    pub(crate) fn new(name: &'static str) -> Self {
        let connection = PeerConnectionFactory::default()
            .create_peer_connection(RtcConfiguration::default())
            .expect("a connection");
        Self {
            name,
            connection,
            sections: Vec::new(),
            channels: Vec::new(),
            state: SignalingState::Stable,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == SignalingState::Closed
    }

    // ---- steps ------------------------------------------------------------

    pub(crate) fn add(&mut self, sends: bool) {
        let stream = format!("{}{}", self.name, self.sections.len());
        let init = RtpTransceiverInit {
            direction: if sends {
                RtpTransceiverDirection::SendRecv
            } else {
                RtpTransceiverDirection::RecvOnly
            },
            stream_ids: vec![stream.clone()],
            send_encodings: Vec::new(),
        };
        let track = sends.then(|| {
            let source = NativeAudioSource::new(AudioSourceOptions::default(), 16_000, 1, 0);
            PeerConnectionFactory::default().create_audio_track(&stream, source)
        });
        let added = match &track {
            Some(track) => self.connection.add_transceiver(track.clone().into(), init),
            None => self
                .connection
                .add_transceiver_for_media(MediaType::Audio, init),
        };
        assert_eq!(added.is_err(), self.is_closed(), "a section was refused");
        if let Ok(transceiver) = added {
            self.sections.push(Section {
                transceiver,
                track,
                stream,
                sends,
                enabled: true,
            });
        }
    }

    fn chosen(&mut self, which: usize) -> Option<&mut Section> {
        let count = self.sections.len().max(1);
        self.sections.get_mut(which % count)
    }

    pub(crate) fn remove(&mut self, which: usize) {
        let (connection, closed) = (self.connection.clone(), self.is_closed());
        if let Some(section) = self.chosen(which) {
            let removed = connection.remove_track(section.transceiver.sender());
            assert_eq!(removed.is_err(), closed, "a track was not removed");
            section.sends = false;
        }
    }

    pub(crate) fn stop(&mut self, which: usize) {
        if let Some(section) = self.chosen(which) {
            section.transceiver.stop().expect("never refused");
            section.sends = false;
        }
    }

    pub(crate) fn mute(&mut self, which: usize) {
        if let Some(section) = self.chosen(which)
            && let Some(track) = &section.track
        {
            section.enabled = !section.enabled;
            assert!(track.set_enabled(section.enabled), "muting changed nothing");
        }
    }

    pub(crate) fn create_channel(&mut self) {
        let created = self
            .connection
            .create_data_channel("c", DataChannelInit::default());
        assert_eq!(created.is_err(), self.is_closed(), "a channel was refused");
        self.channels.extend(created);
    }

    pub(crate) fn close_channel(&mut self, which: usize) {
        if let Some(channel) = self.channels.get(which % self.channels.len().max(1)) {
            channel.close();
        }
    }

    /// `None` when there is nothing to offer.
    pub(crate) fn offer(&mut self, ice_restart: bool) -> Option<SessionDescription> {
        let options = OfferOptions { ice_restart };
        let offer = now(self.connection.create_offer(options)).ok();
        assert!(
            offer.is_none() || !self.is_closed(),
            "a closed connection made an offer"
        );
        offer
    }

    pub(crate) fn apply_offer(&mut self, offer: SessionDescription) {
        now(self.connection.set_local_description(offer)).expect("our own offer");
        self.state = SignalingState::HaveLocalOffer;
    }

    pub(crate) fn answer(&mut self, offer: SessionDescription) -> SessionDescription {
        now(self.connection.set_remote_description(offer)).expect("the peer's offer");
        assert_eq!(
            self.connection.signaling_state(),
            SignalingState::HaveRemoteOffer
        );
        let answer =
            now(self.connection.create_answer(AnswerOptions::default())).expect("an answer");
        now(self.connection.set_local_description(answer.clone())).expect("our own answer");
        self.state = SignalingState::Stable;
        answer
    }

    pub(crate) fn apply_answer(&mut self, answer: SessionDescription) {
        now(self.connection.set_remote_description(answer)).expect("the answer to our offer");
        self.state = SignalingState::Stable;
    }

    pub(crate) fn roll_back(&mut self) {
        let nothing = SessionDescription::parse("", SdpType::Rollback).expect("a rollback");
        if now(self.connection.set_local_description(nothing)).is_ok() {
            self.state = SignalingState::Stable;
        }
    }

    /// What livekit does to take an offer back.
    pub(crate) fn repeat_answer(&mut self) {
        let last = self.connection.current_remote_description();
        let Some(last) = last.filter(|last| last.sdp_type() == SdpType::Answer) else {
            return;
        };
        let applied = now(self.connection.set_remote_description(last)).is_ok();
        assert_eq!(
            applied,
            self.state == SignalingState::HaveLocalOffer,
            "the last answer again, in {:?}",
            self.state
        );
        if applied {
            self.state = SignalingState::Stable;
        }
    }

    pub(crate) fn candidate(&self, rubbish: bool) {
        let line = if rubbish {
            "candidate:1 1 udp x"
        } else {
            "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host"
        };
        if let Ok(candidate) = IceCandidate::parse("0", 0, line) {
            for _ in 0..2 {
                now(self.connection.add_ice_candidate(candidate.clone())).ok();
            }
        }
    }

    /// Nothing of it may be accepted; what is under way goes on.
    pub(crate) fn hear(&mut self, rubbish: &Rubbish) {
        let (text, ty) = match rubbish {
            Rubbish::Offer(text) => (text, SdpType::Offer),
            Rubbish::Answer(text) => (text, SdpType::Answer),
        };
        if let Ok(description) = SessionDescription::parse(text, ty) {
            let heard = now(self.connection.set_remote_description(description));
            assert!(heard.is_err(), "rubbish was accepted: {text:?}");
        }
    }

    pub(crate) fn close(&mut self) {
        self.connection.close();
        self.state = SignalingState::Closed;
    }

    // ---- checks -----------------------------------------------------------

    pub(crate) fn check_state(&self) {
        assert_eq!(
            self.connection.signaling_state(),
            self.state,
            "state of {}",
            self.name
        );
        for section in &self.sections {
            if let Some(track) = &section.track {
                assert_eq!(track.enabled(), section.enabled, "a track changed its mute");
            }
        }
    }

    /// The other side has left, or we have: calls end with a result.
    pub(crate) fn survives_alone(&mut self) {
        self.add(true);
        self.create_channel();
        self.offer(true);
        self.close();
        assert!(self.connection.transceivers().is_empty());
        self.check_state();
    }

    /// Each section of ours is what we want of it, on both sides.
    pub(crate) fn check_agreement(&self, peer: &Self) {
        use RtpTransceiverDirection as Direction;
        let theirs = peer.connection.transceivers();
        for section in &self.sections {
            let Some(mid) = section.transceiver.mid() else {
                assert_eq!(
                    section.transceiver.direction(),
                    Direction::Stopped,
                    "a section was not offered"
                );
                continue;
            };
            let Some(other) = theirs
                .iter()
                .find(|other| other.mid().as_ref() == Some(&mid))
            else {
                assert_eq!(
                    section.transceiver.direction(),
                    Direction::Stopped,
                    "section {mid} of {} is missing over there, though it was not stopped after \
                     an offer that was thrown away",
                    self.name
                );
                continue;
            };
            let (ours, their) = (
                section.transceiver.current_direction(),
                other.current_direction(),
            );
            let (sends, receives) = (
                matches!(ours, Some(Direction::SendOnly | Direction::SendRecv)),
                matches!(their, Some(Direction::RecvOnly | Direction::SendRecv)),
            );
            assert_eq!(
                (sends, receives),
                (section.sends, section.sends),
                "section {mid} of {}: {ours:?} here and {their:?} there",
                self.name
            );
            let expected: &[String] = if section.sends {
                std::slice::from_ref(&section.stream)
            } else {
                &[]
            };
            let streams: Vec<String> = other
                .receiver()
                .streams()
                .iter()
                .map(MediaStream::id)
                .collect();
            assert_eq!(
                streams, expected,
                "streams of section {mid} of {}",
                self.name
            );
        }
    }
}

/// No call of signalling waits for anything: it is done when it is polled once.
fn now<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a call of signalling waited"),
    }
}
