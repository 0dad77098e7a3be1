//! The streams of one engine thread, called every 10 ms.
//!
//! A value: it is passed the time and reads it only to measure what its streams cost.

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use super::pacer::{PERIOD, Pacer};
use crate::engine::ticker::Tick;

/// What a stream is taken to cost until that is measured, per tick: a speaking one.
const EXPECTED_COST: Duration = Duration::from_micros(60);

/// A round of ticks that needs more of its time than this cannot be caught up with: to try makes
/// gaps longer and bursts larger. Missed ticks are skipped then.
const NO_CATCH_UP_ABOVE: Duration = Duration::from_millis(8);

/// Streams give way to the network after this much work.
const SLICE: Duration = Duration::from_millis(1);

/// Share of a new measurement in the mean: a mean over about 16 ticks.
const SMOOTHING: u32 = 16;

/// Something that is called every 10 ms, and what it costs.
pub(super) struct Stream {
    tick: Tick,
    /// Mean time per tick.
    cost: Duration,
}

impl Stream {
    pub(super) fn new(tick: Tick) -> Self {
        Self {
            tick,
            cost: EXPECTED_COST,
        }
    }

    /// Mean time per tick.
    pub(super) const fn cost(&self) -> Duration {
        self.cost
    }
}

/// A round of the clock that has begun.
#[derive(Debug)]
pub(super) struct Round {
    ticks: u32,
    /// Ticks that were skipped just before.
    missed: u32,
    next: usize,
    spent: Duration,
}

/// The streams of one thread on the common grid of 10 ms.
pub(super) struct Clock {
    pacer: Pacer,
    streams: Vec<Stream>,
    /// Mean work of one tick for all streams.
    cost: Duration,
    skipped: u64,
}

impl Clock {
    pub(super) fn new(epoch: Instant, now: Instant) -> Self {
        Self {
            pacer: Pacer::new(epoch, now),
            streams: Vec::new(),
            cost: Duration::ZERO,
            skipped: 0,
        }
    }

    /// The first stream starts the clock: time before it was not missed.
    pub(super) fn add(&mut self, stream: Stream, epoch: Instant, now: Instant) {
        if self.streams.is_empty() {
            self.pacer = Pacer::new(epoch, now);
            self.cost = Duration::ZERO;
        }
        self.cost += stream.cost;
        self.streams.push(stream);
    }

    /// When the next round is due; `None` without streams.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.streams.is_empty()).then(|| self.pacer.deadline())
    }

    pub(super) const fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Mean work of one tick.
    pub(super) const fn cost(&self) -> Duration {
        self.cost
    }

    /// Ticks that were skipped since the clock began.
    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Begins what is due at `now`, if anything is. All streams get the same number of ticks.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Round> {
        if self.streams.is_empty() {
            return None;
        }
        let due = self.pacer.due(now);
        let ticks = if self.cost > NO_CATCH_UP_ABOVE {
            due.run.min(1)
        } else {
            due.run
        };
        let missed = due.skipped + (due.run - ticks);
        self.skipped += u64::from(missed);
        (ticks > 0).then_some(Round {
            ticks,
            missed,
            next: 0,
            spent: Duration::ZERO,
        })
    }

    /// Runs streams of a round until all had their turn (breaks) or a millisecond has passed
    /// (continues).
    pub(super) fn play(
        &mut self,
        round: &mut Round,
        read_clock: impl Fn() -> Instant,
    ) -> ControlFlow<()> {
        let start = read_clock();
        let mut before = start;
        while let Some(stream) = self.streams.get_mut(round.next) {
            let flow = stream.run(before, round.ticks, round.missed);
            let after = read_clock();
            stream.measure(after.saturating_duration_since(before) / round.ticks);
            before = after;
            if flow.is_break() {
                // The last takes this place, and its turn.
                self.streams.swap_remove(round.next);
            } else {
                round.next += 1;
            }
            if after.saturating_duration_since(start) >= SLICE {
                break;
            }
        }
        round.spent += before.saturating_duration_since(start);
        if round.next < self.streams.len() {
            return ControlFlow::Continue(());
        }
        self.cost = mean(self.cost, round.spent / round.ticks);
        ControlFlow::Break(())
    }

    /// Takes out a stream whose cost per tick is at most `most`, the most expensive such.
    pub(super) fn give_away(&mut self, most: Duration) -> Option<Stream> {
        let candidates = self.streams.iter().enumerate();
        let (index, _) = candidates
            .filter(|(_, stream)| stream.cost <= most)
            .max_by_key(|(_, stream)| stream.cost)?;
        let stream = self.streams.swap_remove(index);
        self.cost = self.cost.saturating_sub(stream.cost);
        Some(stream)
    }
}

impl Stream {
    /// A stream that panics is taken out; the others go on.
    fn run(&mut self, now: Instant, ticks: u32, missed: u32) -> ControlFlow<()> {
        let missed = |n| if n == 0 { missed } else { 0 };
        let tick = AssertUnwindSafe(|| (0..ticks).try_for_each(|n| (self.tick)(now, missed(n))));
        catch_unwind(tick).unwrap_or_else(|_| {
            log::error!("an audio stream panicked and was ended");
            ControlFlow::Break(())
        })
    }

    fn measure(&mut self, cost: Duration) {
        self.cost = mean(self.cost, cost);
    }
}

/// Share of the period that work of this length per tick takes, in thousandths.
pub(super) fn permille(cost: Duration) -> u32 {
    let share = cost.as_nanos() * 1_000 / PERIOD.as_nanos();
    u32::try_from(share).unwrap_or(u32::MAX)
}

fn mean(old: Duration, new: Duration) -> Duration {
    (old * (SMOOTHING - 1) + new) / SMOOTHING
}

#[cfg(test)]
mod tests;
