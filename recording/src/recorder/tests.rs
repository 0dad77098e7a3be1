use std::sync::{Arc, Mutex, mpsc};

use super::*;
use crate::{
    ogg,
    test_support::{decode, loudness},
};

/// Keeps what it is given, unless it is told not to.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Segment>>>);

impl Keep for Kept {
    fn keep(&self, segment: Segment) -> bool {
        self.0.lock().expect("no panic").push(segment);
        true
    }
}

impl Kept {
    fn file(&self, session: SessionId) -> Vec<u8> {
        let mut file = ogg::header(serial(session));
        let segments = self.0.lock().expect("no panic");
        for segment in segments.iter().filter(|segment| segment.session == session) {
            file.extend_from_slice(&segment.pages);
        }
        file
    }
}

/// 10 ms of a tone at this rate.
fn tone(rate_hz: u32, frame: u32, hz: f32) -> Vec<i16> {
    let samples = rate_hz / 100;
    let of = |at: u32| (frame * samples + at) as f32 / rate_hz as f32;
    let sample = |at| ((of(at) * hz * std::f32::consts::TAU).sin() * 8_000.0) as i16;
    (0..samples).map(sample).collect()
}

fn ms(milliseconds: u32) -> Duration {
    Duration::from_millis(milliseconds.into())
}

#[tokio::test]
async fn two_calls_at_once_are_two_recordings_each_with_its_sides_and_without_its_secret() {
    let kept = Kept::default();
    let (recordings, _thread) = Recordings::start(kept.clone(), Arc::default()).expect("a thread");
    let (one, two) = (SessionId::new(), SessionId::new());
    let (first, second) = (recordings.begin(one), recordings.begin(two));
    for frame in 0..1_200 {
        let at = ms(frame * 10);
        first.caller(at, &tone(16_000, frame, 300.0));
        second.caller(at, &tone(16_000, frame, 300.0));
        if frame >= 600 {
            first.agent(at, &tone(24_000, frame, 500.0));
        }
        if frame == 300 {
            first.speaks(2_900);
        }
        if frame == 500 {
            first.heard(2_900, Some(3_000..4_000));
        }
    }
    assert!(first.finish(ms(12_000), ms(60_000)).await);
    assert!(second.finish(ms(12_000), ms(60_000)).await);
    let [caller, agent] = decode(&kept.file(one));
    assert_eq!(caller.len(), 12 * 16_000 - 104);
    assert!(loudness(&caller, 100..2_600) > 3_000.0);
    assert!(loudness(&caller, 2_760..4_260) < 8.0, "the secret");
    assert!(loudness(&caller, 4_400..11_900) > 3_000.0);
    assert!(loudness(&agent, 0..5_900) < 100.0);
    assert!(loudness(&agent, 6_100..11_900) > 3_000.0);
    let [caller, _] = decode(&kept.file(two));
    assert!(loudness(&caller, 2_760..4_260) > 3_000.0, "nobody else's");
}

#[tokio::test]
async fn a_session_that_broke_off_hands_nothing_over_that_was_not_known() {
    let kept = Kept::default();
    let (recordings, thread) = Recordings::start(kept.clone(), Arc::default()).expect("a thread");
    let session = SessionId::new();
    let tape = recordings.begin(session);
    for frame in 0..1_500 {
        tape.caller(ms(frame * 10), &tone(16_000, frame, 300.0));
    }
    drop(tape);
    drop(recordings);
    let ended = tokio::task::spawn_blocking(move || thread.join().is_ok());
    assert!(ended.await.expect("it ends"), "with the last call");
    let numbers: Vec<u32> = kept
        .0
        .lock()
        .expect("no panic")
        .iter()
        .map(|segment| segment.number)
        .collect();
    assert_eq!(numbers, [0], "whole segments of what was known");
}

/// Does not come back before it is let go.
struct Stuck(Mutex<Receiver<()>>);

impl Keep for Stuck {
    fn keep(&self, _segment: Segment) -> bool {
        self.0.lock().expect("no panic").recv().is_err()
    }
}

#[tokio::test]
async fn a_thread_that_hangs_holds_no_call_up_and_what_it_misses_is_counted() {
    let (let_go, stuck) = mpsc::channel();
    let metrics = Arc::new(RecordingMetrics::default());
    let keep = Stuck(Mutex::new(stuck));
    let (recordings, _thread) = Recordings::start(keep, metrics.clone()).expect("a thread");
    let tape = recordings.begin(SessionId::new());
    let silence = [0; 160];
    // More than the queue holds; none of it waits.
    for frame in 0..60_000 {
        tape.caller(ms(frame * 10), &silence);
    }
    assert!(metrics.frames_dropped.get() > 1_000);
    tape.key(ms(600_000));
    assert_eq!(metrics.blind.get(), 0, "reports still have room");
    for _ in 0..3_000 {
        tape.key(ms(600_000));
    }
    assert_eq!(
        metrics.blind.get(),
        1,
        "and then it is silent, and counted once"
    );
    assert!(!tape.finish(ms(600_000), ms(50)).await, "given up");
    drop(let_go);
}
