//! The queue from which an application pulls frames.

use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use crate::{
    engine::{
        lock::LeafMutex,
        resample::Converter,
        sink::{Format, Sink},
        wakers,
    },
    types::audio_frame::AudioFrame,
};

/// Frames of one listener. A full queue drops its oldest frame, and counts it: who listens late
/// wants the present.
pub(crate) struct FrameQueue {
    capacity: usize,
    dropped: AtomicU64,
    state: LeafMutex<State>,
}

#[derive(Default)]
struct State {
    frames: VecDeque<AudioFrame<'static>>,
    waker: Option<Waker>,
    closed: bool,
}

impl FrameQueue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            dropped: AtomicU64::new(0),
            state: LeafMutex::default(),
        }
    }

    /// Adds a frame; breaks once the queue is closed.
    fn push(&self, frame: AudioFrame<'static>) -> ControlFlow<()> {
        let waker = {
            let mut state = self.state.lock();
            if state.closed {
                return ControlFlow::Break(());
            }
            if state.frames.len() >= self.capacity {
                state.frames.pop_front();
                self.dropped.fetch_add(1, Relaxed);
            }
            state.frames.push_back(frame);
            state.waker.take()
        };
        if let Some(waker) = waker {
            wakers::wake_soon(waker);
        }
        ControlFlow::Continue(())
    }

    /// Frames that the listener was too late for, since the queue began.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Ends the stream at once; what is queued is dropped.
    pub(crate) fn close(&self) {
        let waker = {
            let mut state = self.state.lock();
            state.closed = true;
            state.frames.clear();
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn poll_pop(&self, context: &Context<'_>) -> Poll<Option<AudioFrame<'static>>> {
        let mut state = self.state.lock();
        if let Some(frame) = state.frames.pop_front() {
            return Poll::Ready(Some(frame));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Puts a track's blocks into a queue, in the listener's format.
pub(crate) struct QueueSink {
    queue: Arc<FrameQueue>,
    converter: Converter,
}

impl QueueSink {
    pub(crate) fn new(queue: Arc<FrameQueue>, format: Format) -> Self {
        Self {
            queue,
            converter: Converter::new(format),
        }
    }
}

impl Sink for QueueSink {
    fn on_block(&mut self, pcm: &[i16], format: Format) -> ControlFlow<()> {
        let data = self.converter.convert(pcm, format);
        let Format { rate_hz, channels } = self.converter.output();
        let samples_per_channel = data.len() as u32 / channels.max(1);
        self.queue.push(AudioFrame {
            data: data.into(),
            sample_rate: rate_hz,
            num_channels: channels,
            samples_per_channel,
        })
    }

    fn wanted_format(&self) -> Option<Format> {
        Some(self.converter.output())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: i16) -> AudioFrame<'static> {
        AudioFrame {
            data: vec![value].into(),
            sample_rate: 16_000,
            num_channels: 1,
            samples_per_channel: 1,
        }
    }

    fn pop(queue: &FrameQueue) -> Poll<Option<i16>> {
        let context = Context::from_waker(Waker::noop());
        queue
            .poll_pop(&context)
            .map(|frame| frame.map(|frame| frame.data[0]))
    }

    #[test]
    fn a_full_queue_drops_its_oldest_frame_and_counts_it() {
        let queue = FrameQueue::new(2);
        for value in 1..=3 {
            assert!(queue.push(frame(value)).is_continue());
        }
        assert_eq!(queue.dropped(), 1);
        assert_eq!(pop(&queue), Poll::Ready(Some(2)));
        assert_eq!(pop(&queue), Poll::Ready(Some(3)));
        assert_eq!(pop(&queue), Poll::Pending);
    }

    #[test]
    fn a_closed_queue_ends_and_refuses() {
        let queue = FrameQueue::new(2);
        assert!(queue.push(frame(1)).is_continue());
        queue.close();
        assert_eq!(pop(&queue), Poll::Ready(None));
        assert!(queue.push(frame(2)).is_break());
        assert_eq!(queue.dropped(), 0, "what came after the end was not lost");
    }
}
