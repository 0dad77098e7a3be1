//! The agent's own voice, coming back through the caller's microphone.
//!
//! ```text
//! sent frames --> Sent: four band levels each 10 ms ----+
//!                                                       v
//! heard frames -------------------------------------> Echo: is this 10 ms no more than what came back?
//!                                                       |   how alike are what was heard and what was sent?
//! words of an utterance, words that were being said --> own_words: which of them are the caller's?
//! ```
//! Levels and words judge together: levels know an echo however badly it is understood, words know one before its path is
//! known. Both fail towards the caller: what is not surely ours is theirs.

mod bands;
mod judge;
mod sent;
#[cfg(test)]
mod tests;
mod words;

pub use judge::Echo;
pub use sent::Sent;
pub use words::{Judged, own_words};
