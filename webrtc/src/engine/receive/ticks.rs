//! Time as the receive path counts it: signed ticks of 48 kHz, the RTP clock of Opus (RFC 7587),
//! whatever rate is decoded to.

use std::time::Instant;

pub(crate) const TICKS_PER_SECOND: i64 = 48_000;

pub(crate) const TICKS_PER_MS: i64 = TICKS_PER_SECOND / 1_000;

/// One playout block, 10 ms.
pub(crate) const BLOCK_TICKS: i64 = 10 * TICKS_PER_MS;

/// Milliseconds as ticks.
pub(crate) const fn ms(milliseconds: i64) -> i64 {
    milliseconds * TICKS_PER_MS
}

/// Ticks as seconds.
pub(crate) fn seconds(ticks: i64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND as f64
}

/// Ticks from `epoch` to `at`; negative if `at` is the earlier.
pub(crate) fn since(epoch: Instant, at: Instant) -> i64 {
    let forward = at.saturating_duration_since(epoch).as_nanos();
    let backward = epoch.saturating_duration_since(at).as_nanos();
    let ticks = |nanos: u128| i64::try_from(nanos * 48 / 1_000_000).unwrap_or(i64::MAX / 4);
    ticks(forward) - ticks(backward)
}

/// Extends a 32-bit RTP time to the value nearest to `near`.
pub(crate) const fn extend(rtp_time: u32, near: i64) -> i64 {
    near + (rtp_time.wrapping_sub(near as u32).cast_signed() as i64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_runs_both_ways_from_the_epoch() {
        let epoch = crate::engine::test_support::start();
        let later = epoch + Duration::from_millis(1_500);
        assert_eq!(since(epoch, later), 72_000);
        assert_eq!(since(later, epoch), -72_000);
    }

    #[test]
    fn an_rtp_time_goes_on_over_its_wrap_in_both_directions() {
        let before_wrap = i64::from(u32::MAX) - 959;
        assert_eq!(extend(0, before_wrap), before_wrap + 960);
        assert_eq!(extend(u32::MAX - 959, before_wrap + 960), before_wrap);
        assert_eq!(extend(960, 5 << 32), (5 << 32) + 960);
    }
}
