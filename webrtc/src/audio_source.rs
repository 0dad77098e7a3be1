//! Where the audio of a local track comes from.

pub use crate::types::audio_options::AudioSourceOptions;

/// A source of any kind.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum RtcAudioSource {
    /// Fed by the application.
    Native(native::NativeAudioSource),
    /// A microphone. Unsupported: it can be named, a track of it stays silent.
    Device,
}

impl RtcAudioSource {
    /// Ignored, as by [`native::NativeAudioSource::new`].
    pub fn set_audio_options(&self, _options: AudioSourceOptions) {
        if let Self::Device = self {
            crate::native::unsupported("RtcAudioSource::Device.set_audio_options");
        }
    }
}

/// Sources that the application feeds.
pub mod native {
    use std::{fmt, sync::Arc};

    use super::AudioSourceOptions;
    use crate::{
        RtcError,
        audio_frame::AudioFrame,
        engine::{driver, send::source::Source, sink::Format},
    };

    /// A queue of PCM that is sent at 10 ms every 10 ms, silence when it is empty. It may feed
    /// several senders, one after the other or at once, and outlives connections.
    #[derive(Clone)]
    pub struct NativeAudioSource {
        pub(crate) inner: Arc<Source>,
    }

    impl NativeAudioSource {
        /// A source of interleaved PCM at `sample_rate`, which should be a multiple of 100.
        ///
        /// `queue_size_ms` is rounded up to a multiple of 10. 0 means no queue: every frame is
        /// exactly 10 ms and is sent at once.
        pub fn new(
            _options: AudioSourceOptions,
            sample_rate: u32,
            num_channels: u32,
            queue_size_ms: u32,
        ) -> Self {
            let format = Format {
                rate_hz: sample_rate,
                channels: num_channels,
            };
            Self {
                inner: Source::new(format, queue_size_ms, driver::ticker()),
            }
        }

        /// Drops what is queued and not yet sent.
        pub fn clear_buffer(&self) {
            self.inner.clear();
        }

        /// Queues a frame; waits while more than `queue_size_ms` is queued.
        ///
        /// # Errors
        ///
        /// For a frame of another format, when the queue holds twice its size, and while
        /// another capture waits.
        pub async fn capture_frame(&self, frame: &AudioFrame<'_>) -> Result<(), RtcError> {
            self.inner.capture(frame).await
        }
    }

    impl fmt::Debug for NativeAudioSource {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("NativeAudioSource")
                .field("format", &self.inner.format)
                .finish_non_exhaustive()
        }
    }
}
