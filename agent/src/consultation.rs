//! A call to a colleague, in a room of its own: what is asked of whoever provides it, and what they provide.
//!
//! LiveKit does in a call ([`crate::telephony`]), a script in a test. Who was called is spoken to there, and nobody else.

use std::{fmt, time::Duration};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tools::{BoxFuture, TransferTarget};
use voice::speak::FrameSink;

use crate::line::Input;

/// Who can call a colleague.
pub trait Dialer: Send + Sync {
    /// Makes a room and calls somebody into it, for so long; resolves when they have answered.
    ///
    /// Nothing is left of it when the future or the [`Leg`] is dropped: no phone rings, nobody stays in the room. What is
    /// still to be done for that is done on `tasks`.
    fn dial(
        &self,
        to: TransferTarget,
        ring: Duration,
        tasks: TaskTracker,
    ) -> BoxFuture<'static, Result<Leg, Unreached>>;
}

/// Why nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// It rang in vain.
    NoAnswer,
    /// They speak with somebody.
    Busy,
    /// They pressed the button that declines.
    Declined,
    /// There was no getting through.
    Failed,
}

/// The line of a colleague who answered.
pub struct Leg {
    /// What happens on it: sound, keys, messages, that they left.
    pub inputs: mpsc::Receiver<Input>,
    /// Where they hear us.
    pub sink: LegSink,
    /// Ends the connection when it is dropped.
    pub connection: Box<dyn Send>,
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leg")
    }
}

/// A sink of any make.
pub struct LegSink(Box<dyn AnySink>);

impl LegSink {
    /// Frames go there.
    pub fn new(sink: impl FrameSink) -> Self {
        Self(Box::new(sink))
    }
}

/// [`FrameSink`] as an object.
trait AnySink: Send {
    fn capture<'a>(&'a mut self, samples: &'a [i16]) -> BoxFuture<'a, ()>;
    fn clear(&mut self);
    fn queued(&self) -> Duration;
}

impl<S: FrameSink> AnySink for S {
    fn capture<'a>(&'a mut self, samples: &'a [i16]) -> BoxFuture<'a, ()> {
        Box::pin(FrameSink::capture(self, samples))
    }

    fn clear(&mut self) {
        FrameSink::clear(self);
    }

    fn queued(&self) -> Duration {
        FrameSink::queued(self)
    }
}

impl FrameSink for LegSink {
    async fn capture(&mut self, samples: &[i16]) {
        self.0.capture(samples).await;
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn queued(&self) -> Duration {
        self.0.queued()
    }
}
