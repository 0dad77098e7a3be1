//! The voice's way into the room.

use std::{borrow::Cow, future::Future, time::Duration};

use livekit::webrtc::{audio_frame::AudioFrame, audio_source::native::NativeAudioSource};

use voice::speak::{FrameSink, SPEECH_RATE_HZ};

/// Feeds the published track.
#[derive(Debug)]
pub struct RoomSink {
    source: NativeAudioSource,
}

impl RoomSink {
    pub(super) fn new(source: NativeAudioSource) -> Self {
        Self { source }
    }
}

impl FrameSink for RoomSink {
    fn capture(&mut self, samples: &[i16]) -> impl Future<Output = ()> + Send {
        let frame = AudioFrame {
            data: Cow::Owned(samples.to_vec()),
            sample_rate: SPEECH_RATE_HZ,
            num_channels: 1,
            samples_per_channel: u32::try_from(samples.len()).expect("a frame is 10 ms long"),
        };
        let source = self.source.clone();
        async move {
            if let Err(error) = source.capture_frame(&frame).await {
                tracing::trace!(%error, "a frame was not taken");
            }
        }
    }

    fn clear(&mut self) {
        self.source.clear_buffer();
    }

    fn queued(&self) -> Duration {
        // The source completes a capture while at most its queue is buffered: half of it is the expectation.
        Duration::from_millis(u64::from(super::SINK_QUEUE_MS) / 2)
    }
}
