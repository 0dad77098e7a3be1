//! The queue between an application that pushes audio when it has some and a network that wants
//! 10 ms every 10 ms.

use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::{Arc, Weak},
};

use tokio::sync::oneshot;

use crate::{
    engine::{
        lock::LeafMutex,
        pulse::Pulse,
        sink::{Feeder, Format, SinkSet},
        ticker::{Tick, Ticker},
        wakers,
    },
    types::{audio_frame::AudioFrame, error::RtcError},
};

/// A source without queue still needs a format; this stands in for an unusable one.
const FALLBACK: Format = Format {
    rate_hz: 48_000,
    channels: 1,
};

/// What a native audio source is inside.
pub(crate) struct Source {
    pub(crate) format: Format,
    pub(crate) sinks: Arc<SinkSet>,
    /// `None`: frames of exactly 10 ms go straight to the sinks.
    queue: Option<LeafMutex<SourceQueue>>,
    pulse: Pulse,
    /// Where it is drained while no sink has a better place.
    ticker: Arc<dyn Ticker>,
}

impl Source {
    /// `queue_ms` is rounded up to a multiple of 10; 0 is "no queue".
    pub(crate) fn new(format: Format, queue_ms: u32, ticker: Arc<dyn Ticker>) -> Arc<Self> {
        let format = if format.block_samples() == 0 {
            log::warn!("an audio source of {format:?} is unusable, taken as {FALLBACK:?}");
            FALLBACK
        } else {
            format
        };
        let blocks = queue_ms.div_ceil(10) as usize;
        let queue =
            (blocks > 0).then(|| LeafMutex::new(SourceQueue::new(format.block_samples(), blocks)));
        let source = Arc::new(Self {
            format,
            sinks: Arc::default(),
            queue,
            pulse: Pulse::default(),
            ticker,
        });
        let feeder: Weak<Self> = Arc::downgrade(&source);
        source.sinks.set_feeder(feeder);
        source
    }

    /// Nobody hears it, and nothing waits to be drained at its pace.
    fn is_idle(&self) -> bool {
        let drained = |queue: &LeafMutex<SourceQueue>| queue.lock().is_drained();
        self.sinks.is_empty() && self.queue.as_ref().is_none_or(drained)
    }

    /// Drops what is queued; a waiting capture is released by the next tick.
    pub(crate) fn clear(&self) {
        if let Some(queue) = &self.queue {
            queue.lock().samples.clear();
        }
    }

    /// Queues a frame. Returns at once while the queue is no fuller than its size, else when it
    /// has drained to it. At most one capture may wait.
    pub(crate) async fn capture(self: &Arc<Self>, frame: &AudioFrame<'_>) -> Result<(), RtcError> {
        if (frame.sample_rate, frame.num_channels) != (self.format.rate_hz, self.format.channels) {
            return Err(RtcError::state(format!(
                "a frame of {} Hz and {} channels does not fit a source of {} Hz and {}",
                frame.sample_rate, frame.num_channels, self.format.rate_hz, self.format.channels
            )));
        }
        let Some(queue) = &self.queue else {
            if frame.data.len() != self.format.block_samples() {
                return Err(RtcError::state(
                    "a source without queue takes exactly 10 ms per frame",
                ));
            }
            self.sinks.push(&frame.data, self.format);
            return Ok(());
        };
        let chunk_samples = queue.lock().limit;
        for chunk in frame.data.chunks(chunk_samples) {
            let wait = queue.lock().push(chunk)?;
            Arc::clone(self).wake(None);
            if let Some(drained) = wait {
                drained.await.ok(); // an error is a source that went away: nothing to wait for
            }
        }
        Ok(())
    }
}

/// Samples waiting to be sent. Holds at most twice its limit; beyond that `push` is refused.
struct SourceQueue {
    samples: VecDeque<i16>,
    block: usize,
    limit: usize,
    waiting: Option<oneshot::Sender<()>>,
}

impl SourceQueue {
    fn new(block: usize, blocks: usize) -> Self {
        Self {
            samples: VecDeque::new(),
            block,
            limit: block * blocks,
            waiting: None,
        }
    }

