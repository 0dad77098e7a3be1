//! Where the agent's frames go: paces them, notes which text sounds when, and lets them come back where the line echoes.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use voice::{
    speak::FrameSink,
    test_support::{ScriptedStt, ScriptedVoice},
};

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
    /// It came from another line.
    pub(crate) is_live: bool,
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

/// The tone of a line on hold is quieter than this, and swings both ways.
const TONE: u16 = 1_100;

/// A published track.
pub(crate) struct ScriptedSink {
    log: SinkLog,
    echo: Option<Loopback>,
}

/// What sounded so far; clones share it.
#[derive(Clone)]
pub(crate) struct SinkLog {
    voice: ScriptedVoice,
    stt: ScriptedStt,
    /// First and last frame of each stretch of the tone of a line on hold.
    tones: Arc<Mutex<Vec<(Instant, Instant)>>>,
    /// Level, first and last frame of each run of equal frames.
    runs: Arc<Mutex<Vec<(i16, Instant, Instant)>>>,
}

impl ScriptedSink {
    pub(super) fn new(voice: ScriptedVoice, stt: ScriptedStt, echo: Option<Loopback>) -> Self {
        let log = SinkLog {
            voice,
            stt,
            tones: Arc::default(),
            runs: Arc::default(),
        };
        Self { log, echo }
    }

    pub(crate) fn log(&self) -> SinkLog {
        self.log.clone()
    }
}

impl SinkLog {
    /// Returns the level of the text that sounds in a frame.
    fn note(&self, samples: &[i16]) -> Option<i16> {
        let level = samples[samples.len() - 1];
        let is_quiet = samples.iter().all(|sample| sample.unsigned_abs() < TONE);
        if is_quiet && samples.iter().any(|sample| *sample < 0) {
            self.note_tone();
        }
        // What somebody says on another line: a resampler has rounded it, and rounded off its beginning.
        let whole = &samples[samples.len() / 2..];
        if ScriptedStt::is_line(level) && whole.iter().all(|sample| sample.abs_diff(level) <= 1) {
            self.run(level / 10 * 10 + 5);
            return None;
        }
        // A fading frame says nothing of its own.
        if level < 2_000 / DUCKED || samples.iter().any(|sample| *sample != level) {
            return None;
        }
        // Levels are whole tens; a quarter of one is rounded down.
        let level = match level {
            2_000.. => level,
            _ => (level * DUCKED + 9) / 10 * 10,
        };
        self.run(level);
        Some(level)
    }

    /// A frame of this level.
    fn run(&self, level: i16) {
        let now = Instant::now();
        let mut runs = self.runs.lock().expect("nobody panicked");
        match runs.last_mut() {
            Some((known, _, last)) if *known == level && now - *last <= 10 * FRAME => *last = now,
            _ => runs.push((level, now, now)),
        }
    }

    fn note_tone(&self) {
        let now = Instant::now();
        let mut tones = self.tones.lock().expect("nobody panicked");
        match tones.last_mut() {
            // The figure is silent for three seconds.
            Some((_, last)) if now - *last <= 400 * FRAME => *last = now,
            _ => tones.push((now, now)),
        }
    }

    /// When the tone of a line on hold sounded.
    pub(crate) fn tones(&self, begun: Instant) -> Vec<(Duration, Duration)> {
        let tones = self.tones.lock().expect("nobody panicked");
        let since = |(from, to): &(Instant, Instant)| (*from - begun, *to + FRAME - begun);
        tones.iter().map(since).collect()
    }

    /// All that sounded, in order.
    pub(crate) fn finish(&self, begun: Instant) -> Vec<Heard> {
        let runs = self.runs.lock().expect("nobody panicked");
        runs.iter()
            .map(|(level, from, to)| Heard {
                text: self
                    .stt
                    .text_of(*level)
                    .or_else(|| self.voice.text_of(*level))
                    .expect("every level was given out"),
                is_live: ScriptedStt::is_line(*level),
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
