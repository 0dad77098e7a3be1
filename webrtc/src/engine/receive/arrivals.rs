//! How long speech must be held back so that most packets come in time.
//!
//! Each packet's arrival is compared with its RTP time. The packet that took the shortest way
//! lately is the yardstick; the others are late against it by what the network added. The target
//! delay is a high quantile of that lateness. Because the yardstick is taken from the last two
//! seconds, a sender whose clock runs faster or slower is followed without being measured.

use std::collections::VecDeque;

use super::{
    histogram::ForgettingHistogram,
    ticks::{TICKS_PER_MS, ms},
};

/// Packets among which the fastest is the yardstick: two seconds of speech. Counted in packets,
/// so that a pause does not empty it.
const YARDSTICK_PACKETS: usize = 100;

/// A yardstick older than this is not believed: clocks have drifted, routes have changed.
const YARDSTICK_AGE: i64 = ms(10_000);

/// If none of the latest packets (320 ms) comes within [`NEW_ROUTE`] of the yardstick, the route
/// has become longer for good, or the sender has stopped its clock for a while.
const RECENT_PACKETS: usize = 16;
const NEW_ROUTE: i64 = ms(300);

/// A smaller step is believed as soon, if those packets agree with one another so well that it is
/// no jitter.
const STEP: i64 = ms(50);
const AGREE: i64 = ms(20);

/// Arrival and RTP time that part by more are two clocks, not a delay: the sender started over.
const NEW_CLOCK: i64 = ms(3_000);

/// What a packet brings of lateness beyond this is an outage; no delay prepares for the next one.
const OUTAGE: i64 = ms(600);

/// Held at least: a packet of 20 ms that is half played, and the 10 ms between two ticks.
pub(crate) const MIN_TARGET: i64 = ms(30);

/// Held at most. Later packets are worth less than an answer in time.
pub(crate) const MAX_TARGET: i64 = ms(400);

/// A packet that comes just in time waits for the next tick.
const TICK_MARGIN_MS: f32 = 10.0;

/// The share of packets that may come too late. With 0.03 a third less was concealed in jitter, for
/// 4 to 8 % more delay (`lab`).
const LATE_SHARE: f32 = 0.05;

/// Two memories: half of one second, which raises the target at once, and of five, which lets it
/// down slowly.
const QUICK_KEEP: f32 = 0.985;
const SLOW_KEEP: f32 = 0.997;

/// Believed of a network before it has shown itself.
const START_LATENESS_MS: f32 = 32.0;

/// What an arrival shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// This much later than the fastest packet lately, ticks.
    Late(i64),
    /// The sender started over; all before is forgotten.
    NewClock,
}

/// The arrivals of one sender's packets. Times are ticks.
#[derive(Debug)]
pub(crate) struct Arrivals {
    /// Arrival, and arrival less RTP time, of the last packets. Bounded by
    /// [`YARDSTICK_PACKETS`]: the oldest goes.
    window: VecDeque<(i64, i64)>,
    /// The least of the window: the yardstick.
    fastest: Option<i64>,
    quick: ForgettingHistogram,
    slow: ForgettingHistogram,
    target: i64,
    /// Arrival less RTP time of the last packet, and the jitter of RFC 3550, section 6.4.1.
    last_offset: Option<i64>,
    jitter: f64,
}

impl Default for Arrivals {
    fn default() -> Self {
        let mut arrivals = Self {
            window: VecDeque::with_capacity(YARDSTICK_PACKETS),
            fastest: None,
            quick: ForgettingHistogram::new(QUICK_KEEP, START_LATENESS_MS),
            slow: ForgettingHistogram::new(SLOW_KEEP, 0.0),
            target: MIN_TARGET,
            last_offset: None,
            jitter: 0.0,
        };
        arrivals.update_target();
        arrivals
    }
}

