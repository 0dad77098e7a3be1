//! A line that echoes: what the agent says comes back into the caller's microphone a while later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use agent::line::Frame;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::task::TaskTracker;
use voice::test_support::{Recognition, ScriptedLine, ScriptedStt};

/// 10 ms at 16 kHz.
const FRAME_SAMPLES: usize = 160;
const FRAME: Duration = Duration::from_millis(10);
/// Frames of silence behind a sound, so that its end is noticed.
const SILENCE: u32 = 30;
/// Frames on their way back; nothing is said for so long.
const QUEUE: usize = 20_000;

/// The way back; clones share it.
#[derive(Clone)]
pub(super) struct Loopback {
    stt: ScriptedStt,
    delay: Duration,
    /// The level by which the recogniser knows each text.
    levels: Arc<Mutex<HashMap<String, i16>>>,
    frames: mpsc::Sender<(Instant, i16)>,
    microphone: Arc<Mutex<Option<mpsc::Sender<Frame>>>>,
}

impl Loopback {
    /// What comes back is recognised by `stt`.
    pub(super) fn new(stt: ScriptedStt, delay: Duration, tasks: &TaskTracker) -> Self {
        let (frames, mut on_their_way) = mpsc::channel::<(Instant, i16)>(QUEUE);
        let microphone: Arc<Mutex<Option<mpsc::Sender<Frame>>>> = Arc::default();
        let into = Arc::clone(&microphone);
        tasks.spawn(async move {
            let mut silence = 0;
            loop {
                let level = match timeout(2 * FRAME, on_their_way.recv()).await {
                    Ok(None) => return,
                    Ok(Some((when, level))) => {
                        sleep_until(when).await;
                        silence = SILENCE;
                        level
                    }
                    Err(_) if silence > 0 => {
                        silence -= 1;
                        0
                    }
                    Err(_) => continue,
                };
                let microphone = into.lock().expect("nobody panicked").clone();
                if let Some(microphone) = microphone {
                    let frame = Frame::Owned(vec![level; FRAME_SAMPLES]);
                    // After the end nobody listens.
                    drop(microphone.try_send(frame));
                }
            }
        });
        Self {
            stt,
            delay,
            levels: Arc::default(),
            frames,
            microphone,
        }
    }

    /// It comes back into this microphone.
    pub(super) fn into(&self, microphone: mpsc::Sender<Frame>) {
        *self.microphone.lock().expect("nobody panicked") = Some(microphone);
    }

    /// A frame of this text was sent; behind the last one there is silence.
    pub(super) fn send(&self, text: &str) {
        let mut levels = self.levels.lock().expect("nobody panicked");
        let level = *levels.entry(text.to_owned()).or_insert_with(|| {
            self.stt.add(ScriptedLine {
                text: text.to_owned(),
                takes: Duration::from_millis(150),
                recognition: Recognition::Words,
            })
        });
        let now = Instant::now();
        let frame = (now + self.delay, level);
        self.frames.try_send(frame).expect("nobody talks so long");
    }
}
