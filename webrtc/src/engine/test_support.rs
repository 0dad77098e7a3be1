//! What tests and fuzz targets give the engine in place of the driver.

use std::{sync::Arc, time::Instant};

use super::{
    core::Core,
    lock::LeafMutex,
    ticker::{Tick, Ticker},
};
use crate::types::configuration::RtcConfiguration;

/// Some moment to count from.
#[expect(
    clippy::disallowed_methods,
    reason = "an Instant cannot be made in any other way; what follows is virtual time"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// A connection that plays nothing out.
pub(crate) fn core(config: RtcConfiguration, now: Instant) -> Core {
    Core::new(config, Arc::new(ManualTicker::default()), now)
}

/// Calls streams when the test says so.
#[derive(Default)]
pub(crate) struct ManualTicker {
    ticks: LeafMutex<Vec<Tick>>,
}

#[cfg(test)]
impl ManualTicker {
    /// Ten milliseconds at `now`, for all that have not broken off.
    pub(crate) fn tick(&self, now: Instant) {
        let mut ticks = std::mem::take(&mut *self.ticks.lock());
        ticks.retain_mut(|tick| tick(now, 0).is_continue());
        self.ticks.lock().extend(ticks);
    }

    /// How many streams are called.
    pub(crate) fn streams(&self) -> usize {
        self.ticks.lock().len()
    }
}

impl Ticker for ManualTicker {
    fn start(&self, tick: Tick) {
        self.ticks.lock().push(tick);
    }
}
