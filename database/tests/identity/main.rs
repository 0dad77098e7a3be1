//! Proofs that merging is exact: a model beside PostgreSQL, random interleavings, every order of
//! two writers and a merge, and a backend killed at each statement. Short by default;
//! `scripts/proofs` runs the long forms.

#![expect(clippy::unwrap_used, reason = "a test's helpers are tests too")]

mod controls;
mod gates;
mod interleavings;
mod invariants;
mod kills;
mod leads;
mod model;
mod prepared;
mod sequences;
mod steps;

/// How much to do: the environment variable `name`, or `short`.
#[expect(
    clippy::disallowed_methods,
    reason = "a proof's size comes from whoever runs it"
)]
fn size(name: &str, short: u64) -> u64 {
    std::env::var(name).map_or(short, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// What the proof is repeated with: `PROOF_SEED`, or random. Printed when a proof fails.
fn seed() -> u64 {
    size("PROOF_SEED", u64::from(uuid::Uuid::new_v4().as_fields().0))
}

/// A small generator: the same seed, the same numbers.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Spread, so that neighbouring seeds differ from the first number on; never 0.
        Self(
            seed.wrapping_add(1)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .max(1),
        )
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("smaller than a length")
    }
}
