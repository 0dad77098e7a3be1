//! Encrypted calls between our engine and stock livekit-client in a real browser: who has the
//! passphrase hears and reads the other, who has another one neither hears nor reads.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

#[path = "../../teller/tests/support/ports.rs"]
mod ports;
#[expect(dead_code, reason = "nothing here restarts its server")]
#[path = "../../teller/tests/support/livekit.rs"]
mod server;

use std::{f64::consts::TAU, path::Path, process::Stdio, time::Duration};

use futures_util::StreamExt as _;
use livekit::{
    E2eeOptions, Room, RoomEvent, RoomOptions,
    e2ee::{
        EncryptionType,
        key_provider::{KeyProvider, KeyProviderOptions},
    },
    options::TrackPublishOptions,
    prelude::*,
    webrtc::{
        audio_source::native::NativeAudioSource,
        audio_stream::native::NativeAudioStream,
        prelude::{AudioFrame, AudioSourceOptions, RtcAudioSource},
    },
};
use livekit_api::access_token::{AccessToken, VideoGrants};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::mpsc::UnboundedReceiver,
    time::timeout,
};

use self::server::LiveKit;

const RATE_HZ: u32 = 48_000;
const PASSPHRASE: &str = "correct horse";
/// What our end says, and what the browser's microphone hears.
const OURS_HZ: f64 = 660.0;
const BROWSERS_HZ: f64 = 440.0;
/// A browser starts in seconds; a loaded machine takes more.
const PATIENCE: Duration = Duration::from_secs(60);

fn token(identity: &str) -> String {
    let grants = VideoGrants {
        room_join: true,
        room: "encrypted".to_owned(),
        ..VideoGrants::default()
    };
    AccessToken::with_api_key(server::API_KEY, server::API_SECRET)
        .with_identity(identity)
        .with_grants(grants)
        .to_jwt()
        .unwrap()
}

async fn join(
    server: &LiveKit,
    identity: &str,
    passphrase: &str,
) -> (Room, UnboundedReceiver<RoomEvent>) {
    let mut options = RoomOptions::default();
    options.encryption = Some(E2eeOptions {
        encryption_type: EncryptionType::Gcm,
        key_provider: KeyProvider::with_shared_key(
            KeyProviderOptions::default(),
            passphrase.as_bytes().to_vec(),
        ),
    });
    let joined = Room::connect(&server.url(), &token(identity), options).await;
    joined.unwrap_or_else(|error| panic!("{identity} did not join: {error}\n{}", server.log()))
}

fn tone(hz: f64, from: usize, samples: usize) -> Vec<i16> {
    let sample = |n: usize| 8_000.0 * (TAU * hz * n as f64 / f64::from(RATE_HZ)).sin();
    (from..from + samples).map(|n| sample(n) as i16).collect()
}

/// Publishes an endless tone.
async fn publish_tone(room: &Room) {
    let source = NativeAudioSource::new(AudioSourceOptions::default(), RATE_HZ, 1, 200);
    let track =
        LocalAudioTrack::create_audio_track("voice", RtcAudioSource::Native(source.clone()));
    let options = TrackPublishOptions {
        source: TrackSource::Microphone,
        ..TrackPublishOptions::default()
    };
    let local = room.local_participant();
    local
        .publish_track(LocalTrack::Audio(track), options)
        .await
        .unwrap();
    tokio::spawn(async move {
        let samples = RATE_HZ as usize / 50;
        for n in 0.. {
            let frame = AudioFrame {
                data: tone(OURS_HZ, n * samples, samples).into(),
                ..AudioFrame::new(RATE_HZ, 1, samples as u32)
            };
            source.capture_frame(&frame).await.unwrap();
        }
    });
}

