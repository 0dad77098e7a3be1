//! What calls a stream every 10 ms. The driver's threads do; in a test, the test itself.

use std::{ops::ControlFlow, time::Instant};

/// Called for each 10 ms with the time, and with how many calls before it were skipped; breaks
/// when it is done for good. It must not block.
pub(crate) type Tick = Box<dyn FnMut(Instant, u32) -> ControlFlow<()> + Send>;

/// A place where streams are called.
pub(crate) trait Ticker: Send + Sync {
    /// Calls `tick` every 10 ms from now on, until it breaks. After a stall longer than 100 ms, or
    /// when there is more to do than time, calls are skipped; the next one is passed how many.
    fn start(&self, tick: Tick);
}
