//! From the end of a call to its summary.

use std::time::{Duration, Instant};

use database::test_support::TestDatabase;

use crate::{
    Size,
    samples::{Samples, times},
    stage::{self, Stage, bare_commit},
};

/// What a call of a minute says.
const TURNS: i32 = 12;

pub(crate) async fn measure(test: &TestDatabase, size: Size) {
    let stage = Stage::new(test);
    let client = test.client().await;
    let mut commit = bare_commit(&client, size.of(500, 50)).await;
    let select = client
        .prepare("SELECT FROM summary_rows WHERE session_id = $1")
        .await
        .unwrap();
    let mut summarised = Samples::default();
    for call in 0..size.of(500, 30) {
        let session = stage.calls(1).await[0];
        (0..TURNS).for_each(|seq| stage.recorder.message(stage::turn(session, seq)));
        stage.flushed().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let began = Instant::now();
        stage.recorder.session_ended(stage::end(session));
        while client
            .query_opt(&select, &[&session])
            .await
            .unwrap()
            .is_none()
        {}
        // The first ones make the connection's plans.
        if call >= 10 {
            summarised.add(began.elapsed());
        }
        stage.flushed().await;
    }
    stage.stop().await;
    println!("| the end of a call of {TURNS} turns, ms | p50 | p99 | max |");
    println!("| --- | ---: | ---: | ---: |");
    println!(
        "| **its summary can be read** (bar: p50 10) | {} |",
        summarised.ms()
    );
    println!("| floor: one row and its commit | {} |", commit.ms());
    println!(
        "\n{:.1} times the floor at the median ({} calls).\n",
        times(summarised.quantile(0.5), commit.quantile(0.5)),
        summarised.len()
    );
}
