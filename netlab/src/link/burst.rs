//! Good and bad spells of a link, slot by slot (Gilbert-Elliott).

use std::time::Duration;

use super::{
    SLOT,
    random::{Purpose, Random},
    settings::Burst,
};

/// The state of the two-state chain; it moves once a slot, whether packets come or not, so that
/// all flows meet the same spells.
#[derive(Debug)]
pub(super) struct Spells {
    random: Random,
    /// Chance to turn bad in a good slot.
    turns_bad: f64,
    /// Chance to turn good in a bad slot.
    turns_good: f64,
    slot: u64,
    bad: bool,
}

impl Spells {
    pub(super) fn new(burst: Burst, random: Random) -> Self {
        let slots = (burst.length.as_secs_f64() / SLOT.as_secs_f64()).max(1.0);
        let turns_good = 1.0 / slots;
        // In balance as many slots turn bad as turn good: (1 - share) * turns_bad = share * turns_good.
        let share = burst.share.clamp(0.0, 0.99);
        let turns_bad = (share / (1.0 - share) * turns_good).min(1.0);
        Self {
            random,
            turns_bad,
            turns_good,
            slot: 0,
            bad: false,
        }
    }

    /// Whether the slot is bad. Slots do not go back: an earlier one is answered as the latest.
    pub(super) fn is_bad(&mut self, slot: u64) -> bool {
        while self.slot < slot {
            self.slot += 1;
            let chance = if self.bad {
                self.turns_good
            } else {
                self.turns_bad
            };
            if self.random.at(Purpose::Burst, self.slot, 0) < chance {
                self.bad = !self.bad;
            }
        }
        self.bad
    }
}

/// How many slots a moment is after the link's beginning.
pub(super) fn slot_of(now: Duration) -> u64 {
    (now.as_nanos() / SLOT.as_nanos()) as u64
}
