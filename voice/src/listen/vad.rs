//! The listener: when does the caller speak?

use std::collections::VecDeque;

use super::gate::LevelGate;
use super::tone::ToneVeto;
use super::utterance::{Heard, Recent, Tape, Utterance};
use super::{LISTEN_RATE_HZ, ListenConfig};

/// What earshot reads at once: 16 ms.
const FRAME: usize = 256;
/// Speech may begin when this many of the last four frames score high enough.
const START_OF_FOUR: u32 = 3;
/// A forced cut looks for the quietest place in the last two seconds.
const CUT_SEARCH: u64 = 2 * LISTEN_RATE_HZ as u64;
/// Of a turn, so much from before its first voice is handed out: 200 ms.
const LEAD: u64 = LISTEN_RATE_HZ as u64 / 5;

/// Finds utterances in a caller's track: earshot's scores with hysteresis, behind a level gate and a tone veto.
pub struct Listener {
    config: Samples,
    detector: Box<earshot::Detector>,
    gate: LevelGate,
    tone: ToneVeto,
    tape: Tape,
    recent: Recent,
    /// Samples that do not fill a frame yet; less than one frame.
    partial: Vec<i16>,
    /// All of them are known not to be the caller's.
    partial_is_own: bool,
    #[cfg(feature = "test-support")]
    scripted: bool,
    state: State,
    /// End of the last utterance: the next one's pre-roll must not repeat its words.
    last_end: u64,
    /// Events of this and earlier pushes, handed out one a push. A push of 10 ms makes at most one.
    pending: VecDeque<Heard>,
}

enum State {
    /// `recent` holds the last four frames' verdicts, newest in bit 0.
    Silence {
        recent: u8,
    },
    /// Perhaps speech: it becomes speech once `voiced` reaches the minimum.
    Candidate {
        onset: u64,
        voiced: u64,
        last_voice: u64,
    },
    Speech {
        onset: u64,
        last_voice: u64,
    },
}

/// [`ListenConfig`] with its durations as numbers of samples.
struct Samples {
    start_score: f32,
    continue_score: f32,
    min_speech: u64,
    end_silence: u64,
    pre_roll: u64,
    max_utterance: u64,
}

