//! The voice of one call: the task that feeds the sink, and the handle that orders speech.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::echo::Sent;

use super::beneath::Playing;
use super::spoken::{More, Piece, Spoken};
use super::{Beneath, FRAME_SAMPLES, Playout, Speech, SpeechId, Step, TtsError, VoiceEvent};

/// Commands that may wait. The task takes them within 10 ms; when full, whoever orders speech waits that long.
const COMMANDS: usize = 32;
/// A speech whose next sentence takes longer than this, with another one waiting behind it, is given up.
const STARVED: Duration = Duration::from_secs(8);

/// Where frames go, normally a published track with a short queue of its own.
pub trait FrameSink: Send + 'static {
    /// Takes one frame of 240 samples (10 ms of mono 24 kHz); completes when there is room, which paces the voice.
    fn capture(&mut self, samples: &[i16]) -> impl Future<Output = ()> + Send;
    /// Drops what was taken and not yet sent.
    fn clear(&mut self);
    /// How much was taken and not yet sent.
    fn queued(&self) -> Duration;
}

/// Orders speech; cheap to clone. The task ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Voice {
    commands: mpsc::Sender<Command>,
    /// Cancelled, and replaced, with everything that was ordered.
    ordered: Arc<Mutex<CancellationToken>>,
}

#[derive(Debug)]
enum Command {
    Begin {
        id: SpeechId,
        interruptible: bool,
    },
    Sentence {
        id: SpeechId,
        text: String,
        speech: Arc<Speech>,
    },
    Growing {
        id: SpeechId,
        text: String,
        first: Piece,
    },
    More {
        id: SpeechId,
        piece: Piece,
    },
    Complete {
        id: SpeechId,
    },
    End {
        id: SpeechId,
    },
    Beneath(Beneath),
    Duck,
    Pause,
    Resume,
    Cancel,
}

impl Voice {
    /// Starts the task on `tasks`, which notes in `sent` what leaves. Events are awaited, not dropped; while nobody takes
    /// them, speech goes on.
    pub fn start(
        sink: impl FrameSink,
        sent: Sent,
        events: mpsc::Sender<VoiceEvent>,
        tasks: &TaskTracker,
    ) -> Self {
        let (commands, orders) = mpsc::channel(COMMANDS);
        let task = Task {
            sink,
            sent,
            events,
            orders,
            playout: Playout::default(),
            beneath: Playing::default(),
            faded: None,
            untold: VecDeque::new(),
        };
        tasks.spawn(task.run());
        Self {
            commands,
            ordered: Arc::default(),
        }
    }

    /// A reply or announcement opens; it is heard after those that opened before.
    pub async fn begin(&self, id: SpeechId, interruptible: bool) {
        self.order(Command::Begin { id, interruptible }).await;
    }

    /// The next sentence of an open speech. `text` is what counts as heard, `speech` its sound.
    pub async fn sentence(&self, id: SpeechId, text: String, speech: Arc<Speech>) {
        self.order(Command::Sentence { id, text, speech }).await;
    }

    /// The next sentence of an open speech, heard while the rest of it is still being made. Returns when it is whole, or
    /// was cancelled, which also ends its synthesis.
    ///
    /// # Errors
    /// When it broke off and no second voice could say it. What there was of it is heard.
    pub async fn say(&self, id: SpeechId, text: String, spoken: Spoken) -> Result<(), TtsError> {
        let (first, mut rest) = match spoken {
            Spoken::Whole(speech) => {
                self.sentence(id, text, speech).await;
                return Ok(());
            }
            Spoken::Growing(first, rest) => (first, rest),
        };
        let cancelled = self.dropped();
        let again = text.clone();
        self.order(Command::Growing { id, text, first }).await;
        loop {
            let more = tokio::select! {
                biased;
                () = cancelled.cancelled() => return Ok(()),
                more = rest.next() => more?,
            };
            match more {
                Some(More::Sound(piece)) => self.order(Command::More { id, piece }).await,
                Some(More::Anew(speech)) => {
                    self.sentence(id, again, speech).await;
                    return Ok(());
                }
                None => {
                    self.order(Command::Complete { id }).await;
                    return Ok(());
                }
            }
        }
    }

    /// No more sentences: the speech is finished once played.
    pub async fn end(&self, id: SpeechId) {
        self.order(Command::End { id }).await;
    }

    /// What is heard from now on while nothing is said. Speech that was ordered goes on above it.
    pub async fn beneath(&self, beneath: Beneath) {
        self.order(Command::Beneath(beneath)).await;
    }

    /// Speaks on more quietly within 50 ms.
    pub async fn duck(&self) {
        self.order(Command::Duck).await;
    }

    /// Falls silent within 50 ms and keeps its place.
    pub async fn pause(&self) {
        self.order(Command::Pause).await;
    }

    /// Goes on where it was paused, as loud as before.
    pub async fn resume(&self) {
        self.order(Command::Resume).await;
    }

    /// Falls silent within 50 ms and drops everything that was ordered.
    pub async fn cancel(&self) {
        std::mem::take(&mut *self.ordered()).cancel();
        self.order(Command::Cancel).await;
    }

    /// Cancelled when what is ordered now is dropped.
    #[must_use]
    pub fn dropped(&self) -> CancellationToken {
        self.ordered().clone()
    }

