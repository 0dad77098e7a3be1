//! Every lock has its place in the order that [`crate::engine`] writes down.

use super::{
    imports::{imports, leads_to},
    sources::product,
};

/// Locks that do not check their order.
const UNRANKED: [&str; 3] = ["parking_lot", "std::sync::Mutex", "std::sync::RwLock"];

#[test]
fn all_locks_of_the_engine_are_ranked() {
    let mut found = Vec::new();
    for source in product(&["engine"]) {
        if source.path == "engine/lock.rs" {
            continue;
        }
        for (line, path) in imports(&source) {
            if UNRANKED.iter().any(|lock| leads_to(&path, lock)) {
                found.push(format!("src/{}:{line}: {path}", source.path));
            }
        }
    }
    assert!(found.is_empty(), "locks without a rank: {found:?}");
}
