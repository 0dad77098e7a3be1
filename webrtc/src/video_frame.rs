//! Types of video frames, so that code about them compiles. No pixel is converted.

use std::fmt::Debug;

use crate::video_source::VideoResolution;

/// Clockwise rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "degrees")]
pub enum VideoRotation {
    VideoRotation0 = 0,
    VideoRotation90 = 90,
    VideoRotation180 = 180,
    VideoRotation270 = 270,
}

/// Packed pixel formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of formats")]
pub enum VideoFormatType {
    ARGB,
    BGRA,
    ABGR,
    RGBA,
}

/// Planar pixel formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of formats")]
pub enum VideoBufferType {
    Native,
    I420,
    I420A,
    I422,
    I444,
    I010,
    NV12,
}

/// What an application attaches to a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct FrameMetadata {
    pub user_timestamp: Option<u64>,
    pub frame_id: Option<u32>,
    pub user_data: Option<Vec<u8>>,
}

/// Codecs of encoded frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of codecs")]
pub enum EncodedVideoCodec {
    H264,
    H265,
    VP8,
    VP9,
    AV1,
}

/// Whether a frame stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EncodedFrameType {
    Key,
    Delta,
}

/// A frame that the application encoded.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct EncodedVideoFrame<'a> {
    pub codec: EncodedVideoCodec,
    pub payload: &'a [u8],
    pub timestamp_us: i64,
    pub frame_type: EncodedFrameType,
    pub resolution: VideoResolution,
    pub frame_metadata: Option<FrameMetadata>,
}

/// A picture and when it was taken.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct VideoFrame<T: AsRef<dyn VideoBuffer>> {
    pub rotation: VideoRotation,
    pub timestamp_us: i64,
    pub frame_metadata: Option<FrameMetadata>,
    pub buffer: T,
}

impl<T: AsRef<dyn VideoBuffer>> VideoFrame<T> {
    /// A frame at time 0.
    pub fn new(rotation: VideoRotation, buffer: T) -> Self {
        Self {
            rotation,
            timestamp_us: 0,
            frame_metadata: None,
            buffer,
        }
    }
}

/// A buffer of any format.
pub type BoxVideoBuffer = Box<dyn VideoBuffer>;
/// A frame of any format.
pub type BoxVideoFrame = VideoFrame<BoxVideoBuffer>;

/// A picture.
pub trait VideoBuffer: Send + Sync + Debug {
    /// Pixels across.
    fn width(&self) -> u32;
    /// Pixels down.
    fn height(&self) -> u32;
    /// Its format.
    fn buffer_type(&self) -> VideoBufferType;
    /// A black picture of the same size: there is no conversion here.
    fn to_i420(&self) -> I420Buffer {
        I420Buffer::new(self.width(), self.height())
    }
}

/// Declares buffers that know their size alone.
macro_rules! empty_buffers {
    ($($name:ident is $kind:ident;)*) => { $(
        #[doc = concat!("The size of a ", stringify!($kind), " picture, without its pixels.")]
        #[derive(Debug, Clone)]
        pub struct $name {
            width: u32,
            height: u32,
        }

        impl $name {
            /// A picture of this size.
            pub fn new(width: u32, height: u32) -> Self {
                Self { width, height }
            }
        }

        impl VideoBuffer for $name {
            fn width(&self) -> u32 {
                self.width
            }

            fn height(&self) -> u32 {
                self.height
            }

            fn buffer_type(&self) -> VideoBufferType {
                VideoBufferType::$kind
            }
        }

        impl AsRef<dyn VideoBuffer> for $name {
            fn as_ref(&self) -> &(dyn VideoBuffer + 'static) {
                self
            }
        }
    )* };
}

empty_buffers! {
    I420ABuffer is I420A;
    I422Buffer is I422;
    I444Buffer is I444;
    I010Buffer is I010;
    NV12Buffer is NV12;
}

/// A planar 4:2:0 picture with its pixels, so that code which paints one works.
#[derive(Debug, Clone)]
pub struct I420Buffer {
    width: u32,
    height: u32,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl I420Buffer {
    /// A black picture.
    pub fn new(width: u32, height: u32) -> Self {
        let pixels = width as usize * height as usize;
        let chroma = width.div_ceil(2) as usize * height.div_ceil(2) as usize;
        Self {
            width,
            height,
            y: vec![0; pixels],
            u: vec![128; chroma],
            v: vec![128; chroma],
        }
    }

    /// Bytes per line of the three planes.
    pub fn strides(&self) -> (u32, u32, u32) {
        let chroma = self.width.div_ceil(2);
        (self.width, chroma, chroma)
    }

    /// The three planes.
    pub fn data(&self) -> (&[u8], &[u8], &[u8]) {
        (&self.y, &self.u, &self.v)
    }

    /// The three planes, to paint on.
    pub fn data_mut(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        (&mut self.y, &mut self.u, &mut self.v)
    }
}

impl VideoBuffer for I420Buffer {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn buffer_type(&self) -> VideoBufferType {
        VideoBufferType::I420
    }
}

impl AsRef<dyn VideoBuffer> for I420Buffer {
    fn as_ref(&self) -> &(dyn VideoBuffer + 'static) {
        self
    }
}
