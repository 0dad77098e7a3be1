//! The caller's microphone: plays clips at the pace of speech.

use std::{borrow::Cow, time::Instant};

use livekit::webrtc::{
    audio_frame::AudioFrame,
    audio_source::{AudioSourceOptions, native::NativeAudioSource},
};
use tokio::sync::{mpsc, oneshot};

use super::clip::{Clip, PLAYER_RATE_HZ};

/// Clips waiting to be said; a script says one after the other.
const QUEUE: usize = 16;
const FRAME: usize = PLAYER_RATE_HZ as usize / 100;

/// When a clip was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    /// The last sound left the microphone.
    pub(super) speech_ended: Instant,
}

/// A clip on its way through the microphone.
#[derive(Debug)]
pub(super) struct Saying {
    /// The first sound left the microphone.
    pub(super) began: oneshot::Receiver<()>,
    /// All of it did.
    pub(super) said: oneshot::Receiver<Said>,
}

#[derive(Debug)]
struct Order {
    clip: Clip,
    began: oneshot::Sender<()>,
    said: oneshot::Sender<Said>,
}

/// The handle of the microphone.
#[derive(Debug)]
pub(super) struct Player {
    orders: mpsc::Sender<Order>,
    pub(super) source: NativeAudioSource,
}

impl Player {
    pub(super) fn open() -> (Self, impl Future<Output = Vec<i16>>) {
        let source = NativeAudioSource::new(AudioSourceOptions::default(), PLAYER_RATE_HZ, 1, 20);
        let (orders, receiver) = mpsc::channel(QUEUE);
        (
            Self {
                orders,
                source: source.clone(),
            },
            speak(source, receiver),
        )
    }

    /// Says the clip after those before it.
    pub(super) async fn say(&self, clip: Clip) -> Saying {
        let (first, began) = oneshot::channel();
        let (last, said) = oneshot::channel();
        let order = Order {
            clip,
            began: first,
            said: last,
        };
        if self.orders.send(order).await.is_err() {
            tracing::debug!("the microphone is closed");
        }
        Saying { began, said }
    }
}

/// Silence while there is nothing to say; returns everything that left the microphone.
#[expect(
    clippy::disallowed_methods,
    reason = "the caller's own clock: it measures the agent"
)]
async fn speak(source: NativeAudioSource, mut orders: mpsc::Receiver<Order>) -> Vec<i16> {
    let mut sent = Vec::new();
    loop {
        match orders.try_recv() {
            Ok(Order { clip, began, said }) => {
                let speech = clip.speech_ends();
                let mut speech_ended = Instant::now();
                let mut first = Some(began);
                for (i, frame) in clip.samples.chunks(FRAME).enumerate() {
                    capture(&source, frame, &mut sent).await;
                    if first.take().is_some_and(|began| began.send(()).is_err()) {
                        tracing::trace!("nobody waits for the beginning of this clip");
                    }
                    if i * FRAME < speech {
                        speech_ended = Instant::now();
                    }
                }
                if said.send(Said { speech_ended }).is_err() {
                    tracing::trace!("nobody waits for this clip");
                }
            }
            Err(mpsc::error::TryRecvError::Empty) => capture(&source, &[0; FRAME], &mut sent).await,
            Err(mpsc::error::TryRecvError::Disconnected) => return sent,
        }
    }
}

async fn capture(source: &NativeAudioSource, samples: &[i16], sent: &mut Vec<i16>) {
    let mut frame = samples.to_vec();
    frame.resize(FRAME, 0);
    sent.extend_from_slice(&frame);
    let frame = AudioFrame {
        data: Cow::Owned(frame),
        sample_rate: PLAYER_RATE_HZ,
        num_channels: 1,
        samples_per_channel: FRAME as u32,
    };
    if source.capture_frame(&frame).await.is_err() {
        // The track is gone; keep the pace so that nobody waits for ever.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
