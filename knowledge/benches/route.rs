//! What it takes to decide on a turn by its words: `cargo bench -p knowledge`. The bar is 300 us for 99 of 100 turns.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench reads the clock"
)]

use std::{path::Path, time::Instant};

use knowledge::{KnowledgeBase, RouteContext};

/// Rounds over all turns.
const ROUNDS: usize = 5;

fn main() {
    for pack in ["bank", "property"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../packs")
            .join(pack);
        let base = KnowledgeBase::load(&folder).unwrap();
        let tests = base.tests(&folder).unwrap();
        let turns: Vec<&str> = tests
            .iter()
            .flat_map(|test| &test.turns)
            .map(|turn| &*turn.said)
            .collect();
        let context = RouteContext::default();
        let mut times = Vec::new();
        for turn in turns.iter().cycle().take(ROUNDS * turns.len()) {
            let begun = Instant::now();
            std::hint::black_box(base.explain(turn, &context));
            times.push(begun.elapsed());
        }
        times.sort();
        let at = |percent: usize| times[times.len() * percent / 100];
        println!(
            "{pack}: median {:?}, 99 of 100 {:?}, {} turns",
            at(50),
            at(99),
            turns.len()
        );
    }
}
