//! The frames of a remote video track: none.

/// Streams that the application polls.
pub mod native {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio_stream::Stream;

    use crate::{
        native::{packet_trailer::PacketTrailerHandler, unsupported},
        video_frame::BoxVideoFrame,
        video_track::RtcVideoTrack,
    };

    /// Unsupported: ends at once, with a warning in the log when it is made.
    #[derive(Debug)]
    pub struct NativeVideoStream {
        track: RtcVideoTrack,
    }

    impl NativeVideoStream {
        /// A stream without frames.
        pub fn new(track: RtcVideoTrack) -> Self {
            unsupported("NativeVideoStream::new");
            Self { track }
        }

        /// Kept, without effect.
        pub fn set_packet_trailer_handler(&self, handler: PacketTrailerHandler) {
            unsupported("NativeVideoStream::set_packet_trailer_handler");
            self.track.keep_packet_trailer_handler(handler);
        }

        /// The track.
        pub fn track(&self) -> RtcVideoTrack {
            self.track.clone()
        }

        /// It has ended already.
        pub fn close(&mut self) {}
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
