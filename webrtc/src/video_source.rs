//! Where video would come from.

use crate::enum_dispatch;

/// Size of a picture in pixels.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct VideoResolution {
    pub width: u32,
    pub height: u32,
}

impl Default for VideoResolution {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
        }
    }
}

/// A source of any kind.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum RtcVideoSource {
    /// Fed by the application.
    Native(native::NativeVideoSource),
}

impl RtcVideoSource {
    enum_dispatch!(
        [Native];
        pub fn video_resolution(self: &Self) -> VideoResolution;
    );
}

/// Sources that the application feeds.
pub mod native {
    use super::VideoResolution;
    use crate::{
        native::{packet_trailer::PacketTrailerHandler, unsupported},
        video_frame::{VideoBuffer, VideoFrame},
    };

    /// Unsupported: refuses every frame, with a warning in the log when it is made.
    #[derive(Clone, Debug)]
    pub struct NativeVideoSource {
        resolution: VideoResolution,
    }

    impl Default for NativeVideoSource {
        fn default() -> Self {
            Self::new(VideoResolution::default(), false)
        }
    }

    impl NativeVideoSource {
        /// A source that refuses frames.
        pub fn new(resolution: VideoResolution, _is_screencast: bool) -> Self {
            unsupported("NativeVideoSource::new");
            Self { resolution }
        }

        /// Refused.
        pub fn capture_frame<T: AsRef<dyn VideoBuffer>>(&self, _frame: &VideoFrame<T>) -> bool {
            unsupported("NativeVideoSource::capture_frame");
            false
        }

        /// Ignored.
        pub fn set_packet_trailer_handler(&self, _handler: PacketTrailerHandler) {
            unsupported("NativeVideoSource::set_packet_trailer_handler");
        }

        /// The size it was made with.
        pub fn video_resolution(&self) -> VideoResolution {
            self.resolution.clone()
        }
    }
}
