//! Requests for a PIN, a password, a code or a full number of a card.

use language::guard::{Asks, Guard};

use super::Grounds;

/// Whether a sentence asks for a secret. Where one is entered, a document may say.
pub(super) fn asks(sentence: &str, guard: &Guard, grounds: &Grounds) -> bool {
    match guard.asks_for_secret(sentence) {
        Some(Asks::ToBeTold) => true,
        Some(Asks::ToEnter) => !grounds.is_in_material(sentence),
        None => false,
    }
}
