//! What leaves for the caller, 10 ms at a time, and what of it was heard. No clock, no I/O.
//!
//! ```text
//! one speech:   | sentence 1 | gap | sentence 2 | gap | ...     positions in samples since it began
//!                                      ^ next: the next sample to go out
//!                               ^ heard: next, less what still waits in the sink
//! ```

mod timeline;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{FRAME_SAMPLES, SPEECH_RATE_HZ, Speech, SpeechId, VoiceEvent};
use timeline::Timeline;

/// Speech that stops fades over this many samples, 20 ms: a hard cut clicks.
const FADE_SAMPLES: usize = 2 * FRAME_SAMPLES;

/// Speech under which the caller makes a sound goes on at this gain: -12 dB.
const DUCKED: f32 = 0.25;
/// From one loudness to the other, 20 ms: a step clicks.
const GAIN_STEP: f32 = (1.0 - DUCKED) / 2.0;

/// The queue of speeches and the place in the first of them.
#[derive(Debug)]
pub struct Playout {
    speeches: VecDeque<Queued>,
    /// The last samples of a speech that was paused or cancelled, already fading; they go out first.
    fading: VecDeque<i16>,
    paused: bool,
    /// The next frame rises from silence: speech resumed in the middle of a word.
    rising: bool,
    /// The gain at the end of the last frame, and the one it is on its way to.
    gain: f32,
    gain_wanted: f32,
    events: VecDeque<VoiceEvent>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A frame was written: send it.
    Frame,
    /// The first speech was sent to its end: wait until the sink is empty, then call [`Playout::drained`].
    Drain,
    /// The first speech waits for its next sentence, or the rest of one, while another speech is queued behind it.
    Starved,
    /// Nothing to send until something is called.
    Idle,
}

#[derive(Debug)]
struct Queued {
    id: SpeechId,
    interruptible: bool,
    timeline: Timeline,
    started: bool,
    ended: bool,
}

impl Default for Playout {
    fn default() -> Self {
        Self {
            speeches: VecDeque::new(),
            fading: VecDeque::new(),
            paused: false,
            rising: false,
            gain: 1.0,
            gain_wanted: 1.0,
            events: VecDeque::new(),
        }
    }
}

impl Playout {
    /// A speech opens; it is heard after those that opened before.
    pub fn begin(&mut self, id: SpeechId, interruptible: bool) {
        self.speeches.push_back(Queued {
            id,
            interruptible,
            timeline: Timeline::default(),
            started: false,
            ended: false,
        });
    }

    /// A sentence of an open speech; of any other it is dropped.
    pub fn sentence(&mut self, id: SpeechId, text: String, speech: Arc<Speech>) {
        if let Some(queued) = self.open(id) {
            queued.timeline.push(text, speech);
        }
    }

    /// A sentence of an open speech whose sound is still being made: its beginning, and how many samples it will
    /// probably have. It is heard as far as it is there; what follows comes by [`Playout::more`], and after the last of
    /// it [`Playout::complete`]. Another sentence, or the speech's end, before that ends it early.
    pub fn growing(&mut self, id: SpeechId, text: String, samples: Vec<i16>, expected: u64) {
        if let Some(queued) = self.open(id) {
            queued.timeline.push_growing(text, samples, expected);
        }
    }

    /// More sound of the last sentence of an open speech.
    pub fn more(&mut self, id: SpeechId, samples: &[i16], expected: u64) {
        if let Some(queued) = self.open(id) {
            queued.timeline.more(samples, expected);
        }
    }

    /// The last sentence of an open speech is whole.
    pub fn complete(&mut self, id: SpeechId) {
        if let Some(queued) = self.open(id) {
            queued.timeline.complete();
        }
    }

    /// No more sentences of this speech come.
    pub fn end(&mut self, id: SpeechId) {
        if let Some(queued) = self.open(id) {
            queued.timeline.close();
            queued.ended = true;
        }
    }

    /// Goes on more quietly, at once: what waits in the sink (`unheard`, which is to be cleared) is sent again so.
    pub fn duck(&mut self, unheard: Duration) {
        if self.paused {
            return;
        }
        self.take_back(unheard);
        self.gain_wanted = DUCKED;
    }

    /// Falls silent within 20 ms and keeps the place. `unheard` is what waits in the sink; the sink is to be cleared.
    pub fn pause(&mut self, unheard: Duration) {
        if self.paused {
            return;
        }
        self.paused = true;
        self.fade(unheard);
        if let Some(queued) = self.speeches.front_mut() {
            queued.timeline.back_up();
        }
    }

    /// Goes on a little before the place where it was paused, and as loud as before.
    pub fn resume(&mut self) {
        self.gain_wanted = 1.0;
        if self.paused {
            self.gain = 1.0;
        }
        self.rising = self.paused;
        self.paused = false;
    }

