//! A worker killed at every point of a task and of its deed: no deed is lost once it was told, none is done twice, none is
//! told that was not done.
//!
//! The short form runs with the other tests; `scripts/torture --deeds 500` is the long one. Everything follows from a seed.

mod gate;
mod judge;
mod kinds;
mod life;
mod matter;
mod scene;
mod table;

use std::time::Instant;

use judge::Verdict;
use kinds::POINTS;
use scene::{Finished, Run, Scene};
use table::Counts;

/// With so many kills each point is come to.
const FULL: usize = 200;
/// Rounds of a control that showed nothing, after which it is given up.
const MOST_ROUNDS: u64 = 10;

/// A worker with a mistake, which breaks one of the promises at these points.
struct Control {
    name: &'static str,
    argument: &'static str,
    points: &'static [&'static str],
    shows: fn(&Verdict) -> &Vec<String>,
}

const CONTROLS: [Control; 3] = [
    Control {
        name: "control: outcomes in memory",
        argument: "--outcomes-in-memory",
        points: &["told", "told, on the disk"],
        shows: |verdict| &verdict.lost,
    },
    Control {
        name: "control: a fresh key each time",
        argument: "--fresh-keys",
        points: &["done, not answered", "answer read"],
        shows: |verdict| &verdict.twice,
    },
    Control {
        name: "control: any answer is a yes",
        argument: "--credulous",
        points: &["told", "request in flight"],
        shows: |verdict| &verdict.untrue,
    },
];

impl Control {
    /// A shorter run, and others with other seeds until one showed what it is to show.
    async fn carry_out(&self, scene: &Scene, of: &Run) -> Finished {
        let mut run = Run {
            name: self.name,
            kills: (of.kills / 6).clamp(6, 24),
            points: self.points,
            control: self.argument,
            ..of.clone()
        };
        loop {
            let finished = run.clone().carry_out(scene).await;
            if !(self.shows)(&finished.verdict).is_empty() || run.seed >= of.seed + MOST_ROUNDS {
                return finished;
            }
            run.seed += 1;
        }
    }
}

fn number(key: &str, default: u64) -> u64 {
    let given = std::env::var(key).ok();
    given
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deed_is_done_once_and_told_as_it_is_wherever_its_worker_is_killed_and_the_proof_can_fail()
 {
    let began = Instant::now();
    let seed = number("TORTURE_SEED", 1);
    let kills = usize::try_from(number("DEEDS_KILLS", 40)).unwrap();
    let lanes = usize::try_from(number("TORTURE_LANES", 4)).unwrap();
    let scene = Scene::open().await;
    let run = Run {
        name: "the product",
        seed,
        kills,
        lanes,
        points: &POINTS,
        control: "",
    };
    let product = run.clone().carry_out(&scene).await;
    let mut controls = Vec::new();
    for control in CONTROLS {
        controls.push(control.carry_out(&scene, &run).await);
    }
    table::print(&product, &controls, began.elapsed(), seed);

    let Verdict {
        lost,
        twice,
        untrue,
        unrecorded,
    } = &product.verdict;
    for (broken, promise) in [
        (lost, "told and lost"),
        (twice, "done twice"),
        (untrue, "told otherwise than it is"),
        (unrecorded, "recorded otherwise than it is"),
    ] {
        assert!(broken.is_empty(), "{promise} (seed {seed}): {broken:#?}");
    }
    let told = Counts::of(&product, None).told_done;
    assert!(
        told >= kills / 10,
        "too little was told to prove anything: {told} of {kills} (seed {seed})"
    );
    if kills >= FULL {
        for point in POINTS {
            let at_point = Counts::of(&product, Some(point)).at_point;
            assert!(at_point > 0, "nobody was killed at: {point} (seed {seed})");
        }
    }
    for (control, run) in CONTROLS.iter().zip(&controls) {
        assert!(
            !(control.shows)(&run.verdict).is_empty(),
            "{} broke no promise: the proof cannot fail (seed {seed})",
            control.name
        );
    }
}