impl Arrivals {
    /// A packet that came over the network, in whatever order.
    pub(crate) fn on_packet(&mut self, arrived: i64, time: i64) -> Arrived {
        let offset = arrived - time;
        if let Some(fastest) = self.fastest
            && (offset - fastest).abs() > NEW_CLOCK
        {
            *self = Self::default();
            self.on_packet(arrived, time);
            return Arrived::NewClock;
        }
        if let Some(last) = self.last_offset.replace(offset) {
            self.jitter += ((offset - last).abs() as f64 - self.jitter) / 16.0;
        }
        if self.window.len() == YARDSTICK_PACKETS {
            self.window.pop_front();
        }
        while self
            .window
            .front()
            .is_some_and(|(at, _)| arrived - at > YARDSTICK_AGE)
        {
            self.window.pop_front();
        }
        self.window.push_back((arrived, offset));
        let fastest = self.yardstick(offset);
        if let Some(before) = self.fastest.replace(fastest)
            && fastest - before > STEP
        {
            // What was learned of the step itself was not lateness, and would be remembered as such
            // for ten seconds.
            let step_ms = (fastest - before) as f32 / TICKS_PER_MS as f32;
            self.quick.lower(step_ms);
            self.slow.lower(step_ms);
            self.update_target();
        }
        Arrived::Late(offset - fastest)
    }

    fn yardstick(&mut self, latest: i64) -> i64 {
        let least = |packets: &mut dyn Iterator<Item = &(i64, i64)>| {
            packets.map(|(_, offset)| *offset).fold(latest, i64::min)
        };
        let fastest = least(&mut self.window.iter());
        let latest = || self.window.iter().rev().take(RECENT_PACKETS);
        let recent = least(&mut latest());
        let slowest = latest().map(|(_, offset)| *offset).fold(recent, i64::max);
        let agree = slowest - recent <= AGREE;
        let needed = if agree { STEP } else { NEW_ROUTE };
        if self.window.len() > RECENT_PACKETS && recent - fastest > needed {
            let old = self.window.len() - RECENT_PACKETS;
            self.window.drain(..old);
            return recent;
        }
        fastest
    }

    /// Sound became available this late: its packet came, or one that stands in for it.
    pub(crate) fn learn(&mut self, late: i64) {
        if late > OUTAGE {
            return;
        }
        let late_ms = late as f32 / TICKS_PER_MS as f32;
        self.quick.add(late_ms);
        self.slow.add(late_ms);
        self.update_target();
    }

    fn update_target(&mut self) {
        let late_ms = self
            .quick
            .all_but(LATE_SHARE)
            .max(self.slow.all_but(LATE_SHARE));
        let target = (late_ms + TICK_MARGIN_MS) as i64 * TICKS_PER_MS;
        self.target = target.clamp(MIN_TARGET, MAX_TARGET);
    }

    /// The delay to play at, behind the fastest packet.
    pub(crate) const fn target(&self) -> i64 {
        self.target
    }

    /// How late it is to play the sound of `time` at `at`, behind the fastest packet. `None`
    /// before any arrived.
    pub(crate) fn delay_at(&self, at: i64, time: i64) -> Option<i64> {
        self.fastest.map(|fastest| at - time - fastest)
    }

    /// How late a packet is that arrived at `arrived`, behind the fastest.
    pub(crate) fn lateness(&self, arrived: i64, time: i64) -> i64 {
        self.delay_at(arrived, time).unwrap_or(0).max(0)
    }

