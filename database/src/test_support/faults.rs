//! What the points of [`fail`](crate::fail) do in a test.
//!
//! `TELLER_FAIL=label:n` kills the process (SIGKILL, nothing is cleaned up) when the point
//! `label` is reached for the n-th time; `TELLER_FAIL=io:label:n:count` makes `count` operations
//! fail from the n-th on, with EIO. [`die_at`] asks for a death while the process runs.

use std::sync::{
    LazyLock, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

enum Plan {
    Die { label: String, at: u64 },
    Fail { label: String, from: u64, to: u64 },
    Nothing,
}

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "a fault is not a setting: it exists in test builds alone"
    )]
    let asked = std::env::var("TELLER_FAIL").unwrap_or_default();
    let parts: Vec<&str> = asked.split(':').collect();
    let number = |text: &str| text.parse().unwrap_or(1_u64);
    match parts[..] {
        ["io", label, from, count] => Plan::Fail {
            label: label.to_owned(),
            from: number(from),
            to: number(from) + number(count),
        },
        [label, at] => Plan::Die {
            label: label.to_owned(),
            at: number(at),
        },
        _ => Plan::Nothing,
    }
});
static PASSED: AtomicU64 = AtomicU64::new(0);
/// Where the process dies the next time, by its own wish.
static NEXT: Mutex<Option<&str>> = Mutex::new(None);

/// The process dies when it reaches the point `label` the next time.
pub fn die_at(label: &'static str) {
    *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = Some(label);
}

fn is_next(label: &str) -> bool {
    *NEXT.lock().unwrap_or_else(PoisonError::into_inner) == Some(label)
}

/// The process dies here, if a test asked for it.
///
/// # Panics
/// If it lives on.
pub fn point(label: &str) {
    let is_planned = matches!(&*PLAN, Plan::Die { label: at_label, at }
        if at_label == label && PASSED.fetch_add(1, Ordering::SeqCst) + 1 >= *at);
    if is_planned || is_next(label) {
        let killed = std::process::Command::new("kill")
            .args(["-KILL", &std::process::id().to_string()])
            .status();
        panic!("a process that was to die lives: {killed:?}");
    }
}

/// The next [`point`] of this label kills.
#[must_use]
pub fn armed(label: &str) -> bool {
    let is_planned = matches!(&*PLAN, Plan::Die { label: at_label, at }
        if at_label == label && PASSED.fetch_add(1, Ordering::SeqCst) + 2 >= *at);
    is_planned || is_next(label)
}

/// An operation of the disk that fails, if a test asked for it.
///
/// # Errors
/// What the test asked for.
pub fn failing(label: &str) -> std::io::Result<()> {
    if let Plan::Fail {
        label: of,
        from,
        to,
    } = &*PLAN
        && of == label
        && (*from..*to).contains(&(PASSED.fetch_add(1, Ordering::SeqCst) + 1))
    {
        return Err(std::io::Error::from_raw_os_error(5));
    }
    Ok(())
}
