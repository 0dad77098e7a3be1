//! One direction of a link: what becomes of each packet, as a value with `now` as an argument.
//!
//! **What repeats.** A packet's fate follows from the seed, the 20 ms slot of time in which it was
//! sent and its place among its own flow's packets in that slot; other traffic has no say in it.
//! So two runs lose the same moments of speech although their STUN checks fall differently, and
//! two flows that share a link in one run, ours and the one we compare with, meet the same network.
//!
//! Time is a duration since the link's beginning, which the runner ties to the plan's clock.

mod burst;
mod random;
mod settings;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Duration};

pub use self::settings::{Burst, PathChange, Rate, Reorder, Settings, Window};
use self::{
    burst::{Spells, slot_of},
    random::{Purpose, Random},
};

/// The grain of chance: one packet of speech a flow.
pub const SLOT: Duration = Duration::from_millis(20);
/// How far behind the first a duplicate comes.
const DUPLICATE_AFTER: Duration = Duration::from_millis(5);

/// What the link has to know of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its length in bytes, IP header included.
    pub len: usize,
    /// Whether it is TCP.
    pub tcp: bool,
    /// Which conversation it belongs to (protocol, both addresses, both ports).
    pub flow: u64,
    /// Its source and destination port, if it has such.
    pub ports: [Option<u16>; 2],
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, possibly twice.
    Arrives {
        /// When.
        at: Duration,
        /// When once more.
        again: Option<Duration>,
    },
    /// It does not.
    Dropped(Reason),
}

/// Why a packet did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The link was dead.
    Blackout,
    /// A firewall did not let it pass.
    Blocked,
    /// The queue before a narrow line was full.
    QueueFull,
    /// Lost by itself.
    Loss,
    /// Lost in a bad spell.
    Burst,
}

/// One direction of a link.
#[derive(Debug)]
pub struct Link {
    settings: Settings,
    random: Random,
    spells: Option<Spells>,
    slot: u64,
    /// Packets of each flow in the current slot; emptied at every new slot.
    counts: HashMap<u64, u64>,
    /// Until when each flow's narrow line is busy; forgotten once it is idle.
    lines: HashMap<u64, Duration>,
    /// When the last packet in order arrives: none that follows arrives before.
    last: Duration,
}

impl Link {
    /// A link that begins at time zero.
    #[must_use]
    pub fn new(settings: Settings, seed: u64) -> Self {
        let random = Random::new(seed);
        let spells = settings.burst.map(|burst| Spells::new(burst, random));
        Self {
            settings,
            random,
            spells,
            slot: 0,
            counts: HashMap::new(),
            lines: HashMap::new(),
            last: Duration::ZERO,
        }
    }

    /// Decides about a packet that enters now. `now` does not go back.
    pub fn offer(&mut self, packet: Packet, now: Duration) -> Fate {
        let slot = self.enter_slot(now);
        let nth = self.counts.entry(packet.flow).or_default();
        let place = *nth;
        *nth += 1;
        if self
            .settings
            .blackouts
            .iter()
            .any(|window| window.contains(now))
        {
            return Fate::Dropped(Reason::Blackout);
        }
        if self.is_blocked(packet) {
            return Fate::Dropped(Reason::Blocked);
        }
        let Some(sent) = self.through_the_line(packet, now) else {
            return Fate::Dropped(Reason::QueueFull);
        };
        if self
            .spells
            .as_mut()
            .is_some_and(|spells| spells.is_bad(slot))
        {
            return Fate::Dropped(Reason::Burst);
        }
        if self.random.at(Purpose::Loss, slot, place) < self.settings.loss {
            return Fate::Dropped(Reason::Loss);
        }
        let at = self.arrival(sent, slot, place, now);
        let twice = self.random.at(Purpose::Duplicate, slot, place) < self.settings.duplicate;
        Fate::Arrives {
            at,
            again: twice.then(|| at + DUPLICATE_AFTER),
        }
    }

    fn is_blocked(&self, packet: Packet) -> bool {
        let open = |ports: &Vec<u16>| {
            packet
                .ports
                .iter()
                .flatten()
                .any(|port| ports.contains(port))
        };
        let ports_closed = self
            .settings
            .only_ports
            .as_ref()
            .is_some_and(|ports| !open(ports));
        ports_closed || (self.settings.only_tcp && !packet.tcp)
    }

    fn enter_slot(&mut self, now: Duration) -> u64 {
        let slot = slot_of(now);
        if slot > self.slot {
            self.slot = slot;
            self.counts.clear();
            self.lines.retain(|_, busy| *busy > now);
        }
        self.slot
    }

    /// When the packet has left the narrow line, if its queue takes it.
    fn through_the_line(&mut self, packet: Packet, now: Duration) -> Option<Duration> {
        let Some(rate) = self.settings.rate else {
            return Some(now);
        };
        let busy = self
            .lines
            .get(&packet.flow)
            .copied()
            .unwrap_or(now)
            .max(now);
        if busy - now > rate.queue {
            return None;
        }
        let bits = packet.len as f64 * 8.0;
        let left = busy + Duration::from_secs_f64(bits / rate.bits_per_second.max(1) as f64);
        self.lines.insert(packet.flow, left);
        Some(left)
    }

    fn arrival(&mut self, sent: Duration, slot: u64, place: u64, now: Duration) -> Duration {
        let delay = match self.settings.path_change {
            Some(change) if now >= change.at => change.delay,
            _ => self.settings.delay,
        };
        let jitter = self
            .settings
            .jitter
            .mul_f64(2.0 * self.random.at(Purpose::Jitter, slot, 0));
        let due = sent + delay + jitter;
        match self.settings.reorder {
            Some(reorder) if self.random.at(Purpose::Reorder, slot, place) < reorder.share => {
                due + reorder.by
            }
            // A shaped flow's wait is its own and must not hold up the others.
            _ if self.settings.rate.is_some() => due,
            _ => {
                self.last = self.last.max(due);
                self.last
            }
        }
    }
}