    /// Interarrival jitter, ticks.
    pub(crate) const fn jitter(&self) -> f64 {
        self.jitter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds packets of 20 ms, the n-th `late_ms(n)` later than its time, from `first` on.
    fn feed(arrivals: &mut Arrivals, packets: std::ops::Range<i64>, late_ms: impl Fn(i64) -> i64) {
        for n in packets {
            let time = n * ms(20);
            if let Arrived::Late(late) = arrivals.on_packet(time + ms(late_ms(n)), time) {
                arrivals.learn(late);
            }
        }
    }

    #[test]
    fn a_clean_network_needs_the_least_delay() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..400, |_| 25);
        assert_eq!(arrivals.target(), MIN_TARGET);
    }

    #[test]
    fn an_unknown_network_is_given_a_little_more() {
        assert!((ms(40)..=ms(50)).contains(&Arrivals::default().target()));
    }

    #[test]
    fn the_target_covers_nearly_all_of_an_even_jitter() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..1_000, |n| n * 37 % 61);
        let target = arrivals.target();
        assert!(
            (ms(60)..=ms(80)).contains(&target),
            "{} ms for 60 ms",
            target / 48
        );
    }

    #[test]
    fn the_target_rises_at_once_and_falls_slowly() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..500, |_| 0);
        feed(&mut arrivals, 500..550, |n| 100 * i64::from(n % 3 == 0));
        assert!(arrivals.target() >= ms(100), "not risen after a second");
        feed(&mut arrivals, 550..600, |_| 0);
        assert!(arrivals.target() >= ms(100), "fallen within a second");
        feed(&mut arrivals, 600..1_050, |_| 0);
        assert_eq!(
            arrivals.target(),
            MIN_TARGET,
            "not fallen after nine seconds"
        );
    }

    #[test]
    fn an_outage_does_not_raise_the_target() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..300, |_| 0);
        let before = arrivals.target();
        feed(&mut arrivals, 300..310, |n| 1_000 - (n - 300) * 20);
        assert_eq!(arrivals.target(), before);
    }

    #[test]
    fn a_longer_route_becomes_the_yardstick() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..300, |_| 0);
        feed(&mut arrivals, 300..320, |_| 1_000);
        let late = arrivals.lateness(ms(320 * 20 + 1_000), ms(320 * 20));
        assert_eq!(late, 0, "still measured against the short route");
    }

    #[test]
    fn a_sender_that_stood_still_for_a_moment_raises_the_target_for_half_a_second_only() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..300, |n| n % 3 * 5);
        feed(&mut arrivals, 300..325, |n| 200 + n % 3 * 5);
        let target = arrivals.target();
        assert!(
            target <= ms(45),
            "{} ms, as if there were jitter",
            target / 48
        );
    }

    #[test]
    fn jitter_that_was_learned_before_a_step_is_remembered_after_it() {
        let mut arrivals = Arrivals::default();
        let jitter = |n: i64| n * 37 % 61;
        feed(&mut arrivals, 0..500, jitter);
        let before = arrivals.target();
        feed(&mut arrivals, 500..700, |n| 200 + jitter(n));
        // In jitter the old yardstick leaves the window in several steps, of which only the large
        // are taken back.
        let added = arrivals.target() - before;
        assert!(
            (0..=ms(50)).contains(&added),
            "{} ms were added",
            added / 48
        );
    }

    #[test]
    fn packets_held_up_together_are_jitter_and_no_step() {
        let mut arrivals = Arrivals::default();
        // Every second all packets of 200 ms come at once.
        feed(&mut arrivals, 0..500, |n| (200 - n % 50 * 20).max(0));
        assert!(
            arrivals.target() >= ms(150),
            "{} ms",
            arrivals.target() / 48
        );
    }

    #[test]
    fn a_pause_keeps_the_yardstick() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..100, |_| 10);
        let resumed = arrivals.on_packet(ms(5_000 + 60), ms(5_000));
        assert_eq!(resumed, Arrived::Late(ms(50)));
    }

    #[test]
    fn a_jump_of_the_senders_clock_begins_anew() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..100, |n| n % 5 * 20);
        let jumped = arrivals.on_packet(ms(2_000), ms(900_000));
        assert_eq!(jumped, Arrived::NewClock);
        assert_eq!(arrivals.target(), Arrivals::default().target());
    }

    #[test]
    fn jitter_is_the_one_of_the_rtp_standard() {
        let mut arrivals = Arrivals::default();
        feed(&mut arrivals, 0..1_000, |n| n % 2 * 10);
        assert!(
            (arrivals.jitter() - ms(10) as f64).abs() < 1.0,
            "{}",
            arrivals.jitter()
        );
    }

    #[test]
    fn the_yardstick_follows_a_clock_that_runs_slow() {
        let mut arrivals = Arrivals::default();
        // 100 parts in a million: 2 µs for each packet, 96 ms after 16 minutes.
        for n in 0..48_000 {
            let time = n * ms(20);
            if let Arrived::Late(late) = arrivals.on_packet(time + time / 10_000, time) {
                arrivals.learn(late);
            }
        }
        assert_eq!(arrivals.target(), MIN_TARGET);
    }
}
