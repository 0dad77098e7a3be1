//! Numbers as people say them and as recognisers write them: words to digits ([`scan`], [`chains`]) and digits to
//! words ([`cardinal`], [`in_words`], [`digits_in_words`], [`ordinal_in_words`]).
//!
//! Recognition may write one spoken number as "4111", "four one one one", "forty-one eleven" or "triple one".

mod measure;
mod names;
mod read;
mod scan;
mod speak;

pub use names::{Numeral, is_digit};
pub use read::{Chain, Gap, Piece, chains, is_filler};
pub use scan::{Item, What, scan};
pub use speak::{cardinal, digits_in_words, grouped, in_words, ordinal_in_words};

pub(crate) use names::numeral;
pub(crate) use read::first_piece;
pub(crate) use speak::whole_number;

/// The service codes in `text`, such as `*236#`, in order; spoken ones ("star two three six hash") in the same form.
#[must_use]
pub fn service_codes(text: &str) -> Vec<String> {
    let codes = scan(text, &[])
        .into_iter()
        .filter_map(|item| match item.what {
            What::Service(code) => Some(code),
            _ => None,
        });
    codes.collect()
}

#[cfg(test)]
mod tests;
