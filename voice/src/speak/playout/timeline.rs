//! The sentences of one speech, one after the other, and the place in them.

use std::sync::Arc;

use super::super::{FRAME_SAMPLES, SPEECH_RATE_HZ, Speech};
use sound::Sound;

mod sound;

/// Silence between two sentences, 180 ms: they come trimmed.
const GAP: u64 = SPEECH_RATE_HZ as u64 * 18 / 100;
/// A paused speech goes on from the quietest place between these two distances back: a word or so.
const BACK_MOST: u64 = SPEECH_RATE_HZ as u64 / 2;
const BACK_LEAST: u64 = SPEECH_RATE_HZ as u64 * 15 / 100;

#[derive(Debug, Default)]
pub(super) struct Timeline {
    lines: Vec<Line>,
    /// The next sample to go out.
    next: u64,
    /// The furthest place that reached the caller before the speech last backed up.
    reached: u64,
}

#[derive(Debug)]
struct Line {
    text: String,
    sound: Sound,
    start: u64,
    begun: bool,
}

impl Line {
    /// Where its sound ends, as far as it is there.
    fn end(&self) -> u64 {
        self.start + self.sound.samples().len() as u64
    }
}

impl Timeline {
    pub(super) fn push(&mut self, text: String, speech: Arc<Speech>) {
        self.add(text, Sound::whole(speech));
    }

    /// A sentence whose sound is still being made, `expected` samples in all; [`Timeline::more`] brings the rest.
    pub(super) fn push_growing(&mut self, text: String, samples: Vec<i16>, expected: u64) {
        self.add(text, Sound::growing(samples, expected));
    }

    /// More of the last sentence's sound.
    pub(super) fn more(&mut self, samples: &[i16], expected: u64) {
        if let Some(line) = self.lines.last_mut() {
            line.sound.grow(samples, expected);
        }
    }

    /// The last sentence's sound is whole.
    pub(super) fn complete(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            line.sound.complete();
        }
    }

    /// No more of the last sentence's sound comes: if it is not whole, it stays what it is.
    pub(super) fn close(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            line.sound.close();
        }
    }

    fn add(&mut self, text: String, sound: Sound) {
        // Its end has to be known before another one can begin.
        self.close();
        let start = self.lines.last().map_or(0, |line| line.end() + GAP);
        self.lines.push(Line {
            text,
            sound,
            start,
            begun: false,
        });
    }

    /// The last sample of the last sentence went out.
    pub(super) fn is_sent(&self) -> bool {
        self.lines
            .last()
            .is_none_or(|line| line.begun && !line.sound.is_growing() && self.next >= line.end())
    }

    /// Writes the next frame and returns the sentences that begin in it; `None` when the next sentence, or the
    /// rest of this one, is not there yet.
    pub(super) fn fill(
        &mut self,
        frame: &mut [i16; FRAME_SAMPLES],
        ended: bool,
    ) -> Option<Vec<String>> {
        // The gap after the last known sentence passes in any case; beyond it there is nothing to send.
        let known = self
            .lines
            .last()
            .map_or(0, |line| if ended { line.end() } else { line.end() + GAP });
        let unbegun = self.lines.iter().any(|line| !line.begun);
        if self.next >= known && !unbegun {
            return None;
        }
        let to = self.next + FRAME_SAMPLES as u64;
        // Silence in place of what is still being made would tear a word apart: whole frames or none.
        let last = self.lines.last();
        if last.is_some_and(|line| line.sound.is_growing() && line.end() < to) {
            return None;
        }
        frame.copy_from_slice(&self.ahead(FRAME_SAMPLES));
        // The frame may reach beyond what is known; a sentence that comes later still starts where the gap ends.
        let next = if unbegun { to } else { to.min(known) };
        let mut begun = Vec::new();
        for line in self
            .lines
            .iter_mut()
            .filter(|line| !line.begun && line.start < to)
        {
            line.begun = true;
            begun.push(line.text.clone());
        }
        self.next = next;
        Some(begun)
    }

    /// A copy of what comes next, silence where nothing is.
    pub(super) fn ahead(&self, count: usize) -> Vec<i16> {
        let mut samples = vec![0; count];
        let (from, to) = (self.next, self.next + count as u64);
        for line in self
            .lines
            .iter()
            .filter(|line| line.start < to && line.end() > from)
        {
            let (first, last) = (from.max(line.start), to.min(line.end()));
            let source =
                &line.sound.samples()[(first - line.start) as usize..(last - line.start) as usize];
            samples[(first - from) as usize..(last - from) as usize].copy_from_slice(source);
        }
        samples
    }

    /// The last `count` samples did not reach the caller.
    pub(super) fn take_back(&mut self, count: u64) {
        self.next = self.next.saturating_sub(count);
    }

    /// Moves back to a quiet place a word or so before, never past the beginning of the sentence.
    pub(super) fn back_up(&mut self) {
        self.reached = self.reached.max(self.next);
        let Some(line) = self.lines.iter().rfind(|line| line.start <= self.next) else {
            return;
        };
        let (most, least) = (
            self.next.saturating_sub(BACK_MOST),
            self.next.saturating_sub(BACK_LEAST),
        );
        if most <= line.start {
            self.next = line.start;
            return;
        }
        let energy = |at: &u64| -> i64 {
            let from = (at - line.start) as usize;
            let block = line
                .sound
                .samples()
                .get(from..from + FRAME_SAMPLES)
                .unwrap_or_default();
            block.iter().map(|&s| i64::from(s).pow(2)).sum()
        };
        let quietest = (most..least).step_by(FRAME_SAMPLES / 2).min_by_key(energy);
        self.next = quietest.unwrap_or(self.next);
    }

    /// The sentences that were heard, the last one as far as its words were.
    pub(super) fn heard_text(&self) -> String {
        // What is said again after a pause was heard before it.
        let place = self.reached.max(self.next);
        let mut heard: Vec<&str> = Vec::new();
        for line in self.lines.iter().filter(|line| line.begun) {
            let there = line.sound.samples().len() as u64;
            let part = place.saturating_sub(line.start).min(there);
            let length = line.sound.length();
            if part >= length && !line.sound.is_growing() {
                heard.push(line.text.trim());
                continue;
            }
            // As long as more comes, the last word is surely not said.
            let share = (part as f64 / length.max(1) as f64).min(1.0 - f64::EPSILON);
            heard.push(prefix(&line.text, share));
            // Of a sentence whose sound ended early all that there was may have been heard; the next one is heard then.
            let is_cut = line.sound.is_cut() && place >= line.end();
            if !is_cut {
                break;
            }
        }
        heard.retain(|text| !text.is_empty());
        heard.join(" ")
    }
}

/// The whole words within this share of a text.
fn prefix(text: &str, share: f64) -> &str {
    let text = text.trim();
    let limit = (text.chars().count() as f64 * share) as usize;
    let Some((cut, after)) = text.char_indices().nth(limit) else {
        return text;
    };
    // Cut exactly after a word, or back to the end of the one before.
    let end = if after.is_whitespace() {
        cut
    } else {
        text[..cut].rfind(char::is_whitespace).unwrap_or(0)
    };
    text[..end].trim_end()
}