impl Listener {
    /// A listener at the beginning of a track.
    pub fn new(config: &ListenConfig) -> Self {
        let samples =
            |d: std::time::Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX / 16) * 16;
        Self {
            config: Samples {
                start_score: config.start_score,
                continue_score: config.continue_score,
                min_speech: samples(config.min_speech),
                end_silence: samples(config.end_silence),
                pre_roll: samples(config.pre_roll),
                max_utterance: samples(config.max_utterance),
            },
            detector: Box::default(),
            gate: LevelGate::new(config.gate_db),
            tone: ToneVeto::new(),
            tape: Tape::default(),
            recent: Recent::new(samples(config.turn_memory)),
            partial: Vec::with_capacity(FRAME),
            partial_is_own: true,
            #[cfg(feature = "test-support")]
            scripted: config.scripted,
            state: State::Silence { recent: 0 },
            last_end: 0,
            pending: VecDeque::new(),
        }
    }

    /// Takes mono 16 kHz audio of any length, normally 160 samples (10 ms), and returns what was noticed, one event a
    /// push.
    pub fn push(&mut self, frame: &[i16]) -> Option<Heard> {
        self.push_judged(frame, false)
    }

    /// The same of sound of which it is known whether it is only the agent's own voice coming back (`is_own`). That begins
    /// no speech and carries none on.
    pub fn push_judged(&mut self, frame: &[i16], is_own: bool) -> Option<Heard> {
        let mut rest = frame;
        while !rest.is_empty() {
            let take = rest.len().min(FRAME - self.partial.len());
            self.partial.extend_from_slice(&rest[..take]);
            rest = &rest[take..];
            self.partial_is_own &= is_own;
            if self.partial.len() == FRAME {
                let mut whole = std::mem::take(&mut self.partial);
                let is_own = std::mem::replace(&mut self.partial_is_own, true);
                self.on_frame(&whole, is_own);
                whole.clear();
                self.partial = whole;
            }
        }
        self.pending.pop_front()
    }

    /// What was heard of the turn whose first voice was at this place, milliseconds of media time, and what of it is still
    /// kept (`turn_memory`): as whisper wants it, pauses and the silence until now included.
    #[must_use]
    pub fn turn_since(&self, at_ms: u64) -> Vec<f32> {
        self.recent.floats_since((at_ms * 16).saturating_sub(LEAD))
    }

    /// The track ended: what was being said is closed as an utterance. Call it until it returns `None`.
    pub fn finish(&mut self) -> Option<Heard> {
        if let State::Speech { onset, last_voice } = self.state {
            let rest = std::mem::take(&mut self.partial);
            self.tape.push(&rest);
            self.close(onset, last_voice, self.tape.end());
            self.silence(0);
        }
        self.pending.pop_front()
    }

    fn on_frame(&mut self, frame: &[i16], is_own: bool) {
        let start = self.tape.end();
        self.tape.push(frame);
        self.recent.push(frame);
        // The detectors follow all that is heard.
        let (score, tone) = self.score(frame);
        let score = if is_own { 0.0 } else { score };
        match self.state {
            State::Silence { .. } if tone => self.silence(0),
            State::Silence { recent } => self.on_silence(recent, score, start),
            // A tone that looked like voice for its first frames.
            State::Candidate { .. } if tone => self.silence(0),
            State::Candidate {
                onset,
                voiced,
                last_voice,
            } => self.on_candidate(onset, voiced, last_voice, score),
            State::Speech { onset, last_voice } => self.on_speech(onset, last_voice, score),
        }
    }

    /// How much a frame is like speech, 0 to 1, and whether it is a tone.
    fn score(&mut self, frame: &[i16]) -> (f32, bool) {
        #[cfg(feature = "test-support")]
        if self.scripted {
            let speaks = crate::test_support::ScriptedStt::speaks(frame);
            return (if speaks { 1.0 } else { 0.0 }, false);
        }
        let loud = self.gate.push(frame);
        let score = self.detector.predict_i16(frame);
        let voiced = loud && score >= self.config.continue_score;
        let tone = self.tone.push(frame, voiced);
        (if loud && !tone { score } else { 0.0 }, tone)
    }

    fn on_silence(&mut self, recent: u8, score: f32, frame_start: u64) {
        let is_voice = score >= self.config.start_score;
        let recent = (recent << 1 | u8::from(is_voice)) & 0b1111;
        if recent.count_ones() < START_OF_FOUR {
            return self.silence(recent);
        }
        let frames_back = u64::from(recent.ilog2());
        let onset = frame_start.saturating_sub(frames_back * FRAME as u64);
        let voiced = u64::from(recent.count_ones()) * FRAME as u64;
        self.candidate(onset, voiced, self.tape.end());
    }

    fn on_candidate(&mut self, onset: u64, voiced: u64, last_voice: u64, score: f32) {
        if score >= self.config.continue_score {
            self.candidate(onset, voiced + FRAME as u64, self.tape.end());
        } else if self.tape.end() - last_voice >= self.config.end_silence {
            self.silence(0);
        } else {
            self.state = State::Candidate {
                onset,
                voiced,
                last_voice,
            };
        }
    }

    fn on_speech(&mut self, onset: u64, last_voice: u64, score: f32) {
        let now = self.tape.end();
        let last_voice = if score >= self.config.continue_score {
            now
        } else {
            last_voice
        };
        if now - last_voice >= self.config.end_silence {
            self.close(onset, last_voice, now);
            self.silence(0);
        } else if now - self.first_sample(onset) >= self.config.max_utterance {
            let cut = self
                .tape
                .quietest_after(now.saturating_sub(CUT_SEARCH).max(onset));
            self.close(onset, cut, cut);
            // The talk goes on: what follows the cut is the next utterance.
            self.tape.forget_before(cut);
            self.begin(cut, last_voice.max(cut));
        } else {
            self.state = State::Speech { onset, last_voice };
        }
    }

    fn candidate(&mut self, onset: u64, voiced: u64, last_voice: u64) {
        if voiced >= self.config.min_speech {
            self.begin(onset, last_voice);
        } else {
            self.state = State::Candidate {
                onset,
                voiced,
                last_voice,
            };
        }
    }

    fn begin(&mut self, onset: u64, last_voice: u64) {
        self.pending
            .push_back(Heard::SpeechStarted { at_ms: onset / 16 });
        self.state = State::Speech { onset, last_voice };
    }

    fn close(&mut self, onset: u64, last_voice: u64, end: u64) {
        self.pending.push_back(Heard::SpeechEnded(Utterance {
            samples: self.tape.floats(self.first_sample(onset), end),
            started_ms: onset / 16,
            ended_ms: last_voice / 16,
        }));
        self.last_end = end;
    }

    fn silence(&mut self, recent: u8) {
        self.state = State::Silence { recent };
        // Four frames more than the pre-roll: the onset may lie that far back when speech is noticed.
        let keep = self.config.pre_roll + self.config.end_silence + 4 * FRAME as u64;
        self.tape
            .forget_before(self.tape.end().saturating_sub(keep).max(self.last_end));
    }

    fn first_sample(&self, onset: u64) -> u64 {
        onset
            .saturating_sub(self.config.pre_roll)
            .max(self.last_end)
    }
}

#[cfg(test)]
mod tests;
