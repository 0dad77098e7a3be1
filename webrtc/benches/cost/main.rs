//! What the engine costs, against a loop of the same primitives in the same run.
//!
//! `cargo bench -p libwebrtc --bench cost` runs everything; `-- streams`, `-- memory`, `-- setup`
//! or `-- idle` one part. Both ends of every call run in this process, and both are counted: a
//! stream is one sender and one receiver, and so is a turn of the floor's loop. CPU is what the
//! kernel counted for the engine's threads; the application that speaks and listens has threads
//! of its own, shown beside.
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement has a real clock and reads the environment of its run"
)]

mod app;
mod connections;
mod floor;
mod meter;
mod pair;
mod streams;
mod voice;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |part: &str| {
        let parts = ["streams", "memory", "setup", "idle", "overload"];
        let named = arguments.iter().any(|word| parts.contains(&word.as_str()));
        !named || arguments.iter().any(|word| word == part)
    };
    // Numbers among the arguments choose how many streams are measured; `full`, `speech` and
    // `conversation` choose one of the loads.
    let counts: Vec<usize> = arguments
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    let runtime = app::runtime();
    if wanted("streams") {
        runtime.block_on(streams::measure(&counts, &arguments));
    }
    if wanted("overload") {
        runtime.block_on(streams::overload());
    }
    if wanted("idle") {
        runtime.block_on(connections::idle());
    }
    if wanted("setup") {
        runtime.block_on(connections::setup());
    }
    if wanted("memory") {
        runtime.block_on(connections::memory());
    }
}
