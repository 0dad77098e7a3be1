//! The shell: the crate's only threads, clock, tasks and (in [`links`]) sockets.
//!
//! Each engine thread ([`Shard`]) carries its share of the streams and connections. Callbacks of
//! the application run on threads of their own: one that blocks stops no clock.

mod alarm;
mod clock;
mod connection;
pub(crate) mod links;
mod outgoing;
mod pacer;
mod shard;

use std::{
    ops::ControlFlow,
    sync::{Arc, LazyLock},
    time::{Instant, SystemTime},
};

pub(crate) use self::connection::Connection;
use self::shard::Shard;
use crate::types::engine_load::EngineLoad;

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

/// A time of the engine's clock in milliseconds after 1970, as statistics have it.
pub(crate) fn unix_ms(at: Instant) -> f64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let ago = now().saturating_duration_since(at);
    since_1970
        .unwrap_or_default()
        .saturating_sub(ago)
        .as_secs_f64()
        * 1_000.0
}

/// Runs work that takes milliseconds of a processor, or calls the application, beside the
/// engine's threads.
pub(crate) fn spawn_blocking(work: impl FnOnce() + Send + 'static) {
    Shard::choose(shards()).handle().spawn_blocking(work);
}

/// The thread of a connection. A stream that runs there finds the connection's state in its own
/// processor's caches, not in another's.
#[derive(Clone)]
pub(crate) struct Home(Arc<Shard>);

/// Calls `tick` every 10 ms until it breaks, at `home` if that has room. It must not block. After
/// a stall longer than 100 ms, or when there is more to do than time, missed ticks are skipped
/// (see [`clock`]); the next call is told how many. One that panics is ended.
pub(crate) fn spawn_ticker(
    home: Option<&Home>,
    tick: impl FnMut(u32) -> ControlFlow<()> + Send + 'static,
) {
    let shard = home
        .map(|Home(shard)| shard)
        .filter(|shard| shard.has_room())
        .unwrap_or_else(|| Shard::choose(shards()));
    shard.add_tick(Box::new(tick));
}
