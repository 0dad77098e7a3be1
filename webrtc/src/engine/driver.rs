//! The shell: the crate's only threads, clock, tasks and (in [`links`]) sockets.
//!
//! Each engine thread ([`Shard`]) carries its share of the streams and connections. Callbacks of
//! the application run on threads of their own: one that blocks stops no clock.

mod alarm;
mod clock;
mod connection;
mod encoding;
mod events;
pub(crate) mod links;
mod outgoing;
mod pacer;
mod shard;

use std::{
    sync::{Arc, LazyLock},
    time::{Instant, SystemTime},
};

use self::shard::Shard;
pub(crate) use self::{connection::Connection, encoding::set_send_track, events::Listener};
use crate::{
    engine::{
        stats::WallClock,
        ticker::{Tick, Ticker},
    },
    types::engine_load::EngineLoad,
};

/// More threads than this are not needed: it is some thousand calls.
const MAX_THREADS: usize = 16;

/// The engine has its own threads, so that it works under any caller, asynchronous or not, and
/// so that a busy application delays no packet.
static SHARDS: LazyLock<Vec<Arc<Shard>>> = LazyLock::new(|| {
    LazyLock::force(&EPOCH);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    (0..threads.min(MAX_THREADS)).map(Shard::start).collect()
});

/// All streams tick on one grid of 10 ms that starts here, so that they share their wake-ups.
static EPOCH: LazyLock<Instant> = LazyLock::new(now);

fn shards() -> &'static [Arc<Shard>] {
    &SHARDS
}

/// How busy the engine is.
pub(crate) fn load() -> EngineLoad {
    EngineLoad {
        busiest_permille: shards().iter().map(|shard| shard.load()).max().unwrap_or(0),
        skipped_ticks: shards().iter().map(|shard| shard.skipped()).sum(),
        streams: shards().iter().map(|shard| shard.streams()).sum(),
        connections: shards().iter().map(|shard| shard.connections()).sum(),
    }
}

/// The engine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the driver owns the engine's clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The engine's clock beside the calendar's.
pub(crate) fn wall_clock() -> WallClock {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    WallClock {
        now: now(),
        since_1970: since_1970.unwrap_or_default(),
    }
}

/// Runs work that takes milliseconds of a processor, or calls the application, beside the
/// engine's threads.
pub(crate) fn in_background(work: Box<dyn FnOnce() + Send>) {
    Shard::choose(shards()).handle().spawn_blocking(work);
}

/// Calls streams at whichever thread has room.
pub(crate) fn ticker() -> Arc<dyn Ticker> {
    Arc::new(AnyThread)
}

struct AnyThread;

impl Ticker for AnyThread {
    fn start(&self, tick: Tick) {
        Shard::choose(shards()).add_tick(tick);
    }
}

/// The thread of a connection, if it has room: a stream that runs there finds the connection's
/// state in its own processor's caches, not in another's.
impl Ticker for Shard {
    fn start(&self, tick: Tick) {
        if self.has_room() {
            self.add_tick(tick);
        } else {
            AnyThread.start(tick);
        }
    }
}
