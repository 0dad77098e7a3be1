//! Numbers in text.

/// Service codes in `text`.
#[must_use]
pub fn service_codes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('*') {
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '*')
            .unwrap_or(rest.len());
        if end > 0 && rest[end..].starts_with('#') {
            found.push(format!("*{}#", &rest[..end]));
        }
    }
    found
}
