//! What one direction of a link does to its packets, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One direction of a link. The default carries everything at once, unharmed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Share of packets lost, each on its own, 0 to 1.
    pub loss: f64,
    /// Losses that come together; on top of [`Self::loss`].
    pub burst: Option<Burst>,
    /// Time from end to end.
    pub delay: Duration,
    /// Half the width of the delay's variation: every 20 ms the link takes a new delay, uniform
    /// between `delay` and `delay + 2 * jitter`. Packets keep their order, so a late one holds up
    /// those behind it, as queues do.
    pub jitter: Duration,
    /// Packets that others overtake.
    pub reorder: Option<Reorder>,
    /// Share of packets that arrive twice, the second time 5 ms after the first.
    pub duplicate: f64,
    /// How fast the link is, for each flow by itself.
    pub rate: Option<Rate>,
    /// When nothing passes.
    pub blackouts: Vec<Window>,
    /// From then on the delay is another one.
    pub path_change: Option<PathChange>,
    /// Only TCP passes, as behind a strict firewall.
    pub only_tcp: bool,
    /// Only packets from or to one of these ports pass, as behind a firewall that knows the servers.
    pub only_ports: Option<Vec<u16>>,
}

/// The Gilbert-Elliott model: a link with good and bad spells, which loses everything in bad ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// Share of time that is bad, 0 to 1.
    pub share: f64,
    /// How long a bad spell lasts on average; a multiple of 20 ms in effect.
    pub length: Duration,
}

/// Packets held back so that others overtake them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reorder {
    /// Share of packets held back, 0 to 1.
    pub share: f64,
    /// How long each is held back.
    pub by: Duration,
}

/// A narrow line with a queue before it; what finds the queue full is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Bits a second, IP headers included.
    pub bits_per_second: u64,
    /// How much waiting the queue has room for.
    pub queue: Duration,
}

/// A time span on the link's clock, the end not included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its first moment.
    pub from: Duration,
    /// Its end.
    pub until: Duration,
}

impl Window {
    /// Whether the moment lies in it.
    #[must_use]
    pub fn contains(&self, now: Duration) -> bool {
        self.from <= now && now < self.until
    }
}

/// The way to the host becomes another one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathChange {
    /// When, on the link's clock.
    pub at: Duration,
    /// The delay from then on.
    pub delay: Duration,
}
