//! What came out, as the tables of docs/turn-taking.md.

use std::time::Duration;

use voice::turn::Patience;

use crate::{Case, Kind, policy::Policy};

const PAUSES_MS: [u64; 3] = [600, 900, 1500];
const THRESHOLDS: [f32; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

pub(crate) fn print(cases: &[Case], cpu_ms: &[f64]) {
    for (judged, half) in [
        (false, "The half that sets the threshold"),
        (true, "The half that judges it"),
    ] {
        let cases: Vec<&Case> = cases.iter().filter(|case| case.judged == judged).collect();
        println!(
            "\n{half}: {} ends, {} cuts.\n",
            count(&cases, Kind::End),
            count(&cases, Kind::Cut)
        );
        curve(&cases);
    }
    let all: Vec<&Case> = cases.iter().collect();
    println!("\nWhat else pauses, of both halves: answered within a pause of 800 ms.\n");
    others(&all);
    let mut sorted = cpu_ms.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[(sorted.len() as f64 * share) as usize];
    if !sorted.is_empty() {
        let (median, high) = (at(0.5), at(0.95));
        println!(
            "\nCPU of a pause, ms: median {median:.0}, p95 {high:.0}, of {} pauses.",
            sorted.len()
        );
    }
}

fn count(cases: &[&Case], kind: Kind) -> usize {
    cases.iter().filter(|case| case.kind == kind).count()
}

fn curve(cases: &[&Case]) {
    println!("| policy | delay of ends: mean (p50, p90) | cut off in 600 ms | 900 ms | 1.5 s |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let mut policies = vec![Policy::timer(), Policy::words()];
    policies.extend(THRESHOLDS.map(Policy::at));
    policies.extend(settings());
    for policy in policies {
        let mut ends = delays(cases, Kind::End, &policy);
        ends.sort();
        let mean = ends.iter().sum::<Duration>() / u32::try_from(ends.len()).unwrap_or(1);
        let at = |share: f64| ends[(ends.len() as f64 * share) as usize].as_millis();
        let cuts = delays(cases, Kind::Cut, &policy);
        let cut = PAUSES_MS.map(|pause| format!("{:.1} %", share_within(&cuts, pause)));
        println!(
            "| {} | {} ({}, {}) | {} |",
            policy.name,
            mean.as_millis(),
            at(0.5),
            at(0.9),
            cut.join(" | ")
        );
    }
}

fn settings() -> [Policy; 3] {
    [
        Policy::setting(Patience::Eager, "eager"),
        Policy::setting(Patience::Balanced, "balanced"),
        Policy::setting(Patience::Patient, "patient"),
    ]
}

fn others(cases: &[&Case]) {
    println!(
        "| policy | digits ({}) | lists of single words ({}) | sentences that trail off ({}) |",
        count(cases, Kind::Digits),
        count(cases, Kind::List),
        count(cases, Kind::Open)
    );
    println!("| --- | ---: | ---: | ---: |");
    let policies = [Policy::timer(), Policy::words()];
    for policy in policies.into_iter().chain(settings()) {
        let share = |kind| format!("{:.1} %", share_within(&delays(cases, kind, &policy), 800));
        println!(
            "| {} | {} | {} | {} |",
            policy.name,
            share(Kind::Digits),
            share(Kind::List),
            share(Kind::Open)
        );
    }
}

fn delays(cases: &[&Case], kind: Kind, policy: &Policy) -> Vec<Duration> {
    let of_kind = cases.iter().filter(|case| case.kind == kind);
    of_kind.map(|case| policy.delay(&case.pause)).collect()
}

/// Per cent of delays that are shorter than a pause.
fn share_within(delays: &[Duration], pause_ms: u64) -> f64 {
    let pause = Duration::from_millis(pause_ms);
    let within = delays.iter().filter(|delay| **delay < pause).count();
    100.0 * within as f64 / delays.len().max(1) as f64
}
