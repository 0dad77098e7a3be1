//! Discontinuous transmission: what is sent while nothing is said.
//!
//! libopus decides this itself when set to, but then needs a costly analysis of the signal not
//! to take a low tone for silence. A program's speech is digital silence between two sentences,
//! which is recognised by looking at it, and needs no encoder at all.

/// Samples up to this are silence (-66 dBFS): dither and the tail of a filter. What is louder is
/// sent, whatever it is.
const QUIET: u16 = 16;

/// Frames of silence that are still sent (200 ms, as libopus does), so that pauses between words
/// do not switch.
const HANGOVER_FRAMES: u32 = 10;

/// In silence a frame is encoded this often (400 ms, as libopus does), so that the peer knows that
/// the stream lives and what its silence sounds like.
const REFRESH_FRAMES: u32 = 20;

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something is said, or was just now.
    Speech,
    /// Silence begins, or goes on after a refresh: an empty packet announces it, without which
    /// libwebrtc takes the gap for loss and conceals it.
    Announce,
    /// Silence goes on, and a frame of it is due.
    Refresh,
    /// Silence goes on.
    Skip,
}

/// Follows one stream, frame by frame.
#[derive(Debug, Default)]
pub(super) struct SilenceGate {
    quiet_frames: u32,
}

impl SilenceGate {
    pub(super) fn judge(&mut self, frame: &[i16]) -> Verdict {
        if frame.iter().any(|sample| sample.unsigned_abs() > QUIET) {
            self.quiet_frames = 0;
            return Verdict::Speech;
        }
        self.quiet_frames = self.quiet_frames.saturating_add(1);
        match self.quiet_frames.checked_sub(HANGOVER_FRAMES + 1) {
            None => Verdict::Speech,
            Some(0) => Verdict::Announce,
            Some(n) if n % REFRESH_FRAMES == 0 => Verdict::Refresh,
            Some(n) if n > REFRESH_FRAMES && n % REFRESH_FRAMES == 1 => Verdict::Announce,
            Some(_) => Verdict::Skip,
        }
    }

    /// The next frame begins a stream, or one without DTX.
    pub(super) const fn reset(&mut self) {
        self.quiet_frames = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(gate: &mut SilenceGate, frame: &[i16], count: usize) -> Vec<Verdict> {
        (0..count).map(|_| gate.judge(frame)).collect()
    }

    #[test]
    fn silence_is_announced_after_its_hangover_and_refreshed() {
        let mut gate = SilenceGate::default();
        let silence = [0; 480];
        assert_eq!(verdicts(&mut gate, &silence, 10), [Verdict::Speech; 10]);
        assert_eq!(gate.judge(&silence), Verdict::Announce);
        assert_eq!(verdicts(&mut gate, &silence, 19), [Verdict::Skip; 19]);
        for _ in 0..3 {
            assert_eq!(gate.judge(&silence), Verdict::Refresh);
            assert_eq!(gate.judge(&silence), Verdict::Announce);
            assert_eq!(verdicts(&mut gate, &silence, 18), [Verdict::Skip; 18]);
        }
    }

    #[test]
    fn the_faintest_sound_ends_silence_and_dither_does_not() {
        let mut gate = SilenceGate::default();
        let dither = [1, -1, 2, -16, 16, 0];
        verdicts(&mut gate, &dither, 11);
        assert_eq!(gate.judge(&dither), Verdict::Skip);
        assert_eq!(gate.judge(&[0, 0, -17, 0]), Verdict::Speech);
        assert_eq!(
            gate.judge(&dither),
            Verdict::Speech,
            "the hangover begins anew"
        );
    }

    #[test]
    fn full_scale_is_not_silence() {
        let mut gate = SilenceGate { quiet_frames: 99 };
        assert_eq!(gate.judge(&[i16::MIN; 3]), Verdict::Speech);
    }
}
