//! What holds for the whole repository: which crate may use which and what is pure, one parser for each kind of
//! text from outside, documents that name files which exist, and no trade in the code.

mod arrows;
mod doors;
mod map;
mod sources;
mod trade;
