//! Addresses of e-mail, typed or said: "sarah dot moyo at gmail dot com", letter by letter too.

mod hear;
mod speak;

/// Most characters before and behind the sign (RFC 5321, 4.5.3.1).
const MOST_LOCAL: usize = 64;
const MOST_DOMAIN: usize = 253;
const MOST_LABEL: usize = 63;

/// Whether a text is an address as it is sent.
pub(super) fn is_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(local, domain)| is_local(local) && is_domain(domain))
}

fn is_local(local: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    (1..=MOST_LOCAL).contains(&local.len()) && local.chars().all(letter) && !dots
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=MOST_LABEL).contains(&label.len())
            && label.chars().all(letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = domain.rsplit_once('.').map(|(_, last)| last);
    let is_end = |end: &str| end.len() >= 2 && end.chars().all(|c| c.is_ascii_alphabetic());
    domain.len() <= MOST_DOMAIN && domain.split('.').all(label) && last.is_some_and(is_end)
}
