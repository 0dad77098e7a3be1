//! Types of video frames, so that code about them compiles. No pixel is converted.

use std::fmt::Debug;

/// Clockwise rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "degrees")]
pub enum VideoRotation {
    VideoRotation0 = 0,
    VideoRotation90 = 90,
    VideoRotation180 = 180,
    VideoRotation270 = 270,
}

/// A picture and when it was taken.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct VideoFrame<T: AsRef<dyn VideoBuffer>> {
    pub rotation: VideoRotation,
    pub timestamp_us: i64,
    pub buffer: T,
}

impl<T: AsRef<dyn VideoBuffer>> VideoFrame<T> {
    /// A frame at time 0.
    pub fn new(rotation: VideoRotation, buffer: T) -> Self {
        Self {
            rotation,
            timestamp_us: 0,
            buffer,
        }
    }
}

/// A frame of any format.
pub type BoxVideoFrame = VideoFrame<Box<dyn VideoBuffer>>;

/// A picture.
pub trait VideoBuffer: Send + Sync + Debug {}

/// A planar 4:2:0 picture with its pixels, so that code which paints one works.
#[derive(Debug, Clone)]
pub struct I420Buffer {
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
            y: vec![0; pixels],
            u: vec![128; chroma],
            v: vec![128; chroma],
        }
    }

    /// The three planes, to paint on.
    pub fn data_mut(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        (&mut self.y, &mut self.u, &mut self.v)
    }
}

impl VideoBuffer for I420Buffer {}

impl AsRef<dyn VideoBuffer> for I420Buffer {
    fn as_ref(&self) -> &(dyn VideoBuffer + 'static) {
        self
    }
}
