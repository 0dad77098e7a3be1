//! A text in pieces that are read one by one: words, and the parts of those that hold several ("80kg", "$50-$100", "~20").

use super::{
    index::index,
    range::{is_range, is_range_between},
};

/// A part of a text, with the punctuation around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) before: &'a str,
    pub(super) core: &'a str,
    pub(super) after: &'a str,
    /// No space stood before it.
    pub(super) joined: bool,
}

/// What stands for the dash of a range: no text holds it.
pub(super) const RANGE: &str = "\u{0}to";
/// Signs before a number, and how they are said.
pub(super) const SIGNS: [(&str, &str); 11] = [
    ("~", "about"),
    ("≈", "about"),
    ("≥", "at least"),
    ("≤", "at most"),
    ("<", "less than"),
    (">", "more than"),
    ("±", "plus or minus"),
    ("+", "plus"),
    ("№", "number"),
    ("-", "minus"),
    ("−", "minus"),
];
/// Dashes, the hyphen among them.
pub(super) const DASHES: [&str; 4] = ["-", "–", "—", "−"];
/// Letters and digits aside, what a piece may begin with.
const OPENING: &str = "*#$£€₹¥₦&@=≈≥≤<>±№%°";
/// And end with.
const CLOSING: &str = "#%/&°$£€₹¥₦¢@=≈≥≤<>±№";

/// The pieces of a text without markup.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::with_capacity(text.len() / 5 + 1);
    for word in text.split_whitespace() {
        let piece = split(word);
        if is_plain(piece.core) {
            pieces.push(piece);
        } else {
            part(piece, &mut pieces);
        }
    }
    for at in 1..pieces.len().saturating_sub(1) {
        if DASHES.contains(&pieces[at].core) && is_range_between(&pieces, at) {
            pieces[at].core = RANGE;
        }
    }
    pieces
}

/// Small letters alone, most words of most texts.
pub(super) fn is_plain(core: &str) -> bool {
    !core.is_empty() && core.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'')
}

/// A word's opening punctuation, itself, and its closing punctuation.
fn split(word: &str) -> Piece<'_> {
    let whole = |core| Piece {
        core,
        ..Piece::default()
    };
    if DASHES.contains(&word) || matches!(word, "+" | "/" | "×" | "x") {
        return whole(word);
    }
    let start = word
        .char_indices()
        .find(|&(at, c)| c.is_alphanumeric() || OPENING.contains(c) || opens_number(&word[at..]));
    let start = start.map_or(word.len(), |(at, _)| at);
    let rest = &word[start..];
    let last = rest.char_indices().rfind(|&(at, c)| {
        c.is_alphanumeric() || CLOSING.contains(c) || is_behind_digit(rest, at, c)
    });
    let end = last.map_or(0, |(at, c)| at + c.len_utf8());
    Piece {
        before: &word[..start],
        core: &rest[..end],
        after: &rest[end..],
        joined: false,
    }
}

/// A minus, a plus, a point or a bracket of a telephone number before a digit or an amount.
fn opens_number(text: &str) -> bool {
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    let is_digit = second.is_some_and(|c| c.is_ascii_digit());
    match first {
        Some('.') => is_digit,
        Some('-' | '−' | '+' | '~') => is_digit || second.is_some_and(|c| "$£€₹¥₦.".contains(c)),
        _ => false,
    }
}

/// "50+", and the inches of 6'2".
fn is_behind_digit(text: &str, at: usize, c: char) -> bool {
    let digit = text[..at].ends_with(|c: char| c.is_ascii_digit());
    match c {
        '+' => digit,
        '"' => digit && text.contains('\''),
        _ => false,
    }
}

/// Pushes the piece, or its parts.
fn part<'a>(piece: Piece<'a>, out: &mut Vec<Piece<'a>>) {
    let core = piece.core;
    if core.contains('@') && core.len() > 1 || core.contains("://") || core.starts_with("www.") {
        out.push(piece);
        return;
    }
    if let Some((said, rest)) = signed(&piece) {
        out.push(Piece {
            core: said,
            after: "",
            ..piece
        });
        part(
            Piece {
                before: "",
                core: rest,
                joined: true,
                ..piece
            },
            out,
        );
        return;
    }
    // "$-20": the sign is read first.
    if let Some((_, rest)) = index().opening_currency(core)
        && let Some(number) = rest.strip_prefix(['-', '−'])
        && number.starts_with(|c: char| c.is_ascii_digit())
    {
        out.push(Piece {
            core: "minus",
            after: "",
            ..piece
        });
        out.push(Piece {
            before: "",
            core: &core[..core.len() - rest.len()],
            after: "",
            joined: true,
        });
        out.push(Piece {
            before: "",
            core: number,
            joined: true,
            ..piece
        });
        return;
    }
    if let Some((left, right)) = halves(core)
        && is_range(left, right)
    {
        part(
            Piece {
                core: left,
                after: "",
                ..piece
            },
            out,
        );
        out.push(Piece {
            core: RANGE,
            joined: true,
            ..Piece::default()
        });
        part(
            Piece {
                before: "",
                core: right,
                joined: true,
                ..piece
            },
            out,
        );
        return;
    }
    suffixed(piece, out);
}

