//! Card numbers by their check digit.

use std::ops::Range;

use language::numbers::Piece;

/// Digits of a card number (ISO/IEC 7812: up to 19; 13 is the shortest still issued).
const MIN_DIGITS: usize = 13;
const MAX_DIGITS: usize = 19;

/// Whether the last digit of `digits` is the check digit of the others. `digits` are ASCII digits.
pub(super) fn is_valid(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([1, 2].iter().cycle())
        .map(|(digit, factor)| {
            let product = u32::from(digit - b'0') * factor;
            product / 10 + product % 10
        })
        .sum();
    digits.len() > 1 && sum.is_multiple_of(10)
}

/// The first run of whole pieces that form a card number.
pub(super) fn find(pieces: &[Piece]) -> Option<Range<usize>> {
    let digits: Vec<Vec<u8>> = pieces
        .iter()
        .map(|p| p.digits.clone().into_bytes())
        .collect();
    for first in 0..digits.len() {
        let mut joined: Vec<u8> = Vec::with_capacity(MAX_DIGITS);
        for (last, more) in digits.iter().enumerate().skip(first) {
            joined.extend(more);
            if joined.len() > MAX_DIGITS {
                break;
            }
            // All zeros fit the check but are not a card number.
            if joined.len() >= MIN_DIGITS && is_valid(&joined) && joined.iter().any(|d| *d != b'0')
            {
                return Some(first..last + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_decides() {
        for valid in [
            "4111111111111111",
            "5555555555554444",
            "378282246310005",
            "6011111111111117",
            "79927398713",
        ] {
            assert!(is_valid(valid.as_bytes()), "{valid} is valid");
        }
        for invalid in ["4111111111111112", "79927398710", "0", ""] {
            assert!(!is_valid(invalid.as_bytes()), "{invalid:?} is not valid");
        }
    }
}