    fn push(&mut self, chunk: &[i16]) -> Result<Option<oneshot::Receiver<()>>, RtcError> {
        if self
            .waiting
            .as_ref()
            .is_some_and(|waiting| !waiting.is_closed())
        {
            return Err(RtcError::state(
                "another capture waits for this source already",
            ));
        }
        if self.samples.len() + chunk.len() > 2 * self.limit {
            return Err(RtcError::state("the audio queue is full"));
        }
        self.samples.extend(chunk);
        if self.samples.len() <= self.limit {
            return Ok(None);
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting = Some(sender);
        Ok(Some(receiver))
    }

    /// Nothing is in it and nobody waits for that.
    fn is_drained(&self) -> bool {
        self.samples.is_empty() && self.waiting.is_none()
    }

    /// The next 10 ms: audio if there is a whole block, else silence. Returned is the capture
    /// that waited and need not any longer.
    fn pop(&mut self, block: &mut Vec<i16>) -> Option<oneshot::Sender<()>> {
        block.clear();
        if self.samples.len() >= self.block {
            // The queue is a ring: what is wanted lies in one piece or two.
            let (first, second) = self.samples.as_slices();
            let split = first.len().min(self.block);
            block.extend_from_slice(&first[..split]);
            block.extend_from_slice(&second[..self.block - split]);
            self.samples.drain(..self.block);
        } else {
            block.resize(self.block, 0);
        }
        (self.samples.len() <= self.limit).then(|| self.waiting.take())?
    }
}

impl Feeder for Source {
    /// Without a queue there is nothing to pump: frames go straight to the sinks.
    fn wake(self: Arc<Self>, home: Option<Arc<dyn Ticker>>) {
        if self.queue.is_some() && self.pulse.wake() {
            let ticker = home.as_ref().unwrap_or(&self.ticker);
            ticker.start(pump_of(Arc::downgrade(&self)));
        }
    }
}

fn pump_of(source: Weak<Source>) -> Tick {
    let mut block = Vec::new();
    Box::new(move |_, missed| {
        let Some(source) = source.upgrade() else {
            return ControlFlow::Break(());
        };
        let hearers = source.sinks.hearers();
        if hearers.is_empty() && source.pulse.rests(|| source.is_idle()) {
            return ControlFlow::Break(());
        }
        if let Some(queue) = &source.queue {
            let drained = queue.lock().pop(&mut block);
            if let Some(capture) = drained {
                wakers::release_soon(capture);
            }
            if missed > 0 {
                hearers.miss(missed);
            }
            hearers.push(&block, source.format);
        }
        ControlFlow::Continue(())
    })
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::engine::test_support::{self, ManualTicker};

    fn popped(queue: &mut SourceQueue) -> Vec<i16> {
        let mut block = Vec::new();
        if let Some(capture) = queue.pop(&mut block) {
            capture.send(()).ok();
        }
        block
    }

    #[test]
    fn blocks_come_out_in_order_and_silence_follows() {
        let mut queue = SourceQueue::new(2, 10);
        assert!(
            queue
                .push(&[1, 2, 3, 4, 5])
                .expect("room for five samples")
                .is_none()
        );
        assert_eq!(popped(&mut queue), [1, 2]);
        assert_eq!(popped(&mut queue), [3, 4]);
        assert_eq!(
            popped(&mut queue),
            [0, 0],
            "half a block must wait for its other half"
        );
        queue.push(&[6]).expect("room for a sample");
        assert_eq!(popped(&mut queue), [5, 6]);
    }

    #[test]
    fn a_capture_waits_while_the_queue_is_above_its_limit() {
        let mut queue = SourceQueue::new(2, 2);
        let mut wait = queue
            .push(&[0; 6])
            .expect("up to twice the limit")
            .expect("above the limit");
        assert!(queue.push(&[0; 2]).is_err(), "two captures at once");
        assert!(
            wait.try_recv().is_err(),
            "released before the queue drained"
        );
        popped(&mut queue);
        assert_eq!(
            wait.try_recv(),
            Ok(()),
            "drained to the limit, but not released"
        );
    }

    #[test]
    fn a_cancelled_capture_does_not_block_the_next() {
        let mut queue = SourceQueue::new(2, 2);
        drop(queue.push(&[0; 6]).expect("up to twice the limit"));
        assert!(queue.push(&[0; 2]).is_ok());
    }

    #[test]
    fn more_than_twice_the_limit_is_refused() {
        let mut queue = SourceQueue::new(2, 2);
        assert!(queue.push(&[0; 9]).is_err());
    }

    /// A source, and what calls it every 10 ms.
    fn source(format: Format, queue_ms: u32) -> (Arc<Source>, Arc<ManualTicker>) {
        let ticker: Arc<ManualTicker> = Arc::default();
        let source = Source::new(format, queue_ms, Arc::clone(&ticker) as _);
        (source, ticker)
    }

    const MONO_24K: Format = Format {
        rate_hz: 24_000,
        channels: 1,
    };

    #[tokio::test]
    async fn a_frame_of_another_format_is_refused() {
        let (source, _) = source(MONO_24K, 0);
        let other_rate = AudioFrame::new(48_000, 1, 480);
        assert!(source.capture(&other_rate).await.is_err());
        let too_long = AudioFrame::new(24_000, 1, 480);
        assert!(source.capture(&too_long).await.is_err());
        let ten_ms = AudioFrame::new(24_000, 1, 240);
        assert!(source.capture(&ten_ms).await.is_ok());
    }

    struct Ear(std::sync::mpsc::Sender<usize>);

    impl crate::engine::sink::Sink for Ear {
        fn on_block(&mut self, pcm: &[i16], _: Format) -> ControlFlow<()> {
            self.0.send(pcm.len()).expect("the test listens");
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn a_source_that_nobody_hears_drains_rests_and_wakes_for_a_listener() {
        let (source, ticker) = source(MONO_24K, 20);
        let now = test_support::start();
        assert_eq!(ticker.streams(), 0, "it ticks before it has to");
        // 40 ms are 20 more than it holds: the capture ends when they were taken out.
        let frame = AudioFrame::new(24_000, 1, 960);
        let mut capture = pin!(source.capture(&frame));
        let mut context = Context::from_waker(Waker::noop());
        assert!(capture.as_mut().poll(&mut context).is_pending());
        assert_eq!(ticker.streams(), 1, "nothing drains it");
        for _ in 0..2 {
            ticker.tick(now);
        }
        let captured = capture.as_mut().poll(&mut context);
        assert!(
            matches!(captured, Poll::Ready(Ok(()))),
            "not drained without a listener"
        );
        for _ in 0..3 {
            ticker.tick(now); // 20 ms are left in it
        }
        assert_eq!(ticker.streams(), 0, "it ticks on for nobody");
        let (heard, blocks) = std::sync::mpsc::channel();
        source.sinks.add(Box::new(Ear(heard)));
        ticker.tick(now);
        assert_eq!(blocks.try_recv(), Ok(240), "nothing is heard");
    }

    #[tokio::test]
    async fn an_unusable_format_is_refused_at_capture() {
        let unusable = Format {
            rate_hz: 0,
            channels: 0,
        };
        let (source, _) = source(unusable, 100);
        assert!(source.capture(&AudioFrame::new(0, 0, 0)).await.is_err());
    }
}
