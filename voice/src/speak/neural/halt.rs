//! A word to a network at work that nobody waits for it any more.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ort::session::RunOptions;

/// One sentence's; what runs under it ends soon after [`Halt::stop`].
#[derive(Default)]
pub(super) struct Halt {
    stopped: AtomicBool,
    options: OnceLock<RunOptions>,
}

impl std::fmt::Debug for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Halt").field(&self.stopped).finish()
    }
}

impl Halt {
    /// Nobody wants the sentence any more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        if let Some(options) = self.options.get()
            && let Err(error) = options.terminate()
        {
            tracing::debug!(%error, "a sentence is synthesised to its end though nobody waits for it");
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// What a session runs under; `Err` when it should not run any more.
    pub(super) fn options(&self) -> Result<&RunOptions, String> {
        if self.options.get().is_none() {
            let made = RunOptions::new().map_err(|error| error.to_string())?;
            // Only the thread that runs the sentence makes them.
            drop(self.options.set(made));
        }
        let options = self.options.get().ok_or("no options")?;
        // Looked at after the options are there: whoever stops it before finds the flag here, whoever does after finds them.
        if self.is_stopped() {
            return Err("stopped".to_owned());
        }
        Ok(options)
    }
}
