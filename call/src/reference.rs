//! What a caller is given to ask again with: short enough to be said and written down on the phone.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// Letters that are not taken for one another on the phone: no two of B, C, D, E, G, P, T, V, Z; of
/// J and K; of L, M, N; of F and S; and no O or I, which look like digits.
const LETTERS: &str = "AFHKMQRWXY";
/// Six digits.
const NUMBERS: u64 = 1_000_000;

/// The reference of a promise: two letters and six digits, `KM482915`, made from the promise's key, so
/// that it can be told before any table was asked. There are a hundred million: two promises of one
/// tenant that share theirs are rare, and the later one is stored with one more letter, `KM482915A`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference(String);

/// A text that is no reference.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("a reference has two letters and six digits, such as KM482915")]
pub struct ReferenceError;

impl Reference {
    /// Always the same for the same key.
    #[must_use]
    pub fn of(key: Uuid) -> Self {
        // The half of an id that no clock goes into.
        let random = key.as_u64_pair().1;
        let letters = [random / NUMBERS, random / (NUMBERS * 10)].map(letter);
        let number = random % NUMBERS;
        Self(format!("{}{number:06}", letters.iter().collect::<String>()))
    }

    /// This reference, then the same with one more letter: what to store a promise by whose reference
    /// another one has.
    pub fn and_longer(&self) -> impl Iterator<Item = Self> + Send + use<> {
        let own = self.0.clone();
        let longer = LETTERS.chars().map(|more| format!("{own}{more}"));
        let longer: Vec<String> = longer.collect();
        std::iter::once(own).chain(longer).map(Self)
    }

    /// Capitals and digits, without spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn letter(of: u64) -> char {
    let place = usize::try_from(of % 10).unwrap_or_default();
    LETTERS.chars().nth(place).unwrap_or('A')
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// In the ways people write one: `km 482-915`.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let between = |c: &char| !(c.is_whitespace() || *c == '-');
        let bare: String = text.chars().filter(between).collect();
        let bare = bare.to_ascii_uppercase();
        let is_of = |from: usize, to: usize, kind: fn(char) -> bool| {
            bare.get(from..to)
                .is_some_and(|part| part.chars().all(kind))
        };
        let is_letter = |c: char| LETTERS.contains(c);
        let fits = (8..=9).contains(&bare.len())
            && is_of(0, 2, is_letter)
            && is_of(2, 8, |c| c.is_ascii_digit())
            && is_of(8, bare.len(), is_letter);
        fits.then_some(Self(bare)).ok_or(ReferenceError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_of_its_key_and_reads_back_however_it_is_written() {
        let key = Uuid::from_u128(0x0193_7a5c_0000_7000_8000_0000_00ab_cdef);
        let reference = Reference::of(key);
        assert_eq!(reference, Reference::of(key));
        assert_eq!(reference.as_str(), "RR035183");
        for written in ["RR035183", " rr 035 183", "Rr-035-183\n"] {
            assert_eq!(written.parse(), Ok(reference.clone()), "{written:?}");
        }
        let other = Uuid::from_u128(key.as_u128() + 1);
        assert_ne!(Reference::of(other), reference);
    }

    #[test]
    fn what_is_taken_has_longer_forms_that_read_back_too() {
        let reference = Reference::of(Uuid::nil());
        assert_eq!(reference.as_str(), "AA000000");
        let forms: Vec<_> = reference.and_longer().collect();
        assert_eq!((forms.len(), &forms[0]), (11, &reference));
        assert_eq!(forms[1].as_str(), "AA000000A");
        for form in &forms {
            assert_eq!(form.as_str().parse(), Ok(form.clone()));
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            "KM48291",
            "KM4829155",
            "KM482915AA",
            "BM482915",
            "4M482915",
            "KM48291O",
            "ÄÄ4829",
            "0193a",
        ] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError), "{text:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_keys_share_few_references() {
        let of = |n: u128| {
            Reference::of(Uuid::from_u128(
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
            ))
        };
        let references: std::collections::HashSet<String> =
            (0..100_000).map(|n| of(n).to_string()).collect();
        // Chance alone makes fifty of them the same: n² / 2 N.
        assert!(references.len() > 99_850, "{}", references.len());
    }
}
