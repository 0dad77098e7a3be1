//! Addresses of pages and mailboxes need a source as figures do: an invented one leads callers to a stranger.

use language::{guard::Guard, keys};

use super::Grounds;

/// Whether a sentence names an address, written or spelt, that the model was not given.
pub(super) fn is_invented(sentence: &str, guard: &Guard, grounds: &Grounds) -> bool {
    let written = sentence.split_whitespace().filter_map(address);
    let words = keys(sentence);
    let spelt = words
        .windows(3)
        .filter(|window| guard.dot.contains(&window[1]));
    let spelt = spelt.map(|window| format!("{}.{}", window[0], window[2]));
    written
        .chain(spelt)
        .any(|address| !grounds.names_address(&address))
}

/// The address that a word is, in lower case: `www.example.com`, `help@example.com`.
fn address(word: &str) -> Option<String> {
    let is_mark = |c: char| !c.is_alphanumeric();
    let word = word.trim_matches(is_mark).to_lowercase();
    let mut labels = word.rsplit('.');
    let last = labels.next()?;
    let is_name = |label: &str| label.len() > 1 && label.chars().any(char::is_alphabetic);
    let is_host = is_name(last)
        && last.chars().all(char::is_alphabetic)
        && labels.next().is_some_and(is_name);
    (is_host || word.contains('@') || word.contains("://")).then_some(word)
}
