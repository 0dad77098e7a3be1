//! The frames of a remote video track: none.

/// Streams that the application polls.
pub mod native {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio_stream::Stream;

    use crate::{native::unsupported, video_frame::BoxVideoFrame, video_track::RtcVideoTrack};

    /// Unsupported: ends at once, with a warning in the log when it is made.
    #[derive(Debug)]
    pub struct NativeVideoStream {}

    impl NativeVideoStream {
        /// A stream without frames.
        pub fn new(_track: RtcVideoTrack) -> Self {
            unsupported("NativeVideoStream::new");
            Self {}
        }
    }

    impl Stream for NativeVideoStream {
        type Item = BoxVideoFrame;

        fn poll_next(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<BoxVideoFrame>> {
            Poll::Ready(None)
        }
    }
}
