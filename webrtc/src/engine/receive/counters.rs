//! What is counted on the receive path, with the meanings of W3C's webrtc-stats.

use std::time::Instant;

use super::ticks::{TICKS_PER_SECOND, seconds};

/// Full scale of a sample.
const FULL_SCALE: f64 = 32_768.0;

/// Counters of one remote track. Samples and delays are in ticks of 48 kHz, the track's RTP
/// clock, so that they go on when a listener asks for another rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ReceiveCounters {
    pub(crate) ssrc: u32,
    pub(crate) packets: u64,
    /// Payload alone.
    pub(crate) bytes: u64,
    /// RTP headers with extensions.
    pub(crate) header_bytes: u64,
    /// Expected less received, negative with duplicates (RFC 3550, section 6.4.1).
    pub(crate) lost: i64,
    pub(crate) last_arrival: Option<Instant>,
    /// Interarrival jitter, ticks (RFC 3550, section 6.4.1).
    pub(crate) jitter: f64,
    /// Came after their turn, a second time, or were dropped to keep up.
    pub(crate) discarded: u64,
    /// Copies received in later packets (RED), and those of them that were not needed.
    pub(crate) copies: u64,
    pub(crate) copies_discarded: u64,
    pub(crate) copy_bytes: u64,
    /// Losses made good from the in-band FEC of the packet after.
    pub(crate) recovered: u64,
    pub(crate) decoded: u64,
    pub(crate) samples: u64,
    pub(crate) concealed: u64,
    pub(crate) concealed_silent: u64,
    pub(crate) concealment_events: u64,
    pub(crate) inserted: u64,
    pub(crate) removed: u64,
    /// Sum over emitted samples of the time each waited, ticks².
    pub(crate) delay_sum: f64,
    pub(crate) target_sum: f64,
    pub(crate) emitted: u64,
    /// Of the last block, 0 to 1.
    pub(crate) level: f64,
    pub(crate) energy: f64,
}

impl ReceiveCounters {
    /// Sound of `duration` leaves the buffer after `delay`, while `target` was aimed at.
    pub(crate) fn emit(&mut self, duration: i64, delay: i64, target: i64) {
        let samples = duration.max(0);
        self.decoded += 1;
        self.emitted += samples.unsigned_abs();
        self.delay_sum += samples as f64 * delay.max(0) as f64;
        self.target_sum += samples as f64 * target as f64;
    }

    /// A block of `duration` ticks was handed to the listeners.
    pub(crate) fn play(&mut self, block: &[i16], duration: i64) {
        let sum: f64 = block
            .iter()
            .map(|sample| i64::from(*sample) * i64::from(*sample))
            .sum::<i64>() as f64;
        let power = sum / block.len().max(1) as f64 / (FULL_SCALE * FULL_SCALE);
        self.level = power.sqrt();
        self.energy += power * seconds(duration);
        self.samples += duration.unsigned_abs();
    }

    /// Sum of waiting times, seconds for each emitted sample.
    pub(crate) fn delay_seconds(&self) -> f64 {
        self.delay_sum / TICKS_PER_SECOND as f64
    }

    /// Sum of targets, seconds for each emitted sample.
    pub(crate) fn target_seconds(&self) -> f64 {
        self.target_sum / TICKS_PER_SECOND as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ticks::ms, *};

    #[test]
    fn energy_is_power_times_time() {
        let mut counters = ReceiveCounters::default();
        for _ in 0..100 {
            counters.play(&[16_384; 160], ms(10));
        }
        assert!((counters.level - 0.5).abs() < 1e-9);
        assert!((counters.energy - 0.25).abs() < 1e-9, "{}", counters.energy);
        assert_eq!(counters.samples, 48_000);
    }

    #[test]
    fn the_mean_delay_is_the_sum_over_the_samples() {
        let mut counters = ReceiveCounters::default();
        counters.emit(ms(20), ms(40), ms(30));
        counters.emit(ms(20), ms(80), ms(30));
        let mean = |sum: f64| sum / counters.emitted as f64;
        assert!((mean(counters.delay_seconds()) - 0.06).abs() < 1e-9);
        assert!((mean(counters.target_seconds()) - 0.03).abs() < 1e-9);
    }
}
