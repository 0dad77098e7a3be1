//! Where the agent's frames go: paces them, notes which text sounds when, and lets them come back where the line echoes.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use voice::{speak::FrameSink, test_support::ScriptedVoice};

use super::loopback::Loopback;

/// How long a frame sounds.
const FRAME: Duration = Duration::from_millis(10);

/// A text that sounded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    /// Since the scene began.
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}

impl Heard {
    /// It was heard from its first word to its last, in one piece.
    pub(crate) fn is_whole(&self) -> bool {
        let words = u32::try_from(self.text.split_whitespace().count()).expect("not so many");
        self.to - self.from >= ScriptedVoice::WORD * words
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from.as_secs_f64(), self.to.as_secs_f64());
        write!(f, "{from:.3} to {to:.3} {}", self.text)
    }
}

/// Speech under which the caller makes a sound is a quarter as loud.
const DUCKED: i16 = 4;

/// A published track.
pub(crate) struct ScriptedSink {
    log: SinkLog,
    echo: Option<Loopback>,
}

/// What sounded so far; clones share it.
#[derive(Clone)]
pub(crate) struct SinkLog {
    voice: ScriptedVoice,
    /// Level, first and last frame of each run of equal frames.
    runs: Arc<Mutex<Vec<(i16, Instant, Instant)>>>,
}

impl ScriptedSink {
    pub(super) fn new(voice: ScriptedVoice, echo: Option<Loopback>) -> Self {
        let runs = Arc::default();
        Self {
            log: SinkLog { voice, runs },
            echo,
        }
    }

    pub(crate) fn log(&self) -> SinkLog {
        self.log.clone()
    }
}

impl SinkLog {
    /// Returns the level of the text that sounds in a frame.
    fn note(&self, samples: &[i16]) -> Option<i16> {
        let level = samples[0];
        // A fading frame says nothing of its own.
        if level < 2_000 / DUCKED || samples.iter().any(|sample| *sample != level) {
            return None;
        }
        // Levels are whole tens; a quarter of one is rounded down.
        let level = match level {
            2_000.. => level,
            _ => (level * DUCKED + 9) / 10 * 10,
        };
        let now = Instant::now();
        let mut runs = self.runs.lock().expect("nobody panicked");
        match runs.last_mut() {
            Some((known, _, last)) if *known == level && now - *last <= 10 * FRAME => *last = now,
            _ => runs.push((level, now, now)),
        }
        Some(level)
    }

    /// All that sounded, in order.
    pub(crate) fn finish(&self, begun: Instant) -> Vec<Heard> {
        let runs = self.runs.lock().expect("nobody panicked");
        runs.iter()
            .map(|(level, from, to)| Heard {
                text: self
                    .voice
                    .text_of(*level)
                    .expect("every level was given out"),
                from: *from - begun,
                to: *to + FRAME - begun,
            })
            .collect()
    }
}

impl FrameSink for ScriptedSink {
    fn capture(&mut self, samples: &[i16]) -> impl Future<Output = ()> + Send {
        let level = self.log.note(samples);
        if let (Some(echo), Some(level)) = (&self.echo, level) {
            echo.send(
                &self
                    .log
                    .voice
                    .text_of(level)
                    .expect("every level was given out"),
            );
        }
        sleep(FRAME)
    }

    fn clear(&mut self) {}

    fn queued(&self) -> Duration {
        Duration::ZERO
    }
}
