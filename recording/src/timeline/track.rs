//! One side: its sound, what of it is muted, and what of it waits for a verdict.

use std::{collections::VecDeque, ops::Range};

use super::{BLOCK, ms};

/// Sound that comes this much later than the one before ended had silence between.
const GAP: u64 = ms(250);
/// Sound that is this far ahead of its time is dropped: a line that delivers faster than time passes.
const AHEAD: u64 = ms(1_000);

#[derive(Debug, Default)]
pub(super) struct Track {
    samples: VecDeque<i16>,
    /// Position of the first of them.
    start: u64,
    muted: Vec<Range<u64>>,
    /// What is not known yet, by its name: from where on.
    holds: Vec<(u64, u64)>,
    /// Where stretches of this side's own count of samples lie, oldest first.
    runs: VecDeque<Run>,
    dropped: u64,
}

#[derive(Debug)]
struct Run {
    media: u64,
    position: u64,
    length: u64,
}

impl Track {
    /// The position after the last sample.
    fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }

    /// Places sound of this time behind what is there, after silence if there was some. Returns where it lies. Nothing is
    /// placed before `out`, which is handed out.
    pub(super) fn push(&mut self, at: u64, samples: &[i16], out: u64) -> Range<u64> {
        if self.samples.is_empty() {
            self.start = self.start.max(out);
        }
        let end = self.end();
        if end > at + AHEAD {
            self.dropped += samples.len() as u64;
            return end..end;
        }
        // Where nothing waits, it is in time with nothing else than the clock.
        if at > end + GAP || at > end && self.samples.is_empty() {
            self.samples.extend((end..at).map(|_| 0));
        }
        let from = self.end();
        self.samples.extend(samples);
        from..self.end()
    }

    /// The sound that was placed there is number `media` and the following of this side's.
    pub(super) fn note(&mut self, media: u64, placed: Range<u64>) {
        let length = placed.end - placed.start;
        if let Some(last) = self.runs.back_mut()
            && last.media + last.length == media
            && last.position + last.length == placed.start
        {
            last.length += length;
            return;
        }
        self.runs.push_back(Run {
            media,
            position: placed.start,
            length,
        });
    }

    /// Where this number of this side's samples lies; before all that is known of it, where that begins.
    pub(super) fn position_of(&self, media: u64) -> u64 {
        let run = self.runs.iter().rfind(|run| run.media <= media);
        match run.or_else(|| self.runs.front()) {
            Some(run) => run.position + media.saturating_sub(run.media).min(run.length),
            None => self.end(),
        }
    }

    /// The last so many samples are no part of it, unless they are handed out.
    pub(super) fn take_back(&mut self, count: u64) {
        let kept = self.samples.len().saturating_sub(count as usize);
        self.samples.truncate(kept);
    }

    pub(super) fn mute(&mut self, range: Range<u64>) {
        self.muted.push(range);
    }

    pub(super) fn hold(&mut self, name: u64, from: u64) {
        self.holds.push((name, from));
    }

    /// Nothing waits for this any more; where it began.
    pub(super) fn release(&mut self, name: u64) -> Option<u64> {
        let place = self.holds.iter().position(|(held, _)| *held == name)?;
        Some(self.holds.remove(place).1)
    }

    /// Where the first stretch begins that is not known.
    pub(super) fn held(&self) -> Option<u64> {
        self.holds.iter().map(|(_, from)| *from).min()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The block at `out`, and nothing of it stays here. Muted is what is secret, and what is not known.
    pub(super) fn take(&mut self, out: u64, mute_all: bool) -> [i16; BLOCK] {
        let end = out + BLOCK as u64;
        let mut block = [0; BLOCK];
        let unknown = self.held().unwrap_or(u64::MAX);
        while self.start < end {
            let Some(sample) = self.samples.pop_front() else {
                break;
            };
            let at = self.start;
            self.start += 1;
            let secret = mute_all || at >= unknown || self.muted.iter().any(|m| m.contains(&at));
            if at >= out && !secret {
                block[(at - out) as usize] = sample;
            }
        }
        self.muted.retain(|muted| muted.end > end);
        // The last one stays: what comes next is measured from it.
        while self.runs.len() > 1 && self.runs[0].position + self.runs[0].length <= end {
            self.runs.pop_front();
        }
        block
    }
}
