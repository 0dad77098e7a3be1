//! What the kernel says this process uses. CPU is that of threads by name: the engine's begin
//! with `rtc-`, the application's with `app`.

use std::{fs, time::Duration};

/// Use of all threads whose name begins alike, since they began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    pub(crate) cpu: Duration,
    /// Times a thread slept and was woken.
    pub(crate) wakeups: u64,
}

impl Use {
    /// Threads of this process whose name begins with `prefix`.
    pub(crate) fn of(prefix: &str) -> Self {
        let mut total = Self::default();
        for task in fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten()
        {
            let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
            if read("comm").starts_with(prefix) {
                total.cpu += cpu(&read("schedstat"));
                total.wakeups += number(&read("status"), "voluntary_ctxt_switches:");
            }
        }
        total
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            wakeups: self.wakeups.saturating_sub(before.wakeups),
        }
    }
}

/// CPU time of the calling thread.
pub(crate) fn own_cpu() -> Duration {
    cpu(&fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default())
}

/// CPU time of the whole process.
pub(crate) fn process_cpu() -> Duration {
    Use::of("").cpu
}

/// Memory in KiB, shared pages in part.
pub(crate) fn pss_kib() -> u64 {
    number(
        &fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default(),
        "Pss:",
    )
}

/// The first number of a schedstat: nanoseconds on a processor.
fn cpu(schedstat: &str) -> Duration {
    let nanoseconds = schedstat
        .split_whitespace()
        .next()
        .and_then(|n| n.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn number(text: &str, key: &str) -> u64 {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(key));
    let digits = value.and_then(|value| value.split_whitespace().next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
