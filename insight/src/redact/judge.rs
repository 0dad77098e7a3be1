//! Is this chain of numerals a secret, and which?

use std::ops::Range;

use language::numbers::{Chain, Item, chains, is_filler, scan};

use call::Speaker;

use crate::{
    english::english,
    redact::{
        Kind,
        labels::{self, Label},
        luhn,
        memory::{Ask, Memory},
        placeholder::placeholders,
    },
};

/// The longest digit string that cannot be a card number: phone numbers end here (E.164 has 15, with a `+`).
pub(super) const MAX_PLAIN_DIGITS: usize = 12;
/// Digits after the bare word "card" that make its number.
const MIN_CARD_DIGITS: usize = 8;
/// What may be said of a card's end (PCI DSS 3.4).
const CARD_ENDING_DIGITS: usize = 4;

/// A stretch to take out.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) kind: Kind,
    /// Bytes of the turn's text.
    pub(super) span: Range<usize>,
}

/// A turn as the rules see it.
pub(super) struct Turn<'t> {
    pub(super) speaker: Speaker,
    pub(super) text: &'t str,
    pub(super) items: Vec<Item>,
    pub(super) chains: Vec<Chain>,
    /// Nothing is said but digits and words that add nothing.
    pub(super) bare: bool,
}

impl<'t> Turn<'t> {
    pub(super) fn read(speaker: Speaker, text: &'t str) -> Self {
        let items = scan(text, &placeholders());
        let chains = chains(text, &items, &english().redaction.counted);
        let bare = (0..items.len()).all(|at| items[at].is_numeral() || is_empty_word(&items, at));
        Self {
            speaker,
            text,
            items,
            chains,
            bare,
        }
    }

    /// Nothing of weight stands before the chain.
    fn opens_with(&self, chain: &Chain) -> bool {
        (0..chain.items.start).all(|at| is_empty_word(&self.items, at))
    }

    /// Nothing of weight stands after the chain.
    pub(super) fn ends_with(&self, chain: &Chain) -> bool {
        (chain.items.end..self.items.len()).all(|at| is_empty_word(&self.items, at))
    }
}

pub(super) fn is_empty_word(items: &[Item], at: usize) -> bool {
    labels::is_connective(items, at) || items[at].word().is_some_and(is_filler)
}

/// The digits of a chain that are not measures.
pub(super) fn string_digits(chain: &Chain) -> String {
    chain
        .string_pieces()
        .iter()
        .map(|p| p.digits.as_str())
        .collect()
}

/// Decides on one chain. The order is from the strictest reading to the loosest.
pub(super) fn judge(turn: &Turn<'_>, chain: &Chain, memory: &Memory) -> Option<Cut> {
    let named = labels::before(turn.text, &turn.items, chain.items.start)
        .or_else(|| labels::after(turn.text, &turn.items, chain.items.end));
    let asked = if turn.speaker == Speaker::Caller {
        memory.ask
    } else {
        Ask::Nothing
    };
    if let Some(cut) = by_check_digit(chain, named, asked) {
        return Some(cut);
    }
    let string = chain.string_pieces();
    let digits = string_digits(chain);
    let span = string.first()?.span.start..string.last()?.span.end;
    let kind = by_label(turn, chain, named, &digits)
        .or_else(|| Verdict::from(memory.known(&digits)))
        .or_else(|| by_dialogue(turn, chain, memory, asked, &digits))
        .or_else(|| by_look(turn, chain, asked, &digits))?;
    match kind {
        Verdict::Keep => None,
        Verdict::Cut(kind) => Some(Cut { kind, span }),
    }
}

enum Verdict {
    Keep,
    Cut(Kind),
}

impl Verdict {
    fn from(kind: Option<Kind>) -> Option<Self> {
        kind.map(Self::Cut)
    }
}

