//! Requests for a PIN, a password, a code or a full number of a card.

use language::{
    guard::{Asks, Guard},
    is_stop_word, normalize,
};

use super::Grounds;

/// Whether a sentence asks for a secret. Where one is entered, a document may say, with more than that.
pub(super) fn asks(sentence: &str, guard: &Guard, grounds: &Grounds) -> bool {
    match guard.asks_for_secret(sentence) {
        Some(Asks::ToBeTold) => true,
        Some(Asks::ToEnter) => !says_where(sentence, guard) || !grounds.is_in_material(sentence),
        None => false,
    }
}

/// Whether it says more than that the secret is to be entered: on which device, after what.
fn says_where(sentence: &str, guard: &Guard) -> bool {
    let bare = guard.secrets.iter().chain(&guard.asks_elsewhere);
    let bare: Vec<String> = bare
        .flat_map(|phrase| normalize(phrase))
        .map(|term| term.stem)
        .collect();
    let terms = normalize(sentence);
    let more = terms
        .iter()
        .filter(|term| !is_stop_word(&term.text) && !bare.contains(&term.stem));
    more.count() > 0
}
