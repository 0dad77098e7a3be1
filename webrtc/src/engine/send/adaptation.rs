//! What the peer's reports change: how far a sender prepares for loss, and how much it sends.
//!
//! Losses of two kinds look alike in a report. A bad link loses at random: what helps is to send
//! everything twice and to prepare for loss. A narrow link loses because too much is sent: what
//! helps is to send less. A narrow link fills its queue first, so there the round trip grows.

use super::redundancy::MAX_COPIES;
use std::time::Duration;

/// Losses below this are repaired by redundancy alone, or left to concealment.
const FEC_FROM: f32 = 0.02;

/// Once prepared for loss, a sender stays so until less than this is lost.
const FEC_UNTIL: f32 = 0.01;

/// Without redundancy the first burst would find nothing to repair it with, so FEC is always on.
/// It costs a third of the encoder's time (`benches/opus_settings.rs`).
const FEC_FLOOR_PERCENT: i32 = 10;

/// From here on so many losses come in twos that one copy leaves half a percent of frames missing.
const TWO_COPIES_FROM: f32 = 0.08;

/// libopus gives FEC more bits the more loss it expects; it gains little beyond this.
const FEC_CEILING_PERCENT: i32 = 25;

/// The part of an earlier, higher loss that is kept at each report: bursts come again.
const MEMORY: f32 = 0.9;

/// A round trip this much longer than the shortest is a queue that fills.
const QUEUE: Duration = Duration::from_millis(100);

/// Loss with a filled queue: more is sent than the link carries.
const CONGESTED_FROM: f32 = 0.05;

/// No link worth a call loses so much at random.
const HOPELESS_FROM: f32 = 0.4;

/// Below this the link has room again.
const CALM_UNTIL: f32 = 0.02;

/// The rate at the narrowest, percent of what was asked for.
const LEAST_RATE_PERCENT: u32 = 40;

/// What one report says of the way to the peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LossReport {
    /// Part of the packets that were lost since the last report, 0 to 1.
    pub(crate) fraction: f32,
    pub(crate) round_trip: Option<Duration>,
}

/// Follows the reports on one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adaptation {
    loss: f32,
    expects_loss: bool,
    shortest_round_trip: Option<Duration>,
    rate_percent: u32,
    /// Reports without congestion since the rate was last lowered.
    calm_reports: u32,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            loss: 0.0,
            expects_loss: false,
            shortest_round_trip: None,
            rate_percent: 100,
            calm_reports: 0,
        }
    }
}

impl Adaptation {
    pub(crate) fn on_report(&mut self, report: LossReport) {
        let fraction = report.fraction.clamp(0.0, 1.0);
        self.loss = fraction.max(self.loss * MEMORY);
        self.expects_loss = self.loss
            > if self.expects_loss {
                FEC_UNTIL
            } else {
                FEC_FROM
            };
        let queue = self.queue(report.round_trip);
        if fraction >= HOPELESS_FROM || fraction >= CONGESTED_FROM && queue > QUEUE {
            self.rate_percent = (self.rate_percent * 7 / 10).max(LEAST_RATE_PERCENT);
            self.calm_reports = 0;
        } else if fraction <= CALM_UNTIL && queue < QUEUE / 2 && self.rate_percent < 100 {
            self.calm_reports += 1;
            if self.calm_reports >= 3 {
                self.rate_percent = (self.rate_percent + 5).min(100);
            }
        }
    }

    /// How much longer than the shortest this round trip is.
    fn queue(&mut self, round_trip: Option<Duration>) -> Duration {
        let Some(round_trip) = round_trip else {
            return Duration::ZERO;
        };
        let shortest = self.shortest_round_trip.map_or(round_trip, |shortest| {
            // A path may change to a longer one: the memory fades, by 1 % a report.
            shortest.saturating_add(shortest / 100).min(round_trip)
        });
        self.shortest_round_trip = Some(shortest);
        round_trip - shortest
    }

    /// The loss that the encoder should prepare for, percent; 0 without FEC.
    pub(crate) fn fec_percent(&self, has_redundancy: bool) -> i32 {
        let floor = if has_redundancy && self.repeats() {
            0
        } else {
            FEC_FLOOR_PERCENT
        };
        if !self.expects_loss {
            return floor;
        }
        // In steps of five: the encoder need not follow each report.
        let steps = (self.loss * 100.0 / 5.0).ceil() as i32;
        (steps * 5).clamp(floor.max(5), FEC_CEILING_PERCENT)
    }

