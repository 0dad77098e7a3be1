//! SIGTERM and SIGINT: the first drains, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};

use agent::worker::{Phase, ShutdownControl};

/// Exit code of a process that a second signal ended.
const ENDED_AT_ONCE: i32 = 130;

pub(super) async fn follow(control: ShutdownControl) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be followed; only SIGKILL stops this worker");
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        match control.next() {
            Phase::Now => {
                tracing::warn!("second signal: ending at once");
                std::process::exit(ENDED_AT_ONCE);
            }
            phase => tracing::info!(?phase, "signal received; a second one ends at once"),
        }
    }
}
