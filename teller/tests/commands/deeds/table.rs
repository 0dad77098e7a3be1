//! The table at the end of a long run.

use std::time::Duration;

use super::{
    kinds::POINTS,
    matter::{Matter, Word},
    scene::Finished,
};

/// What a matter's caller was told last, and whether it is done.
#[derive(Default)]
struct Counts {
    matters: usize,
    done: usize,
    told_done: usize,
    told_not_done: usize,
    unconfirmed: usize,
    wrong: [usize; 4],
}

impl Counts {
    fn of(run: &Finished, is: impl Fn(&Matter) -> bool) -> Self {
        let mut counts = Self::default();
        for matter in run.matters.iter().filter(|matter| is(matter)) {
            counts.matters += 1;
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
        counts
    }

    fn print(&self, name: &str) {
        let [lost, twice, untrue, unrecorded] = self.wrong;
        println!(
            "{name:<32} {:>6} {:>6} {:>10} {:>14} {:>12} {lost:>6} {twice:>6} {untrue:>7} {unrecorded:>11}",
            self.matters, self.done, self.told_done, self.told_not_done, self.unconfirmed,
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
        "{:<32} {:>6} {:>6} {:>10} {:>14} {:>12} {:>6} {:>6} {:>7} {:>11}",
        "killed",
        "kills",
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
        Counts::of(product, |matter| matter.point == point).print(point);
    }
    for run in std::iter::once(product).chain(controls) {
        Counts::of(run, |_| true).print(run.name);
    }
}
