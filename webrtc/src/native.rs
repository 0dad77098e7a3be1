//! Extras beside the W3C interface.

pub mod frame_cryptor;
pub mod packet_trailer;

use std::collections::BTreeSet;

use crate::engine::lock::LeafMutex;
pub use crate::{engine::uuid::create_random_uuid, types::engine_load::EngineLoad};

/// Calls that were reported; one line each is enough, some come with every frame.
static REPORTED: LeafMutex<BTreeSet<String>> = LeafMutex::new(BTreeSet::new());

/// Warns, once for each call, that this engine has no video and no devices.
pub(crate) fn unsupported(call: &str) {
    if REPORTED.lock().insert(call.to_owned()) {
        log::warn!("{call} is unsupported by this engine, which carries voice alone: ignored");
    }
}

/// How busy the engine is now.
pub fn engine_load() -> EngineLoad {
    crate::engine::driver::load()
}
