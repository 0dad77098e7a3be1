//! Chance that can be looked up: a number for every place and moment, the same in every run.

/// What a number decides. Each has a sequence of its own, so that adding jitter to a link does not
/// change which packets it loses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Loss = 1,
    Burst = 2,
    Jitter = 3,
    Reorder = 4,
    Duplicate = 5,
}

/// A table of random numbers that exists only where it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random {
    seed: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed: mix(seed) }
    }

    /// Uniform in [0, 1): the number for the `nth` packet of a slot of time.
    pub(super) fn at(self, purpose: Purpose, slot: u64, nth: u64) -> f64 {
        let place = mix(mix(mix(self.seed ^ purpose as u64) ^ slot) ^ nth);
        // The 53 bits that an f64 has room for.
        (place >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The finaliser of SplitMix64 after its step: close inputs give unrelated outputs.
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
