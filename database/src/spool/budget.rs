//! How much disk the spool may take, and what follows from how much it has. Pure.

use call::text_enum;

text_enum! {
    /// How full the spool is.
    #[derive(PartialOrd, Ord)]
    pub enum Fullness {
        /// Below 80 %.
        Normal = "normal",
        /// From 80 %: an operator should look.
        Alarm = "alarm",
        /// From 95 %: calls that run are kept, new ones are refused.
        NoNewCalls = "no_new_calls",
        /// No further segment fits.
        Full = "full",
    }
}

/// How full `used` bytes of `budget` are.
pub(super) fn fullness(used: u64, budget: u64) -> Fullness {
    let at_least = |percent: u64| used.saturating_mul(100) >= budget.saturating_mul(percent);
    if at_least(100) {
        Fullness::Full
    } else if at_least(95) {
        Fullness::NoNewCalls
    } else if at_least(80) {
        Fullness::Alarm
    } else {
        Fullness::Normal
    }
}

/// The size of a new segment: 1 MiB, or a 32nd of a small budget, so that every state above is
/// passed on the way to the last.
pub(super) fn segment_bytes(budget: u64) -> u64 {
    (budget / 32).clamp(4 << 10, 1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_begins_at_its_share() {
        for (used, expected) in [
            (0, Fullness::Normal),
            (799, Fullness::Normal),
            (800, Fullness::Alarm),
            (949, Fullness::Alarm),
            (950, Fullness::NoNewCalls),
            (999, Fullness::NoNewCalls),
            (1000, Fullness::Full),
            (5000, Fullness::Full),
        ] {
            assert_eq!(fullness(used, 1000), expected, "{used} of 1000");
        }
    }

    #[test]
    fn a_small_budget_has_small_segments_and_passes_every_state() {
        for budget in [128 << 10, 1 << 20, 64 << 20, 1 << 30_u64] {
            let segment = segment_bytes(budget);
            let states: Vec<Fullness> = (0..=budget / segment)
                .map(|n| fullness(n * segment, budget))
                .collect();
            for state in [Fullness::Alarm, Fullness::NoNewCalls, Fullness::Full] {
                assert!(states.contains(&state), "{budget}: never {state:?}");
            }
        }
    }
}
