//! How often one address may ask: a bucket of tokens for each.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// Addresses remembered at once. When full, those that rest are forgotten
/// first, then the one that asked longest ago: an attacker with many addresses
/// can make others' buckets full again, never the map grow.
const ADDRESSES: usize = 10_000;

/// Buckets by client address. Pure: the caller holds the lock and the clock.
#[derive(Debug)]
pub(crate) struct Limiter {
    burst: f64,
    per_second: f64,
    buckets: HashMap<IpAddr, Bucket>,
    capacity: usize,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Limiter {
    /// Lets `per_minute` requests of one address through each minute, all of
    /// them at once if need be.
    pub(crate) fn new(per_minute: u32) -> Self {
        let burst = f64::from(per_minute.max(1));
        Self {
            burst,
            per_second: burst / 60.0,
            buckets: HashMap::new(),
            capacity: ADDRESSES,
        }
    }

    /// Takes a token for `address` at `now`.
    ///
    /// # Errors
    /// How long to wait when there is none.
    pub(crate) fn take(&mut self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let address = household(address);
        if !self.buckets.contains_key(&address) && self.buckets.len() >= self.capacity {
            self.forget(now);
        }
        let fresh = Bucket {
            tokens: self.burst,
            at: now,
        };
        let bucket = self.buckets.entry(address).or_insert(fresh);
        let rested = now.saturating_sub(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + rested * self.per_second).min(self.burst);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            let missing = 1.0 - bucket.tokens;
            return Err(Duration::from_secs_f64(missing / self.per_second));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    fn forget(&mut self, now: Duration) {
        let full_again = Duration::from_mins(1);
        self.buckets
            .retain(|_, bucket| now.saturating_sub(bucket.at) < full_again);
        if self.buckets.len() >= self.capacity {
            let oldest = self.buckets.iter().min_by_key(|(_, bucket)| bucket.at);
            if let Some(address) = oldest.map(|(address, _)| *address) {
                self.buckets.remove(&address);
            }
        }
    }
}

/// Whoever has one IPv6 address has the 2⁶⁴ of its network; an IPv4 address
/// written as IPv6 is that IPv4 address.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = v6.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_minutes_worth_passes_at_once_and_then_one_by_one() {
        let mut limiter = Limiter::new(6);
        let client = address("192.0.2.1");
        for n in 0..6 {
            assert_eq!(limiter.take(client, at(0)), Ok(()), "request {n}");
        }
        assert_eq!(limiter.take(client, at(0)), Err(at(10)));
        assert_eq!(limiter.take(client, at(10)), Ok(()));
        assert!(limiter.take(client, at(10)).is_err());
        assert_eq!(limiter.take(address("192.0.2.2"), at(10)), Ok(()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_bucket() {
        let mut limiter = Limiter::new(1);
        assert_eq!(limiter.take(address("2001:db8::1"), at(0)), Ok(()));
        assert!(limiter.take(address("2001:db8::2"), at(0)).is_err());
        assert_eq!(limiter.take(address("2001:db8:0:1::1"), at(0)), Ok(()));
        assert_eq!(limiter.take(address("192.0.2.1"), at(0)), Ok(()));
        assert!(limiter.take(address("::ffff:192.0.2.1"), at(0)).is_err());
    }

    #[test]
    fn the_map_never_grows_beyond_its_bound_and_forgets_the_oldest() {
        let mut limiter = Limiter {
            capacity: 2,
            ..Limiter::new(1)
        };
        for (n, client) in ["192.0.2.1", "192.0.2.2", "192.0.2.3"].iter().enumerate() {
            let now = at(n as u64);
            assert_eq!(limiter.take(address(client), now), Ok(()));
            assert!(limiter.buckets.len() <= 2);
        }
        assert!(limiter.take(address("192.0.2.3"), at(3)).is_err());
        assert_eq!(limiter.take(address("192.0.2.1"), at(3)), Ok(()));
    }

    #[test]
    fn a_clock_that_went_back_takes_nothing_away() {
        let mut limiter = Limiter::new(2);
        let client = address("192.0.2.1");
        assert_eq!(limiter.take(client, at(100)), Ok(()));
        assert_eq!(limiter.take(client, at(50)), Ok(()));
        assert!(limiter.take(client, at(50)).is_err());
    }
}
