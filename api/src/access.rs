//! Who asks: the client's address, the scheme it used, the key it shows.

mod keys;

pub(crate) use keys::{Keys, client_address, is_https};