    fn ordered(&self) -> MutexGuard<'_, CancellationToken> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn order(&self, command: Command) {
        if self.commands.send(command).await.is_err() {
            tracing::trace!("the voice has ended");
        }
    }
}

struct Task<S> {
    sink: S,
    sent: Sent,
    events: mpsc::Sender<VoiceEvent>,
    orders: mpsc::Receiver<Command>,
    playout: Playout,
    beneath: Playing,
    /// The last of what lay beneath before.
    faded: Option<[i16; FRAME_SAMPLES]>,
    /// Events that found the session's queue full. Waiting for room here would block orders that the session itself
    /// awaits. Bounded by the orders: each makes at most one more event than it is.
    untold: VecDeque<VoiceEvent>,
}

/// Why the task woke.
enum Wake {
    Order(Option<Command>),
    Room,
    Time,
    /// A frame of another line.
    Sound,
}

impl<S: FrameSink> Task<S> {
    async fn run(mut self) {
        let mut frame = [0; FRAME_SAMPLES];
        loop {
            if let Some(faded) = self.faded.take() {
                self.send(&faded).await;
            }
            let step = self.playout.next(&mut frame);
            let alive = match step {
                Step::Frame => {
                    self.fade_beneath().await;
                    self.send(&frame).await;
                    self.take_orders()
                }
                Step::Drain => self.wait(Some(self.sink.queued()), Playout::drained).await,
                Step::Starved => self.wait(Some(STARVED), Playout::skip_starved).await,
                Step::Idle => self.idle(&mut frame).await,
            };
            self.tell();
            if !alive {
                self.sink.clear();
                return;
            }
        }
    }

    async fn send(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.sent.frame(frame, self.sink.queued());
        self.sink.capture(frame).await;
    }

    /// Nothing is said: what lies beneath is heard.
    async fn idle(&mut self, frame: &mut [i16; FRAME_SAMPLES]) -> bool {
        let live = match &mut self.beneath {
            Playing::Silence => return self.wait(None, |_| ()).await,
            Playing::Hold(tone) => {
                tone.next(frame);
                self.send(frame).await;
                return self.take_orders();
            }
            Playing::Live(live) => live,
        };
        let waiting = !self.untold.is_empty();
        let wake = tokio::select! {
            biased;
            command = self.orders.recv() => Wake::Order(command),
            _ = self.events.reserve(), if waiting => Wake::Room,
            sound = live.next() => {
                *frame = sound;
                Wake::Sound
            }
        };
        match wake {
            Wake::Order(None) => return false,
            Wake::Order(Some(command)) => self.obey(command),
            Wake::Sound => self.send(frame).await,
            Wake::Room | Wake::Time => {}
        }
        true
    }

    /// What lies beneath falls silent before anything else is heard.
    async fn fade_beneath(&mut self) {
        let mut frame = [0; FRAME_SAMPLES];
        if self.beneath.fade(&mut frame) {
            self.send(&frame).await;
        }
    }

    /// Obeys what was ordered while a frame was on its way; false when nobody can order any more.
    fn take_orders(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(command) => self.obey(command),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Waits for an order, for room among the events, or for the time to pass; then does `when_passed`.
    async fn wait(
        &mut self,
        time: Option<Duration>,
        when_passed: impl FnOnce(&mut Playout),
    ) -> bool {
        self.tell();
        let waiting = !self.untold.is_empty();
        let wake = async {
            tokio::select! {
                command = self.orders.recv() => Wake::Order(command),
                // Also ends when the session is gone: then nothing is told any more.
                _ = self.events.reserve(), if waiting => Wake::Room,
            }
        };
        let wake = match time {
            None => wake.await,
            Some(time) => timeout(time, wake).await.unwrap_or(Wake::Time),
        };
        match wake {
            Wake::Order(None) => return false,
            Wake::Order(Some(command)) => self.obey(command),
            Wake::Room | Wake::Sound => {}
            Wake::Time => when_passed(&mut self.playout),
        }
        true
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Begin { id, interruptible } => self.playout.begin(id, interruptible),
            Command::Sentence { id, text, speech } => self.playout.sentence(id, text, speech),
            Command::Growing { id, text, first } => {
                self.playout
                    .growing(id, text, first.samples, first.expected);
            }
            Command::More { id, piece } => self.playout.more(id, &piece.samples, piece.expected),
            Command::Complete { id } => self.playout.complete(id),
            Command::End { id } => self.playout.end(id),
            Command::Beneath(beneath) => {
                let mut faded = [0; FRAME_SAMPLES];
                self.faded = self.beneath.fade(&mut faded).then_some(faded);
                self.beneath = beneath.into();
            }
            Command::Duck => {
                self.playout.duck(self.sink.queued());
                self.sink.clear();
            }
            Command::Pause => {
                self.playout.pause(self.sink.queued());
                self.sink.clear();
            }
            Command::Resume => self.playout.resume(),
            Command::Cancel => {
                self.playout.cancel(self.sink.queued());
                self.sink.clear();
            }
        }
    }

    /// Passes events on as far as there is room.
    fn tell(&mut self) {
        self.untold
            .extend(std::iter::from_fn(|| self.playout.take_event()));
        while let Some(event) = self.untold.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.untold.push_front(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => self.untold.clear(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
