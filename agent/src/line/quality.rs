//! How well the caller is heard: from what was counted of their tracks to an estimate of what a listener would say.
//!
//! The estimate is the E-model's (ITU-T G.107) in the form of R. G. Cole and J. H. Rosenbluth (2001): what delay costs, what
//! loss costs the codec, and from that a mean opinion score.

use std::collections::BTreeMap;

use call::LineQuality;

/// Tracks counted in one call: a page that is reconnected publishes another. Further ones are not counted.
const TRACKS: usize = 32;

/// The best that the model gives a narrow line.
const BEST: f64 = 93.2;
/// How well Opus bears loss at random; 25 is G.711 with concealment, which it is compared to.
const ROBUSTNESS: f64 = 25.0;
/// Delay outside the jitter buffer: a frame of 20 ms, and the network, of which a receiver alone knows nothing.
const OTHER_DELAY_MS: f64 = 60.0;
/// From here on people talk into one another.
const TOO_LATE_MS: f64 = 177.3;

/// What was counted of one track since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TrackCounts {
    /// Packets that arrived.
    pub packets: u64,
    /// Packets that did not; late copies may make it negative for a while.
    pub lost: i64,
    /// Seconds (RFC 3550).
    pub jitter: f64,
    /// Samples played.
    pub samples: u64,
    /// Of these, made up, and not silence in silence.
    pub concealed: u64,
    /// What samples waited in the jitter buffer, all together; seconds.
    pub waited: f64,
    /// Samples that waited.
    pub emitted: u64,
}

/// The tracks of one call.
#[derive(Debug, Default)]
pub struct Counted(BTreeMap<String, TrackCounts>);

impl Counted {
    /// What was counted of a track by now.
    pub fn count(&mut self, track: &str, counts: TrackCounts) {
        if let Some(known) = self.0.get_mut(track) {
            *known = counts;
        } else if self.0.len() < TRACKS {
            self.0.insert(track.to_owned(), counts);
        }
    }

    /// How well the caller was heard; `None` before anything was.
    #[must_use]
    pub fn quality(&self) -> Option<LineQuality> {
        let sum = |of: fn(&TrackCounts) -> f64| self.0.values().map(of).sum::<f64>();
        let share = |part: f64, all: f64| {
            if all > 0.0 {
                (part / all).clamp(0.0, 1.0)
            } else {
                0.0
            }
        };
        let packets = self.0.values().map(|track| track.packets).sum();
        let latest = self.0.values().max_by_key(|track| track.packets)?;
        if packets == 0 {
            return None;
        }
        let lost = sum(|track| track.lost.max(0) as f64);
        let concealed = share(
            sum(|track| track.concealed as f64),
            sum(|track| track.samples as f64),
        );
        let waited = sum(|track| track.waited) / sum(|track| track.emitted as f64).max(1.0);
        Some(LineQuality {
            packets,
            lost: share(lost, packets as f64 + lost),
            concealed,
            jitter_ms: latest.jitter * 1e3,
            mos: mos(concealed, waited * 1e3 + OTHER_DELAY_MS),
        })
    }
}

/// The mean opinion score where this part of the sound is made up, and it comes so late.
fn mos(concealed: f64, delay_ms: f64) -> f64 {
    let late = (delay_ms - TOO_LATE_MS).max(0.0);
    let percent = concealed * 100.0;
    let rating = BEST - 0.024 * delay_ms - 0.11 * late - 95.0 * percent / (percent + ROBUSTNESS);
    let rating = rating.clamp(0.0, 100.0);
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_minute(lost: i64, concealed: u64) -> TrackCounts {
        TrackCounts {
            packets: 3_000,
            lost,
            jitter: 0.004,
            samples: 2_880_000,
            concealed,
            waited: 0.06 * 2_880_000.0,
            emitted: 2_880_000,
        }
    }

    fn quality(tracks: &[TrackCounts]) -> LineQuality {
        let mut counted = Counted::default();
        for (at, track) in tracks.iter().enumerate() {
            counted.count(&at.to_string(), *track);
        }
        counted.quality().expect("something was heard")
    }

    #[test]
    fn a_clean_line_is_as_good_as_a_telephone_and_loss_is_heard() {
        let clean = quality(&[a_minute(0, 0)]);
        assert_eq!((clean.lost, clean.concealed), (0.0, 0.0));
        assert!((4.2..4.45).contains(&clean.mos), "{clean:?}");
        let mut last = clean.mos;
        // 2, 5, 10 and 40 percent.
        for (percent, low, high) in [(2, 3.9, 4.3), (5, 3.4, 4.0), (10, 2.7, 3.4), (40, 1.0, 2.0)] {
            let heard = quality(&[a_minute(30 * percent, 28_800 * percent as u64)]);
            assert!(heard.mos < last, "{percent} %: {heard:?}");
            assert!((low..high).contains(&heard.mos), "{percent} %: {heard:?}");
            last = heard.mos;
        }
    }

    #[test]
    fn what_was_lost_and_repaired_costs_nothing() {
        let repaired = quality(&[a_minute(300, 0)]);
        assert!((0.09..0.1).contains(&repaired.lost), "{repaired:?}");
        assert_eq!(repaired.mos, quality(&[a_minute(0, 0)]).mos);
    }

    #[test]
    fn a_call_is_all_its_tracks_and_one_without_sound_is_none() {
        assert_eq!(Counted::default().quality(), None);
        let both = quality(&[a_minute(0, 0), a_minute(300, 288_000)]);
        assert_eq!(both.packets, 6_000);
        assert!((0.04..0.06).contains(&both.concealed), "{both:?}");
        let mut counted = Counted::default();
        counted.count("one", a_minute(0, 0));
        counted.count("one", a_minute(0, 0));
        assert_eq!(
            counted.quality().map(|quality| quality.packets),
            Some(3_000)
        );
    }

    #[test]
    fn numbers_from_outside_give_a_score_all_the_same() {
        let odd = TrackCounts {
            packets: 1,
            lost: -5,
            concealed: 10,
            ..TrackCounts::default()
        };
        let odd = quality(&[odd]);
        assert_eq!((odd.lost, odd.concealed), (0.0, 0.0));
        assert!((1.0..=4.5).contains(&odd.mos));
        assert!((1.0..=4.5).contains(&mos(1.0, 60_000.0)));
    }
}
