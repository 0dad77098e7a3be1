//! What holds for the engine's sources as a whole.

mod imports;
mod layers;
mod locks;
mod sources;
