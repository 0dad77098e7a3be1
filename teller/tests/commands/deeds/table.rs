//! The table at the end of a long run.

use std::time::Duration;

use super::{kinds::POINTS, matter::Word, scene::Finished};

/// What a matter's caller was told last, and whether it is done.
#[derive(Default)]
pub(crate) struct Counts {
    kills: usize,
    /// Kills of workers that had come so far.
    pub(crate) at_point: usize,
    deeds: usize,
    done: usize,
    pub(crate) told_done: usize,
    told_not_done: usize,
    unconfirmed: usize,
    wrong: [usize; 4],
}

impl Counts {
    /// The kills at this point, and the deeds that were not disturbed again after one; without a point, all.
    pub(crate) fn of(run: &Finished, point: Option<&str>) -> Self {
        let is = |(at, _): &&(&str, bool)| point.is_none_or(|point| point == *at);
        let mut counts = Self::default();
        for matter in &run.matters {
            let kills: Vec<_> = matter.points.iter().filter(is).collect();
            counts.kills += kills.len();
            counts.at_point += kills.iter().filter(|(_, is_there)| *is_there).count();
            if matter.points.last().filter(is).is_none() {
                continue;
            }
            counts.deeds += 1;
            counts.done += usize::from(run.evidence.is_done(matter));
            let mut words = matter.calls.iter().flat_map(|call| &call.words);
            match words.next_back() {
                Some(Word::Done(_)) => counts.told_done += 1,
                Some(Word::NotDone) => counts.told_not_done += 1,
                Some(Word::Unconfirmed(_)) => counts.unconfirmed += 1,
                None => {}
            }
            let wrong = run.evidence.judge(matter).counts();
            for (sum, more) in counts.wrong.iter_mut().zip(wrong) {
                *sum += more;
            }
        }
        if point.is_none() {
            counts.wrong = run.verdict.counts();
        }
        counts
    }

    fn print(&self, name: &str) {
        let [lost, twice, untrue, unrecorded] = self.wrong;
        println!(
            "{name:<32} {:>6} {:>9} {:>6} {:>6} {:>10} {:>14} {:>12} {lost:>6} {twice:>6} {untrue:>7} {unrecorded:>11}",
            self.kills,
            self.at_point,
            self.deeds,
            self.done,
            self.told_done,
            self.told_not_done,
            self.unconfirmed,
        );
    }
}

pub(crate) fn print(product: &Finished, controls: &[Finished], took: Duration, seed: u64) {
    if std::env::var_os("TORTURE_TABLE").is_none() {
        return;
    }
    println!(
        "seed {seed}, {} kills, {} requests, {} s",
        product.kills,
        product.evidence.requests(),
        took.as_secs()
    );
    println!(
        "{:<32} {:>6} {:>9} {:>6} {:>6} {:>10} {:>14} {:>12} {:>6} {:>6} {:>7} {:>11}",
        "killed",
        "kills",
        "at it",
        "deeds",
        "done",
        "told done",
        "told not done",
        "unconfirmed",
        "lost",
        "twice",
        "untrue",
        "unrecorded"
    );
    for point in POINTS {
        Counts::of(product, Some(point)).print(point);
    }
    for run in std::iter::once(product).chain(controls) {
        Counts::of(run, None).print(run.name);
    }
}
