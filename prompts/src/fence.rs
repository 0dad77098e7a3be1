//! Fences around text that nobody vouches for.

/// Longest name we put into a sentence, in characters.
const MAX_NAME_CHARS: usize = 60;

/// `text` between tags that it cannot close.
pub(crate) fn fenced(tag: &str, attributes: &str, text: &str) -> String {
    format!("<{tag}{attributes}>\n{}\n</{tag}>", escaped(text.trim()))
}

/// Text for between the quotes of an attribute: one line, no quotes.
pub(crate) fn attribute(text: &str) -> String {
    escaped(&one_line(text)).replace('"', "&quot;")
}

/// Text on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

/// A name for the middle of a sentence: letters and what belongs between them, so that it cannot give orders in
/// tags or on lines of its own.
pub(crate) fn name(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’'))
        .take(MAX_NAME_CHARS)
        .collect();
    one_line(&kept)
}

/// Writes markup as entities and drops invisible characters, which could hide orders from a reader.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Zero-width characters, direction marks, and the tag block of Unicode.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE007F)
}
