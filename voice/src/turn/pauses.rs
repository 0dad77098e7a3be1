//! How long this caller pauses within turns: learned from them, within bounds of what is configured.

use std::time::Duration;

use super::config::TurnConfig;

/// Pauses that count, the latest ones.
const REMEMBERED: usize = 6;
/// Nothing is learned from fewer: one pause is no habit.
const ENOUGH: usize = 3;
/// Shorter ones are gaps between words.
const SHORTEST: Duration = Duration::from_millis(250);
/// Longer ones are no pauses within a turn.
const LONGEST: Duration = Duration::from_secs(4);
/// What is waited for is the longest pause, and this part of it more: in eighths.
const MARGIN: u32 = 3;
/// For each time that the caller was cut off, so much longer is waited where a turn sounds finished.
const FOR_A_CUT: Duration = Duration::from_millis(110);

/// What is known of one caller's pauses.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// The latest pauses within turns; the oldest is overwritten.
    recent: [Duration; REMEMBERED],
    /// How many there were.
    count: usize,
    /// Answers that began while the caller only paused; each turn that was none takes one back.
    cut_offs: u32,
    /// The last turn was answered too soon.
    was_cut: bool,
}

impl Pauses {
    /// The caller went on after so much silence, in the middle of a turn.
    pub(super) fn within_a_turn(&mut self, pause: Duration) {
        if (SHORTEST..=LONGEST).contains(&pause) {
            self.recent[self.count % REMEMBERED] = pause;
            self.count += 1;
        }
    }

    /// The caller went on after so much silence, and was being answered already, unheard: it was a pause.
    pub(super) fn cut_off(&mut self, pause: Duration) {
        self.within_a_turn(pause);
        if !self.was_cut {
            self.cut_offs += 1;
        }
        self.was_cut = true;
    }

    /// A turn is over, as far as anybody knows.
    pub(super) fn turn_ended(&mut self) {
        if !self.was_cut {
            self.cut_offs = self.cut_offs.saturating_sub(1);
        }
        self.was_cut = false;
    }

    /// What is waited where a turn sounds finished: never longer than a timer would.
    pub(super) fn finished(&self, config: &TurnConfig) -> Duration {
        let longest = config.endpointing_delay.max(config.finished_delay);
        (config.finished_delay + FOR_A_CUT * self.cut_offs).min(longest)
    }

    /// What is waited where a turn sounds unfinished: three quarters to three halves of what is configured.
    pub(super) fn unfinished(&self, config: &TurnConfig) -> Duration {
        let usual = config.unfinished_delay;
        self.learned()
            .map_or(usual, |learned| learned.clamp(usual * 3 / 4, usual * 3 / 2))
    }

    /// What is waited where digits are dictated: what is configured, or half as much again.
    pub(super) fn between_digits(&self, config: &TurnConfig) -> Duration {
        let usual = config.slot_endpointing_delay;
        self.learned()
            .map_or(usual, |learned| learned.clamp(usual, usual * 3 / 2))
    }

    /// Longer than this caller pauses.
    fn learned(&self) -> Option<Duration> {
        let longest = self.recent.iter().max()?;
        (self.count >= ENOUGH).then(|| *longest + *longest * MARGIN / 8)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pauses, TurnConfig};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn caller(pauses: &[u64]) -> Pauses {
        let mut caller = Pauses::default();
        for pause in pauses {
            caller.within_a_turn(ms(*pause));
        }
        caller
    }

    #[test]
    fn a_callers_pauses_are_learned_within_bounds() {
        let config = TurnConfig::default();
        for (pauses, unfinished, digits) in [
            (&[][..], 1600, 1200),
            // Two are no habit, gaps between words no pauses, and who left is no caller who pauses.
            (&[400, 400], 1600, 1200),
            (&[400, 400, 100, 200, 9000], 1600, 1200),
            (&[300, 400, 350], 1200, 1200),
            (&[600, 1000, 900], 1375, 1375),
            (&[1500, 1600, 700], 2200, 1800),
            (&[3000, 3000, 3000], 2400, 1800),
            // What lies back is forgotten.
            (
                &[3000, 3000, 3000, 400, 400, 400, 400, 400, 400],
                1200,
                1200,
            ),
        ] {
            let caller = caller(pauses);
            assert_eq!(caller.unfinished(&config), ms(unfinished), "{pauses:?}");
            assert_eq!(caller.between_digits(&config), ms(digits), "{pauses:?}");
        }
    }

    #[test]
    fn who_is_cut_off_is_given_more_time_until_it_helps() {
        let config = TurnConfig::default();
        let mut caller = Pauses::default();
        let mut waited = Vec::new();
        // Three turns in which an answer began too soon, once twice; then four in which none did.
        for cut_offs in [1, 2, 1, 0, 0, 0, 0] {
            for _ in 0..cut_offs {
                caller.cut_off(ms(700));
            }
            caller.turn_ended();
            waited.push(caller.finished(&config).as_millis());
        }
        assert_eq!(waited, [390, 500, 500, 500, 390, 280, 280]);
    }
}
