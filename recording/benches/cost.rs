//! What recording costs: CPU of a call-second with its timeline, its encoder and its pages, and the bytes that come of it.
//!
//! ```sh
//! cargo bench -p recording --bench recording_cost
//! ```
//! Both sides take turns of three seconds, of sound with the envelope and the spectrum of speech, more or less.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use call::SessionId;
use recording::{Keep, Recordings, Segment};

/// Of each call.
const SECONDS: u32 = 600;
const CALLS: u32 = 2;

/// Bytes and segments.
#[derive(Clone, Default)]
struct Counted(Arc<[AtomicUsize; 2]>);

impl Keep for Counted {
    fn keep(&self, segment: Segment) -> bool {
        self.0[0].fetch_add(segment.pages.len(), Ordering::Relaxed);
        self.0[1].fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// CPU seconds of this process so far.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let after = stat.rsplit(')').next().expect("the program's name");
    let field = |at: usize| -> f64 {
        let text = after.split_whitespace().nth(at).expect("so many fields");
        text.parse().expect("a number")
    };
    (field(11) + field(12)) / 100.0
}

/// 10 ms of a voice of this pitch: harmonics under an envelope of four syllables a second.
fn voice(rate_hz: u32, frame: u32, pitch: f32) -> Vec<i16> {
    let samples = rate_hz / 100;
    let sample = |at: u32| {
        let time = (frame * samples + at) as f32 / rate_hz as f32;
        let turn = std::f32::consts::TAU * time;
        let harmonics: f32 = (1..20)
            .map(|n| (turn * pitch * n as f32).sin() / n as f32)
            .sum();
        let envelope = (turn * 4.0).sin().max(0.0);
        (harmonics * envelope * 4_000.0) as i16
    };
    (0..samples).map(sample).collect()
}

fn main() {
    let listen: Vec<Vec<i16>> = (0..300).map(|frame| voice(16_000, frame, 140.0)).collect();
    let speak: Vec<Vec<i16>> = (0..300).map(|frame| voice(24_000, frame, 210.0)).collect();
    let silence = vec![0; 160];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    let kept = Counted::default();
    let (recordings, thread) = Recordings::start(kept.clone(), Arc::default()).expect("a thread");
    let before = cpu();
    for call in 0..CALLS {
        let tape = recordings.begin(SessionId::new());
        for frame in 0..SECONDS * 100 {
            let at = Duration::from_millis(u64::from(frame) * 10);
            let place = (frame % 300) as usize;
            if frame / 300 % 2 == 0 {
                tape.caller(at, &listen[place]);
            } else {
                tape.caller(at, &silence);
                tape.agent(at, &speak[place]);
            }
            // As fast as it is encoded: nothing may be dropped here.
            let due = (call * SECONDS + frame / 100).saturating_sub(30) / 10;
            while kept.0[1].load(Ordering::Relaxed) < due as usize {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let end = Duration::from_secs(SECONDS.into());
        assert!(
            runtime.block_on(tape.finish(end, Duration::from_secs(600))),
            "it is encoded"
        );
    }
    drop(recordings);
    thread.join().expect("it ends");
    let call_seconds = f64::from(CALLS * SECONDS);
    let milliseconds = (cpu() - before) * 1_000.0 / call_seconds;
    let bytes = kept.0[0].load(Ordering::Relaxed) as f64 / call_seconds;
    println!("{milliseconds:.2} ms of CPU and {bytes:.0} bytes a call-second");
}
