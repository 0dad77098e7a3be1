use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A clock in a world where each reading of the time while streams run takes `cost`.
struct World {
    clock: Clock,
    epoch: Instant,
    now: Cell<Instant>,
    cost: Duration,
}

impl World {
    fn new(cost: Duration) -> Self {
        let epoch = crate::engine::driver::now();
        Self {
            clock: Clock::new(epoch, epoch),
            epoch,
            now: Cell::new(epoch),
            cost,
        }
    }

    /// Adds a stream that ends after `until` ticks; returns its counter.
    fn add(&mut self, until: u32) -> Arc<AtomicU32> {
        let count = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&count);
        self.add_tick(Box::new(move |_, _| {
            if counter.fetch_add(1, Relaxed) + 1 < until {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        }));
        count
    }

    fn add_tick(&mut self, tick: Tick) {
        self.clock
            .add(Stream::new(tick), self.epoch, self.now.get());
    }

    /// Wakes when the clock asks for it, until `end` milliseconds after the start.
    fn run_until(&mut self, end: u64) {
        while let Some(deadline) = self.clock.deadline()
            && deadline.max(self.now.get()) <= self.epoch + ms(end)
        {
            self.now.set(deadline.max(self.now.get()));
            let Some(mut round) = self.clock.begin(self.now.get()) else {
                continue;
            };
            let reads = Cell::new(false);
            let read = || {
                // The first reading of a slice is before any work.
                if reads.replace(true) {
                    self.now.set(self.now.get() + self.cost);
                }
                self.now.get()
            };
            while self.clock.play(&mut round, read).is_continue() {
                reads.set(false);
            }
        }
    }
}

#[test]
fn every_stream_is_called_once_in_ten_milliseconds() {
    let mut world = World::new(Duration::from_micros(50));
    let counts: Vec<_> = (0..5).map(|_| world.add(u32::MAX)).collect();
    world.run_until(1_000);
    for count in counts {
        assert_eq!(count.load(Relaxed), 100);
    }
    assert_eq!(world.clock.skipped(), 0);
}

#[test]
fn a_clock_without_streams_never_wakes() {
    let mut world = World::new(Duration::ZERO);
    assert_eq!(world.clock.deadline(), None);
    let count = world.add(3);
    world.run_until(1_000);
    assert_eq!(count.load(Relaxed), 3);
    assert_eq!(world.clock.deadline(), None, "wakes for streams that ended");
}

#[test]
fn a_stream_that_ends_takes_no_turn_from_another() {
    let mut world = World::new(Duration::from_micros(10));
    let before = world.add(u32::MAX);
    let ends = world.add(5);
    let after = world.add(u32::MAX);
    world.run_until(100);
    let ticks = [before, ends, after].map(|count| count.load(Relaxed));
    assert_eq!(ticks, [10, 5, 10]);
}

#[test]
fn a_stream_that_panics_is_ended_and_the_others_go_on() {
    let mut world = World::new(Duration::from_micros(10));
    let before = world.add(u32::MAX);
    world.add_tick(Box::new(|_, _| {
        panic!("a stream with a fault, for the test")
    }));
    let after = world.add(u32::MAX);
    world.run_until(100);
    let ticks = [before, after].map(|count| count.load(Relaxed));
    assert_eq!(ticks, [10, 10]);
    assert_eq!(world.clock.streams.len(), 2);
}

#[test]
fn a_stream_added_later_joins_the_grid() {
    let mut world = World::new(Duration::from_micros(10));
    let first = world.add(u32::MAX);
    world.run_until(55);
    let second = world.add(u32::MAX);
    world.run_until(100);
    assert_eq!((first.load(Relaxed), second.load(Relaxed)), (10, 5));
}

#[test]
fn under_overload_all_streams_skip_alike() {
    // 40 streams of 0.5 ms want 20 ms of each 10 ms. The first rounds still try to catch up.
    let mut world = World::new(Duration::from_micros(500));
    let counts: Vec<_> = (0..40).map(|_| world.add(u32::MAX)).collect();
    world.run_until(4_000);
    let counts: Vec<u32> = counts.iter().map(|count| count.load(Relaxed)).collect();
    let (least, most) = (counts.iter().min(), counts.iter().max());
    assert_eq!(least, most, "some streams were starved: {counts:?}");
    assert!(
        (195..=225).contains(&counts[0]),
        "half of 400 ticks can be run, {} were",
        counts[0]
    );
    assert!(
        world.clock.skipped() >= 180,
        "{} skipped",
        world.clock.skipped()
    );
}

#[test]
fn after_an_overload_every_tick_is_run_within_a_second() {
    let mut world = World::new(Duration::from_micros(500));
    let counts: Vec<_> = (0..40).map(|_| world.add(u32::MAX)).collect();
    world.run_until(4_000);
    world.cost = Duration::from_micros(50); // the load goes
    world.run_until(5_000);
    let (skipped, before) = (world.clock.skipped(), counts[39].load(Relaxed));
    world.run_until(6_000);
    assert_eq!(world.clock.skipped(), skipped);
    assert_eq!(counts[39].load(Relaxed) - before, 100);
}

#[test]
fn a_short_stall_is_made_up_for_by_all() {
    let mut world = World::new(Duration::from_micros(20));
    let counts: Vec<_> = (0..3).map(|_| world.add(u32::MAX)).collect();
    world.run_until(200);
    world.now.set(world.now.get() + ms(60));
    world.run_until(400);
    for count in counts {
        assert_eq!(count.load(Relaxed), 40);
    }
}

#[test]
fn after_a_stall_streams_are_told_what_they_missed() {
    let mut world = World::new(Duration::from_micros(20));
    let time = Arc::new(AtomicU32::new(0));
    let told = Arc::clone(&time);
    world.add_tick(Box::new(move |_, missed| {
        told.fetch_add(1 + missed, Relaxed);
        ControlFlow::Continue(())
    }));
    let ran = world.add(u32::MAX);
    world.run_until(200);
    world.now.set(world.now.get() + ms(300));
    world.run_until(1_000);
    assert!(ran.load(Relaxed) < 75, "nothing was skipped");
    assert_eq!(time.load(Relaxed), 100, "of 100 ticks of time");
}

#[test]
fn work_gives_way_after_a_millisecond() {
    let mut world = World::new(Duration::from_micros(300));
    for _ in 0..10 {
        world.add(u32::MAX);
    }
    let now = world.epoch + ms(10);
    let mut round = world.clock.begin(now).expect("a tick is due");
    let time = Cell::new(now);
    let read = || {
        time.set(time.get() + Duration::from_micros(300));
        time.get()
    };
    assert!(world.clock.play(&mut round, read).is_continue());
    assert_eq!(round.next, 4, "streams before others get a turn");
}

#[test]
fn a_stream_is_given_away_by_what_it_costs() {
    let mut world = World::new(Duration::ZERO);
    world.add(u32::MAX);
    assert!(world.clock.give_away(EXPECTED_COST / 2).is_none());
    assert!(world.clock.give_away(EXPECTED_COST).is_some());
    assert_eq!(world.clock.cost(), Duration::ZERO);
}
