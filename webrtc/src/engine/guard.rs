//! What happens when the engine under a connection panics on what the peer sent.
//!
//! Parsers and state machines of other crates see every byte a peer sends. They are fuzzed
//! (`webrtc/fuzz`), and what is found is refused before it reaches them. For what was not found,
//! each call into them is made through [`Core::guarded`]: a panic there ends that one connection,
//! which reports `Failed`, and no other.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use super::core::Core;
use crate::types::error::RtcError;

thread_local! {
    /// Guards around the code that runs now.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether a panic on this thread would be caught by [`Core::guarded`]. Fuzz targets distinguish
/// by it a broken dependency, which is contained, from a broken engine.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn is_guarded() -> bool {
    DEPTH.get() > 0
}

/// Why calls on such a connection are refused.
pub(super) fn broken() -> RtcError {
    RtcError::internal("the media engine of this connection broke down")
}

impl Core {
    /// Runs what calls the engine. `None` if it panicked, now or before: then the connection has
    /// failed, for good.
    ///
    /// Nothing half done is seen afterwards: the engine is replaced by a new, empty one. No
    /// packet reaches the sections and channels that this module still has.
    pub(crate) fn guarded<R>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Self) -> R,
    ) -> Option<R> {
        if self.broken {
            return None;
        }
        DEPTH.set(DEPTH.get() + 1);
        let result = catch_unwind(AssertUnwindSafe(|| act(self)));
        DEPTH.set(DEPTH.get() - 1);
        match result {
            Ok(value) => Some(value),
            Err(_) => {
                self.break_down(now);
                None
            }
        }
    }

    /// As [`Self::guarded`], with an error for `None`.
    ///
    /// # Errors
    ///
    /// Those of `act`, and that the engine is broken.
    pub(crate) fn attempt<R>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Self) -> Result<R, RtcError>,
    ) -> Result<R, RtcError> {
        self.guarded(now, act).unwrap_or_else(|| Err(broken()))
    }

    /// The engine cannot be used any more.
    fn break_down(&mut self, now: Instant) {
        if self.broken {
            return; // by a guard inside the one that asks
        }
        log::error!("the media engine panicked on what the peer sent: this connection has failed");
        self.broken = true;
        let old = std::mem::replace(&mut self.rtc, Self::engine(&self.config, now));
        // Its destructor meets the same inconsistent state.
        catch_unwind(AssertUnwindSafe(|| drop(old))).ok();
        self.on_engine_lost(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use str0m::net::Protocol;

    use super::*;
    use crate::{
        engine::{events::Event, test_support},
        types::{
            configuration::{OfferOptions, RtcConfiguration},
            connection_state::{PeerConnectionState, SignalingState},
            data_channel::DataChannelInit,
        },
    };

    fn broken_core(now: Instant) -> Core {
        let mut core = test_support::core(RtcConfiguration::default(), now);
        core.create_channel("c", DataChannelInit::default(), now)
            .expect("a channel");
        let nothing = core.guarded(now, |_| panic!("a test of what a broken engine does"));
        assert!(nothing.is_none());
        core
    }

    #[test]
    fn a_panic_of_the_engine_fails_its_connection_and_says_so_once() {
        let now = test_support::start();
        let mut core = broken_core(now);
        core.settle(now);
        let failures = core
            .outbox
            .events
            .iter()
            .filter(|event| matches!(event, Event::Connection(PeerConnectionState::Failed)))
            .count();
        assert_eq!(failures, 1, "reports of the failure");
        assert_eq!(core.connection_state(), PeerConnectionState::Failed);
        assert!(!is_guarded());
    }

    #[test]
    fn a_broken_connection_refuses_calls_ignores_packets_and_can_be_closed() {
        let now = test_support::start();
        let mut core = broken_core(now);
        assert!(core.create_offer(&OfferOptions::default(), now).is_err());
        let address = "127.0.0.1:9".parse().expect("an address");
        core.on_datagram(Protocol::Udp, address, address, &[22; 64], now);
        core.settle(now + Duration::from_secs(60));
        assert!(core.deadline() > now + Duration::from_secs(60));
        core.close(now);
        assert_eq!(core.session.signaling(), SignalingState::Closed);
    }
}
