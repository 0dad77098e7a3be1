//! What stands where a secret stood.

/// What a redacted stretch held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A payment card number, or part of one.
    CardNumber,
    /// A personal identification number.
    Pin,
    /// The three or four digits on a card's back.
    SecurityCode,
    /// A one-time or verification code.
    Code,
    /// A password said as digits.
    Password,
    /// Digits that nobody named or asked for.
    Number,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::CardNumber,
        Self::Pin,
        Self::SecurityCode,
        Self::Code,
        Self::Password,
        Self::Number,
    ];

    /// What stands in the text instead.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::CardNumber => "[card number]",
            Self::Pin => "[PIN]",
            Self::SecurityCode => "[security code]",
            Self::Code => "[code]",
            Self::Password => "[password]",
            Self::Number => "[number]",
        }
    }
}

/// Whether something was taken out of a text.
#[must_use]
pub fn has_placeholder(text: &str) -> bool {
    Kind::ALL
        .iter()
        .any(|kind| text.contains(kind.placeholder()))
}

/// The placeholders, in the order of [`Kind::ALL`].
pub(super) fn placeholders() -> [&'static str; Kind::ALL.len()] {
    Kind::ALL.map(Kind::placeholder)
}

#[cfg(test)]
mod tests {
    use call::input::{PhrasingError, phrasing};

    use super::placeholders;

    #[test]
    fn no_placeholder_gets_into_a_pack() {
        for placeholder in placeholders() {
            let asked = format!("is {placeholder} right");
            assert_eq!(phrasing(&asked), Err(PhrasingError::Brackets), "{asked}");
        }
    }
}
