//! Offers and answers: the W3C layer that str0m leaves to its caller.
//!
//! [`session`] holds the signalling state; [`offer`] and [`answer`] change it; [`transceiver`]
//! is one media section from the application's side; [`sources`] forgets streams that ended; [`sdp`] reads
//! and edits the text.

mod answer;
mod offer;
pub(crate) mod sdp;
pub(crate) mod session;
mod sources;
pub(crate) mod transceiver;
