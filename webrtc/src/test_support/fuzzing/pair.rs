//! One of our connections and a peer that holds the keys and keeps no rule, in virtual time.
//!
//! The peer is the same engine with another provider of cryptography: one that lets the target
//! put bytes of its own into DTLS, where SCTP would be.

use std::{
    cell::RefCell,
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Input, Output, Rtc, RtcConfig,
    change::SdpOffer,
    crypto::{
        CryptoProvider,
        dtls::{
            DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion,
            ProtocolVersion,
        },
        from_feature_flags,
    },
    net::{Protocol, Receive},
};

use crate::{
    MediaType,
    data_channel::DataChannelInit,
    engine::{core::Core, test_support},
    peer_connection::OfferOptions,
    peer_connection_factory::RtcConfiguration,
    rtp_transceiver::{RtpTransceiverDirection, RtpTransceiverInit},
    session_description::{SdpType, SessionDescription},
};

/// Where the two are.
const OURS: ([u8; 4], u16) = ([10, 0, 0, 1], 1_000);
const THEIRS: ([u8; 4], u16) = ([10, 0, 0, 2], 2_000);

/// Rounds of exchange until they are connected: each is 10 ms. More is a hang.
const MAX_ROUNDS: u32 = 500;

thread_local! {
    /// What the peer sends by DTLS in place of SCTP.
    static INJECTED: RefCell<VecDeque<Vec<u8>>> = const { RefCell::new(VecDeque::new()) };
}

/// Both sides and what is on the way.
pub(super) struct Pair {
    pub(super) core: Core,
    pub(super) evil: Rtc,
    pub(super) now: Instant,
    /// Datagrams to us that were not delivered yet.
    pub(super) inbound: VecDeque<Vec<u8>>,
    /// Datagrams to us that were.
    pub(super) delivered: VecDeque<Vec<u8>>,
}

impl Pair {
    /// A negotiated pair with a channel, a section to receive on and one to send on. Nothing was
    /// exchanged on the network yet.
    pub(super) fn negotiated() -> Self {
        let now = test_support::start();
        let mut core = test_support::core(RtcConfiguration::default(), now);
        for direction in [
            RtpTransceiverDirection::RecvOnly,
            RtpTransceiverDirection::SendOnly,
        ] {
            let init = RtpTransceiverInit {
                direction,
                stream_ids: vec!["PA_a|TR_a".to_owned()],
                send_encodings: Vec::new(),
            };
            core.add_transceiver(MediaType::Audio, init)
                .expect("a section");
        }
        core.create_channel("_reliable", DataChannelInit::default(), now)
            .expect("a channel");
        let offer = core
            .create_offer(&OfferOptions::default(), now)
            .expect("an offer");
        core.set_local(offer.clone()).expect("our own offer");
        core.add_host(OURS.into(), now);
        let mut evil = evil_peer(now);
        let theirs = Candidate::host(THEIRS.into(), "udp").expect("a candidate");
        evil.add_local_candidate(theirs);
        let offer = SdpOffer::from_sdp_string(&offer.sdp).expect("a readable offer");
        let answer = evil.sdp_api().accept_offer(offer).expect("an answer");
        let answer = SessionDescription {
            sdp: answer.to_sdp_string(),
            ty: SdpType::Answer,
        };
        core.set_remote(answer, now).expect("the peer's answer");
        let ours = Candidate::host(OURS.into(), "udp").expect("a candidate");
        evil.add_remote_candidate(ours);
        Self {
            core,
            evil,
            now,
            inbound: VecDeque::new(),
            delivered: VecDeque::new(),
        }
    }

    /// A pair whose ICE and DTLS are up.
    pub(super) fn connected() -> Self {
        let mut pair = Self::negotiated();
        for _ in 0..MAX_ROUNDS {
            pair.round();
            if pair.is_connected() {
                for _ in 0..30 {
                    pair.round(); // SCTP follows DTLS
                }
                return pair;
            }
        }
        panic!("the pair did not connect in virtual time");
    }

    pub(super) fn is_connected(&self) -> bool {
        self.evil.is_connected() && self.core.is_up()
    }

    /// Ten milliseconds in which everything is delivered.
    pub(super) fn round(&mut self) {
        self.now += Duration::from_millis(10);
        self.poll_evil();
        while let Some(datagram) = self.inbound.pop_front() {
            self.deliver(&datagram);
            self.remember(datagram);
        }
        self.settle();
    }

    /// Gives our side the time, and its datagrams to the peer.
    pub(super) fn settle(&mut self) {
        self.core.settle(self.now);
        self.core.outbox.events.clear();
        for datagram in std::mem::take(&mut self.core.outbox.datagrams) {
            let Ok(contents) = datagram.contents.as_ref().try_into() else {
                continue;
            };
            let receive = Receive {
                proto: Protocol::Udp,
                source: OURS.into(),
                destination: THEIRS.into(),
                contents,
            };
            self.evil
                .handle_input(Input::Receive(self.now, receive))
                .ok();
            self.poll_evil();
        }
    }

    /// A datagram from the peer's address.
    pub(super) fn deliver(&mut self, datagram: &[u8]) {
        self.deliver_from(THEIRS.into(), datagram);
    }

    pub(super) fn deliver_from(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.core
            .on_datagram(Protocol::Udp, OURS.into(), from, datagram, self.now);
    }

    /// Keeps the last few, for replay.
    pub(super) fn remember(&mut self, datagram: Vec<u8>) {
        self.delivered.push_back(datagram);
        if self.delivered.len() > 64 {
            self.delivered.pop_front();
        }
    }

    /// Sends bytes over the peer's DTLS, where SCTP would be.
    pub(super) fn inject(&mut self, bytes: Vec<u8>) {
        INJECTED.with_borrow_mut(|queue| queue.push_back(bytes));
        self.poll_evil();
    }

    pub(super) fn poll_evil(&mut self) {
        self.evil.handle_input(Input::Timeout(self.now)).ok();
        loop {
            match self.evil.poll_output() {
                Ok(Output::Transmit(datagram)) => {
                    self.inbound.push_back(datagram.contents.as_ref().to_vec());
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(_)) | Err(_) => return,
            }
        }
    }
}

fn evil_peer(now: Instant) -> Rtc {
    let honest = from_feature_flags();
    let provider = CryptoProvider {
        dtls_provider: &EvilDtls,
        ..honest
    };
    RtcConfig::new()
        .set_rtp_mode(true)
        .set_crypto_provider(Arc::new(provider))
        .build(now)
}

#[derive(Debug)]
struct EvilDtls;

impl DtlsProvider for EvilDtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, str0m::crypto::CryptoError> {
        let honest = from_feature_flags()
            .dtls_provider
            .new_dtls(cert, now, dtls_version, mtu)?;
        Ok(Box::new(EvilInstance { honest }))
    }
}

#[derive(Debug)]
struct EvilInstance {
    honest: Box<dyn DtlsInstance>,
}

impl DtlsInstance for EvilInstance {
    fn set_active(&mut self, active: bool) {
        self.honest.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.honest.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        while let Some(bytes) = INJECTED.with_borrow_mut(VecDeque::pop_front) {
            self.honest.send_application_data(&bytes).ok();
        }
        self.honest.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.honest.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        super::sctp::overhear(data);
        self.honest.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.honest.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.honest.protocol_version()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.honest.close()
    }
}
