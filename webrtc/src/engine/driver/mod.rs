//! The shell: the crate's only threads, clock, tasks and (in [`sockets`]) sockets.

mod connection;
mod pacer;
mod sockets;

pub(crate) use connection::Connection;

use self::pacer::Pacer;
use std::{ops::ControlFlow, sync::LazyLock, time::Instant};
use tokio::{
    runtime::{Builder, Runtime},
    task::AbortHandle,
};

/// The engine has its own threads, so that it works under any caller, asynchronous or not, and
/// so that a busy application delays no packet. At least two: a callback that blocks one of
/// them must not stop the clock.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("rtc-engine")
        .enable_all()
        .build()
        .expect("the operating system gives the media engine its threads")
});

/// All tickers run on one grid of 10 ms that starts here, so that they share their wake-ups.
static EPOCH: LazyLock<Instant> = LazyLock::new(now);

/// The engine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the driver owns the engine's clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Runs a task on the engine's threads.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    RUNTIME.spawn(task).abort_handle()
}

/// Calls `tick` every 10 ms until it breaks. After a stall longer than 100 ms the missed ticks
/// are skipped, not made up for (see [`Pacer`]).
pub(crate) fn spawn_ticker(mut tick: impl FnMut() -> ControlFlow<()> + Send + 'static) {
    RUNTIME.spawn(async move {
        let mut pacer = Pacer::new(*EPOCH, now());
        loop {
            tokio::time::sleep_until(pacer.deadline().into()).await;
            for _ in 0..pacer.due(now()) {
                if tick().is_break() {
                    return;
                }
            }
        }
    });
}
