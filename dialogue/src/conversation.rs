//! What is decided about a turn: pure.

pub(crate) mod actions;
pub(crate) mod prompt;
pub(crate) mod sentences;
