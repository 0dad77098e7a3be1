//! Two connected peers, a tone to send, and an ear.

use std::{
    f64::consts::PI,
    sync::Arc,
    time::{Duration, Instant},
};

use libwebrtc::{
    audio_source::native::NativeAudioSource,
    audio_stream::native::{NativeAudioStream, NativeAudioStreamOptions},
    peer_connection::TrackEvent,
    peer_connection_factory::native::PeerConnectionFactoryExt,
    prelude::*,
};
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::StreamExt;

/// Longer than anything takes, on a machine that is loaded or stalls.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Amplitude of the tones; their rms is this over the square root of two.
pub(crate) const AMPLITUDE: f64 = 8_000.0;

/// Tenths of a second in a row that sound as expected until an [`Ear`] believes it.
const STREAK: u32 = 3;

/// Messages with the label of the channel they came on.
pub(crate) type Messages = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// One side of a conversation.
pub(crate) struct Peer {
    pub(crate) connection: PeerConnection,
    pub(crate) tracks: Arc<Mutex<Vec<TrackEvent>>>,
    pub(crate) states: Arc<Mutex<Vec<PeerConnectionState>>>,
    pub(crate) channels: Arc<Mutex<Vec<DataChannel>>>,
    /// Messages on the channels that the other side opened.
    pub(crate) messages: Messages,
}

impl Peer {
    fn new() -> Self {
        let mut config = RtcConfiguration::default();
        config.enable_sctp_snap = true;
        let factory = PeerConnectionFactory::with_options(false, true);
        let connection = factory
            .create_peer_connection(config)
            .expect("a connection");
        let peer = Self {
            connection,
            tracks: Arc::default(),
            states: Arc::default(),
            channels: Arc::default(),
            messages: Arc::default(),
        };
        let tracks = Arc::clone(&peer.tracks);
        peer.connection
            .on_track(Some(Box::new(move |event| tracks.lock().push(event))));
        let states = Arc::clone(&peer.states);
        peer.connection
            .on_connection_state_change(Some(Box::new(move |state| states.lock().push(state))));
        let (channels, messages) = (Arc::clone(&peer.channels), Arc::clone(&peer.messages));
        peer.connection
            .on_data_channel(Some(Box::new(move |channel| {
                let (label, messages) = (channel.label(), Arc::clone(&messages));
                channel.on_message(Some(Box::new(move |message| {
                    messages.lock().push((label.clone(), message.data.to_vec()));
                })));
                channels.lock().push(channel);
            })));
        peer
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection.connection_state() == PeerConnectionState::Connected
    }

    /// Waits until these states were reported to the application, after the first `known` ones and in
    /// this order; others may lie between, on a machine that stalls for seconds.
    pub(crate) async fn is_told(&self, known: usize, expected: &[PeerConnectionState]) {
        wait_for(&format!("the states {expected:?}"), || {
            let states = self.states.lock();
            let mut told = states.iter().skip(known);
            expected
                .iter()
                .all(|expected| told.any(|state| state == expected))
        })
        .await;
    }

    /// Publishes a tone; the section goes out with the next offer.
    pub(crate) fn send_tone(
        &self,
        stream: &str,
        rate: u32,
        hz: f64,
    ) -> (RtcAudioTrack, RtpTransceiver) {
        let (track, _) = tone_track(rate, hz);
        let init = RtpTransceiverInit {
            direction: RtpTransceiverDirection::SendOnly,
            stream_ids: vec![stream.to_owned()],
            send_encodings: vec![],
        };
        let transceiver = self
            .connection
            .add_transceiver(track.clone().into(), init)
            .expect("a section");
        (track, transceiver)
    }

    /// Waits for the n-th track of the other side.
    pub(crate) async fn track(&self, index: usize) -> RtcAudioTrack {
        wait_for("a track of the peer", || self.tracks.lock().len() > index).await;
        match self.tracks.lock()[index].track.clone() {
            MediaStreamTrack::Audio(track) => track,
            MediaStreamTrack::Video(_) => panic!("a video track where audio was sent"),
        }
    }
}

/// Two peers that pass each other their addresses. Not connected before the first negotiation.
pub(crate) fn two_peers() -> (Peer, Peer) {
    let (alice, bob) = (Peer::new(), Peer::new());
    trickle(&alice.connection, &bob.connection);
    trickle(&bob.connection, &alice.connection);
    (alice, bob)
}

/// Two peers, connected, the first sending a tone of 440 Hz from a 24 kHz source.
pub(crate) async fn connected_with_tone() -> (Peer, Peer, RtcAudioTrack, RtpTransceiver) {
    let (alice, bob) = two_peers();
    let (track, transceiver) = alice.send_tone("PA_a|TR_1", 24_000, 440.0);
    negotiate(&alice, &bob).await;
    wait_for("both peers to be connected", || {
        alice.is_connected() && bob.is_connected()
    })
    .await;
    (alice, bob, track, transceiver)
}

fn trickle(from: &PeerConnection, to: &PeerConnection) {
    let (sender, mut receiver) = mpsc::channel(64);
    from.on_ice_candidate(Some(Box::new(move |candidate| {
        sender.try_send(candidate).expect("fewer than 64 addresses");
    })));
    let to = to.clone();
    tokio::spawn(async move {
        while let Some(candidate) = receiver.recv().await {
            wait_for("a remote description", || {
                to.current_remote_description().is_some()
            })
            .await;
            to.add_ice_candidate(candidate)
                .await
                .expect("a candidate of our own making");
        }
    });
}

pub(crate) async fn negotiate(offerer: &Peer, answerer: &Peer) {
    negotiate_with(offerer, answerer, OfferOptions::default()).await;
}

