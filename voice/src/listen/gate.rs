//! The level gate: speech stands above the room it is spoken in.
//!
//! The floor is the quietest 16 ms of the last three seconds, kept as the minima of six half-second blocks: talk has
//! gaps, steady noise has none, so the floor follows noise and stays under talk. Half a second as even as no talk
//! is makes the floor at once, so noise that sets in is taken for speech no longer than that. The gate needs no opinion
//! from the voice detector, so a wrong one cannot raise it.

/// Frames of 16 ms in one block.
const BLOCK_FRAMES: usize = 31;
const BLOCKS: usize = 6;
/// Between the loudest and the quietest frame of even noise, dB. Syllables make 15 dB and more in half a second.
const EVEN_DB: f32 = 8.0;
/// A line this quiet is silent, dBFS: below it the gate would open for rounding noise.
const SILENT_DB: f32 = -62.0;

/// Tells frames that stand out from the room's noise.
#[derive(Debug)]
pub(super) struct LevelGate {
    margin_db: f32,
    /// Minima of the finished blocks, oldest overwritten first.
    minima: [f32; BLOCKS],
    next: usize,
    current: f32,
    loudest: f32,
    frames: usize,
}

impl LevelGate {
    pub(super) fn new(margin_db: f32) -> Self {
        Self {
            margin_db,
            minima: [f32::INFINITY; BLOCKS],
            next: 0,
            current: f32::INFINITY,
            loudest: f32::NEG_INFINITY,
            frames: 0,
        }
    }

    /// Takes one 16 ms frame; true when it is loud enough to be speech.
    pub(super) fn push(&mut self, frame: &[i16]) -> bool {
        let level = level_db(frame);
        // Before anything was heard the room counts as silent: a caller may speak at once.
        let open = level > self.floor_db() + self.margin_db;
        self.current = self.current.min(level);
        self.loudest = self.loudest.max(level);
        self.frames += 1;
        if self.frames == BLOCK_FRAMES {
            self.finish_block();
        }
        open
    }

    fn finish_block(&mut self) {
        if self.loudest - self.current < EVEN_DB {
            self.minima = [self.current; BLOCKS];
        } else {
            self.minima[self.next] = self.current;
            self.next = (self.next + 1) % BLOCKS;
        }
        (self.current, self.loudest, self.frames) = (f32::INFINITY, f32::NEG_INFINITY, 0);
    }

    /// The room's level, dBFS.
    pub(super) fn floor_db(&self) -> f32 {
        let lowest = self.minima.iter().copied().fold(self.current, f32::min);
        if lowest.is_finite() {
            lowest.max(SILENT_DB)
        } else {
            SILENT_DB
        }
    }
}

/// RMS of a frame, dB below full scale; -100 for digital silence.
pub(super) fn level_db(frame: &[i16]) -> f32 {
    let power: f32 = frame
        .iter()
        .map(|&s| (f32::from(s) / 32_768.0).powi(2))
        .sum::<f32>()
        / frame.len().max(1) as f32;
    10.0 * power.max(1e-10).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::sounds;

    fn open_share(gate: &mut LevelGate, samples: &[i16]) -> f32 {
        let frames: Vec<_> = samples.chunks_exact(256).collect();
        let open = frames.iter().filter(|frame| gate.push(frame)).count();
        open as f32 / frames.len() as f32
    }

    #[test]
    fn steady_noise_closes_the_gate_and_speech_above_it_opens_it() {
        let mut gate = LevelGate::new(7.0);
        open_share(&mut gate, &sounds::white_noise(-40.0, 4.0));
        assert!(
            (gate.floor_db() + 40.0).abs() < 2.0,
            "the floor is {} dB in noise of -40 dB",
            gate.floor_db()
        );
        assert!(
            open_share(&mut gate, &sounds::white_noise(-40.0, 2.0)) < 0.01,
            "noise passes its own gate"
        );
        assert!(
            open_share(&mut gate, &sounds::white_noise(-25.0, 0.5)) > 0.99,
            "15 dB above the room is shut out"
        );
    }

    #[test]
    fn the_floor_follows_a_room_that_becomes_loud_and_quiet_again() {
        let mut gate = LevelGate::new(7.0);
        open_share(&mut gate, &sounds::white_noise(-50.0, 4.0));
        open_share(&mut gate, &sounds::white_noise(-30.0, 4.0));
        assert!(
            gate.floor_db() > -33.0,
            "after 4 s of louder noise the floor is still {} dB",
            gate.floor_db()
        );
        open_share(&mut gate, &sounds::white_noise(-50.0, 0.1));
        assert!(
            gate.floor_db() < -48.0,
            "a quieter room is not believed at once: {} dB",
            gate.floor_db()
        );
    }

    #[test]
    fn a_caller_who_speaks_in_the_first_instant_is_let_in() {
        let speech = sounds::sample("043-clean.wav");
        let loudest = speech
            .chunks_exact(256)
            .max_by_key(|f| f.iter().map(|&s| i64::from(s).pow(2)).sum::<i64>());
        assert!(
            LevelGate::new(7.0).push(loudest.expect("the sample has frames")),
            "the first frame was shut out"
        );
    }
}
