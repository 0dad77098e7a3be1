//! Values as they are kept and as they are spoken: amounts and numbers with what bounds them.

use language::{
    money,
    quantity::{Manner, ONE, Quantity},
};

use super::{reader::Money, wish::BoundLines};

/// An amount as it is kept: `..20000000 USD`, `500.. USD`, `500..900 USD`, `~700 USD`, `700..700 USD`, in minor units.
pub(super) fn amount(quantity: &Quantity, money: &Money, denied: bool) -> Option<String> {
    let amount = money::Amount::of(quantity, &money.code)?;
    // "Not more than" that.
    let (least, most) = match (denied, amount.manner) {
        (true, Manner::AtLeast) => (None, amount.least),
        _ => (amount.least, amount.most),
    };
    let text = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
    let bounds = match amount.manner {
        Manner::About => format!("~{}", text(most)),
        _ => format!("{}..{}", text(least), text(most)),
    };
    Some(format!("{bounds} {}", amount.currency))
}

/// The same as it is spoken; `None` where it is no amount of the pack's currency.
pub(super) fn spoken_amount(kept: &str, money: &Money, lines: &BoundLines) -> Option<String> {
    let (bounds, currency) = kept.split_once(' ')?;
    let unit = money::Unit {
        one: &money.one,
        many: &money.many,
    };
    let own = currency == money.code;
    let said = |minor: i64| match own {
        true => money::said(minor, currency, unit, &money.scales),
        // Of another currency only the code is known.
        false => money::said(
            minor,
            currency,
            money::Unit {
                one: currency,
                many: currency,
            },
            &[],
        ),
    };
    if let Some(value) = bounds.strip_prefix('~') {
        return Some(lines.about.replace("{value}", &said(value.parse().ok()?)));
    }
    let (least, most) = bounds.split_once("..")?;
    let parsed = |text: &str| match text {
        "" => Some(None),
        text => text.parse::<i64>().ok().map(Some),
    };
    Some(match (parsed(least)?, parsed(most)?) {
        (Some(least), Some(most)) if least == most => said(most),
        (Some(least), Some(most)) => lines
            .between
            .replace("{least}", &said(least))
            .replace("{most}", &said(most)),
        (None, Some(most)) => lines.at_most.replace("{value}", &said(most)),
        (Some(least), None) => lines.at_least.replace("{value}", &said(least)),
        (None, None) => return None,
    })
}

/// A number as it is kept and spoken: its upper end, `3` or `2.5`.
pub(super) fn number(quantity: &Quantity) -> Option<String> {
    let value = quantity.most.or(quantity.least)?;
    let (whole, part) = (value / ONE, (value % ONE).abs());
    let part = format!("{part:03}");
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    Some(format!("{whole}{point}{part}"))
}
