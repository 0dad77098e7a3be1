//! Who asks: the client's address, the scheme it used, the key it shows.

mod address;
mod guard;
mod keys;
mod known_client;

use axum::http::{HeaderMap, header};

pub(crate) use address::{ClientAddress, is_https};
pub(crate) use guard::{changing, reading};
pub(crate) use keys::{KeyHolder, Keys};
pub(crate) use known_client::Guesser;

/// The values of all cookies of this name: a browser may send several.
pub(crate) fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lists = headers.get_all(header::COOKIE).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(given, _)| *given == name)
        .map(|(_, value)| value)
}
