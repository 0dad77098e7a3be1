//! What is written short and how it is said, by how it is written: looked up once a word.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use crate::english::{Abbreviation, Currency, Unit, english};

/// The lists of `[speaking]`, by the form in which they are met.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) abbreviations: HashMap<&'static str, &'static Abbreviation>,
    pub(super) units: HashMap<&'static str, &'static Unit>,
    /// Codes and signs before an amount; the unit's names too, which stand behind one.
    pub(super) currencies: HashMap<&'static str, &'static Currency>,
    /// Signs of a currency that are no letters, the longest first.
    pub(super) signs: Vec<(&'static str, &'static Currency)>,
    pub(super) scales: HashMap<&'static str, &'static str>,
    pub(super) attached_scales: HashSet<&'static str>,
    /// A hundredth's sign.
    pub(super) small: HashMap<&'static str, &'static Currency>,
    /// Days of the week, short, and whether it is also a word.
    pub(super) days: HashMap<&'static str, (&'static str, bool)>,
    /// Months, long and short, from 1.
    pub(super) months: HashMap<&'static str, usize>,
    pub(super) spelled: HashSet<&'static str>,
    pub(super) as_words: HashSet<&'static str>,
}

/// Saturday and Sunday, short, are words.
const FIRST_WORD_DAY: usize = 5;

pub(super) fn index() -> &'static Index {
    static READ: LazyLock<Index> = LazyLock::new(build);
    &READ
}

fn build() -> Index {
    let lists = &english().speaking;
    let mut index = Index::default();
    for abbreviation in &lists.abbreviation {
        index
            .abbreviations
            .insert(&abbreviation.short, abbreviation);
    }
    for unit in &lists.unit {
        for written in &unit.written {
            index.units.insert(written, unit);
        }
    }
    for currency in &lists.currency {
        for before in &currency.before {
            index.currencies.insert(before, currency);
            if before.chars().any(|c| !c.is_alphabetic()) {
                index.signs.push((before, currency));
            }
        }
        for unit in &currency.unit {
            index.currencies.insert(unit, currency);
        }
        if let Some(small) = &currency.small {
            index.small.insert(small, currency);
        }
    }
    index
        .signs
        .sort_by_key(|(sign, _)| std::cmp::Reverse(sign.len()));
    for scale in &lists.scale {
        for written in &scale.written {
            index.scales.insert(written, &scale.said);
        }
        index
            .attached_scales
            .extend(scale.attached.iter().map(String::as_str));
    }
    for (place, names) in lists.days.iter().enumerate() {
        let Some((day, short)) = names.split_first() else {
            continue;
        };
        for form in short {
            index.days.insert(form, (day, place >= FIRST_WORD_DAY));
        }
    }
    for (place, (long, short)) in lists.months.iter().zip(&lists.months_short).enumerate() {
        index.months.insert(long, place + 1);
        index.months.insert(short, place + 1);
    }
    index.months.insert("Sept", 9);
    index
        .spelled
        .extend(lists.spelled.iter().map(String::as_str));
    index
        .as_words
        .extend(lists.as_words.iter().map(String::as_str));
    index
}

impl Index {
    /// The currency whose sign or code opens `text`, and what follows.
    pub(super) fn opening_currency<'a>(
        &self,
        text: &'a str,
    ) -> Option<(&'static Currency, &'a str)> {
        let (_, currency, rest) = self.signs.iter().find_map(|&(sign, currency)| {
            let rest = text.strip_prefix(sign)?;
            Some((sign, currency, rest))
        })?;
        Some((currency, rest))
    }
}
