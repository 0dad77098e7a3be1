//! E-mail addresses and links.

use super::digits::spelled;
use crate::{english::english, numbers::digits_in_words};

/// Signs of addresses, and how they are said.
const SIGNS: [(char, &str); 11] = [
    ('.', "dot"),
    ('@', "at"),
    ('/', "slash"),
    ('-', "dash"),
    ('_', "underscore"),
    ('+', "plus"),
    ('?', "question mark"),
    ('=', "equals"),
    ('&', "and"),
    ('#', "hash"),
    (':', "colon"),
];

/// An address, sign by sign; `None` for what is none.
pub(super) fn address(core: &str) -> Option<String> {
    if !core.contains('.') {
        return None;
    }
    let bare = core
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("www.")
        .trim_end_matches('/');
    let is_mail = bare
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_link = bare.len() < core.len()
        && bare.contains('.')
        && bare.contains(|c: char| c.is_ascii_alphabetic());
    let host = match bare.split_once('@') {
        Some((_, host)) => host,
        None => bare.split('/').next().unwrap_or_default(),
    };
    let label =
        |label: &str| label.len() > 1 && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let end = host.rsplit('.').next().unwrap_or_default();
    let is_host = host.contains('.')
        && host.split('.').all(label)
        && end.chars().all(|c| c.is_ascii_lowercase());
    (is_mail || is_link || is_host).then(|| said(bare, host))
}

fn said(bare: &str, host: &str) -> String {
    // Host names have no letter case; paths do, and it is not heard.
    let bare = if bare.contains('@') {
        bare.to_lowercase()
    } else {
        bare.to_owned()
    };
    let end = host.rsplit('.').next().unwrap_or_default().to_lowercase();
    let host_ends = bare
        .find(&host.to_lowercase())
        .map_or(bare.len(), |at| at + host.len());
    let mut said: Vec<String> = Vec::new();
    let mut rest = bare.as_str();
    while let Some(first) = rest.chars().next() {
        if let Some((_, name)) = SIGNS.iter().find(|(sign, _)| *sign == first) {
            said.push((*name).to_owned());
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let kind = |c: char| (c.is_ascii_digit(), SIGNS.iter().any(|(sign, _)| *sign == c));
        let length = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        let (part, more) = rest.split_at(length);
        let is_end = bare.len() - more.len() == host_ends && part == end;
        said.push(part_said(part, is_end));
        rest = more;
    }
    said.join(" ")
}

/// Digits one by one, one letter by its name, a country's two letters spelled unless they are a word.
fn part_said(part: &str, is_end: bool) -> String {
    let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_word = english()
        .speaking
        .address_words
        .iter()
        .any(|word| word == part);
    if part.bytes().all(|b| b.is_ascii_digit()) {
        digits_in_words(part)
    } else if letters && (part.len() == 1 || is_end && part.len() == 2 && !is_word) {
        spelled(part)
    } else {
        part.to_owned()
    }
}