/// How the sign before a number or an amount is said, and what follows it.
fn signed<'a>(piece: &Piece<'a>) -> Option<(&'static str, &'a str)> {
    let (sign, said) = SIGNS
        .into_iter()
        .find(|(sign, _)| piece.core.starts_with(sign))?;
    let rest = &piece.core[sign.len()..];
    let is_amount = index().opening_currency(rest).is_some();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !is_amount && digits == 0 && !rest.starts_with('.') {
        return None;
    }
    // "+3" or "+263 77 …": what follows tells, in `digits.rs`.
    let is_phone = sign == "+" && !is_amount && (rest.len() == digits || rest.contains('-'));
    (!is_phone).then_some((said, rest))
}

/// What stands before and behind the only dash.
fn halves(core: &str) -> Option<(&str, &str)> {
    let mut dashes = core
        .char_indices()
        .filter(|&(at, c)| at > 0 && matches!(c, '-' | '–' | '—' | '−'));
    let (at, dash) = dashes.next()?;
    // "$-20" and "$50–-5" are no ranges.
    let only = dashes.next().is_none();
    let end = at + dash.len_utf8();
    (only && end < core.len()).then(|| (&core[..at], &core[end..]))
}

/// Pushes "80kg" as 80 and kg, "120x60" as three, "20-minute" as 20 and minute, "$20/month" as $20, / and month.
fn suffixed<'a>(piece: Piece<'a>, out: &mut Vec<Piece<'a>>) {
    let core = piece.core;
    let digits = core
        .find(|c: char| c.is_ascii_digit())
        .map_or(core.len(), |at| at + number_length(&core[at..]));
    let (number, rest) = core.split_at(digits);
    let two = |out: &mut Vec<Piece<'a>>, second: &'a str| {
        out.push(Piece {
            core: number,
            after: "",
            ..piece
        });
        out.push(Piece {
            before: "",
            core: second,
            joined: true,
            ..piece
        });
    };
    let known = index();
    let start = number.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_number = number.ends_with(|c: char| c.is_ascii_digit())
        && (start.starts_with(|c: char| c.is_ascii_digit())
            || known.opening_currency(number).is_some());
    if !is_number || rest.is_empty() {
        out.push(piece);
    } else if is_suffix(number, rest) {
        two(out, rest);
    } else if let Some(unit) = rest.strip_prefix('/').filter(|unit| is_plain(unit)) {
        out.push(Piece {
            core: number,
            after: "",
            ..piece
        });
        out.push(Piece {
            core: "/",
            joined: true,
            ..Piece::default()
        });
        out.push(Piece {
            before: "",
            core: unit,
            joined: true,
            ..piece
        });
    } else if let Some(word) = rest.strip_prefix('-').filter(|word| is_plain(word))
        && (word.len() > 2 || known.units.contains_key(word))
        && is_count(number)
    {
        two(out, word);
    } else if let Some((_, word)) = rest
        .split_once('-')
        .filter(|(end, word)| matches!(*end, "st" | "nd" | "rd" | "th") && is_plain(word))
    {
        let order = &core[..core.len() - word.len() - 1];
        out.push(Piece {
            core: order,
            after: "",
            ..piece
        });
        out.push(Piece {
            before: "",
            core: word,
            joined: true,
            ..piece
        });
    } else if let Some(second) = rest.strip_prefix(['x', '×'])
        && second.starts_with(|c: char| c.is_ascii_digit())
    {
        out.push(Piece {
            core: number,
            after: "",
            ..piece
        });
        out.push(Piece {
            core: "×",
            joined: true,
            ..Piece::default()
        });
        suffixed(
            Piece {
                before: "",
                core: second,
                joined: true,
                ..piece
            },
            out,
        );
    } else {
        out.push(piece);
    }
}

/// Digits, as one writes a count.
fn is_count(number: &str) -> bool {
    number.bytes().all(|b| b.is_ascii_digit() || b == b',')
}

/// How long the number is that begins here: digits with points and commas between them.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut length = 0;
    while digit(length)
        || matches!(bytes.get(length), Some(b'.' | b',')) && digit(length + 1) && length > 0
    {
        length += 1;
    }
    length
}

/// A unit, a currency or a power of ten that may be written at a number.
fn is_suffix(number: &str, rest: &str) -> bool {
    let known = index();
    let is_amount = known.opening_currency(number).is_some();
    let is_currency = known
        .currencies
        .get(rest)
        .is_some_and(|currency| currency.before.iter().any(|before| before == rest));
    is_currency
        || known.units.contains_key(rest) && !is_amount
        || known.attached_scales.contains(rest)
        || known.scales.contains_key(rest) && is_amount
        || known.small.contains_key(rest)
        || rest == "x"
        || matches!(rest, "%" | "+")
}
