//! The one tokeniser: text as runs of letters, runs of digits, service codes and signs.
//!
//! What counts as a word differs by use: [`crate::words`] puts letters and digits that touch together,
//! [`crate::numbers`] keeps them apart. Both read these tokens.

/// The longest group of digits in a service code; a longer one is another number between stars.
const MAX_GROUP_DIGITS: usize = 11;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, and the apostrophes inside a word ("don't").
    Letters,
    /// Decimal digits of any script.
    Digits,
    /// A service code such as `*236#`.
    Code,
    /// Any other character but white space.
    Sign(char),
}

/// A stretch of a text. White space belongs to no token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    /// As written.
    pub(crate) text: &'t str,
    /// Its first byte.
    pub(crate) start: usize,
}

impl Token<'_> {
    /// The byte after it.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Splits `text`.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(c) = text[start..].chars().next() {
        let rest = &text[start..];
        let (length, kind) = if let Some(length) = code_at_start(rest) {
            (length, Some(Kind::Code))
        } else if decimal(c).is_some() {
            let length = rest.find(|c| decimal(c).is_none()).unwrap_or(rest.len());
            (length, Some(Kind::Digits))
        } else if c.is_alphanumeric() {
            (letters_at_start(rest), Some(Kind::Letters))
        } else if c.is_whitespace() {
            (c.len_utf8(), None)
        } else {
            (c.len_utf8(), Some(Kind::Sign(c)))
        };
        if let Some(kind) = kind {
            let text = &rest[..length];
            found.push(Token { kind, text, start });
        }
        start += length;
    }
    found
}

/// Lower case, with straight apostrophes.
pub(crate) fn key(written: &str) -> String {
    let straight = written
        .chars()
        .map(|c| if is_apostrophe(c) { '\'' } else { c });
    straight.flat_map(char::to_lowercase).collect()
}

/// The decimal digit in ASCII, from the scripts that keyboards and recognisers produce.
pub(crate) fn decimal(c: char) -> Option<char> {
    const ZEROS: [u32; 6] = [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xFF10];
    let code = u32::from(c);
    let value = ZEROS
        .iter()
        .find_map(|zero| code.checked_sub(*zero).filter(|v| *v < 10))?;
    char::from_digit(value, 10)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ')
}

fn letters_at_start(rest: &str) -> usize {
    let end = rest.char_indices().find(|&(at, c)| {
        let next = rest[at + c.len_utf8()..].chars().next();
        let inner = is_apostrophe(c) && next.is_some_and(char::is_alphabetic);
        !inner && (!c.is_alphanumeric() || decimal(c).is_some())
    });
    end.map_or(rest.len(), |(at, _)| at)
}

fn code_at_start(rest: &str) -> Option<usize> {
    if !rest.starts_with(['*', '#']) {
        return None;
    }
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '*' | '#'))
        .unwrap_or(rest.len());
    let end = rest[..end].rfind('#')? + 1;
    let longest = rest[..end].split(['*', '#']).map(str::len).max()?;
    (1..=MAX_GROUP_DIGITS).contains(&longest).then_some(end)
}
