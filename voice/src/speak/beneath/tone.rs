//! The tone of a line on hold: two soft notes every four seconds. Made here, so that nobody's music is needed.

use std::f32::consts::TAU;

use crate::speak::{FRAME_SAMPLES, SPEECH_RATE_HZ};

/// A fifth, in the middle of what a telephone carries; each with its place in the figure, in samples.
const NOTES: [(f32, u64); 2] = [(440.0, 0), (660.0, 12_000)];
/// How long a note sounds.
const NOTE: u64 = SPEECH_RATE_HZ as u64;
/// From one figure to the next.
const FIGURE: u64 = 4 * SPEECH_RATE_HZ as u64;
/// A note rises in this time: a step clicks.
const RISE: f32 = 0.03 * SPEECH_RATE_HZ as f32;
/// Of one note, at its loudest: -30 dBFS, 10 dB below speech.
const AMPLITUDE: f32 = 1_000.0;

/// Where the figure is.
#[derive(Debug, Default)]
pub(in crate::speak) struct HoldTone {
    at: u64,
}

impl HoldTone {
    /// Writes the next 10 ms.
    pub(in crate::speak) fn next(&mut self, frame: &mut [i16; FRAME_SAMPLES]) {
        for sample in frame {
            *sample = value(self.at % FIGURE) as i16;
            self.at += 1;
        }
    }

    /// Writes the last 10 ms, falling silent; `false` where nothing sounds. What comes next begins the figure.
    pub(in crate::speak) fn fade(&mut self, frame: &mut [i16; FRAME_SAMPLES]) -> bool {
        let sounds = self.at > 0 && loudness(self.at % FIGURE) >= 1.0;
        if sounds {
            self.next(frame);
            let count = frame.len() as f32;
            for (place, sample) in frame.iter_mut().enumerate() {
                *sample = (f32::from(*sample) * (1.0 - place as f32 / count)) as i16;
            }
        }
        self.at = 0;
        sounds
    }
}

/// What sounds at this place of the figure.
fn value(at: u64) -> f32 {
    let note = |(hz, from): (f32, u64)| {
        let place = at.saturating_sub(from) as f32;
        envelope(at, from) * (TAU * hz * place / SPEECH_RATE_HZ as f32).sin()
    };
    NOTES.into_iter().map(note).sum()
}

/// How loud it is there, wherever its waves are.
fn loudness(at: u64) -> f32 {
    NOTES.into_iter().map(|(_, from)| envelope(at, from)).sum()
}

/// Of the note that begins at `from`.
fn envelope(at: u64, from: u64) -> f32 {
    let Some(place) = at.checked_sub(from).filter(|place| *place < NOTE) else {
        return 0.0;
    };
    let (place, whole) = (place as f32, NOTE as f32);
    let falls = 1.0 - place / whole;
    AMPLITUDE * (place / RISE).min(1.0) * falls * falls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(tone: &mut HoldTone, count: usize) -> Vec<i16> {
        let mut frame = [0; FRAME_SAMPLES];
        let frames = (0..count).map(|_| {
            tone.next(&mut frame);
            frame
        });
        frames.flatten().collect()
    }

    #[test]
    fn the_tone_is_quiet_has_no_steps_and_leaves_most_of_the_time_silent() {
        let samples = frames(&mut HoldTone::default(), 800);
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
        assert!((500..2_000).contains(&peak.unwrap()), "{peak:?}");
        let step = samples.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        let step = step.max().unwrap();
        // 660 Hz of that amplitude moves by 170 from one sample to the next.
        assert!(step < 350, "a click of {step}");
        let silent = samples.iter().filter(|sample| **sample == 0).count();
        assert!(silent * 2 > samples.len(), "{silent} of {}", samples.len());
        assert_eq!(samples[..96_000], samples[96_000..], "every four seconds");
    }

    #[test]
    fn a_tone_that_sounds_falls_silent_within_a_frame_and_begins_anew() {
        let (mut tone, mut frame) = (HoldTone::default(), [0; FRAME_SAMPLES]);
        assert!(!tone.fade(&mut frame), "nothing has sounded yet");
        let begun = frames(&mut tone, 10);
        assert!(tone.fade(&mut frame));
        assert!(frame[FRAME_SAMPLES - 1].abs() < 20, "{frame:?}");
        assert_eq!(frames(&mut tone, 10), begun);
        frames(&mut tone, 290);
        assert!(!tone.fade(&mut frame), "between two figures");
    }
}
