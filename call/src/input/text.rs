use std::borrow::Cow;

/// LiveKit accepts identities and room names of up to 256 characters.
const LONGEST_IDENTIFIER: usize = 256;

/// Why a line was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing but spaces.
    #[error("a text is needed")]
    Empty,
    /// It has more characters than this.
    #[error("it has at most {0} characters")]
    TooLong(usize),
    /// A line break, another control character, or a mark that nobody sees.
    #[error("it has no line breaks and no hidden characters")]
    Hidden,
}

/// Control characters, line breaks included, and marks that have no shape of their own: zero-width
/// characters, marks and overrides of the writing direction, byte order marks, Unicode's tag block.
/// PostgreSQL refuses one of them (U+0000); the others make two texts look equal, or a text read
/// differently from what it holds. The joiners U+200C and U+200D are not hidden: Persian, the Indic
/// scripts and emoji are written with them.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// What is said, typed or written: hidden characters are dropped, but for `\n` and `\t`; other line
/// breaks become `\n`.
#[must_use]
pub fn clean_text(text: &str) -> Cow<'_, str> {
    let stays = |c: char| matches!(c, '\n' | '\t') || !is_hidden(c);
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let breaks = |c| {
        if matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            '\n'
        } else {
            c
        }
    };
    Cow::Owned(text.chars().map(breaks).filter(|c| stays(*c)).collect())
}

/// A name or an address: one line, trimmed. Line breaks and tabs become spaces, other hidden
/// characters are dropped.
#[must_use]
pub fn clean_line(text: &str) -> String {
    let line = clean_text(text).replace(['\n', '\t'], " ");
    line.trim().to_owned()
}

/// A line as it was meant to be kept: trimmed, 1 to `longest` characters, none of them hidden.
///
/// # Errors
/// [`LineError`], which says what is accepted.
pub fn strict_line(text: &str, longest: usize) -> Result<&str, LineError> {
    let line = text.trim();
    if line.is_empty() {
        Err(LineError::Empty)
    } else if line.chars().count() > longest {
        Err(LineError::TooLong(longest))
    } else if line.contains(is_hidden) {
        Err(LineError::Hidden)
    } else {
        Ok(line)
    }
}

/// The name of a room, a participant's identity or the id of a device, as it is kept. Each hidden
/// character becomes U+FFFD instead of disappearing, so that an identity with such a character never
/// equals one without. Cut after 256 characters.
#[must_use]
pub fn clean_identifier(text: &str) -> String {
    let shown = |c| {
        if is_hidden(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().take(LONGEST_IDENTIFIER).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_do_not_survive_in_what_is_said() {
        for (given, kept) in [
            ("a\0b", "ab"),
            ("two\r\nlines\rthree\u{2028}four", "two\nlines\nthree\nfour"),
            ("a\tcolumn", "a\tcolumn"),
            (
                "\u{feff}pay \u{202e}eht\u{202c} bill\u{1b}[31m",
                "pay eht bill[31m",
            ),
            (
                "می\u{200c}خواهم 👩\u{200d}🔧",
                "می\u{200c}خواهم 👩\u{200d}🔧",
            ),
        ] {
            assert_eq!(clean_text(given), kept, "from {given:?}");
        }
        assert!(matches!(clean_text("as it was\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(clean_line(" Sarah\u{200b}\r\nMoyo \0"), "Sarah Moyo");
        assert_eq!(clean_line("\u{202a}sarah\u{202c}"), "sarah");
    }

    #[test]
    fn what_is_kept_for_good_is_refused_instead_of_corrected() {
        assert_eq!(strict_line("  Ann Moyo ", 10), Ok("Ann Moyo"));
        assert_eq!(strict_line(" \t", 10), Err(LineError::Empty));
        assert_eq!(strict_line("eleven long", 10), Err(LineError::TooLong(10)));
        for hidden in ["a\nb", "a\0", "\u{202e}nnA", "A\u{200b}nn"] {
            assert_eq!(
                strict_line(hidden, 10),
                Err(LineError::Hidden),
                "{hidden:?}"
            );
        }
    }

    #[test]
    fn an_identity_with_a_hidden_character_is_not_the_one_without() {
        assert_eq!(clean_identifier("web_nul\0x"), "web_nul\u{fffd}x");
        assert_ne!(clean_identifier("web_1\u{200b}"), clean_identifier("web_1"));
        assert_eq!(clean_identifier(&"x".repeat(300)).len(), 256);
    }
}