/// The browser's end.
struct Browser {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    fn open(server: &LiveKit, folder: &Path) -> Self {
        let microphone = folder.join("tone.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&microphone, spec).unwrap();
        let seconds = 2 * PATIENCE.as_secs() as usize;
        for sample in tone(BROWSERS_HZ, 0, seconds * RATE_HZ as usize) {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
        let mut process = Command::new("node")
            .arg("e2e/encrypted.mjs")
            .args(["--url", &server.url(), "--token", &token("browser")])
            .args(["--passphrase", PASSPHRASE, "--timeout", "120", "--wav"])
            .arg(&microphone)
            .current_dir(web)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed; scripts/setup says how");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Waits until the browser reports something.
    async fn reports(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) {
        let mut last = Value::Null;
        let search = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                let seen: Value = serde_json::from_str(&line).unwrap();
                assert!(seen.get("failure").is_none(), "the browser failed: {seen}");
                if wanted(&seen) {
                    return true;
                }
                last = seen;
            }
            false
        };
        let found = timeout(PATIENCE, search).await.unwrap_or(false);
        assert!(
            found,
            "the browser did not report {what}; last it said {last}"
        );
    }
}

/// What one participant of ours got from the browser.
#[derive(Debug, Default)]
struct Received {
    /// Frequency and rms of the last half second.
    sound: Option<(f64, f64)>,
    /// Half seconds heard.
    measured: u32,
    data: Option<Vec<u8>>,
}

/// Listens to the browser until `enough`, or for the whole time.
async fn receive(
    events: &mut UnboundedReceiver<RoomEvent>,
    time: Duration,
    enough: impl Fn(&Received) -> bool,
) -> Received {
    let mut received = Received::default();
    let mut stream: Option<NativeAudioStream> = None;
    let mut pcm: Vec<i16> = Vec::new();
    let listen = async {
        while !enough(&received) {
            tokio::select! {
                event = events.recv() => match event.expect("the room stays open") {
                    RoomEvent::TrackSubscribed { track: RemoteTrack::Audio(track), participant, .. }
                        if participant.identity().as_str() == "browser" =>
                    {
                        stream = Some(NativeAudioStream::new(track.rtc_track(), RATE_HZ as i32, 1));
                    }
                    RoomEvent::DataReceived { payload, .. } => received.data = Some(payload.to_vec()),
                    _ => {}
                },
                Some(frame) = async { stream.as_mut()?.next().await }, if stream.is_some() => {
                    pcm.extend_from_slice(&frame.data);
                    if pcm.len() >= RATE_HZ as usize / 2 {
                        received.sound = Some(measure(&pcm));
                        received.measured += 1;
                        pcm.clear();
                    }
                }
            }
        }
    };
    drop(timeout(time, listen).await);
    received
}

/// Frequency by zero crossings, and rms.
fn measure(pcm: &[i16]) -> (f64, f64) {
    let crossings = pcm.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0);
    let energy: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let hz = crossings.count() as f64 * f64::from(RATE_HZ) / pcm.len() as f64;
    (hz, (energy / pcm.len() as f64).sqrt())
}

fn hears_the_browser(received: &Received) -> bool {
    received
        .sound
        .is_some_and(|(hz, rms)| (hz - BROWSERS_HZ).abs() < 10.0 && rms > 1_000.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_the_passphrase_understands_us_and_we_understand_it() {
    let server = LiveKit::start();
    let folder = std::env::temp_dir().join(format!("netlab-encryption-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (ours, mut events) = join(&server, "ours", PASSPHRASE).await;
    let (_outsider, mut outside) = join(&server, "outsider", "battery staple").await;
    publish_tone(&ours).await;
    let mut browser = Browser::open(&server, &folder);
    browser
        .reports("that it joined", |seen| seen["joined"] == true)
        .await;

    let received = receive(&mut events, PATIENCE, |received| {
        hears_the_browser(received) && received.data.is_some()
    })
    .await;
    assert!(
        hears_the_browser(&received),
        "we do not hear the browser: {received:?}"
    );
    assert_eq!(received.data.as_deref(), Some(&b"said in the browser"[..]));

    browser
        .reports("our tone, decrypted", |seen| {
            let heard = seen["hz"]
                .as_f64()
                .is_some_and(|hz| (hz - OURS_HZ).abs() < 10.0);
            let loud = seen["level_db"].as_f64().is_some_and(|db| db > -50.0);
            seen["from"] == "ours" && seen["encrypted"] == true && heard && loud
        })
        .await;
    let packet = DataPacket {
        payload: b"said in Rust".to_vec(),
        reliable: true,
        ..DataPacket::default()
    };
    ours.local_participant().publish_data(packet).await.unwrap();
    browser
        .reports("our data packet", |seen| seen["data"] == "said in Rust")
        .await;

    let outside = receive(&mut outside, PATIENCE, |outside| outside.measured >= 5).await;
    assert!(outside.measured >= 5, "the outsider hears nothing at all");
    let (_, rms) = outside.sound.expect("the outsider is subscribed");
    assert!(
        rms < 100.0,
        "without the passphrase something is heard: rms {rms:.0}"
    );
    assert_eq!(outside.data, None, "without the passphrase data was read");

    drop(browser.process.stdin.take());
    drop(timeout(Duration::from_secs(10), browser.process.wait()).await);
    drop(std::fs::remove_dir_all(&folder));
}
