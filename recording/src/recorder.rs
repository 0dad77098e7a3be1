//! The thread that makes recordings: one for all calls of a worker.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use call::SessionId;
use resampler::Resampler;
use tokio::sync::oneshot;

use crate::{
    RATE_HZ, RecordingMetrics, Side, Tape, Timeline,
    encoder::{Encoder, Pages},
};

/// What waits for the thread: six seconds of 25 calls, 200 frames of 10 ms a second each. Full, a frame is not
/// recorded, which is a gap of silence; see [`FOR_REPORTS`].
const QUEUE: usize = 32_768;
/// Places that frames leave to reports of what is secret. When even these are taken, the call's recording is silence
/// from then on.
const FOR_REPORTS: usize = 2_048;
/// Of the agent's voice.
const SPEECH_RATE_HZ: u32 = 24_000;

/// Ten seconds of a call, or its last ones: whole Ogg pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Of this session.
    pub session: SessionId,
    /// Counts from 0; one that is missing was lost.
    pub number: u32,
    /// Nothing secret is in them, and nobody but the session's key is to read them.
    pub pages: Vec<u8>,
}

/// Who keeps segments, sealed.
pub trait Keep: Send + 'static {
    /// Takes a segment, in the order of a session's numbers; `false` if it is not kept. It may wait a moment, and no longer.
    fn keep(&self, segment: Segment) -> bool;
}

/// The recordings of a worker; cheap to clone. The thread ends with the last clone.
#[derive(Debug, Clone)]
pub struct Recordings {
    queue: SyncSender<(u64, Event)>,
    waiting: Arc<AtomicUsize>,
    calls: Arc<AtomicU64>,
    pub(crate) metrics: Arc<RecordingMetrics>,
}

/// What happens in a call that is recorded.
#[derive(Debug)]
pub(crate) enum Event {
    Begin(SessionId, Arc<AtomicBool>),
    Sound {
        side: Side,
        at: Duration,
        media: u64,
        samples: Box<[i16]>,
    },
    Unplayed(Duration),
    Speaks(u64),
    Heard(u64, Option<Range<u64>>),
    Begins(u64, Duration),
    Said(u64, Duration, bool),
    Key(Duration),
    Pause(Duration),
    Resume(Duration),
    Finish(Duration, oneshot::Sender<()>),
    Gone,
}

impl Recordings {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread.
    pub fn start(
        keep: impl Keep,
        metrics: Arc<RecordingMetrics>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, events) = sync_channel(QUEUE);
        let waiting = Arc::new(AtomicUsize::new(0));
        let thread = Thread {
            events,
            waiting: waiting.clone(),
            calls: HashMap::new(),
            keep,
            metrics: metrics.clone(),
        };
        let running = std::thread::Builder::new()
            .name("recording".into())
            .spawn(move || thread.run())?;
        let recordings = Self {
            queue,
            waiting,
            calls: Arc::default(),
            metrics,
        };
        Ok((recordings, running))
    }

    /// A call begins.
    #[must_use]
    pub fn begin(&self, session: SessionId) -> Tape {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let blind = Arc::new(AtomicBool::new(false));
        if !self.report(call, Event::Begin(session, blind.clone())) {
            tracing::error!(session.id = %session, "the recordings' thread is behind: this call is not recorded");
            return Tape::off();
        }
        self.metrics.calls.inc();
        Tape::new(self.clone(), call, blind)
    }

    /// A frame; dropped where there is no room.
    pub(crate) fn sound(&self, call: u64, event: Event) {
        let room = self.waiting.load(Ordering::Relaxed) + FOR_REPORTS < QUEUE;
        if !room || !self.report(call, event) {
            self.metrics.frames_dropped.inc();
        }
    }

    /// What must not be lost; `false` when it was.
    pub(crate) fn report(&self, call: u64, event: Event) -> bool {
        // Counted first, so that what the thread takes was counted.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.try_send((call, event)).is_ok();
        if !sent {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }
}

struct Thread<K> {
    events: Receiver<(u64, Event)>,
    waiting: Arc<AtomicUsize>,
    calls: HashMap<u64, Call>,
    keep: K,
    metrics: Arc<RecordingMetrics>,
}

/// One recording in the making.
struct Call {
    session: SessionId,
    timeline: Timeline,
    encoder: Encoder,
    /// The agent's voice at the recording's rate.
    voice: Resampler,
    blind: Arc<AtomicBool>,
}

