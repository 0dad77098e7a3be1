//! Text as words, numerals, service codes and placeholders.

use std::ops::Range;

/// One item of a text and its bytes.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What it is.
    pub what: What,
    /// A comma, full stop or other pause stands before it.
    pub parted: bool,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A word in lower case.
    Word(String),
    /// Written digits, as ASCII.
    Digits(String),
    /// A number word.
    Number(Numeral),
    /// `*236#`.
    Service(String),
    /// One of the texts that the caller of [`scan`] wants left whole, by its place in the list.
    Opaque(usize),
}

/// A number word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numeral {
    /// 0 to 9.
    Digit(u8),
    /// 10 to 19.
    Teen(u8),
    /// 20, 30 … 90.
    Tens(u8),
    /// The word itself.
    Hundred,
    /// Thousand and million, by their zeros.
    Power(u32),
    /// "double", "triple".
    Repeat(u8),
}

impl Item {
    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.what {
            What::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is a number or a part of one.
    pub fn is_numeral(&self) -> bool {
        matches!(self.what, What::Digits(_) | What::Number(_))
    }
}

/// Splits `text`. Letters and digits part where they touch ("14th" is 14 and "th"); an occurrence of one of `opaque`
/// is one item.
pub fn scan(text: &str, opaque: &[&str]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut at = 0;
    let mut parted = false;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, what) = if let Some(which) = opaque.iter().position(|o| rest.starts_with(o)) {
            (opaque[which].len(), Some(What::Opaque(which)))
        } else if let Some(length) = service_at_start(rest) {
            (length, Some(What::Service(rest[..length].to_owned())))
        } else if decimal(c).is_some() {
            let digits: String = rest.chars().map_while(decimal).collect();
            let length = rest
                .chars()
                .take_while(|c| decimal(*c).is_some())
                .map(char::len_utf8)
                .sum();
            (length, Some(What::Digits(digits)))
        } else if c.is_alphanumeric() {
            let length = word_length(rest);
            (
                length,
                Some(What::Word(
                    rest[..length].to_lowercase().replace(['’', 'ʼ'], "'"),
                )),
            )
        } else {
            (c.len_utf8(), None)
        };
        if let Some(what) = what {
            items.push(Item {
                span: at..at + length,
                what,
                parted,
            });
            parted = false;
        } else {
            parted = parted || !(c.is_whitespace() || matches!(c, '-' | '‐' | '‑'));
        }
        at += length;
    }
    name_numerals(&mut items);
    join_spoken_services(items)
}

fn word_length(rest: &str) -> usize {
    let mut length = 0;
    for (at, c) in rest.char_indices() {
        let next = rest[at + c.len_utf8()..].chars().next();
        let inner =
            matches!(c, '\'' | '’' | 'ʼ') && at > 0 && next.is_some_and(char::is_alphabetic);
        if !inner && (!c.is_alphanumeric() || decimal(c).is_some()) {
            break;
        }
        length = at + c.len_utf8();
    }
    length
}

/// Decimal digits of the scripts that keyboards and recognisers produce, as ASCII.
fn decimal(c: char) -> Option<char> {
    const ZEROS: [u32; 6] = [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xFF10];
    let code = u32::from(c);
    let value = ZEROS
        .iter()
        .find_map(|zero| code.checked_sub(*zero).filter(|v| *v < 10))?;
    char::from_digit(value, 10)
}

/// Bytes of a service code at the start of `rest`. A long digit string in it makes it something else.
fn service_at_start(rest: &str) -> Option<usize> {
    const MAX_GROUP_DIGITS: usize = 11;
    if !rest.starts_with(['*', '#']) {
        return None;
    }
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '*' | '#'))
        .unwrap_or(rest.len());
    let end = rest[..end].rfind('#')? + 1;
    let code = &rest[..end];
    let longest = code.split(['*', '#']).map(str::len).max()?;
    (1..=MAX_GROUP_DIGITS).contains(&longest).then_some(end)
}