fn by_check_digit(chain: &Chain, named: Option<Label>, asked: Ask) -> Option<Cut> {
    let card_meant =
        matches!(named, Some(Label::Card | Label::Secret(_))) || matches!(asked, Ask::Secret(_));
    if chain.plus && chain.digits().len() <= 15 && !card_meant {
        return None;
    }
    let found = [&chain.pieces, &chain.literal]
        .into_iter()
        .find_map(|pieces| {
            luhn::find(pieces).map(|at| pieces[at.start].span.start..pieces[at.end - 1].span.end)
        })?;
    // What stands in one breath with a card number is its expiry date or security code.
    let string = chain.string_pieces();
    let start = string
        .first()
        .map_or(found.start, |p| p.span.start.min(found.start));
    let end = string
        .last()
        .map_or(found.end, |p| p.span.end.max(found.end));
    Some(Cut {
        kind: Kind::CardNumber,
        span: start..end,
    })
}

fn by_label(turn: &Turn<'_>, chain: &Chain, named: Option<Label>, digits: &str) -> Option<Verdict> {
    if labels::is_card_ending(&turn.items, chain.items.start) {
        let kept = digits.len() <= CARD_ENDING_DIGITS;
        return Some(if kept {
            Verdict::Keep
        } else {
            Verdict::Cut(Kind::CardNumber)
        });
    }
    match named? {
        // One digit is a count, unless the caller is still speaking.
        Label::Secret(_) if digits.len() == 1 && !turn.ends_with(chain) => None,
        Label::Secret(_) if digits.len() > MAX_PLAIN_DIGITS => Some(Verdict::Cut(Kind::CardNumber)),
        Label::Secret(kind) => Some(Verdict::Cut(kind)),
        Label::Card if digits.len() >= MIN_CARD_DIGITS => Some(Verdict::Cut(Kind::CardNumber)),
        Label::Harmless => Some(Verdict::Keep),
        Label::Card | Label::Vague => None,
    }
}

fn by_dialogue(
    turn: &Turn<'_>,
    chain: &Chain,
    memory: &Memory,
    asked: Ask,
    digits: &str,
) -> Option<Verdict> {
    if turn.speaker == Speaker::Agent {
        return None;
    }
    if let Ask::Secret(kind) = asked {
        let phone = kind != Kind::CardNumber && is_phone(chain, digits);
        if (digits.len() > 2 || turn.bare) && !phone {
            return Some(Verdict::Cut(if digits.len() > MAX_PLAIN_DIGITS {
                Kind::CardNumber
            } else {
                kind
            }));
        }
    }
    let tail = memory.tail.as_ref().filter(|_| turn.opens_with(chain))?;
    match tail.kind {
        Some(kind) if turn.bare || (kind == Kind::CardNumber && digits.len() > 1) => {
            Some(Verdict::Cut(kind))
        }
        None if tail.digits.len() + digits.len() > MAX_PLAIN_DIGITS => {
            Some(Verdict::Cut(Kind::CardNumber))
        }
        _ => None,
    }
}

fn by_look(turn: &Turn<'_>, chain: &Chain, asked: Ask, digits: &str) -> Option<Verdict> {
    // A misheard digit breaks the check; the length and first digit still suggest a card (ISO/IEC 7812).
    let card_like = (15..=16).contains(&digits.len())
        && digits.starts_with(['2', '3', '4', '5', '6'])
        && !chain.plus;
    if card_like {
        return Some(Verdict::Cut(Kind::CardNumber));
    }
    let unasked = turn.speaker == Speaker::Caller && turn.bare && asked == Ask::Nothing;
    // "My number is …" means a customer's or a phone's.
    let vague = labels::all(&turn.items)
        .iter()
        .any(|l| l.label == Label::Vague);
    let secret_like = unasked && !vague && digits.len() >= 4 && !is_phone(chain, digits);
    secret_like.then_some(Verdict::Cut(Kind::Number))
}

fn is_phone(chain: &Chain, digits: &str) -> bool {
    chain.plus || (digits.starts_with('0') && (9..=11).contains(&digits.len()))
}
