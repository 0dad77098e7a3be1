//! What holds for the whole repository: the documents name files that exist, and no trade is in the code.

mod map;
mod sources;
mod trade;
