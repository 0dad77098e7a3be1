//! Series of the recordings: what was made, and what is missing in it.

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// What is counted of recordings.
#[derive(Debug, Default)]
pub struct RecordingMetrics {
    /// Calls that were recorded.
    pub(crate) calls: Counter,
    /// Segments handed over to be kept.
    pub(crate) segments: Counter,
    /// Segments that were not kept: their seconds are silence.
    pub(crate) segments_lost: Counter,
    /// Frames that found the queue full: their 10 ms are silence.
    pub(crate) frames_dropped: Counter,
    /// Calls that are silent from a moment on, because nobody knew any more what is secret.
    pub(crate) blind: Counter,
}

impl RecordingMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            ("recording_calls", "Calls that were recorded", &self.calls),
            (
                "recording_segments",
                "Segments of recordings handed over to be kept",
                &self.segments,
            ),
            (
                "recording_segments_lost",
                "Segments of recordings that were not kept; their seconds are silence",
                &self.segments_lost,
            ),
            (
                "recording_frames_dropped",
                "Frames of 10 ms that are silence in a recording because the queue was full",
                &self.frames_dropped,
            ),
            (
                "recording_blind",
                "Calls whose recording is silence from a moment on: what is secret was not known any more",
                &self.blind,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
    }
}
