//! What the kernel says this process uses. CPU is that of threads by name: the engine's begin
//! with `rtc-`, the application's with `app`.

use std::{collections::HashMap, fs, time::Duration};

/// Use of one thread since it began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    pub(crate) cpu: Duration,
    /// Times a thread slept and was woken.
    pub(crate) wakeups: u64,
}

/// The threads of this process, at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    threads: HashMap<String, (String, Use)>,
}

impl Snapshot {
    pub(crate) fn take() -> Self {
        let mut threads = HashMap::new();
        let tasks = fs::read_dir("/proc/self/task");
        for task in tasks.into_iter().flatten().flatten() {
            let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
            let usage = Use {
                cpu: cpu(&read("schedstat")),
                wakeups: number(&read("status"), "voluntary_ctxt_switches:"),
            };
            let id = task.file_name().to_string_lossy().into_owned();
            threads.insert(id, (read("comm"), usage));
        }
        Self { threads }
    }

    /// What threads whose name begins with `prefix` have used from `before` to this moment.
    /// Threads that ended meanwhile had nothing to do; those that began count in full.
    pub(crate) fn since(&self, before: &Self, prefix: &str) -> Use {
        let mut total = Use::default();
        let named = self
            .threads
            .iter()
            .filter(|(_, (name, _))| name.starts_with(prefix));
        for (id, (_, now)) in named {
            let then = before
                .threads
                .get(id)
                .map_or_else(Use::default, |(_, usage)| *usage);
            total.cpu += now.cpu.saturating_sub(then.cpu);
            total.wakeups += now.wakeups.saturating_sub(then.wakeups);
        }
        total
    }
}

/// CPU time of the calling thread.
pub(crate) fn own_cpu() -> Duration {
    cpu(&fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default())
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