    /// Drops every speech, the first one fading within 20 ms. `unheard` is what waits in the sink; it is to be cleared.
    pub fn cancel(&mut self, unheard: Duration) {
        if !self.paused {
            self.fade(unheard);
        }
        (self.paused, self.rising) = (false, false);
        (self.gain, self.gain_wanted) = (1.0, 1.0);
        while let Some(queued) = self.speeches.pop_front() {
            self.finish(&queued, true);
        }
    }

    /// The sink is empty: the first speech was heard to its end.
    pub fn drained(&mut self) {
        if self.speeches.front().is_some_and(Queued::is_sent) {
            self.close_first(false);
        }
    }

    /// Gives up a speech whose next sentence does not come, so that others are heard.
    pub fn skip_starved(&mut self) {
        self.close_first(true);
    }

    /// Writes the next frame, if there is one.
    pub fn next(&mut self, frame: &mut [i16; FRAME_SAMPLES]) -> Step {
        if !self.fading.is_empty() {
            let mut fading = self.fading.drain(..FRAME_SAMPLES.min(self.fading.len()));
            frame.fill_with(|| fading.next().unwrap_or(0));
            return Step::Frame;
        }
        if self.paused {
            return Step::Idle;
        }
        let behind = self.speeches.len() > 1;
        let Some(queued) = self.speeches.front_mut() else {
            return Step::Idle;
        };
        if queued.is_sent() {
            return Step::Drain;
        }
        let Some(begun) = queued.timeline.fill(frame, queued.ended) else {
            return if behind { Step::Starved } else { Step::Idle };
        };
        let id = queued.id;
        if !queued.started && !begun.is_empty() {
            queued.started = true;
            self.events.push_back(VoiceEvent::Started {
                id,
                interruptible: queued.interruptible,
            });
        }
        self.events.extend(
            begun
                .into_iter()
                .map(|text| VoiceEvent::Sentence { id, text }),
        );
        if std::mem::take(&mut self.rising) {
            ramp(frame, |share| share);
        }
        self.soften(frame);
        Step::Frame
    }

    /// What happened since it was asked last, in order.
    pub fn take_event(&mut self) -> Option<VoiceEvent> {
        self.events.pop_front()
    }

    fn open(&mut self, id: SpeechId) -> Option<&mut Queued> {
        self.speeches
            .iter_mut()
            .find(|queued| queued.id == id && !queued.ended)
    }

    /// Takes back what was not heard, and keeps its first 20 ms, fading, to be sent instead.
    fn fade(&mut self, unheard: Duration) {
        self.fading.clear();
        self.take_back(unheard);
        let Some(queued) = self.speeches.front_mut() else {
            return;
        };
        let mut tail = queued.timeline.ahead(FADE_SAMPLES);
        let from = self.gain;
        ramp(&mut tail, |share| from * (1.0 - share));
        self.fading.extend(tail);
    }

    fn take_back(&mut self, unheard: Duration) {
        if let Some(queued) = self.speeches.front_mut() {
            let unheard = unheard.as_micros() * u128::from(SPEECH_RATE_HZ) / 1_000_000;
            let unheard = u64::try_from(unheard).unwrap_or(u64::MAX);
            queued.timeline.take_back(unheard);
        }
    }

    /// Gives a frame its loudness.
    fn soften(&mut self, frame: &mut [i16]) {
        let from = self.gain;
        let change = (self.gain_wanted - from).clamp(-GAIN_STEP, GAIN_STEP);
        self.gain = from + change;
        if (from, self.gain) != (1.0, 1.0) {
            ramp(frame, |share| from + change * share);
        }
    }

    fn close_first(&mut self, interrupted: bool) {
        if let Some(queued) = self.speeches.pop_front() {
            self.finish(&queued, interrupted);
        }
    }

    fn finish(&mut self, queued: &Queued, interrupted: bool) {
        let heard = if queued.started {
            queued.timeline.heard_text()
        } else {
            String::new()
        };
        self.events.push_back(VoiceEvent::Finished {
            id: queued.id,
            heard,
            interrupted,
        });
    }
}

impl Queued {
    /// Every sentence that will come was sent to its last sample.
    fn is_sent(&self) -> bool {
        self.ended && self.timeline.is_sent()
    }
}

/// Multiplies each sample with a gain that depends on its share of the whole, 0 to 1.
fn ramp(samples: &mut [i16], gain: impl Fn(f32) -> f32) {
    let count = samples.len().max(1) as f32;
    for (at, sample) in samples.iter_mut().enumerate() {
        *sample = (f32::from(*sample) * gain(at as f32 / count)) as i16;
    }
}

#[cfg(test)]
mod tests;
