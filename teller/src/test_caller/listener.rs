//! What the caller hears: the agent's audio, when it began and when it fell silent.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use livekit::webrtc::audio_stream::native::NativeAudioStream;

/// Louder than this is the agent talking (about -48 dBFS RMS over 10 ms).
const AUDIBLE_RMS: f64 = 130.0;

#[derive(Debug, Default)]
struct Heard {
    samples: Vec<i16>,
    bursts: Vec<(Instant, Instant)>,
}

/// Shared with the task that listens.
#[derive(Debug, Clone, Default)]
pub(super) struct Listener(Arc<Mutex<Heard>>);

impl Listener {
    fn lock(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens until the track ends.
    #[expect(
        clippy::disallowed_methods,
        reason = "the caller's own clock: it measures the agent"
    )]
    pub(super) async fn listen(self, mut stream: NativeAudioStream) {
        while let Some(frame) = stream.next().await {
            let now = Instant::now();
            let power = frame
                .data
                .iter()
                .map(|s| f64::from(*s).powi(2))
                .sum::<f64>()
                / frame.data.len().max(1) as f64;
            let mut heard = self.lock();
            heard.samples.extend_from_slice(&frame.data);
            if power.sqrt() < AUDIBLE_RMS {
                continue;
            }
            match heard.bursts.last_mut() {
                // Pauses between words and sentences belong to one burst.
                Some((_, until)) if now - *until < Duration::from_millis(300) => *until = now,
                _ => heard.bursts.push((now, now)),
            }
        }
    }

    /// When the agent was first audible at or after `since`.
    pub(super) fn first_after(&self, since: Instant) -> Option<Instant> {
        let heard = self.lock();
        heard.bursts.iter().find_map(|(from, until)| {
            if *from >= since {
                Some(*from)
            } else {
                (*until >= since).then_some(since)
            }
        })
    }

    /// When a burst began at or after `since`: the agent had been silent before.
    pub(super) fn began_after(&self, since: Instant) -> Option<Instant> {
        self.lock()
            .bursts
            .iter()
            .map(|(from, _)| *from)
            .find(|from| *from >= since)
    }

    /// When the agent was last audible.
    pub(super) fn last(&self) -> Option<Instant> {
        self.lock().bursts.last().map(|(_, until)| *until)
    }

    /// Everything heard: 16 kHz mono.
    pub(super) fn samples(&self) -> Vec<i16> {
        self.lock().samples.clone()
    }
}
