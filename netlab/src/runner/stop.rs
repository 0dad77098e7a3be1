//! Ctrl-C and SIGTERM: the run ends, and everything it started with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};

/// Whether somebody asked the run to end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens for the signals from now on.
    ///
    /// # Errors
    /// When the process may not listen to signals.
    pub fn on_signals() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let stop = Self::default();
        let asked = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
                        return;
                    };
                    tokio::select! {
                        _ = tokio::signal::ctrl_c() => {}
                        _ = terminate.recv() => {}
                    }
                    asked.0.store(true, Ordering::Relaxed);
                });
            })
            .context("no thread for signals")?;
        Ok(stop)
    }

    /// Waits so long, or less if the run is to end.
    ///
    /// # Errors
    /// When it is.
    pub fn sleep(&self, mut time: Duration) -> anyhow::Result<()> {
        loop {
            if self.0.load(Ordering::Relaxed) {
                bail!("stopped by a signal");
            }
            if time.is_zero() {
                return Ok(());
            }
            let nap = time.min(Duration::from_millis(50));
            std::thread::sleep(nap);
            time -= nap;
        }
    }
}
