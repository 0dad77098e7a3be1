//! What the peer's reports change: how far a sender prepares for loss, and how much it sends.
//!
//! Losses of two kinds look alike in a report. A bad link loses at random: what helps is to send
//! everything twice and to prepare for loss. A narrow link loses because too much is sent: what
//! helps is to send less. A narrow link fills its queue first, so there the round trip grows.

use std::time::Duration;

use super::redundancy::MAX_COPIES;

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

/// Packets over which loss must be hopeless: two seconds of speech. In silence a report is about five
/// packets, and that two of them were lost says nothing.
const ENOUGH_PACKETS: u64 = 100;

/// Below this the link has room again.
const CALM_UNTIL: f32 = 0.02;

/// Up to this, too, if the round trip shows that no queue has filled: these losses are random, and
/// less to send does not end them.
const RANDOM_UNTIL: f32 = 0.25;

/// The rate at the narrowest, percent of what was asked for.
const LEAST_RATE_PERCENT: u32 = 40;

/// What one report shows about the way to the peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LossReport {
    /// Part of the packets that were lost since the last report, 0 to 1.
    pub(crate) fraction: f32,
    /// Packets sent since the last report.
    pub(crate) packets: u64,
    pub(crate) round_trip: Option<Duration>,
}

/// Follows the reports on one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adaptation {
    loss: f32,
    expects_loss: bool,
    /// Packets that were not judged for hopelessness yet, and how many of them were lost.
    unjudged: (u64, f32),
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
            unjudged: (0, 0.0),
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
        let hopeless = self.is_hopeless(fraction, report.packets);
        let calm_until = if report.round_trip.is_some() {
            RANDOM_UNTIL
        } else {
            CALM_UNTIL
        };
        if hopeless || fraction >= CONGESTED_FROM && queue > QUEUE {
            self.rate_percent = (self.rate_percent * 7 / 10).max(LEAST_RATE_PERCENT);
            self.calm_reports = 0;
        } else if fraction <= calm_until && queue < QUEUE / 2 && self.rate_percent < 100 {
            self.calm_reports += 1;
            if self.calm_reports >= 3 {
                self.rate_percent = (self.rate_percent + 5).min(100);
            }
        }
    }

    /// Whether enough packets have shown that no lower rate than this passes.
    fn is_hopeless(&mut self, fraction: f32, packets: u64) -> bool {
        let (sent, lost) = self.unjudged;
        let (sent, lost) = (
            sent.saturating_add(packets),
            lost + fraction.max(0.0) * packets as f32,
        );
        let enough = sent >= ENOUGH_PACKETS;
        self.unjudged = if enough { (0, 0.0) } else { (sent, lost) };
        enough && lost >= HOPELESS_FROM * sent as f32
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
                packets: 50,
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
    fn a_few_packets_of_silence_do_not_show_that_a_link_is_hopeless() {
        let mut adaptation = Adaptation::default();
        // Two of five lost, as at 20 % loss in one of four reports.
        for lost in [0, 2, 1, 0, 2, 0, 1, 3, 0, 1].repeat(10) {
            adaptation.on_report(LossReport {
                fraction: lost as f32 / 5.0,
                packets: 5,
                round_trip: Some(Duration::from_millis(40)),
            });
        }
        assert_eq!(adaptation.bitrate(48_000), 48_000);
        assert_eq!(adaptation.copies(), 2);
        let speech = after(&[(45.0, 40), (45.0, 40), (45.0, 40)]);
        assert_eq!(speech.copies(), 0, "two seconds of speech do show it");
    }

    #[test]
    fn random_loss_does_not_keep_a_rate_low_that_a_queue_has_lowered() {
        let mut reports = vec![(10.0, 40), (10.0, 400)];
        reports.extend([(12.0, 45); 12]);
        let recovered = after(&reports);
        assert_eq!(recovered.copies(), 2);
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
                packets: u64::MAX,
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