    /// Whether packets should carry the frame before them too. Not on a link that is too narrow
    /// for what is sent already.
    pub(crate) const fn repeats(&self) -> bool {
        self.rate_percent == 100
    }

    /// How many frames before its own each packet should carry.
    pub(super) fn copies(&self) -> usize {
        match (self.repeats(), self.loss >= TWO_COPIES_FROM) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => MAX_COPIES,
        }
    }

    /// Bits per second of the `wanted` ones.
    pub(crate) fn bitrate(&self, wanted: i64) -> i64 {
        wanted * i64::from(self.rate_percent) / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an adaptation does after reports of (loss in percent, round trip in ms).
    fn after(reports: &[(f32, u64)]) -> Adaptation {
        let mut adaptation = Adaptation::default();
        for (percent, ms) in reports {
            adaptation.on_report(LossReport {
                fraction: percent / 100.0,
                round_trip: Some(Duration::from_millis(*ms)),
            });
        }
        adaptation
    }

    #[test]
    fn a_clean_link_costs_no_fec_where_packets_repeat_each_other() {
        let clean = after(&[(0.0, 20), (0.0, 20)]);
        assert_eq!(clean.fec_percent(true), 0);
        assert_eq!(
            clean.fec_percent(false),
            FEC_FLOOR_PERCENT,
            "without redundancy a first burst finds nothing to repair it"
        );
        assert_eq!(clean.bitrate(48_000), 48_000);
    }

    #[test]
    fn fec_follows_the_loss_up_at_once_and_down_slowly() {
        assert_eq!(after(&[(0.0, 20), (8.0, 20)]).fec_percent(true), 10);
        assert_eq!(after(&[(8.0, 20), (0.0, 20)]).fec_percent(true), 10);
        assert_eq!(after(&[(20.0, 20)]).fec_percent(true), 20);
        assert_eq!(after(&[(60.0, 20)]).fec_percent(true), FEC_CEILING_PERCENT);
        let mut reports = vec![(8.0, 20)];
        reports.extend([(0.0, 20); 30]);
        assert_eq!(after(&reports).fec_percent(true), 0, "it must end");
    }

    #[test]
    fn random_loss_takes_nothing_from_the_rate() {
        let lossy = after(&[(0.0, 40), (20.0, 45), (20.0, 41), (18.0, 60)]);
        assert!(lossy.repeats());
        assert_eq!(lossy.bitrate(48_000), 48_000);
    }

    #[test]
    fn frames_are_repeated_twice_where_a_tenth_is_lost_and_once_where_little_is() {
        assert_eq!(after(&[(0.0, 40)]).copies(), 1);
        assert_eq!(after(&[(5.0, 40), (4.0, 40)]).copies(), 1);
        assert_eq!(after(&[(10.0, 40), (6.0, 40)]).copies(), 2);
        assert_eq!(
            after(&[(20.0, 40), (20.0, 400)]).copies(),
            0,
            "a queue fills"
        );
        let mut reports = vec![(20.0, 40)];
        reports.extend([(0.0, 40); 12]);
        assert_eq!(after(&reports).copies(), 1, "it must end");
    }

    #[test]
    fn a_link_whose_queue_fills_is_given_less_and_no_repetition() {
        let narrow = after(&[(0.0, 40), (30.0, 400), (25.0, 500), (20.0, 500)]);
        assert!(!narrow.repeats(), "twice the bytes do not help here");
        assert_eq!(narrow.bitrate(48_000), 19_200);
        assert!(narrow.fec_percent(true) > 0);
    }

    #[test]
    fn the_rate_comes_back_when_the_queue_is_gone() {
        let mut reports = vec![(0.0, 40), (30.0, 400)];
        reports.extend([(0.0, 45); 12]);
        let recovered = after(&reports);
        assert!(recovered.repeats());
        assert_eq!(recovered.bitrate(48_000), 48_000);
    }

    #[test]
    fn a_longer_path_is_not_taken_for_a_queue_for_ever() {
        let mut reports = vec![(0.0, 20)];
        reports.extend([(0.0, 300); 400]);
        reports.push((10.0, 300));
        assert!(after(&reports).repeats());
    }

    #[test]
    fn a_report_of_nonsense_changes_nothing_for_good() {
        let mut adaptation = Adaptation::default();
        for fraction in [f32::NAN, f32::INFINITY, -1.0] {
            adaptation.on_report(LossReport {
                fraction,
                round_trip: Some(Duration::MAX),
            });
        }
        for _ in 0..100 {
            adaptation.on_report(LossReport::default());
        }
        assert_eq!(adaptation.fec_percent(true), 0);
        assert!(adaptation.repeats());
    }
}
