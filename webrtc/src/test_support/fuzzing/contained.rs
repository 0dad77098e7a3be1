//! Panics of other crates, which `engine/guard.rs` contains.

use std::{
    collections::BTreeSet,
    panic::{PanicHookInfo, set_hook, take_hook},
};

use parking_lot::Mutex;

use crate::engine::guard::is_guarded;

/// Where panics were contained; each place is printed once.
static PLACES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Set to any value, a contained panic ends the process too, and so leaves its input behind.
const STRICT: &str = "TELLER_FUZZ_STRICT";

/// From now on, a panic within a dependency that the engine contains is printed once and
/// survived, as in a running server. Any other still ends the process: it is ours.
#[expect(
    clippy::disallowed_methods,
    reason = "a fuzz target has no configuration"
)]
pub fn survive_contained_panics() {
    if std::env::var(STRICT).is_ok() {
        return;
    }
    let end_process = take_hook();
    set_hook(Box::new(move |panic| {
        if !(is_guarded() && is_of_a_dependency(panic)) {
            end_process(panic);
            return;
        }
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        if PLACES.lock().insert(place) {
            #[expect(clippy::print_stderr, reason = "the report of a fuzz target")]
            {
                eprintln!("contained: {panic}");
            }
        }
    }));
}

/// Registries keep their sources under this name.
fn is_of_a_dependency(panic: &PanicHookInfo<'_>) -> bool {
    panic
        .location()
        .is_some_and(|place| place.file().contains("registry/src/"))
}
