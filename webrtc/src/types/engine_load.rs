//! How busy the engine is.

/// How busy the engine is. An addition of this engine: the C++ library has nothing like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLoad {
    /// Share of the busiest engine thread's time that its streams take, in thousandths, measured
    /// twice a second. Near 1000 no more calls should be accepted.
    pub busiest_permille: u32,
    /// Ticks of 10 ms that were skipped since the engine started, all threads together, because
    /// there was more to do than time. Every stream of a thread misses each of them.
    pub skipped_ticks: u64,
    /// Sources and received tracks that are served every 10 ms.
    pub streams: usize,
    /// Peer connections that exist.
    pub connections: usize,
}
