//! Joins and leaves through a real server: is everything given back? Half of them leave as they should, half are
//! thrown out in mid-speech by the next who joins under their name.
//!
//! The long form is, in `netlab/`:
//! `NETLAB_SOAK_JOINS=1000 cargo test --release --test soak -- --nocapture`.

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

use std::{fs, time::Duration};

use futures_util::StreamExt as _;
use livekit::{
    Room, RoomEvent, RoomOptions,
    options::TrackPublishOptions,
    prelude::*,
    webrtc::{
        audio_source::native::NativeAudioSource,
        audio_stream::native::NativeAudioStream,
        prelude::{AudioFrame, AudioSourceOptions, RtcAudioSource},
    },
};
use livekit_api::access_token::{AccessToken, VideoGrants};
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};

use self::server::LiveKit;

/// Without a wish: some seconds.
const SHORT: usize = 12;
/// From here on memory is judged: threads have started, arenas are filled.
const WARM_UP_SHARE: usize = 10;
/// Joins between two looks at the memory, and the rest before each: connections that are just being closed are not kept.
const STEP: usize = 50;
const REST: Duration = Duration::from_secs(2);
/// What memory may grow by for each join, KiB. Judged from this many joins on: of a few, the allocator's
/// own moods are larger.
const SLOPE_KIB: f64 = 1.0;
const JUDGED_FROM: usize = 500;
const RATE_HZ: u32 = 24_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// What the process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    files: usize,
    threads: usize,
}

impl Held {
    fn now() -> Self {
        let entries = |folder| fs::read_dir(folder).map_or(0, Iterator::count);
        Self {
            files: entries("/proc/self/fd"),
            threads: entries("/proc/self/task"),
        }
    }
}

struct Guest {
    room: Room,
    events: UnboundedReceiver<RoomEvent>,
    speech: tokio::task::JoinHandle<()>,
}

async fn join(server: &LiveKit, identity: &str) -> (Room, UnboundedReceiver<RoomEvent>) {
    let grants = VideoGrants {
        room_join: true,
        room: "soak".to_owned(),
        ..VideoGrants::default()
    };
    let token = AccessToken::with_api_key(server::API_KEY, server::API_SECRET)
        .with_identity(identity)
        .with_grants(grants)
        .to_jwt()
        .unwrap();
    let joined = Room::connect(&server.url(), &token, RoomOptions::default()).await;
    joined.unwrap_or_else(|error| panic!("{identity} did not join: {error}\n{}", server.log()))
}

impl Guest {
    /// Joins and speaks until it is gone.
    async fn arrive(server: &LiveKit) -> Self {
        let (room, events) = join(server, "guest").await;
        let source = NativeAudioSource::new(AudioSourceOptions::default(), RATE_HZ, 1, 100);
        let track =
            LocalAudioTrack::create_audio_track("voice", RtcAudioSource::Native(source.clone()));
        let us = room.local_participant();
        us.publish_track(LocalTrack::Audio(track), TrackPublishOptions::default())
            .await
            .unwrap();
        let speech = tokio::spawn(async move {
            let mut frame = AudioFrame::new(RATE_HZ, 1, RATE_HZ / 50);
            for (n, sample) in frame.data.to_mut().iter_mut().enumerate() {
                *sample = (n % 97 * 80) as i16;
            }
            while source.capture_frame(&frame).await.is_ok() {}
        });
        Self {
            room,
            events,
            speech,
        }
    }

    async fn leave(self) {
        self.speech.abort();
        self.room.close().await.unwrap();
    }

    /// Somebody else has its name: waits until it knows.
    async fn be_thrown_out(mut self) {
        let told = async {
            while let Some(event) = self.events.recv().await {
                if matches!(event, RoomEvent::Disconnected { .. }) {
                    return;
                }
            }
        };
        timeout(PATIENCE, told)
            .await
            .expect("it is told that it was thrown out");
        self.speech.abort();
        drop(self.room.close().await); // it is closed already
    }
}

/// Who stays, and hears each guest.
struct Host {
    room: Room,
    events: UnboundedReceiver<RoomEvent>,
}

impl Host {
    /// Waits until the guest who has just come is heard.
    async fn hears_a_guest(&mut self) {
        let heard = async {
            loop {
                let event = self.events.recv().await.expect("the host stays");
                let RoomEvent::TrackSubscribed {
                    track: RemoteTrack::Audio(track),
                    ..
                } = event
                else {
                    continue;
                };
                let mut stream = NativeAudioStream::new(track.rtc_track(), RATE_HZ as i32, 1);
                while let Some(frame) = stream.next().await {
                    if frame.data.iter().any(|sample| sample.abs() > 500) {
                        return;
                    }
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("the guest is heard");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joins_and_leaves_leave_nothing_behind() {
    let asked = std::env::var("NETLAB_SOAK_JOINS").ok();
    let joins: usize = asked.map_or(SHORT, |text| text.parse().expect("a number of joins"));
    let server = LiveKit::start();
    let (room, events) = join(&server, "host").await;
    let mut host = Host { room, events };
    visits(&server, &mut host, 4).await;
    let before = settled(None).await;
    let mut memory = Vec::new();
    for done in (0..joins).step_by(STEP) {
        let count = STEP.min(joins - done);
        visits(&server, &mut host, count).await;
        tokio::time::sleep(REST).await;
        memory.push((done + count, pss_kib()));
    }
    let after = settled(Some(before)).await;
    memory.retain(|(done, _)| done * WARM_UP_SHARE >= joins);
    let slope = theil_sen(&memory);
    println!("{joins} joins: {slope:.2} KiB a join; {before:?} before, {after:?} after");
    println!("PSS in KiB by joins: {memory:?}");
    assert!(
        after.files <= before.files && after.threads <= before.threads,
        "after {joins} joins {after:?} is held, before them {before:?}"
    );
    assert!(
        joins < JUDGED_FROM || slope <= SLOPE_KIB,
        "memory grows by {slope:.2} KiB a join: {memory:?}"
    );
    host.room.close().await.unwrap();
}

/// Every second guest is thrown out by the next, who has the same name; nobody is left at the end.
async fn visits(server: &LiveKit, host: &mut Host, count: usize) {
    let mut before: Option<Guest> = None;
    for index in 0..count {
        let guest = Guest::arrive(server).await;
        if let Some(before) = before.take() {
            before.be_thrown_out().await;
        }
        host.hears_a_guest().await;
        if index % 2 == 0 && index + 1 < count {
            before = Some(guest);
        } else {
            guest.leave().await;
        }
    }
}

/// Waits until the process holds what it is expected to, or for as long as idle threads stay.
async fn settled(expected: Option<Held>) -> Held {
    for _ in 0..16 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let held = Held::now();
        if expected.is_some_and(|expected| {
            held.files <= expected.files && held.threads <= expected.threads
        }) {
            break;
        }
    }
    Held::now()
}

/// Memory in KiB, shared pages in part.
fn pss_kib() -> u64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    digits.unwrap().parse().unwrap()
}

/// The median of the slopes between all pairs of points.
fn theil_sen(points: &[(usize, u64)]) -> f64 {
    let mut slopes = Vec::new();
    for (index, (x1, y1)) in points.iter().enumerate() {
        for (x2, y2) in &points[index + 1..] {
            slopes.push((*y2 as f64 - *y1 as f64) / (x2 - x1) as f64);
        }
    }
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or(0.0)
}
