//! The router as a value: packets in, due packets out.

use std::{cmp::Reverse, collections::BinaryHeap, net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::packet::Header;
use crate::link::{Fate, Link, Reason, Settings};

/// How many packets may be under way at once, in all directions. At 500 bytes these are 8 MB, and
/// speech of 200 streams delayed by half a second is 10,000 of them; what comes on top is dropped
/// and counted as [`Counts::overflow`].
const UNDER_WAY: usize = 16_384;

/// A network of the router: one host's link.
#[derive(Clone, Debug, Default)]
pub struct Port {
    /// Which addresses lie behind it: networks with their prefix lengths.
    pub networks: Vec<(IpAddr, u8)>,
    /// From the host to the router.
    pub up: Settings,
    /// From the router to the host.
    pub down: Settings,
}

/// What happened to the packets of one direction of one link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Packets that entered.
    pub offered: u64,
    /// Packets that came out, duplicates included.
    pub arrived: u64,
    /// Lost singly or in bursts.
    pub lost: u64,
    /// Lost in blackouts.
    pub blackout: u64,
    /// Not TCP where only TCP passes.
    pub blocked: u64,
    /// Found the queue of a narrow line full.
    pub queue_full: u64,
    /// Found the router itself full; a run in which this happens measures the router.
    pub overflow: u64,
    /// No host has this destination (an address given up, multicast).
    pub no_route: u64,
}

/// One port with its two directions at work.
struct Side {
    networks: Vec<(IpAddr, u8)>,
    up: Link,
    down: Link,
    counts: [Counts; 2],
}

/// Where a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// On the way from a host, to the router.
    Up,
    /// On the way from the router, to a host.
    Down,
}

type UnderWay = Reverse<(Duration, u64, Place, usize, Vec<u8>)>;

/// The router's state. Times are durations since the links' beginning and do not go back.
pub struct Switch {
    sides: Vec<Side>,
    queue: BinaryHeap<UnderWay>,
    /// Keeps packets with the same due time in the order they came.
    number: u64,
}

impl Switch {
    /// A router with these ports; the seed decides all chance.
    #[must_use]
    pub fn new(ports: Vec<Port>, seed: u64) -> Self {
        let side = |(n, port): (usize, Port)| Side {
            networks: port.networks,
            up: Link::new(port.up, seed.wrapping_mul(1009).wrapping_add(2 * n as u64)),
            down: Link::new(
                port.down,
                seed.wrapping_mul(1009).wrapping_add(2 * n as u64 + 1),
            ),
            counts: [Counts::default(); 2],
        };
        Self {
            sides: ports.into_iter().enumerate().map(side).collect(),
            queue: BinaryHeap::new(),
            number: 0,
        }
    }

    /// Takes a packet that the host behind the port sent.
    pub fn receive(&mut self, port: usize, bytes: &[u8], now: Duration) {
        let Some(header) = Header::read(bytes) else {
            return;
        };
        let destination = self.port_of(header.to);
        let Some(side) = self.sides.get_mut(port) else {
            return;
        };
        side.counts[0].offered += 1;
        let Some(destination) = destination else {
            side.counts[0].no_route += 1;
            return;
        };
        let fate = side.up.offer(header.packet, now);
        self.follow(fate, Place::Up, port, destination, bytes.to_vec());
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.queue.peek().map(|Reverse((due, ..))| *due)
    }

    /// The next packet that has arrived by now, with its port.
    pub fn arrived(&mut self, now: Duration) -> Option<(usize, Vec<u8>)> {
        while self.next_due().is_some_and(|due| due <= now) {
            let Reverse((due, _, place, port, bytes)) = self.queue.pop()?;
            if place == Place::Down {
                self.sides[port].counts[1].arrived += 1;
                return Some((port, bytes));
            }
            let Some(header) = Header::read(&bytes) else {
                continue;
            };
            let side = &mut self.sides[port];
            side.counts[1].offered += 1;
            // At the time it was due, not now: how late the router's thread wakes is not the link's affair.
            let fate = side.down.offer(header.packet, due);
            self.follow(fate, Place::Down, port, port, bytes);
        }
        None
    }

    /// What has happened so far: for each port the way up and the way down.
    #[must_use]
    pub fn counts(&self) -> Vec<[Counts; 2]> {
        self.sides.iter().map(|side| side.counts).collect()
    }

    fn port_of(&self, to: IpAddr) -> Option<usize> {
        self.sides
            .iter()
            .position(|side| side.networks.iter().any(|network| contains(*network, to)))
    }

    /// Puts a packet under way, or counts why not. `at` is the port whose link decided.
    fn follow(&mut self, fate: Fate, place: Place, at: usize, to: usize, bytes: Vec<u8>) {
        let full = self.queue.len() + 2 > UNDER_WAY;
        let counts = &mut self.sides[at].counts[usize::from(place == Place::Down)];
        match fate {
            Fate::Arrives { .. } if full => counts.overflow += 1,
            Fate::Arrives { at: due, again } => {
                if let Some(again) = again {
                    self.put(again, place, to, bytes.clone(), at);
                }
                self.put(due, place, to, bytes, at);
            }
            Fate::Dropped(Reason::Blackout) => counts.blackout += 1,
            Fate::Dropped(Reason::Blocked) => counts.blocked += 1,
            Fate::Dropped(Reason::QueueFull) => counts.queue_full += 1,
            Fate::Dropped(Reason::Loss | Reason::Burst) => counts.lost += 1,
        }
    }

