//! What the words around digits call them.

use language::numbers::{Item, Numeral, What};

use crate::{
    english::{Vocabulary, english},
    redact::Kind,
};

/// A name for digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// It must not be kept.
    Secret(Kind),
    /// "Card" alone: long digits near it are its number, short ones are not.
    Card,
    /// "My number": says nothing about secrecy.
    Vague,
    /// It may be kept: an amount, an order number, a date.
    Harmless,
}

/// A label and the items that spell it, the last at `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Labelled {
    pub(super) label: Label,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Items looked at before digits for their name.
const REACH: usize = 16;

fn vocabulary() -> &'static Vocabulary {
    &english().redaction
}

/// Whether a list of words holds `word`.
fn holds(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word)
}

fn key(items: &[Item], at: usize) -> &str {
    match &items[at].what {
        What::Word(word) => word,
        // "One-time code": the numeral is a word here.
        What::Number(Numeral::Digit(1)) => "one",
        What::Number(Numeral::Digit(0)) => "o",
        _ => "",
    }
}

/// Whether the item says nothing of its own next to digits.
pub(super) fn is_connective(items: &[Item], at: usize) -> bool {
    items[at]
        .word()
        .is_some_and(|w| holds(&vocabulary().connectives, w))
        || key(items, at) == "one"
}

/// The label whose last item is at `end`.
pub(super) fn ending_at(items: &[Item], end: usize) -> Option<Labelled> {
    let last = items[end].word()?;
    for (phrase, kind) in &vocabulary().secret_phrases {
        let Some(start) = (end + 1).checked_sub(phrase.len()) else {
            continue;
        };
        if !phrase
            .iter()
            .zip(start..)
            .all(|(part, at)| *part == key(items, at))
        {
            continue;
        }
        let qualifier = if start > 0 { key(items, start - 1) } else { "" };
        let harmless = *kind == Kind::Code && holds(&vocabulary().harmless_codes, qualifier);
        let label = if harmless {
            Label::Harmless
        } else {
            Label::Secret(*kind)
        };
        return Some(Labelled {
            label,
            start: start - usize::from(harmless),
            end,
        });
    }
    if matches!(last, "number" | "no" | "numbers") && end > 0 {
        let owner = key(items, end - 1);
        let vague = owner.is_empty() || holds(&vocabulary().connectives, owner);
        let label = if vague { Label::Vague } else { Label::Harmless };
        // "No" is an answer more often than a number.
        return (last != "no" || holds(&vocabulary().harmless, owner)).then_some(Labelled {
            label,
            start: end - usize::from(!vague),
            end,
        });
    }
    if holds(&vocabulary().cards, last) {
        return Some(Labelled {
            label: Label::Card,
            start: end,
            end,
        });
    }
    holds(&vocabulary().harmless, last).then_some(Labelled {
        label: Label::Harmless,
        start: end,
        end,
    })
}

/// "To my phone", "for this order": a place, not a name of the digits.
fn is_modifier(items: &[Item], found: Labelled) -> bool {
    if !matches!(found.label, Label::Harmless | Label::Card) || key(items, found.end) == "number" {
        return false;
    }
    for at in (found.start.saturating_sub(3)..found.start).rev() {
        if holds(&vocabulary().prepositions, key(items, at)) {
            return true;
        }
        if !holds(&vocabulary().determiners, key(items, at)) {
            return false;
        }
    }
    false
}

/// What the words before the item at `first` call the digits that begin there.
pub(super) fn before(text: &str, items: &[Item], first: usize) -> Option<Label> {
    let mut plain = true;
    let mut claimed = false;
    let mut sentences = 0;
    let direct = first > 0
        && matches!(
            key(items, first - 1),
            "is" | "are" | "was" | "it's" | "that's" | "to"
        );
    let mut at = first;
    while at > 0 && first - at < REACH {
        at -= 1;
        if parts_sentences(&text[items[at].span.end..items[at + 1].span.start]) {
            sentences += 1;
        }
        if sentences > 1 || (sentences == 1 && !plain) {
            return None;
        }
        if matches!(items[at].what, What::Service(_)) {
            return None;
        }
        if let Some(found) = ending_at(items, at).filter(|f| f.label != Label::Vague) {
            match found.label {
                Label::Harmless | Label::Card if claimed || is_modifier(items, found) => {}
                Label::Card if !plain => return None,
                Label::Harmless | Label::Card => return Some(found.label),
                Label::Secret(_) if plain || (direct && sentences == 0 && !claimed) => {
                    return Some(found.label);
                }
                _ => return None,
            }
            at = found.start;
            continue;
        }
        if items[at].is_numeral() || matches!(items[at].what, What::Opaque(_)) {
            claimed = claimed || key(items, at) != "one";
        } else if !is_connective(items, at) {
            plain = false;
        }
    }
    None
}

/// What follows the digits that end before `next`: "… is my PIN", "… that's the code you sent".
pub(super) fn after(text: &str, items: &[Item], next: usize) -> Option<Label> {
    const LINKS: &[&str] = &["is", "was", "that's", "that", "it's", "are", "as"];
    const REACH_AFTER: usize = 5;
    if next >= items.len() || !LINKS.contains(&key(items, next)) {
        return None;
    }
    for at in next + 1..items.len().min(next + 1 + REACH_AFTER) {
        if parts_sentences(&text[items[at - 1].span.end..items[at].span.start]) {
            return None;
        }
        // The longest label that ends here: "PIN" in "PIN number" will do as well.
        match ending_at(items, at).map(|f| f.label) {
            Some(Label::Secret(kind)) => return Some(Label::Secret(kind)),
            Some(Label::Harmless) => return Some(Label::Harmless),
            _ if is_connective(items, at) || matches!(key(items, at), "card") => {}
            _ => return None,
        }
    }
    None
}

/// "Ends in 4821", "the last four digits are 4821": what may be said of a card.
pub(super) fn is_card_ending(items: &[Item], first: usize) -> bool {
    let keys: Vec<&str> = (first.saturating_sub(7)..first)
        .map(|at| key(items, at))
        .collect();
    let ends = |tail: &[&str]| keys.ends_with(tail);
    if ["in", "with"]
        .iter()
        .any(|w| ends(&["ends", w]) || ends(&["ending", w]) || ends(&["end", w]))
    {
        return true;
    }
    let Some(last) = keys.iter().rposition(|k| *k == "last") else {
        return false;
    };
    // Between "last" and the digits: the word four, "digits", "are", "of my card".
    let rest = &keys[last + 1..];
    let fits = |k: &&str| {
        matches!(
            *k,
            "" | "digits" | "numbers" | "are" | "is" | "of" | "my" | "the" | "card" | "on" | "it"
        )
    };
    !rest.is_empty() && rest.iter().all(fits)
}

pub(super) fn parts_sentences(gap: &str) -> bool {
    let mut chars = gap.chars();
    chars.any(|c| matches!(c, '.' | '!' | '?')) && (chars.next().is_some_and(char::is_whitespace))
}

/// Every label of a turn, in order.
pub(super) fn all(items: &[Item]) -> Vec<Labelled> {
    let mut found: Vec<Labelled> = Vec::new();
    for end in 0..items.len() {
        if let Some(label) = ending_at(items, end).filter(|f| !is_modifier(items, *f)) {
            // A longer label that ends later swallows the shorter.
            found.retain(|f| f.start < label.start);
            found.push(label);
        }
    }
    found
}
