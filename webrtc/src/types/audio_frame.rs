//! PCM between the application and the engine.

use std::borrow::Cow;

/// Interleaved 16-bit PCM.
#[derive(Clone, Debug)]
pub struct AudioFrame<'a> {
    /// `num_channels * samples_per_channel` samples.
    pub data: Cow<'a, [i16]>,
    /// Samples per second of one channel.
    pub sample_rate: u32,
    /// 1 or 2.
    pub num_channels: u32,
    /// Samples of one channel.
    pub samples_per_channel: u32,
}

impl AudioFrame<'_> {
    /// A frame of silence.
    pub fn new(sample_rate: u32, num_channels: u32, samples_per_channel: u32) -> Self {
        let samples = num_channels as usize * samples_per_channel as usize;
        Self {
            data: Cow::Owned(vec![0; samples]),
            sample_rate,
            num_channels,
            samples_per_channel,
        }
    }
}