    fn put(&mut self, due: Duration, place: Place, to: usize, bytes: Vec<u8>, from: usize) {
        self.number += 1;
        if place == Place::Up {
            self.sides[from].counts[0].arrived += 1;
        }
        self.queue
            .push(Reverse((due, self.number, place, to, bytes)));
    }
}

fn contains((network, prefix): (IpAddr, u8), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(prefix.min(32)))
                .unwrap_or(0);
            (network.to_bits() ^ address.to_bits()) & mask == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(prefix.min(128)))
                .unwrap_or(0);
            (network.to_bits() ^ address.to_bits()) & mask == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn port(n: u8, up: Settings, down: Settings) -> Port {
        Port {
            networks: vec![(IpAddr::from([10, 77, n, 0]), 24)],
            up,
            down,
        }
    }

    fn delay(delay: u64) -> Settings {
        Settings {
            delay: ms(delay),
            ..Settings::default()
        }
    }

    fn udp(to: [u8; 4], mark: u8) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 29, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 77, 1, 2];
        bytes.extend(to);
        bytes.extend([0, 9, 0, 80, 0, 9, 0, 0, mark]);
        bytes
    }

    #[test]
    fn a_packet_passes_both_links_and_arrives_at_the_right_host() {
        let clean = Settings::default;
        let ports = vec![
            port(1, delay(30), clean()),
            port(2, clean(), clean()),
            port(3, clean(), delay(50)),
        ];
        let mut switch = Switch::new(ports, 1);
        switch.receive(0, &udp([10, 77, 3, 2], 1), ms(100));
        assert_eq!(switch.next_due(), Some(ms(130)));
        // Though looked at late, it is due 80 ms after it was sent.
        assert_eq!(switch.arrived(ms(150)), None);
        assert_eq!(switch.next_due(), Some(ms(180)));
        assert_eq!(switch.arrived(ms(180)), Some((2, udp([10, 77, 3, 2], 1))));
        assert_eq!(switch.next_due(), None);
    }

    #[test]
    fn packets_due_at_the_same_time_keep_their_order() {
        let mut switch = Switch::new(
            vec![port(1, delay(30), delay(0)), port(2, delay(0), delay(0))],
            1,
        );
        for mark in 0..100 {
            switch.receive(0, &udp([10, 77, 2, 2], mark), ms(100));
        }
        let marks: Vec<_> = std::iter::from_fn(|| switch.arrived(ms(200)))
            .map(|(_, bytes)| bytes[28])
            .collect();
        assert_eq!(marks, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn every_packet_is_counted_once() {
        let lossy = Settings {
            loss: 0.3,
            duplicate: 0.1,
            blackouts: vec![],
            ..Settings::default()
        };
        let mut switch = Switch::new(
            vec![port(1, lossy, delay(0)), port(2, delay(0), delay(0))],
            1,
        );
        let mut heard = 0;
        for n in 0..1000 {
            let to = if n % 10 == 0 {
                [10, 99, 0, 1]
            } else {
                [10, 77, 2, 2]
            };
            switch.receive(0, &udp(to, 0), ms(20 * n));
            heard += std::iter::from_fn(|| switch.arrived(ms(20 * n + 10))).count() as u64;
        }
        let counts = switch.counts();
        let up = counts[0][0];
        assert_eq!((up.offered, up.no_route), (1000, 100));
        let duplicates = up.arrived + up.lost - 900;
        assert!(
            (20..140).contains(&duplicates),
            "{duplicates} duplicates of about 63"
        );
        assert_eq!(counts[1][1].arrived, heard);
        assert_eq!(counts[1][1].offered, up.arrived);
    }

    #[test]
    fn a_full_router_drops_and_counts() {
        let mut switch = Switch::new(
            vec![port(1, delay(1000), delay(0)), port(2, delay(0), delay(0))],
            1,
        );
        for _ in 0..UNDER_WAY + 50 {
            switch.receive(0, &udp([10, 77, 2, 2], 0), ms(1));
        }
        assert!(switch.queue.len() <= UNDER_WAY);
        assert!(switch.counts()[0][0].overflow >= 50, "nothing was dropped");
    }

    #[test]
    fn networks_contain_their_own_addresses_alone() {
        let v4 = (IpAddr::from([10, 77, 1, 0]), 24);
        assert!(contains(v4, IpAddr::from([10, 77, 1, 200])));
        assert!(!contains(v4, IpAddr::from([10, 77, 2, 200])));
        let v6 = ("fd77:1::".parse().unwrap(), 64);
        assert!(contains(v6, "fd77:1::3".parse().unwrap()));
        assert!(!contains(v6, "fd77:2::3".parse().unwrap()));
        assert!(!contains(v6, IpAddr::from([10, 77, 1, 1])));
        assert!(contains(
            (IpAddr::from([0, 0, 0, 0]), 0),
            IpAddr::from([9, 9, 9, 9])
        ));
    }
}
