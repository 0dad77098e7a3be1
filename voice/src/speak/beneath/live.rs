//! Sound on its way from one line to another: what is heard here in, what is said there out.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use resampler::Resampler;
use tokio::sync::Notify;

use crate::{
    listen::LISTEN_RATE_HZ,
    speak::{FRAME_SAMPLES, SPEECH_RATE_HZ},
};

/// Frames that wait: 120 ms. Who talks through us hears the other later than that never, and loses some of it instead.
const QUEUE: usize = 12;

/// A frame as it goes out.
type Frame = [i16; FRAME_SAMPLES];

/// Both ends of one direction.
#[must_use]
pub fn live() -> (LiveSource, Live) {
    let shared = Arc::<Shared>::default();
    let source = LiveSource {
        shared: shared.clone(),
        resampler: Resampler::new(LISTEN_RATE_HZ, SPEECH_RATE_HZ),
        partial: Vec::with_capacity(2 * FRAME_SAMPLES),
    };
    (source, Live { shared })
}

#[derive(Debug, Default)]
struct Shared {
    frames: Mutex<VecDeque<Frame>>,
    arrived: Notify,
}

/// Where the sound comes from.
#[derive(Debug)]
pub struct LiveSource {
    shared: Arc<Shared>,
    resampler: Resampler,
    /// Less than a frame.
    partial: Vec<i16>,
}

/// Where it goes.
#[derive(Debug)]
pub struct Live {
    shared: Arc<Shared>,
}

impl LiveSource {
    /// Takes mono 16 kHz audio of any length; never waits. Returns how many frames of 10 ms were lost, the oldest ones,
    /// because nobody took them.
    pub fn push(&mut self, samples: &[i16]) -> u64 {
        let samples = self.resampler.push(samples.iter().copied().map(f32::from));
        let whole = samples.into_iter().map(|sample| sample.round() as i16);
        self.partial.extend(whole);
        let mut lost = 0;
        let mut frames = self.shared.lock();
        while self.partial.len() >= FRAME_SAMPLES {
            let mut frame = [0; FRAME_SAMPLES];
            let sound = self.partial.drain(..FRAME_SAMPLES);
            frame
                .iter_mut()
                .zip(sound)
                .for_each(|(to, from)| *to = from);
            if frames.len() == QUEUE {
                frames.pop_front();
                lost += 1;
            }
            frames.push_back(frame);
        }
        drop(frames);
        self.shared.arrived.notify_one();
        lost
    }
}

impl Live {
    /// The next frame; waits for it.
    pub(in crate::speak) async fn next(&self) -> Frame {
        loop {
            let arrived = self.shared.arrived.notified();
            if let Some(frame) = self.shared.lock().pop_front() {
                return frame;
            }
            arrived.await;
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Frame>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_in_goes_out_at_the_rate_of_speech() {
        let (mut source, live) = live();
        for _ in 0..10 {
            assert_eq!(source.push(&[1_000; 160]), 0);
        }
        for place in 0..10 {
            let frame = live.next().await;
            // The filter has filled after a millisecond.
            let is_whole = frame.iter().all(|sample| (990..=1_010).contains(sample));
            assert!(is_whole || place == 0, "{place}: {frame:?}");
        }
    }

    #[tokio::test]
    async fn the_oldest_frames_go_when_nobody_takes_them_and_are_counted() {
        let (mut source, live) = live();
        let lost: u64 = (0..50).map(|level| source.push(&[level * 100; 160])).sum();
        assert_eq!(lost, 50 - QUEUE as u64);
        let first = live.next().await[FRAME_SAMPLES - 1];
        let oldest = 100 * (50 - QUEUE as i16);
        assert!((first - oldest).abs() <= 10, "{first}, not {oldest}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_woken() {
        let (mut source, live) = live();
        let pushing = async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            source.push(&[500; 320]);
        };
        let (_, frame) = tokio::join!(pushing, live.next());
        assert_eq!(frame.len(), FRAME_SAMPLES);
    }
}
