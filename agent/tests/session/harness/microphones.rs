//! The microphones of a scene: tracks, and the sound that goes into them.

use std::{collections::HashMap, time::Duration};

use agent::line::{Frame, Frames};
use futures_util::{StreamExt as _, stream};
use tokio::{
    sync::mpsc,
    task::AbortHandle,
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

use super::loopback::Loopback;

/// 10 ms at 16 kHz.
const FRAME_SAMPLES: usize = 160;
const FRAME: Duration = Duration::from_millis(10);
/// Silence after a sound, so that its end is noticed. A real track goes on with silent frames for as
/// long as it lasts; the listener makes nothing of them, so they are left out here.
const SILENCE: Duration = Duration::from_millis(300);
/// The longest sound, in frames.
const QUEUE: usize = 20_000;

/// All tracks that were ever published, by id.
pub(super) struct Microphones {
    tracks: HashMap<&'static str, Track>,
    /// Where the line echoes.
    echo: Option<Loopback>,
    tasks: TaskTracker,
}

struct Track {
    frames: mpsc::Sender<Frame>,
    sound: Option<AbortHandle>,
}

impl Microphones {
    /// Nobody publishes anything yet.
    pub(super) fn new(echo: Option<Loopback>, tasks: TaskTracker) -> Self {
        Self {
            tracks: HashMap::new(),
            echo,
            tasks,
        }
    }

    /// A new track; an earlier one of this id ends. Returns how to listen to it.
    pub(super) fn publish(
        &mut self,
        track: &'static str,
    ) -> Box<dyn FnOnce() -> Frames + Send + 'static> {
        let (frames, queue) = mpsc::channel(QUEUE);
        if let Some(echo) = &self.echo {
            echo.into(frames.clone());
        }
        let sound = None;
        self.tracks.insert(track, Track { frames, sound });
        Box::new(move || {
            let next = |mut queue: mpsc::Receiver<Frame>| async move {
                let frame = queue.recv().await?;
                Some((frame, queue))
            };
            stream::unfold(queue, next).boxed()
        })
    }

    /// The track sends nothing more.
    pub(super) fn unpublish(&mut self, track: &str) {
        if let Some(sound) = self.tracks.remove(track).and_then(|track| track.sound) {
            sound.abort();
        }
    }

    /// A sound of this level begins, and replaces one that lasts still.
    pub(super) fn sound(&mut self, track: &'static str, level: i16, lasts: Duration) {
        let Some(track) = self.tracks.get_mut(track) else {
            panic!("{track} is not published");
        };
        let frames = track.frames.clone();
        let begun = Instant::now();
        let sound = self.tasks.spawn(async move {
            let count = |lasts: Duration| u32::try_from(lasts.as_millis() / 10).expect("not days");
            let voiced = count(lasts);
            for place in 1..=voiced + count(SILENCE) {
                sleep_until(begun + FRAME * place).await;
                let level = if place <= voiced { level } else { 0 };
                let frame = Frame::Owned(vec![level; FRAME_SAMPLES]);
                if frames.send(frame).await.is_err() {
                    return;
                }
            }
        });
        if let Some(before) = track.sound.replace(sound.abort_handle()) {
            before.abort();
        }
    }
}

/// A track whose audio makes the session panic.
pub(super) fn broken() -> Box<dyn FnOnce() -> Frames + Send + 'static> {
    Box::new(|| stream::once(async { panic!("the script says so") }).boxed())
}