impl<K: Keep> Thread<K> {
    fn run(mut self) {
        while let Ok((call, event)) = self.events.recv() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.on(call, event);
        }
    }

    fn on(&mut self, call: u64, event: Event) {
        match event {
            Event::Begin(session, blind) => self.begin(call, session, blind),
            Event::Finish(at, done) => {
                self.finish(call, at);
                // Nobody waits any more: it took too long.
                done.send(()).unwrap_or_default();
            }
            Event::Gone => drop(self.calls.remove(&call)),
            event => self.go_on(call, event),
        }
    }

    fn begin(&mut self, call: u64, session: SessionId, blind: Arc<AtomicBool>) {
        match Call::new(session, blind) {
            Ok(begun) => {
                self.calls.insert(call, begun);
            }
            Err(error) => {
                tracing::error!(session.id = %session, %error, "no encoder: this call is not recorded");
            }
        }
    }

    fn go_on(&mut self, name: u64, event: Event) {
        let Some(call) = self.calls.get_mut(&name) else {
            return;
        };
        call.on(event);
        let segments = call.encode();
        self.hand_over(name, segments);
    }

    fn finish(&mut self, name: u64, at: Duration) {
        let Some(mut call) = self.calls.remove(&name) else {
            return;
        };
        call.timeline.finish(at);
        let segments = call.encode();
        let dropped = call.timeline.dropped();
        if dropped > 0 {
            tracing::info!(session.id = %call.session, samples = dropped, "a line delivered faster than time passes; some of it is not in the recording");
        }
        let session = call.session;
        let last = call.encoder.finish();
        for pages in segments.unwrap_or_default().into_iter().chain(last) {
            self.keep(session, pages);
        }
    }

    fn hand_over(&mut self, name: u64, segments: Result<Vec<Pages>, opus::Error>) {
        let Some(session) = self.calls.get(&name).map(|call| call.session) else {
            return;
        };
        match segments {
            Ok(segments) => {
                for pages in segments {
                    self.keep(session, pages);
                }
            }
            Err(error) => {
                tracing::error!(session.id = %session, %error, "the encoder failed: the recording ends here");
                self.calls.remove(&name);
            }
        }
    }

    fn keep(&self, session: SessionId, pages: Pages) {
        let kept = self.keep.keep(Segment {
            session,
            number: pages.number,
            pages: pages.bytes,
        });
        self.metrics.segments.inc();
        if !kept {
            self.metrics.segments_lost.inc();
        }
    }
}

impl Call {
    fn new(session: SessionId, blind: Arc<AtomicBool>) -> Result<Self, opus::Error> {
        Ok(Self {
            session,
            timeline: Timeline::default(),
            encoder: Encoder::new(serial(session))?,
            voice: Resampler::new(SPEECH_RATE_HZ, RATE_HZ),
            blind,
        })
    }

    fn on(&mut self, event: Event) {
        let timeline = &mut self.timeline;
        match event {
            Event::Sound {
                side: Side::Caller,
                at,
                media,
                samples,
            } => timeline.caller(at, media, &samples),
            Event::Sound {
                side: Side::Agent,
                at,
                samples,
                ..
            } => {
                let floats = samples.iter().map(|sample| f32::from(*sample));
                let samples = self.voice.push(floats);
                let samples: Vec<i16> = samples.iter().map(|sample| *sample as i16).collect();
                timeline.agent(at, &samples);
            }
            Event::Unplayed(length) => timeline.unplayed(length),
            Event::Speaks(began_ms) => timeline.speaks(began_ms),
            Event::Heard(began_ms, secret) => timeline.heard(began_ms, secret),
            Event::Begins(speech, at) => timeline.begins(speech, at),
            Event::Said(speech, at, secret) => timeline.said(speech, at, secret),
            Event::Key(at) => timeline.key(at),
            Event::Pause(at) => timeline.pause(at),
            Event::Resume(at) => timeline.resume(at),
            Event::Begin(..) | Event::Finish(..) | Event::Gone => {}
        }
    }

    /// Encodes what may be handed out; the segments that are complete.
    fn encode(&mut self) -> Result<Vec<Pages>, opus::Error> {
        if self.blind.load(Ordering::Relaxed) {
            self.timeline.lose_sight();
        }
        let mut segments = Vec::new();
        while let Some(block) = self.timeline.take() {
            segments.extend(self.encoder.push(&block)?);
        }
        Ok(segments)
    }
}

/// What a call told its recording, read when the call is over: on virtual time no thread can be waited for.
#[cfg(feature = "test-support")]
#[derive(Debug)]
pub struct Told(Receiver<(u64, Event)>);

#[cfg(feature = "test-support")]
impl Told {
    /// Recordings that only note what they are told.
    #[must_use]
    pub fn begin() -> (Recordings, Self) {
        let (queue, events) = sync_channel(16 * QUEUE);
        let recordings = Recordings {
            queue,
            waiting: Arc::default(),
            calls: Arc::default(),
            metrics: Arc::default(),
        };
        (recordings, Self(events))
    }

    /// The caller's and the agent's sound of the one call that was held, as it would have been encoded.
    #[must_use]
    pub fn sound(self) -> [Vec<i16>; 2] {
        let mut call: Option<Call> = None;
        let mut sides = [Vec::new(), Vec::new()];
        for (_, event) in self.0.try_iter() {
            match (event, &mut call) {
                (Event::Begin(session, blind), none) => *none = Call::new(session, blind).ok(),
                (Event::Finish(at, _), Some(call)) => call.timeline.finish(at),
                (event, Some(call)) => call.on(event),
                (_, None) => {}
            }
            while let Some(block) = call.as_mut().and_then(|call| call.timeline.take()) {
                for (place, sample) in block.into_iter().enumerate() {
                    sides[place % 2].push(sample);
                }
            }
        }
        sides
    }
}

/// Of all pages of a session's recording.
#[must_use]
pub fn serial(session: SessionId) -> u32 {
    let bytes = session.0.as_bytes();
    u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]])
}

#[cfg(test)]
mod tests;
