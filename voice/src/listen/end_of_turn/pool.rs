//! One pool of threads for the pauses of all calls.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{EndOfTurnError, GivenUp, Judgement, SmartTurn};

/// How much of the machine the judging of pauses may use.
#[derive(Debug, Clone)]
pub struct EndOfTurnConfig {
    /// Threads, one core each.
    pub threads: usize,
    /// Pauses that may wait. When full, the next one is not judged: it would be answered too late.
    pub queue: usize,
    /// How long an answer is of use. Later, silence alone has ended the turn.
    pub patience: Duration,
}

impl Default for EndOfTurnConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // People pause every few seconds: a thread serves the calls of several cores.
        let threads = cores.div_ceil(4);
        Self {
            threads,
            queue: 4 * threads,
            // A timer of half a second, of which the VAD has waited 200 ms.
            patience: Duration::from_millis(300),
        }
    }
}

/// What tells of a turn how likely it is that it is over.
pub(super) type Judging = dyn Fn(&[f32]) -> f32 + Send + Sync;

/// The threads; cheap to clone. They end once the last clone is dropped.
#[derive(Clone)]
pub struct EndOfTurnPool {
    /// Bounded: see [`EndOfTurnConfig::queue`].
    jobs: mpsc::Sender<Job>,
    patience: Duration,
}

struct Job {
    turn: Vec<f32>,
    asked: Instant,
    answer: oneshot::Sender<Result<Judgement, GivenUp>>,
}

impl EndOfTurnPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(network: SmartTurn, config: &EndOfTurnConfig) -> Result<Self, EndOfTurnError> {
        Self::with(
            Arc::new(move |turn: &[f32]| network.probability(turn)),
            config,
        )
    }

    /// The same with anything that judges.
    pub(super) fn with(
        judge: Arc<Judging>,
        config: &EndOfTurnConfig,
    ) -> Result<Self, EndOfTurnError> {
        let (jobs, queue) = mpsc::channel(config.queue.max(1));
        let queue = Arc::new(Mutex::new(queue));
        let usual_us = Arc::new(AtomicU64::new(0));
        for index in 0..config.threads.max(1) {
            let thread = Judge {
                judge: Arc::clone(&judge),
                usual_us: Arc::clone(&usual_us),
                patience: config.patience,
            };
            let queue = Arc::clone(&queue);
            let named = std::thread::Builder::new().name(format!("end-of-turn-{index}"));
            named
                .spawn(move || thread.run(&queue))
                .map_err(EndOfTurnError::Thread)?;
        }
        Ok(Self {
            jobs,
            patience: config.patience,
        })
    }

    pub(super) async fn judge(&self, turn: Vec<f32>) -> Result<Judgement, GivenUp> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            turn,
            asked: now(),
            answer,
        };
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => GivenUp::Full,
            mpsc::error::TrySendError::Closed(_) => GivenUp::Failed,
        })?;
        // Whoever stops waiting drops `answered`; a job nobody waits for is skipped by the threads.
        match tokio::time::timeout(self.patience, answered).await {
            Ok(judged) => judged.unwrap_or(Err(GivenUp::Failed)),
            Err(_) => Err(GivenUp::Late),
        }
    }
}

/// One thread's part.
struct Judge {
    judge: Arc<Judging>,
    /// What a pause took lately, of all threads; 0 before the first.
    usual_us: Arc<AtomicU64>,
    patience: Duration,
}

impl Judge {
    fn run(self, queue: &Mutex<mpsc::Receiver<Job>>) {
        loop {
            // The lock is held while waiting: one idle thread listens to the queue, the others to the lock.
            let job = queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .blocking_recv();
            let Some(job) = job else { return };
            // The caller went on, or the call is over.
            if job.answer.is_closed() {
                continue;
            }
            let judged = self.answer(&job);
            if job.answer.send(judged).is_err() {
                tracing::debug!("nobody waited for the end of a turn");
            }
        }
    }

    fn answer(&self, job: &Job) -> Result<Judgement, GivenUp> {
        let begun = now();
        let usual = Duration::from_micros(self.usual_us.load(Ordering::Relaxed));
        if begun.duration_since(job.asked) + usual > self.patience {
            // A machine that was slow once is tried again.
            self.learn(usual / 2);
            return Err(GivenUp::Late);
        }
        let judged = catch_unwind(AssertUnwindSafe(|| (self.judge)(&job.turn)));
        let probability = judged.map_err(|_| GivenUp::Failed)?;
        self.learn(now().duration_since(begun));
        Ok(Judgement {
            probability,
            took: now().duration_since(job.asked),
        })
    }

    fn learn(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.usual_us.store(took, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures waiting and work on the pool's own threads"
)]
fn now() -> Instant {
    Instant::now()
}
