//! Random sequences of steps, compared with the model after each step. A sequence that differs
//! is made as short as it can be before it is shown.

use database::test_support::TestDatabase;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use crate::{
    model::Model,
    prepared::Prepared,
    seed, size,
    steps::{Both, Step},
};

/// So that sequences of a few sessions have something to drain.
pub(crate) const FILED_AT_ONCE: &str = "CREATE OR REPLACE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$";

#[test]
fn postgres_agrees_with_the_model_after_every_step() {
    let (sequences, workers, seed) = (
        size("PROOF_SEQUENCES", 60),
        size("PROOF_WORKERS", 2),
        seed(),
    );
    let began = crate::interleavings::now();
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            let share = sequences / workers + u64::from(worker < sequences % workers);
            std::thread::spawn(move || explore(seed.wrapping_add(worker), share))
        })
        .collect();
    let mut steps = 0;
    for thread in threads {
        match thread.join().expect("a worker of the proof") {
            Ok(done) => steps += done,
            Err(error) => panic!("repeat with PROOF_SEED={seed}: {error}"),
        }
    }
    if sequences > 1000 {
        eprintln!(
            "{sequences} sequences, {steps} steps compared, {:.0} s, seed {seed}",
            began.elapsed().as_secs_f64()
        );
    }
}

/// Some sequences on a database of their own; how many steps they had.
fn explore(seed: u64, sequences: u64) -> Result<u64, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::try_from(sequences).expect("fewer than four billion"),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (test, client) = runtime.block_on(async {
        let test = TestDatabase::new().await;
        let client = test.client().await;
        client
            .batch_execute(FILED_AT_ONCE)
            .await
            .expect("a smaller limit");
        (test, Prepared::new(client))
    });
    let counts = (std::cell::Cell::new(0_u64), std::cell::Cell::new(0_u64));
    let outcome = runner.run(&prop::collection::vec(step(), 1..=60), |steps| {
        counts.0.set(counts.0.get() + 1);
        counts.1.set(counts.1.get() + steps.len() as u64);
        runtime.block_on(async {
            // What is rolled back stays in the files until it is swept out.
            if counts.0.get().is_multiple_of(100) {
                client
                    .client
                    .batch_execute("VACUUM")
                    .await
                    .expect("a vacuum");
            }
            sequence(&client, &steps).await
        })
    });
    drop(client);
    drop(test);
    outcome
        .map(|()| counts.1.get())
        .map_err(|error| error.to_string())
}

/// In a transaction that is rolled back: the next sequence finds an empty database.
async fn sequence(db: &Prepared, steps: &[Step]) -> Result<(), TestCaseError> {
    db.client
        .batch_execute("ROLLBACK; BEGIN")
        .await
        .expect("a transaction");
    let mut both = Both {
        db,
        model: Model::default(),
    };
    let mut result = Ok(());
    for (n, step) in steps.iter().enumerate() {
        result = both
            .step(*step)
            .await
            .map_err(|error| format!("at step {n}, {step:?}: {error}"));
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        result = both.conclude().await;
    }
    db.client
        .batch_execute("ROLLBACK")
        .await
        .expect("the end of a transaction");
    result.map_err(TestCaseError::fail)
}

fn step() -> impl Strategy<Value = Step> {
    let n = any::<u8>;
    prop_oneof![
        2 => n().prop_map(Step::Customer),
        5 => n().prop_map(Step::Call),
        1 => n().prop_map(Step::Late),
        4 => (n(), n()).prop_map(|(s, upto)| Step::Words(s, upto)),
        1 => n().prop_map(Step::Summary),
        2 => (n(), n()).prop_map(|(s, upto)| Step::Events(s, upto)),
        1 => n().prop_map(Step::Score),
        4 => (n(), n(), any::<bool>()).prop_map(|(a, b, force)| Step::Merge(a, b, force)),
        3 => n().prop_map(Step::Unmerge),
        3 => (n(), n()).prop_map(|(s, c)| Step::Authenticate(s, c)),
        1 => (n(), n(), n()).prop_map(|(a, b, drained)| Step::RoundTrip(a, b, drained)),
        2 => (0..4_u8).prop_map(Step::Drain),
        1 => n().prop_map(Step::Erase),
    ]
}
