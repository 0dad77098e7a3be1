//! Who asks: the client's address, the scheme it used, the key it shows.

mod address;
mod guard;
mod keys;

pub(crate) use address::{ClientAddress, is_https};
pub(crate) use guard::{changing, reading};
pub(crate) use keys::{KeyHolder, Keys};
