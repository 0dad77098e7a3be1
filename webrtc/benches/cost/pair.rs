//! Two connections of this process with each other, through the public interface.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use libwebrtc::{
    audio_source::native::NativeAudioSource, audio_stream::native::NativeAudioStream,
    peer_connection_factory::native::PeerConnectionFactoryExt, prelude::*,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a pair is made with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// The first sends sound of this rate to the second.
    pub(crate) forth_hz: Option<u32>,
    /// The second sends sound of this rate to the first.
    pub(crate) back_hz: Option<u32>,
    /// Both may be silent in silence.
    pub(crate) dtx: bool,
    /// The data channels that a LiveKit client opens.
    pub(crate) channels: bool,
}

type Shared<T> = Arc<Mutex<Vec<T>>>;

/// One end.
pub(crate) struct Peer {
    pub(crate) connection: PeerConnection,
    pub(crate) source: Option<NativeAudioSource>,
    candidates: Shared<IceCandidate>,
    tracks: Shared<RtcAudioTrack>,
    /// Kept open.
    _channels: Vec<DataChannel>,
}

impl Peer {
    fn new(send_hz: Option<u32>) -> Self {
        let mut config = RtcConfiguration::default();
        config.enable_sctp_snap = true;
        let factory = PeerConnectionFactory::with_options(false, true);
        let connection = factory
            .create_peer_connection(config)
            .expect("a connection");
        let (candidates, tracks) = (Shared::default(), Shared::default());
        let found = Arc::clone(&candidates);
        connection.on_ice_candidate(Some(Box::new(move |candidate| push(&found, candidate))));
        let heard = Arc::clone(&tracks);
        connection.on_track(Some(Box::new(move |event| {
            if let MediaStreamTrack::Audio(track) = event.track {
                push(&heard, track);
            }
        })));
        let source = send_hz.map(|hz| {
            let source = NativeAudioSource::new(AudioSourceOptions::default(), hz, 1, 200);
            let id = libwebrtc::native::create_random_uuid();
            let track = factory.create_audio_track(&id, source.clone());
            let init = RtpTransceiverInit {
                direction: RtpTransceiverDirection::SendOnly,
                stream_ids: vec!["stream".to_owned()],
                send_encodings: vec![],
            };
            connection
                .add_transceiver(track.into(), init)
                .expect("a section");
            source
        });
        Self {
            connection,
            source,
            candidates,
            tracks,
            _channels: Vec::new(),
        }
    }

    fn open_channels(&mut self) {
        for (label, max_retransmits) in [
            ("_reliable", None),
            ("_lossy", Some(0)),
            ("_data_track", Some(0)),
        ] {
            let init = DataChannelInit {
                ordered: max_retransmits.is_none(),
                max_retransmits,
                ..DataChannelInit::default()
            };
            let channel = self.connection.create_data_channel(label, init);
            self._channels.push(channel.expect("a channel"));
        }
    }

    fn is_connected(&self) -> bool {
        self.connection.connection_state() == PeerConnectionState::Connected
    }

    /// Waits for the other's track and listens to it.
    pub(crate) async fn listen(&self, rate_hz: u32) -> NativeAudioStream {
        until("a track", || !lock(&self.tracks).is_empty()).await;
        let track = lock(&self.tracks)[0].clone();
        NativeAudioStream::new(track, rate_hz as i32, 1)
    }
}

/// Two peers.
pub(crate) struct Pair {
    pub(crate) first: Peer,
    pub(crate) second: Peer,
}

impl Pair {
    /// Makes two peers and negotiates, as far as `steps` of 6 go.
    pub(crate) async fn negotiated(shape: Shape, steps: usize) -> Self {
        let mut first = Peer::new(shape.forth_hz);
        let second = Peer::new(shape.back_hz);
        if shape.channels {
            first.open_channels();
        }
        let pair = Self { first, second };
        negotiate(&pair.first, &pair.second, shape, steps).await;
        if shape.back_hz.is_some() && steps > 6 {
            // What the second sends is in its own offer.
            negotiate(&pair.second, &pair.first, shape, steps).await;
        }
        pair
    }

    /// A pair that is connected.
    pub(crate) async fn connected(shape: Shape) -> Self {
        let pair = Self::negotiated(shape, usize::MAX).await;
        pair.connect().await;
        pair
    }

    /// Exchanges addresses until both ends are connected.
    pub(crate) async fn connect(&self) {
        let start = Instant::now();
        while !(self.first.is_connected() && self.second.is_connected()) {
            self.trickle().await;
            assert!(start.elapsed() < PATIENCE, "two peers did not connect");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Hands over the addresses found so far.
    pub(crate) async fn trickle(&self) {
        for (from, to) in [(&self.first, &self.second), (&self.second, &self.first)] {
            let found = std::mem::take(&mut *lock(&from.candidates));
            for candidate in found {
                to.connection
                    .add_ice_candidate(candidate)
                    .await
                    .expect("an address");
            }
        }
    }

    pub(crate) fn close(&self) {
        self.first.connection.close();
        self.second.connection.close();
    }
}

/// Offer and answer, as far as `steps` of 6 go.
async fn negotiate(offerer: &Peer, answerer: &Peer, shape: Shape, steps: usize) {
    let (a, b) = (&offerer.connection, &answerer.connection);
    if steps == 0 {
        return;
    }
    let offer = a
        .create_offer(OfferOptions::default())
        .await
        .expect("an offer");
    let offer = with_dtx(&offer, SdpType::Offer, shape.dtx);
    if steps == 1 {
        return;
    }
    a.set_local_description(offer.clone())
        .await
        .expect("our offer");
    if steps == 2 {
        return;
    }
    b.set_remote_description(offer)
        .await
        .expect("the peer's offer");
    if steps == 3 {
        return;
    }
    let answer = b
        .create_answer(AnswerOptions::default())
        .await
        .expect("an answer");
    let answer = with_dtx(&answer, SdpType::Answer, shape.dtx);
    if steps == 4 {
        return;
    }
    b.set_local_description(answer.clone())
        .await
        .expect("our answer");
    if steps == 5 {
        return;
    }
    a.set_remote_description(answer)
        .await
        .expect("the peer's answer");
}

/// What a LiveKit server adds to the settings of Opus.
fn with_dtx(description: &SessionDescription, kind: SdpType, dtx: bool) -> SessionDescription {
    let text = description.to_string();
    let text = if dtx && !text.contains("usedtx=1") {
        text.replace("useinbandfec=1", "useinbandfec=1;usedtx=1")
    } else {
        text
    };
    SessionDescription::parse(&text, kind).expect("a readable description")
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn lock<T>(list: &Shared<T>) -> std::sync::MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

fn push<T>(list: &Shared<T>, value: T) {
    lock(list).push(value);
}
