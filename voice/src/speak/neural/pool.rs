//! The networks of all calls: a few threads, each with a network of its own, and the sentences that wait for them.
//!
//! A sentence is made in steps of some 40 ms, and between two steps a thread takes whichever sentence will fall silent
//! first. So a call that begins to speak waits for a step and never for a sentence of another call.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::sentence::{Breath, Sentence};
use super::shape::Shaper;
use super::stream::{Inlet, Outlet, stream};
use super::{Network, OpenError};
use crate::speak::SPEECH_RATE_HZ;

/// Sentences at once, over all calls. One more is refused, and the second voice says it: what waits here longer than a
/// caller bears is no use to anybody.
const MOST_SENTENCES: usize = 64;
/// A pool that gives way looks this often whether it may go on.
const GIVE_WAY: Duration = Duration::from_millis(50);
/// And goes on only when no call has been spoken to for so long.
const QUIET: Duration = Duration::from_secs(1);

/// Sentences go in, sound comes out of their streams. The threads end when the last clone is dropped.
#[derive(Clone)]
pub(in super::super) struct Pool {
    shared: Arc<Shared>,
    /// Ends the threads when the last one is dropped.
    _open: Arc<Open>,
}

/// No more sentences are taken: all places are in use.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Full;

struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.queue().is_closed = true;
        self.0.work.notify_all();
    }
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    gain: f32,
    most: usize,
}

struct Queue {
    waiting: Vec<Job>,
    /// With those that a thread is at.
    count: usize,
    last_step: Option<Instant>,
    is_closed: bool,
}

/// A sentence and when its sound runs out.
struct Job {
    sentence: Sentence,
    shaper: Shaper,
    inlet: Inlet,
    due: Instant,
    begun: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call is being spoken to, or was a moment ago.
    fn is_busy(&self, now: Instant) -> bool {
        let queue = self.queue();
        let recent = queue
            .last_step
            .is_some_and(|last| now.duration_since(last) < QUIET);
        queue.count > 0 || recent
    }
}

impl Pool {
    /// Starts a thread for each network. `gain` is that of the voice.
    pub(super) fn start(
        networks: Vec<Box<dyn Network>>,
        gain: f32,
        kind: Kind,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                waiting: Vec::new(),
                count: 0,
                last_step: None,
                is_closed: false,
            }),
            work: Condvar::new(),
            gain,
            most: MOST_SENTENCES,
        });
        let open = Arc::new(Open(shared.clone()));
        for network in networks {
            let worker = Worker {
                network,
                shared: shared.clone(),
                kind: kind.clone(),
            };
            std::thread::Builder::new()
                .name("voice".to_owned())
                .spawn(move || worker.run())
                .map_err(|error| OpenError::Thread(error.to_string()))?;
        }
        Ok(Self {
            shared,
            _open: open,
        })
    }

    /// Begins a sentence. Dropping what is returned stops it.
    pub(super) fn speak(&self, breaths: Vec<Breath>, rate_hz: u32) -> Result<Outlet, Full> {
        let (inlet, outlet) = stream();
        let job = Job {
            sentence: Sentence::new(breaths),
            shaper: Shaper::new(rate_hz, self.shared.gain),
            inlet,
            due: Instant::now(),
            begun: false,
        };
        let mut queue = self.shared.queue();
        if queue.count >= self.shared.most {
            // Those that nobody waits for any more make room.
            let before = queue.waiting.len();
            queue.waiting.retain(|job| !job.inlet.is_abandoned());
            queue.count -= before - queue.waiting.len();
            if queue.count >= self.shared.most {
                return Err(Full);
            }
        }
        queue.count += 1;
        queue.waiting.push(job);
        drop(queue);
        self.shared.work.notify_one();
        Ok(outlet)
    }
}

/// How threads of a pool stand to those of others.
#[derive(Clone)]
pub(super) enum Kind {
    /// Calls wait for them.
    Live,
    /// Nobody does: at a low priority, and only while this pool is quiet.
    GivesWayTo(Pool),
}

struct Worker {
    network: Box<dyn Network>,
    shared: Arc<Shared>,
    kind: Kind,
}

impl Worker {
    fn run(mut self) {
        if let Kind::GivesWayTo(_) = self.kind {
            lower_priority();
        }
        while let Some(job) = self.next() {
            let left = self.step(job);
            let mut queue = self.shared.queue();
            queue.last_step = Some(Instant::now());
            match left {
                Some(job) => queue.waiting.push(job),
                None => queue.count -= 1,
            }
        }
    }

    /// The sentence whose sound runs out first; `None` when the pool is closed.
    fn next(&self) -> Option<Job> {
        let mut queue = self.shared.queue();
        loop {
            if queue.is_closed {
                return None;
            }
            let most_urgent = queue
                .waiting
                .iter()
                .enumerate()
                .min_by_key(|(_, job)| job.due);
            if let Some((at, _)) = most_urgent {
                let waits = match &self.kind {
                    Kind::Live => false,
                    Kind::GivesWayTo(other) => other.shared.is_busy(Instant::now()),
                };
                if !waits {
                    return Some(queue.waiting.swap_remove(at));
                }
                let waited = self.shared.work.wait_timeout(queue, GIVE_WAY);
                queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                let woken = self.shared.work.wait(queue);
                queue = woken.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// One step of a sentence; what is left of it.
    fn step(&mut self, mut job: Job) -> Option<Job> {
        if job.inlet.is_abandoned() {
            return None;
        }
        // A sentence that breaks the network takes no other with it: the thread lives on.
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.network.step(&mut job.sentence, job.inlet.halt())
        }));
        let made = made.unwrap_or_else(|_| Err("the network broke".to_owned()));
        let sound = match made {
            Ok(sound) => sound,
            Err(reason) => {
                job.inlet.end(Err(reason));
                return None;
            }
        };
        let mut samples = job.shaper.push(&sound);
        let is_over = job.sentence.is_over();
        if is_over {
            samples.extend(job.shaper.end());
        }
        let expected = job.shaper.expected(job.sentence.expected_samples());
        job.inlet.give(&samples, expected);
        if is_over {
            job.inlet.end(Ok(()));
            return None;
        }
        // Played from now on, or behind what was made before.
        let length = Duration::from_secs_f64(samples.len() as f64 / f64::from(SPEECH_RATE_HZ));
        let from = if job.begun { job.due } else { Instant::now() };
        job.due = from + length;
        job.begun = true;
        Some(job)
    }
}

/// Only this thread's; where the system refuses, it runs like the others and gives way all the same.
fn lower_priority() {
    // About a tenth of what a thread at the usual priority gets on a busy core.
    const LOW: i32 = 10;
    let own = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(own), LOW) {
        tracing::debug!(%error, "sentences are voiced ahead at the usual priority");
    }
}

/// Threads for calls unless a setting says otherwise: as many as there are cores, two at most. One speaks to a dozen
/// calls; the second is there while the first is at a long sentence.
pub(super) fn default_threads() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    cores.min(NonZeroUsize::MIN.saturating_add(1))
}

#[cfg(test)]
mod tests;
