//! whisper.cpp on threads of its own.
//!
//! One context (the weights) and as many states as threads, each thread owning one. A transcription uses one core
//! (`n_threads` = 1): several calls at once use several cores, and ggml's spinning barriers never fight over them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use super::filter;
use super::model::{Family, ModelError, ModelFile};
use super::{LISTEN_RATE_HZ, SttError, Transcript, Utterance};

/// whisper.cpp reads past the end of very short audio, and models do better on a second than on less.
const MIN_SAMPLES: usize = LISTEN_RATE_HZ as usize;

/// How much of the machine hearing may use.
#[derive(Debug, Clone)]
pub struct WhisperConfig {
    /// Threads, one core each; one of them serves three to five turns a second with tiny.en.
    pub threads: usize,
    /// Utterances that may wait. When full, a caller's next utterance waits to be queued, inside the same time limit.
    pub queue: usize,
    /// The longest from question to answer.
    pub timeout: Duration,
}

impl Default for WhisperConfig {
    fn default() -> Self {
        Self {
            threads: 1,
            queue: 32,
            timeout: Duration::from_secs(10),
        }
    }
}

/// The threads; cheap to clone. They have ended once the last clone is dropped.
#[derive(Clone)]
pub struct WhisperPool {
    threads: Arc<Threads>,
    name: Arc<str>,
    timeout: Duration,
}

/// Dropped, it waits for the transcriptions under way: a process that exits while whisper.cpp works may crash.
struct Threads {
    /// `None` while it is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    running: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.running.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of whisper.cpp panicked");
            }
        }
    }
}

struct Job {
    samples: Vec<f32>,
    asked: Instant,
    answer: oneshot::Sender<Result<Transcript, SttError>>,
}

impl WhisperPool {
    /// Loads the model and starts the threads. Takes as long as reading the file: call it off the async threads.
    ///
    /// # Errors
    /// When whisper.cpp refuses the model or no thread can be had.
    pub fn start(model: &ModelFile, config: &WhisperConfig) -> Result<Self, ModelError> {
        whisper_rs::install_logging_hooks();
        let refused = || ModelError::Refused {
            name: model.name().to_owned(),
        };
        let context = WhisperContext::new_from_buffer_with_params(
            model.bytes(),
            WhisperContextParameters::default(),
        );
        let context = Arc::new(context.map_err(|_| refused())?);
        // Bounded: see `WhisperConfig::queue`.
        let (jobs, queue) = mpsc::channel(config.queue.max(1));
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Threads {
            jobs: Some(jobs),
            running: Vec::new(),
        };
        for index in 0..config.threads.max(1) {
            let state = context.create_state().map_err(|_| refused())?;
            let thread = Recogniser {
                context: context.clone(),
                state,
                family: model.family(),
                params: params(model.family()),
            };
            let queue = queue.clone();
            let named = std::thread::Builder::new().name(format!("whisper-{index}"));
            let running = named.spawn(move || thread.run(&queue));
            threads.running.push(running.map_err(ModelError::Thread)?);
        }
        Ok(Self {
            threads: Arc::new(threads),
            name: model.name().into(),
            timeout: config.timeout,
        })
    }

    /// For the log and the page, e.g. `tiny.en q8_0`.
    pub fn model_name(&self) -> &str {
        &self.name
    }

    /// Utterances in the queue.
    pub(super) fn waiting(&self) -> usize {
        let jobs = self.threads.jobs.as_ref();
        jobs.map_or(0, |jobs| jobs.max_capacity() - jobs.capacity())
    }

    pub(super) async fn transcribe(&self, utterance: Utterance) -> Result<Transcript, SttError> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            samples: utterance.samples,
            asked: now(),
            answer,
        };
        let ask = async {
            let jobs = self.threads.jobs.as_ref().ok_or(SttError::Stopped)?;
            jobs.send(job).await.map_err(|_| SttError::Stopped)?;
            answered.await.map_err(|_| SttError::Stopped)?
        };
        // Whoever stops waiting drops `answered`; a job nobody waits for is skipped by the threads.
        tokio::time::timeout(self.timeout, ask)
            .await
            .map_err(|_| SttError::TimedOut(self.timeout))?
    }
}

/// One thread's part.
struct Recogniser {
    context: Arc<WhisperContext>,
    state: WhisperState,
    family: Family,
    params: FullParams<'static, 'static>,
}

impl Recogniser {
    fn run(mut self, queue: &Mutex<mpsc::Receiver<Job>>) {
        // The first run allocates: better now than while a caller waits.
        if let Err(error) = self.transcribe(&[0.0; MIN_SAMPLES]) {
            tracing::warn!(%error, "whisper.cpp failed to warm up");
        }
        loop {
            // The lock is held while waiting: one idle thread listens to the queue, the others to the lock.
            let job = queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .blocking_recv();
            let Some(job) = job else { return };
            if job.answer.is_closed() {
                continue;
            }
            let queued = now().duration_since(job.asked);
            let text = catch_unwind(AssertUnwindSafe(|| self.transcribe(&job.samples)));
            let text = text.unwrap_or_else(|_| Err(SttError::Whisper("it panicked".to_owned())));
            if text.is_err() {
                // A failed run may leave the state in disorder. Weights are read-only and stay good.
                match self.context.create_state() {
                    Ok(state) => self.state = state,
                    Err(error) => {
                        tracing::error!(%error, "no fresh whisper state; the old one is used on")
                    }
                }
            }
            let transcript = text.map(|text| Transcript {
                text,
                stt: now().duration_since(job.asked),
                queued,
                fallback: false,
            });
            if job.answer.send(transcript).is_err() {
                tracing::debug!("nobody waited for a transcript");
            }
        }
    }

    fn transcribe(&mut self, samples: &[f32]) -> Result<String, SttError> {
        let failed = |error: whisper_rs::WhisperError| SttError::Whisper(error.to_string());
        let voice = Duration::from_secs_f32(samples.len() as f32 / LISTEN_RATE_HZ as f32);
        let mut padded = samples.to_vec();
        if padded.len() < MIN_SAMPLES {
            padded.resize(MIN_SAMPLES, 0.0);
        }
        let mut params = self.params.clone();
        params.set_audio_ctx(self.family.audio_context(padded.len()) as i32);
        params.set_max_tokens(max_tokens(voice));
        self.state.full(params, &padded).map_err(failed)?;
        let mut text = String::new();
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy().map_err(failed)?);
        }
        Ok(filter::clean(&text, voice))
    }
}

/// A lost model repeats itself to the end of its memory. Speech has about five tokens a second; twelve leave room
/// for digits, and bound the time a loop can take.
fn max_tokens(voice: Duration) -> i32 {
    16 + (voice.as_secs_f32() * 12.0) as i32
}

/// Made once a thread and cloned: `set_language` leaks a few bytes a call.
fn params(family: Family) -> FullParams<'static, 'static> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(1);
    params.set_language(Some("en"));
    // Without this one caller's words would be the next caller's prompt.
    params.set_no_context(true);
    params.set_single_segment(true);
    params.set_no_timestamps(true);
    // No second try at a higher temperature: the same audio gives the same text, in bounded time.
    params.set_temperature(0.0);
    params.set_temperature_inc(0.0);
    params.set_suppress_blank(family.suppress_blank());
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_special(false);
    params.set_print_timestamps(false);
    params
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures waiting and work on the recogniser's own threads"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
