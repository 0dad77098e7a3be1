//! How soon a call is up where packets are lost, in virtual time.

use std::time::Duration;

use super::{HOSTS, Link};
use crate::types::connection_state::PeerConnectionState as State;

/// Calls that are set up, each with losses of its own.
const CALLS: u64 = 100;

/// How long each takes until both ends are connected, shortest first, in milliseconds.
fn times_to_connect(loss: f64, delay: Duration) -> Vec<u128> {
    let mut times: Vec<u128> = (0..CALLS)
        .map(|seed| {
            let mut link = Link::negotiated();
            link.delay = delay;
            link.lose(loss, seed);
            for (index, host) in HOSTS.iter().enumerate() {
                let now = link.now;
                link.peers[index].add_host(host.parse().unwrap(), now);
            }
            while !link
                .peers
                .iter()
                .all(|p| p.connection_state() == State::Connected)
            {
                link.run_for(Duration::from_millis(10));
                assert!(
                    link.elapsed() < Duration::from_secs(60),
                    "seed {seed}: no call in a minute"
                );
            }
            link.elapsed().as_millis()
        })
        .collect();
    times.sort_unstable();
    times
}

#[test]
fn a_call_over_a_fifth_of_loss_is_up_within_three_seconds_in_99_of_100() {
    let times = times_to_connect(0.2, Duration::from_millis(20));
    let [median, late, last] = [49, 98, 99].map(|n| times[n]);
    assert!(
        late <= 3_000,
        "half within {median} ms, 99 within {late}, all within {last}"
    );
    assert!(last <= 15_000, "the last after {last} ms");
}

#[test]
fn a_long_way_does_not_use_up_the_handshake() {
    // The round trip takes eight times as long as the first repetition waits.
    let clean = times_to_connect(0.0, Duration::from_millis(400));
    assert!(
        clean[99] <= 6_000,
        "without loss the last after {} ms",
        clean[99]
    );
    let lossy = times_to_connect(0.1, Duration::from_millis(400));
    assert!(
        lossy[98] <= 12_000,
        "at 10 % loss 99 within {} ms",
        lossy[98]
    );
}
