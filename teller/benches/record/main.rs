//! What the record costs, in ratios of one run: `scripts/record-figures`. The figures are in
//! docs/record-figures.md.
//!
//! ```text
//! turns    durable turns a second against single inserts; a turn until others can read it
//! caller   what a call's task pays for it, also with a slow disk and a database that hangs
//! merges   what a caller waits for a merge; what other calls notice of it
//! ends     from a call's end to its summary
//! ```
//!
//! On the PostgreSQL of `TEST_DATABASE_URL` (a superuser's address). Without one a private server
//! is started, which has no fsync: good enough to try the program, not for figures.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement owns its clock, and stops where it fails"
)]

mod caller;
mod ends;
mod merges;
mod samples;
mod stage;
mod turns;

use database::test_support::TestDatabase;

const HELP: &str = "\
Measures the record and prints tables. Usage: record [--quick] [turns] [caller] [merges] [ends]

  --quick   a fraction of the size, for trying the program itself
  Without names of parts all run. TEST_DATABASE_URL: a superuser's address of the PostgreSQL to use.
  Exit code 0: measured. Whether a bar is met is for the reader of the table.";

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Full,
    Quick,
}

impl Size {
    /// One or the other.
    fn of<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> std::process::ExitCode {
    let (mut size, mut parts) = (Size::Full, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => size = Size::Quick,
            // What cargo adds.
            "--bench" => {}
            "-h" | "--help" => {
                println!("{HELP}");
                return 0.into();
            }
            "turns" | "caller" | "merges" | "ends" => parts.push(argument),
            unknown => {
                eprintln!("error: no part or option is called {unknown}\n\n{HELP}");
                return 2.into();
            }
        }
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let test = TestDatabase::new().await;
    println!("{}\n", stage::surroundings(&test).await);
    if wanted("turns") {
        turns::measure(&test, size).await;
    }
    if wanted("caller") {
        caller::measure(&test, size).await;
    }
    if wanted("merges") {
        merges::measure(&test, size).await;
    }
    if wanted("ends") {
        ends::measure(&test, size).await;
    }
    0.into()
}