pub(crate) async fn negotiate_with(offerer: &Peer, answerer: &Peer, options: OfferOptions) {
    let (offerer, answerer) = (&offerer.connection, &answerer.connection);
    let offer = offerer.create_offer(options).await.expect("an offer");
    let offer =
        SessionDescription::parse(&offer.to_string(), SdpType::Offer).expect("a readable offer");
    offerer
        .set_local_description(offer.clone())
        .await
        .expect("our own offer");
    answerer
        .set_remote_description(offer)
        .await
        .expect("the peer's offer");
    let answer = answerer
        .create_answer(AnswerOptions::default())
        .await
        .expect("an answer");
    answerer
        .set_local_description(answer.clone())
        .await
        .expect("our own answer");
    offerer
        .set_remote_description(answer)
        .await
        .expect("the peer's answer");
}

/// What is read from a connection may be newer than what its callbacks have reported: they run on
/// threads of their own.
pub(crate) async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A track of an endless tone in frames of 20 ms, and the task that feeds it.
pub(crate) fn tone_track(rate: u32, hz: f64) -> (RtcAudioTrack, tokio::task::JoinHandle<()>) {
    let source = NativeAudioSource::new(AudioSourceOptions::default(), rate, 1, 200);
    let id = libwebrtc::native::create_random_uuid();
    let track = PeerConnectionFactory::default().create_audio_track(&id, source.clone());
    let feeder = tokio::spawn(async move {
        let samples = rate / 50;
        let step = 2.0 * PI * hz / f64::from(rate);
        for n in 0_u64.. {
            let mut frame = AudioFrame::new(rate, 1, samples);
            for (index, sample) in frame.data.to_mut().iter_mut().enumerate() {
                let phase = step * (n * u64::from(samples) + index as u64) as f64;
                *sample = (AMPLITUDE * phase.sin()) as i16;
            }
            source
                .capture_frame(&frame)
                .await
                .expect("room for a frame");
        }
    });
    (track, feeder)
}

/// Listens to a track in some format.
pub(crate) struct Ear {
    stream: NativeAudioStream,
    rate: u32,
    channels: u32,
}

impl Ear {
    pub(crate) fn new(track: RtcAudioTrack, rate: u32, channels: u32) -> Self {
        // A queue long enough that a loaded machine drops nothing from the middle of a tone.
        let options = NativeAudioStreamOptions {
            queue_size_frames: Some(1_000),
        };
        let stream = NativeAudioStream::with_options(track, rate as i32, channels as i32, options);
        Self {
            stream,
            rate,
            channels,
        }
    }

    /// Forgets what came before now: what is heard next is what the track sounds like next.
    async fn skip_the_past(&mut self) {
        // With no time to wait, a frame is taken if it is there.
        while let Ok(frame) = timeout(Duration::ZERO, self.stream.next()).await {
            assert!(frame.is_some(), "the stream goes on");
        }
    }

    /// A tenth of a second of the first channel.
    async fn listen(&mut self) -> Vec<i16> {
        let mut pcm = Vec::new();
        for _ in 0..10 {
            let frame = timeout(PATIENCE, self.stream.next()).await;
            let frame = frame
                .expect("the next frame comes")
                .expect("the stream goes on");
            assert_eq!(
                (frame.sample_rate, frame.num_channels),
                (self.rate, self.channels)
            );
            assert_eq!(
                frame.samples_per_channel,
                self.rate / 100,
                "a frame is 10 ms"
            );
            assert_eq!(frame.data.len() as u32, self.rate / 100 * self.channels);
            pcm.extend(frame.data.iter().step_by(self.channels as usize));
        }
        pcm
    }

    /// Waits until a tone of this frequency and its full level is heard for a while. A machine
    /// that stalls tears holes into it: what is between them counts.
    pub(crate) async fn hears(&mut self, hz: f64) {
        self.skip_the_past().await;
        let start = Instant::now();
        let mut streak = 0;
        while streak < STREAK {
            let pcm = self.listen().await;
            let (heard_hz, rms) = (frequency(&pcm, self.rate), rms(&pcm));
            let clear = (heard_hz - hz).abs() < 4.0 && (5_000.0..6_300.0).contains(&rms);
            streak = if clear { streak + 1 } else { 0 };
            assert!(
                start.elapsed() < PATIENCE,
                "{hz} Hz expected, last heard {heard_hz:.0} Hz with rms {rms:.0}"
            );
        }
    }

    /// Waits until nothing is heard for a while.
    pub(crate) async fn hears_silence(&mut self) {
        self.skip_the_past().await;
        let start = Instant::now();
        let mut streak = 0;
        while streak < STREAK {
            let rms = rms(&self.listen().await);
            streak = if rms < 1.0 { streak + 1 } else { 0 };
            assert!(
                start.elapsed() < PATIENCE,
                "silence expected, last heard rms {rms:.0}"
            );
        }
    }
}

/// By the time between the first and the last upward crossing of zero; 0 with fewer than two.
fn frequency(pcm: &[i16], rate: u32) -> f64 {
    let upward = |pair: &[i16]| pair[0] < 0 && pair[1] >= 0;
    let count = pcm.windows(2).filter(|pair| upward(pair)).count();
    let first = pcm.windows(2).position(upward);
    let last = pcm.windows(2).rposition(upward);
    match (first, last) {
        (Some(first), Some(last)) if last > first => {
            (count - 1) as f64 * f64::from(rate) / (last - first) as f64
        }
        _ => 0.0,
    }
}

fn rms(pcm: &[i16]) -> f64 {
    (pcm.iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum::<f64>()
        / pcm.len() as f64)
        .sqrt()
}