fn numeral(word: &str) -> Option<Numeral> {
    const TEENS: [&str; 10] = [
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let within = |names: &[&str]| {
        names
            .iter()
            .position(|n| *n == word)
            .and_then(|at| u8::try_from(at).ok())
    };
    if let Some(value) = within(&super::DIGIT_NAMES) {
        return Some(Numeral::Digit(value));
    }
    if let Some(value) = within(&TEENS) {
        return Some(Numeral::Teen(value + 10));
    }
    if let Some(value) = within(&TENS) {
        return Some(Numeral::Tens((value + 2) * 10));
    }
    Some(match word {
        "oh" | "o" | "nought" | "naught" | "nil" | "null" => Numeral::Digit(0),
        "niner" => Numeral::Digit(9),
        "fourty" => Numeral::Tens(40),
        "hundred" => Numeral::Hundred,
        "thousand" => Numeral::Power(3),
        "million" => Numeral::Power(6),
        "double" => Numeral::Repeat(2),
        "triple" | "treble" => Numeral::Repeat(3),
        "quadruple" => Numeral::Repeat(4),
        _ => return None,
    })
}

/// Turns number words into numerals where they stand as numbers: "oh" only among other digits, "double" only
/// before one.
fn name_numerals(items: &mut [Item]) {
    for at in 0..items.len() {
        let What::Word(word) = &items[at].what else {
            continue;
        };
        let Some(number) = numeral(word) else {
            continue;
        };
        let after_numeral = at > 0 && items[at - 1].is_numeral();
        let stands = match number {
            Numeral::Repeat(_) => {
                let unit =
                    is_unit(items.get(at + 1)) && (after_numeral || !is_oh(items.get(at + 1)));
                unit || (is_oh(items.get(at + 1)) && leads_to_digit(&items[at + 2..]))
            }
            _ if is_oh(items.get(at)) => {
                let follows = leads_to_digit(&items[at + 1..]);
                let goes_on = follows && !after_numeral && resumes(&items[..at]);
                after_numeral || goes_on || (follows && could_be_numeral(items.get(at + 2)))
            }
            _ => true,
        };
        if stands {
            items[at].what = What::Number(number);
        }
    }
}

/// A numeral and hesitation end `items`: "four one, um," before "oh eight".
fn resumes(items: &[Item]) -> bool {
    let hesitation = |i: &Item| i.word().is_some_and(super::chain::is_filler);
    items
        .iter()
        .rev()
        .find(|i| !hesitation(i))
        .is_some_and(Item::is_numeral)
}

fn is_oh(item: Option<&Item>) -> bool {
    matches!(item.and_then(Item::word), Some("oh" | "o"))
}

fn could_be_numeral(item: Option<&Item>) -> bool {
    item.is_some_and(|i| i.is_numeral() || i.word().is_some_and(|w| numeral(w).is_some()))
}

fn is_unit(item: Option<&Item>) -> bool {
    item.is_some_and(|i| match &i.what {
        What::Digits(digits) => digits.len() == 1,
        What::Word(word) => matches!(numeral(word), Some(Numeral::Digit(_))),
        _ => false,
    })
}

/// The next item that is neither "oh" nor "double" is a numeral.
fn leads_to_digit(items: &[Item]) -> bool {
    let vague = |i: &Item| {
        is_oh(Some(i))
            || i.word()
                .is_some_and(|w| matches!(numeral(w), Some(Numeral::Repeat(_))))
    };
    could_be_numeral(items.iter().find(|i| !vague(i)))
}

/// "star two three six hash" becomes one service code.
fn join_spoken_services(items: Vec<Item>) -> Vec<Item> {
    let is_star = |item: &Item| matches!(item.word(), Some("star" | "asterisk"));
    let mut joined: Vec<Item> = Vec::with_capacity(items.len());
    let mut at = 0;
    while at < items.len() {
        let end = (at + 1..items.len()).find(|&i| !items[i].is_numeral() && !is_star(&items[i]));
        match end {
            Some(end)
                if is_star(&items[at])
                    && end > at + 1
                    && matches!(items[end].word(), Some("hash" | "pound")) =>
            {
                let mut code = String::new();
                for part in items[at..end].split_inclusive(|i| is_star(i)) {
                    let star = part.last().is_some_and(is_star);
                    let numerals = &part[..part.len() - usize::from(star)];
                    code.extend(
                        super::chain::read(numerals, false)
                            .iter()
                            .map(|p| p.digits.as_str()),
                    );
                    if star {
                        code.push('*');
                    }
                }
                code.push('#');
                joined.push(Item {
                    span: items[at].span.start..items[end].span.end,
                    what: What::Service(code),
                    parted: false,
                });
                at = end + 1;
            }
            _ => {
                joined.push(items[at].clone());
                at += 1;
            }
        }
    }
    joined
}
