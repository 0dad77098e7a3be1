//! Numbers with what they count or measure: units, sizes, spans of time.

use super::{
    index::index,
    number::{fraction, fraction_in_words, mixed, number},
    text::{Said, Text},
};

/// A unit's names, and the pieces that it takes.
struct Unit {
    one: String,
    many: String,
    taken: usize,
}

/// A number and a unit: "5 km", "1,120 sq. ft.", "-12 °C", "2 h 30 min", "6'2\"".
pub(super) fn measure(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    if let Some(said) = feet_and_inches(core) {
        return Some(Said::new(said, 1));
    }
    let (count, taken) = count(text, at)?;
    let last = at + taken - 1;
    let unit = smaller(text, at, last).or_else(|| unit(text, last))?;
    // "10%-15%": the unit is said once, behind the second.
    let behind = last + unit.taken;
    let again = text.is_range(behind)
        && unit_behind_number(text, behind + 2).is_some_and(|other| other.many == unit.many);
    if again {
        return Some(Said::new(count, taken + unit.taken));
    }
    let is_one = core == "1" && taken == 1 || text.is_before_noun(at, behind);
    let name = if is_one { unit.one } else { unit.many };
    Some(Said::new(format!("{count} {name}"), taken + unit.taken))
}

/// A number, with a fraction or a power of ten behind it.
fn count(text: &Text<'_>, at: usize) -> Option<(String, usize)> {
    let core = text.core(at);
    let whole = core.bytes().all(|b| b.is_ascii_digit());
    if whole
        && let Some((part, of)) = text.next(at).and_then(fraction)
        && fraction_in_words(part, of).is_some()
    {
        return mixed(core, part, of).map(|said| (said, 2));
    }
    let said = number(core)?;
    // "1.2k", "5M users".
    let scale = text
        .next(at)
        .filter(|scale| index().attached_scales.contains(scale) && text.piece(at + 1).joined);
    Some(match scale.and_then(|scale| index().scales.get(scale)) {
        Some(scale) => (format!("{said} {scale}"), 2),
        None => (said, 1),
    })
}

/// A number of several pieces without a unit: "2 1/2", "1.2k".
pub(super) fn mixed_number(text: &Text<'_>, at: usize) -> Option<Said> {
    let (said, taken) = count(text, at)?;
    (taken > 1).then(|| Said::new(said, taken))
}

/// The unit behind the piece at `last`.
fn unit(text: &Text<'_>, last: usize) -> Option<Unit> {
    unit_at(text, last + 1).filter(|_| text.is_followed(last))
}

/// The unit at a piece.
fn unit_at(text: &Text<'_>, at: usize) -> Option<Unit> {
    let units = &index().units;
    let core = text.core(at);
    if core == "sq" {
        let of = units.get(text.next_behind_dot(at)?)?;
        let name = |of: &str| format!("square {of}");
        return Some(Unit {
            one: name(&of.one),
            many: name(&of.many),
            taken: 2,
        });
    }
    let of = units.get(core)?;
    Some(Unit {
        one: of.one.clone(),
        many: of.many.clone(),
        taken: 1,
    })
}

fn unit_behind_number(text: &Text<'_>, at: usize) -> Option<Unit> {
    number(text.core(at))?;
    unit(text, at)
}

/// "1h 15m" and "6 ft 2 in": behind hours an "m" is minutes, behind feet "in" is inches.
fn smaller(text: &Text<'_>, at: usize, last: usize) -> Option<Unit> {
    let larger = at.checked_sub(1).map_or("", |before| text.core(before));
    let name = match (text.next(last)?, larger) {
        ("m", "h" | "hr" | "hrs") => "minute",
        ("in", "ft") => {
            return Some(Unit {
                one: "inch".to_owned(),
                many: "inches".to_owned(),
                taken: 1,
            });
        }
        _ => return None,
    };
    Some(Unit {
        one: name.to_owned(),
        many: format!("{name}s"),
        taken: 1,
    })
}

/// What something is counted by: "per km", and "/ month" behind an amount or a number.
pub(super) fn per(text: &Text<'_>, at: usize) -> Option<Said> {
    let is_sign = text.core(at) == "/";
    let counted = || {
        let before = at.checked_sub(1).map_or("", |before| text.core(before));
        before.ends_with(|c: char| c.is_ascii_digit()) || is_name_of_unit(before)
    };
    if is_sign && !counted() || !is_sign && text.core(at) != "per" {
        return None;
    }
    match unit_at(text, at + 1) {
        Some(unit) => Some(Said::new(format!("per {}", unit.one), 1 + unit.taken)),
        None => is_sign.then(|| Said::new("per", 1)),
    }
}

fn is_name_of_unit(core: &str) -> bool {
    index().currencies.contains_key(core) || index().units.contains_key(core)
}

/// Signs that count between two numbers: "120 x 60", "2x".
pub(super) fn times(text: &Text<'_>, at: usize) -> Option<Said> {
    let is_number = |at: usize| number(text.core(at)).is_some();
    let behind = at.checked_sub(1).is_some_and(is_number);
    match text.core(at) {
        "x" | "×" if behind && is_number(at + 1) => Some(Said::new("by", 1)),
        "x" if behind && text.piece(at).joined => Some(Said::new("times", 1)),
        _ => None,
    }
}

fn feet_and_inches(core: &str) -> Option<String> {
    let (feet, inches) = core.strip_suffix('"')?.split_once('\'')?;
    Some(format!("{} feet {} inches", number(feet)?, number(inches)?))
}
