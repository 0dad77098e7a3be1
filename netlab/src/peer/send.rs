//! The end that speaks: one microphone a room, fed by the wall clock.

use std::time::Duration;

use livekit::{
    Room, RoomError,
    options::TrackPublishOptions,
    track::{LocalAudioTrack, LocalTrack, TrackSource},
    webrtc::{
        audio_frame::AudioFrame,
        audio_source::{AudioSourceOptions, RtcAudioSource, native::NativeAudioSource},
    },
};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::{Clock, Options, read_wav, room};
use crate::plan::{RATE_HZ, Stream};

/// Samples of 10 ms.
const FRAME: usize = RATE_HZ as usize / 100;
/// Frames handed over before they are due, so that a late wake-up makes no gap. The queue holds twice as much.
const AHEAD: i64 = 10;
/// Later than so many frames, it goes on with what is due now: a microphone does not catch up either.
const LATE: i64 = 30;

/// Speaks in one room until it is stopped.
pub(super) async fn run(
    options: &Options,
    stream: Stream,
    clock: Clock,
    until: Duration,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let sound = timeline(&stream, until)?;
    let Some((room, mut events)) = room::join(options, &stream.room, &mut stopped).await? else {
        anyhow::bail!("{} was never joined", stream.room);
    };
    println!("{}: {} joined", stream.room, Clock::unix_ms());
    let source = tokio::select! {
        source = publish(&room, &stream.room) => source,
        () = room::until_stopped(&mut stopped) => anyhow::bail!("{}: the microphone was not published", stream.room),
    };
    let told = async {
        while let Some(event) = events.recv().await {
            if let Some(event) = room::connection_event(&event) {
                println!("{}: {} {event}", stream.room, Clock::unix_ms());
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        skipped = speak(&source, &sound, clock) => println!("{}: frames skipped: {skipped}", stream.room),
        () = told => {}
        () = room::until_stopped(&mut stopped) => {}
    }
    room::until_stopped(&mut stopped).await;
    let closed = tokio::time::timeout(Duration::from_secs(2), room.close()).await;
    println!("{}: closed: {}", stream.room, closed.is_ok());
    Ok(())
}

/// Publishes a microphone. On a network that spoils packets an attempt may fail: the server is asked on the
/// signalling connection, and TCP stands still for up to a minute when a few packets in a row are lost. So it tries
/// again, as a person does and as the rival's end does; what is said meanwhile is not heard.
async fn publish(room: &Room, name: &str) -> NativeAudioSource {
    loop {
        match publish_once(room).await {
            Ok(source) => return source,
            Err(error) => println!("{name}: {} not published: {error}", Clock::unix_ms()),
        }
        tokio::time::sleep(room::RETRY).await;
    }
}

async fn publish_once(room: &Room) -> Result<NativeAudioSource, RoomError> {
    let queue_ms = 2 * AHEAD as u32 * 10;
    let source = NativeAudioSource::new(AudioSourceOptions::default(), RATE_HZ, 1, queue_ms);
    let track =
        LocalAudioTrack::create_audio_track("voice", RtcAudioSource::Native(source.clone()));
    let options = TrackPublishOptions {
        source: TrackSource::Microphone,
        ..Default::default()
    };
    room.local_participant()
        .publish_track(LocalTrack::Audio(track), options)
        .await?;
    Ok(source)
}

/// Hands over each frame [`AHEAD`] of its time; gives how many were left out.
async fn speak(source: &NativeAudioSource, sound: &[i16], clock: Clock) -> i64 {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let frames = (sound.len() / FRAME) as i64;
    let (mut next, mut skipped) = (0, 0);
    while next < frames {
        ticks.tick().await;
        let due = (clock.elapsed_ms() / 10 + AHEAD).min(frames);
        if due - next > LATE + AHEAD {
            skipped += due - next;
            next = due;
        }
        while next < due {
            let from = next as usize * FRAME;
            let frame = AudioFrame {
                data: sound[from..from + FRAME].into(),
                sample_rate: RATE_HZ,
                num_channels: 1,
                samples_per_channel: FRAME as u32,
            };
            // A full queue makes this wait; a connection being rebuilt may keep it full.
            let capture = source.capture_frame(&frame);
            match tokio::time::timeout(Duration::from_millis(200), capture).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => skipped += 1,
            }
            next += 1;
        }
    }
    skipped
}

/// All that is said in the room, silence included.
fn timeline(stream: &Stream, until: Duration) -> anyhow::Result<Vec<i16>> {
    let samples = |ms: u64| (ms * u64::from(RATE_HZ) / 1_000) as usize;
    let mut sound = vec![0; samples(until.as_millis() as u64)];
    for sentence in &stream.sentences {
        let said = read_wav(sentence.wav.as_ref())?;
        let from = samples(sentence.start_ms).min(sound.len());
        let room = sound[from..].iter_mut();
        room.zip(said).for_each(|(sample, said)| *sample = said);
    }
    Ok(sound)
}
