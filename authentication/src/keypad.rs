//! Authentication by keypad on a phone: customer or phone number, then the code. Pure.

use std::time::Duration;

/// A pause this long ends a number whose length is not fixed, as `#` does.
const PAUSE: Duration = Duration::from_secs(4);
const MIN_NUMBER: usize = 4;
const MAX_DIGITS: usize = 18;
const CODE_DIGITS: usize = 6;
/// What callers press for a person.
const PERSON: &str = "0";

/// What the caller is typing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keypad {
    /// Nothing.
    #[default]
    Idle,
    /// A customer or phone number.
    Number {
        /// Digits so far.
        digits: String,
        /// When a pause completes it, since the session began.
        completes_at: Duration,
    },
    /// A code was sent; its digits.
    Code {
        /// Digits so far.
        digits: String,
    },
}

/// What a key press leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeypadAction {
    /// The number is complete: start the authentication.
    Start(String),
    /// The code is complete: verify it.
    Verify(String),
    /// `*` was pressed: what was typed is forgotten.
    Cleared,
    /// Too short to be a number, with what was typed.
    TooShort(String),
    /// 0 alone: a person is wanted.
    Person,
}

impl Keypad {
    /// One key at `now` since the session began.
    pub fn press(&mut self, key: char, now: Duration) -> Option<KeypadAction> {
        match (&mut *self, key) {
            (Self::Idle, '0'..='9') => {
                *self = Self::Number {
                    digits: key.to_string(),
                    completes_at: now + PAUSE,
                };
                None
            }
            (
                Self::Number {
                    digits,
                    completes_at,
                },
                '0'..='9',
            ) => {
                if digits.len() < MAX_DIGITS {
                    digits.push(key);
                }
                *completes_at = now + PAUSE;
                None
            }
            (Self::Number { .. }, '#') => self.complete_number(),
            (Self::Code { digits }, '0'..='9') => {
                digits.push(key);
                if digits.len() < CODE_DIGITS {
                    return None;
                }
                Some(KeypadAction::Verify(std::mem::take(digits)))
            }
            (Self::Code { digits }, '#') if !digits.is_empty() => {
                Some(KeypadAction::Verify(std::mem::take(digits)))
            }
            (Self::Number { .. }, '*') => {
                *self = Self::Idle;
                Some(KeypadAction::Cleared)
            }
            (Self::Code { digits }, '*') => {
                digits.clear();
                Some(KeypadAction::Cleared)
            }
            _ => None,
        }
    }

    /// When [`Keypad::elapsed`] is due.
    pub fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Number { completes_at, .. } => Some(*completes_at),
            _ => None,
        }
    }

    /// A pause completes a number.
    pub fn elapsed(&mut self, now: Duration) -> Option<KeypadAction> {
        (self.deadline()? <= now)
            .then(|| self.complete_number())
            .flatten()
    }

    /// A code was sent: the next digits are the code.
    pub fn expect_code(&mut self) {
        *self = Self::Code {
            digits: String::new(),
        };
    }

    /// The authentication ended, one way or the other.
    pub fn reset(&mut self) {
        *self = Self::Idle;
    }

    fn complete_number(&mut self) -> Option<KeypadAction> {
        let Self::Number { digits, .. } = std::mem::take(self) else {
            return None;
        };
        Some(if digits == PERSON {
            KeypadAction::Person
        } else if digits.len() < MIN_NUMBER {
            KeypadAction::TooShort(digits)
        } else {
            KeypadAction::Start(digits)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Presses keys a tenth of a second apart and returns what they led to.
    fn check(keypad: &mut Keypad, keys: &str) -> Vec<KeypadAction> {
        keys.chars()
            .enumerate()
            .filter_map(|(i, k)| keypad.press(k, Duration::from_millis(100 * i as u64)))
            .collect()
    }

    #[test]
    fn a_number_ends_with_the_hash_key() {
        assert_eq!(
            check(&mut Keypad::Idle, "100234#"),
            [KeypadAction::Start("100234".into())]
        );
    }

    #[test]
    fn a_number_ends_with_a_pause() {
        let mut keypad = Keypad::Idle;
        assert_eq!(check(&mut keypad, "100234"), []);
        let due = keypad.deadline().expect("a pause completes the number");
        assert_eq!(
            keypad.elapsed(due - Duration::from_millis(1)),
            None,
            "not before the pause is over"
        );
        assert_eq!(
            keypad.elapsed(due),
            Some(KeypadAction::Start("100234".into()))
        );
    }

    #[test]
    fn six_digits_of_a_code_need_no_hash_key() {
        let mut keypad = Keypad::Idle;
        keypad.expect_code();
        assert_eq!(
            check(&mut keypad, "123456"),
            [KeypadAction::Verify("123456".into())]
        );
        assert_eq!(
            check(&mut keypad, "654321"),
            [KeypadAction::Verify("654321".into())],
            "a second try is possible"
        );
    }

    #[test]
    fn the_star_key_starts_again() {
        let mut keypad = Keypad::Idle;
        assert_eq!(
            check(&mut keypad, "99*100234#"),
            [KeypadAction::Cleared, KeypadAction::Start("100234".into())]
        );
    }

    #[test]
    fn a_slip_of_a_finger_is_no_number() {
        let short = KeypadAction::TooShort("1".to_owned());
        assert_eq!(check(&mut Keypad::Idle, "1#"), [short]);
        assert_eq!(check(&mut Keypad::Idle, "0#"), [KeypadAction::Person]);
        assert_eq!(check(&mut Keypad::Idle, "#"), []);
    }

    #[test]
    fn a_stuck_key_does_not_grow_without_bound() {
        let mut keypad = Keypad::Idle;
        check(&mut keypad, &"7".repeat(1000));
        let Keypad::Number { digits, .. } = keypad else {
            panic!("still a number")
        };
        assert_eq!(digits.len(), MAX_DIGITS);
    }
}
