//! The accepted form of what comes from outside, one function for each kind.
//!
//! Rooms and participants, forms, keypads, the command line, HTTP and files all bring text that was
//! typed, pasted or made by other programs. Every door passes it through these functions before it is
//! compared, stored or shown, so that the same thing is accepted, corrected or refused at all of them.
//! `call/tests/house/doors.rs` lists the doors.
//!
//! | kind | accepted form | function |
//! |---|---|---|
//! | a room's name, a participant's identity, a device's id | at most 256 characters; each hidden one becomes U+FFFD | [`clean_identifier`] |
//! | a telephone number | `+` and 7 to 15 digits (E.164) | [`PhoneNumber`] |
//! | the number that the telephone network claims | the same, or an extension's digits | [`caller_number`] |
//! | a one-time code, keys of a keypad | ASCII digits | [`ascii_digits`] |
//! | a person's name, a user name, an address | one line without hidden characters | [`clean_line`] |
//! | who acts and why, a topic's id | the same, refused instead of corrected | [`strict_line`] |
//! | a caller's question that goes into a pack | the same, without digits and square brackets | [`phrasing()`] |
//! | what is said, typed or written | lines without hidden characters | [`clean_text`] |
//! | a file of text | UTF-8 or marked UTF-16, lines that end in `\n`, no U+0000 | [`decode_file`] |

mod file;
mod phone_number;
mod phrasing;
mod text;

pub use file::{FileTextError, decode_file};
pub use phone_number::{PhoneNumber, PhoneNumberError, ascii_digits, caller_number};
pub use phrasing::{PhrasingError, phrasing};
pub use text::{LineError, clean_identifier, clean_line, clean_text, is_hidden, strict_line};
