//! The audio of a remote track, as frames.

/// Streams that the application polls.
pub mod native {
    use std::{
        fmt,
        pin::Pin,
        sync::Arc,
        task::{Context, Poll},
    };

    use tokio_stream::Stream;

    use crate::{
        audio_frame::AudioFrame,
        audio_track::RtcAudioTrack,
        engine::{
            receive::frames::{FrameQueue, QueueSink},
            sink::Format,
        },
    };

    /// Frames kept for a listener that is late: 100 ms.
    const DEFAULT_FRAMES: usize = 10;

    /// What "unbounded" means here: a minute, about 2 MB at 16 kHz. A listener further behind
    /// than that is not listening.
    const UNBOUNDED_FRAMES: usize = 6_000;

    /// How a stream is buffered.
    #[derive(Clone, Debug, Default)]
    pub struct NativeAudioStreamOptions {
        /// Frames of 10 ms kept; beyond that the oldest is dropped and counted. `None` keeps 10,
        /// `Some(0)` a minute.
        pub queue_size_frames: Option<usize>,
    }

    /// Frames of 10 ms in the format asked for, without a gap: silence where nothing is
    /// received. Ends when it is closed.
    pub struct NativeAudioStream {
        track: RtcAudioTrack,
        queue: Arc<FrameQueue>,
        sink: Option<u64>,
    }

    impl NativeAudioStream {
        /// Listens to a track. Numbers below 1 are taken as 48 000 Hz and one channel.
        pub fn new(track: RtcAudioTrack, sample_rate: i32, num_channels: i32) -> Self {
            Self::with_options(
                track,
                sample_rate,
                num_channels,
                NativeAudioStreamOptions::default(),
            )
        }

        /// Listens to a track with a queue of another size.
        pub fn with_options(
            track: RtcAudioTrack,
            sample_rate: i32,
            num_channels: i32,
            options: NativeAudioStreamOptions,
        ) -> Self {
            let capacity = match options.queue_size_frames {
                None => DEFAULT_FRAMES,
                Some(0) => UNBOUNDED_FRAMES,
                Some(frames) => frames,
            };
            let positive = |number: i32, otherwise| {
                u32::try_from(number)
                    .ok()
                    .filter(|n| *n > 0)
                    .unwrap_or(otherwise)
            };
            let format = Format {
                rate_hz: positive(sample_rate, 48_000),
                channels: positive(num_channels, 1),
            };
            let queue = Arc::new(FrameQueue::new(capacity));
            let listener = QueueSink::new(Arc::clone(&queue), format);
            let sink = track.sinks().map(|sinks| sinks.add(Box::new(listener)));
            Self { track, queue, sink }
        }

        /// Frames that were dropped since the stream began because the application took them too
        /// late: each is 10 ms that it never heard. An addition of this engine.
        pub fn dropped_frames(&self) -> u64 {
            self.queue.dropped()
        }

        /// Ends the stream.
        pub fn close(&mut self) {
            if let (Some(sink), Some(sinks)) = (self.sink.take(), self.track.sinks()) {
                sinks.remove(sink);
            }
            self.queue.close();
        }
    }

    impl Drop for NativeAudioStream {
        fn drop(&mut self) {
            self.close();
        }
    }

    impl fmt::Debug for NativeAudioStream {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("NativeAudioStream")
                .field("track", &self.track)
                .finish_non_exhaustive()
        }
    }

    impl Stream for NativeAudioStream {
        type Item = AudioFrame<'static>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.queue.poll_pop(context)
        }
    }

    #[cfg(test)]
    mod tests {
        use tokio_stream::StreamExt as _;

        use super::*;
        use crate::{
            audio_source::native::NativeAudioSource,
            peer_connection_factory::{PeerConnectionFactory, native::PeerConnectionFactoryExt},
        };

        #[tokio::test]
        async fn frames_that_the_application_takes_too_late_are_counted() {
            let source = NativeAudioSource::new(Default::default(), 16_000, 1, 0);
            let track = PeerConnectionFactory::default().create_audio_track("a", source.clone());
            let options = NativeAudioStreamOptions {
                queue_size_frames: Some(2),
            };
            let mut stream = NativeAudioStream::with_options(track, 16_000, 1, options);
            let mut frame = AudioFrame::new(16_000, 1, 160);
            for value in 1..=5 {
                frame.data.to_mut().fill(value);
                source
                    .capture_frame(&frame)
                    .await
                    .expect("a frame of 10 ms");
            }
            assert_eq!(stream.dropped_frames(), 3, "five frames in a queue of two");
            let next = stream.next().await.expect("a frame");
            assert_eq!(next.data[0], 4, "not the oldest frames were dropped");
            source
                .capture_frame(&frame)
                .await
                .expect("a frame of 10 ms");
            assert_eq!(stream.dropped_frames(), 3, "there was room again");
        }
    }
}
