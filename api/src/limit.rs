//! How often one client may do something: a bucket of tokens for each, kept by `governor`.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, nanos::Nanos, state::StateStore,
};
use tokio::time::Instant;

/// Clients remembered at once. When there are more, the one whose bucket is the fullest is
/// forgotten: an attacker with many addresses can make others' buckets full again, never the map
/// grow.
const CLIENTS: usize = 10_000;

/// Buckets by client.
pub(crate) struct Limiter<K: Clone + Eq + Hash> {
    buckets: RateLimiter<Visit<K>, Buckets<K>, Elapsed, NoOpMiddleware<Duration>>,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    /// Lets `count` requests of one client through each minute, all of them at once if need be.
    pub(crate) fn per_minute(count: u32) -> Self {
        Self::new(count, CLIENTS)
    }

    fn new(per_minute: u32, capacity: usize) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN));
        let buckets = Buckets {
            full_at: Mutex::default(),
            capacity,
        };
        Self {
            buckets: RateLimiter::new(quota, buckets, Elapsed(Instant::now())),
        }
    }

    /// Takes a token of this client's.
    ///
    /// # Errors
    /// How long to wait when there is none.
    pub(crate) fn take(&self, client: K) -> Result<(), Duration> {
        let take = true;
        self.visit(&Visit { client, take })
    }

    /// Whether there is a token, which stays.
    ///
    /// # Errors
    /// How long to wait when there is none.
    pub(crate) fn look(&self, client: K) -> Result<(), Duration> {
        let take = false;
        self.visit(&Visit { client, take })
    }

    fn visit(&self, visit: &Visit<K>) -> Result<(), Duration> {
        let outcome = self.buckets.check_key(visit);
        outcome.map_err(|not_until| not_until.wait_time_from(self.buckets.clock().now()))
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter")
    }
}

/// Who comes to a bucket, and whether to take of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Visit<K> {
    client: K,
    take: bool,
}

/// By client, when its bucket will be full again, since the limiter began.
#[derive(Debug)]
struct Buckets<K> {
    full_at: Mutex<HashMap<K, Nanos>>,
    capacity: usize,
}

impl<K: Clone + Eq + Hash> StateStore for Buckets<K> {
    type Key = Visit<K>;

    fn measure_and_replace<T, F, E>(&self, visit: &Visit<K>, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let known = full_at.get(&visit.client).copied();
        let (outcome, next) = measure(known)?;
        if visit.take {
            if known.is_none() && full_at.len() >= self.capacity {
                let fullest = full_at.iter().min_by_key(|(_, at)| **at);
                let fullest = fullest.map(|(client, _)| client.clone());
                fullest.and_then(|client| full_at.remove(&client));
            }
            full_at.insert(visit.client.clone(), next);
        }
        Ok(outcome)
    }
}

/// The runtime's clock, which tests can pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elapsed(Instant);

impl Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Whom an address stands for. Whoever has one IPv6 address has the 2⁶⁴ of its network; an IPv4
/// address written as IPv6 is that IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse::<IpAddr>().expect("an address").into()
    }

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_minutes_worth_passes_at_once_and_then_one_by_one() {
        let limiter = Limiter::new(6, 2);
        let client = network("192.0.2.1");
        for n in 0..6 {
            assert_eq!(limiter.take(client), Ok(()), "request {n}");
        }
        assert_eq!(limiter.take(client), Err(seconds(10)));
        advance(seconds(10)).await;
        assert_eq!(limiter.take(client), Ok(()));
        assert!(limiter.take(client).is_err());
        assert_eq!(limiter.take(network("192.0.2.2")), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_takes_nothing_and_says_how_long_to_wait() {
        let limiter = Limiter::new(1, 2);
        let client = network("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(limiter.look(client), Ok(()));
        }
        assert_eq!(limiter.take(client), Ok(()));
        assert_eq!(limiter.look(client), Err(seconds(60)));
        advance(seconds(60)).await;
        assert_eq!(limiter.look(client), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn neighbours_in_one_ipv6_network_share_a_bucket() {
        let limiter = Limiter::new(1, 2);
        assert_eq!(limiter.take(network("2001:db8::1")), Ok(()));
        assert!(limiter.take(network("2001:db8::2")).is_err());
        assert_eq!(limiter.take(network("2001:db8:0:1::1")), Ok(()));
        assert_eq!(limiter.take(network("192.0.2.1")), Ok(()));
        assert!(limiter.take(network("::ffff:192.0.2.1")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_map_never_grows_beyond_its_bound_and_forgets_the_fullest_bucket() {
        let limiter = Limiter::new(1, 2);
        for client in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            assert_eq!(limiter.take(network(client)), Ok(()));
            advance(seconds(1)).await;
        }
        assert!(limiter.take(network("192.0.2.3")).is_err());
        assert!(limiter.take(network("192.0.2.2")).is_err());
        assert_eq!(
            limiter.take(network("192.0.2.1")),
            Ok(()),
            "the first is forgotten"
        );
    }
}
