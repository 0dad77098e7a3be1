//! What a scene is told and played with.

mod played;
mod scene;
mod sink;

pub(crate) use scene::Scene;
