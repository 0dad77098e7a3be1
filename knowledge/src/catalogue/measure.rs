//! Numbers, amounts and months of a turn, and which field each is a filter of.

use std::collections::BTreeSet;

use language::{
    money::Amount,
    normalize,
    quantity::{Manner, ONE, Quantity},
};

use super::{
    ask::{Filter, Test},
    read::{TableSaid, Turn},
    schema::{Field, Fits, Kind, Means},
    shelf::TableRules,
    value::{self, Row},
};

/// Words behind a number in which its unit stands.
const UNIT_WORDS: usize = 4;
/// "Around" is a tenth less or more.
const ABOUT: i64 = 10;
/// Years that are taken for years.
const YEARS: std::ops::Range<i64> = 1990..2100;
/// An amount without a currency is a price where it is no further from the prices than this.
const FAR: i64 = 4;

/// Adds the filters of the numbers that the turn names.
pub(super) fn read(turn: Turn<'_>, rules: &TableRules, table: &mut TableSaid<'_>) {
    turn.single_units(rules, table);
    for quantity in turn.numbers {
        let unit = turn.unit(rules, quantity, table);
        let filter = match unit {
            Some((place, times, stems)) => {
                let field = &table.listing.table.fields[place];
                table.at.extend(turn.places(&stems));
                of_unit(turn, field, quantity, times, table)
            }
            None => turn.without_unit(quantity, table),
        };
        let Some(filter) = filter else { continue };
        let places = turn.places_of(quantity);
        if !table.than_at.is_disjoint(&places) {
            table.than = None;
        }
        table.at.extend(places);
        table.measure = true;
        let known = table
            .filters
            .iter_mut()
            .find(|known| known.field == filter.field);
        match known.map(|known| (&mut known.test, &filter.test)) {
            // "Over 500 and under 800" is one range.
            Some((Test::Range { least, most }, Test::Range { least: l, most: m }))
                if (least.is_none() || l.is_none()) && (most.is_none() || m.is_none()) =>
            {
                *least = least.or(*l);
                *most = most.or(*m);
            }
            Some((known, test)) => *known = test.clone(),
            None => table.filters.push(filter),
        }
    }
    // "My budget would be" says nothing more than the amount.
    let limited = table.filters.iter().any(|filter| {
        let field = table.listing.table.field(&filter.field);
        field.is_some_and(|field| field.kind == Kind::Money)
    });
    if limited {
        let budget = turn.shelf.wishes.budget.matches(turn.said);
        table
            .at
            .extend(budget.into_iter().flat_map(|(_, found)| found.at));
    }
    // "Wider than 200" is a filter, and no wish for more than what was offered.
    if let Some((key, _)) = &table.than
        && table.filters.iter().any(|filter| filter.field == *key)
    {
        table.than = None;
    }
}

fn of_unit(
    turn: Turn<'_>,
    field: &Field,
    quantity: &Quantity,
    times: i64,
    table: &TableSaid<'_>,
) -> Option<Filter> {
    if field.kind == Kind::Money {
        return turn.price(field, quantity);
    }
    let scaled = |end: Option<i64>| end.map(|end| end.saturating_mul(times));
    let (least, most) = (scaled(quantity.least), scaled(quantity.most));
    let than = table.than.as_ref().filter(|(key, _)| *key == field.key);
    let test = match (quantity.manner, than) {
        (Manner::Exactly, Some((_, true))) => range(least, None),
        (Manner::Exactly, Some((_, false))) => range(None, most),
        (Manner::Exactly, None) => fitting(field.fits, least, most),
        (Manner::About, _) => about(least, most),
        _ => strict(quantity.is_strict, least, most),
    };
    Some(new(field, test))
}

impl Turn<'_> {
    /// The field whose unit stands behind the number or before it, how many of the field's unit it is, and the stems
    /// of the unit.
    fn unit(
        self,
        rules: &TableRules,
        quantity: &Quantity,
        table: &TableSaid<'_>,
    ) -> Option<(usize, i64, Vec<String>)> {
        let stems = |text: &str| -> Vec<String> {
            let text: Vec<&str> = text.split_whitespace().take(UNIT_WORDS).collect();
            let terms = self.lexicon.terms(&text.join(" ")).into_iter();
            terms.map(|term| term.stem).take(6).collect()
        };
        let behind_number = stems(&self.text[quantity.number.end..]);
        let behind_all = stems(&self.text[quantity.span.end..]);
        let before = stems(&last_words(&self.text[..quantity.span.start]));
        let mut candidates = Vec::new();
        for (place, field) in rules.fields.iter().enumerate() {
            for (unit, times) in &field.units {
                let behind = behind_number.starts_with(unit) || behind_all.starts_with(unit);
                if behind {
                    candidates.push((place, *times, unit.clone(), true));
                    break;
                }
            }
            for unit in &field.counted_by {
                if self.is_counted(quantity, &before, unit, place, table) {
                    candidates.push((place, 1, unit.clone(), false));
                    break;
                }
            }
        }
        if candidates.iter().any(|(.., behind)| *behind) {
            candidates.retain(|(.., behind)| *behind);
        }
        // Several fields are measured in one unit: the one that is spoken of is meant.
        let fields = &table.listing.table.fields;
        let spoken = |place: usize| {
            let key = &fields[place].key;
            table.asked.contains(key) || table.than.as_ref().is_some_and(|(than, _)| than == key)
        };
        let named = candidates.iter().position(|(place, ..)| spoken(*place));
        let at = named.unwrap_or(0);
        let (place, times, unit, _) = candidates.into_iter().nth(at)?;
        Some((place, times, unit))
    }

    /// "A meter wide", "within a week": one of a unit that is several of the field's own.
    fn single_units(self, rules: &TableRules, table: &mut TableSaid<'_>) {
        let words = self.lexicon.terms(self.text);
        for (rules, field) in rules.fields.iter().zip(&table.listing.table.fields) {
            let large = rules
                .units
                .iter()
                .filter(|(unit, times)| *times > 1 && unit.len() == 1);
            for (unit, times) in large {
                let one = words.windows(2).any(|pair| {
                    self.shelf.words.one_of.contains(&pair[0].text) && pair[1].stem == unit[0]
                });
                if !one || table.filters.iter().any(|filter| filter.field == field.key) {
                    continue;
                }
                let value = Some(times * ONE);
                table.at.extend(self.places(unit));
                table.measure = true;
                table
                    .filters
                    .push(new(field, fitting(field.fits, value, value)));
            }
        }
    }

    /// "For six", "seats six": a count whose unit stands before it, and is no other number's.
    fn is_counted(
        self,
        quantity: &Quantity,
        before: &[String],
        unit: &[String],
        place: usize,
        table: &TableSaid<'_>,
    ) -> bool {
        let named = quantity.currency.is_some() || quantity.scaled;
        if named || !before.ends_with(unit) {
            return false;
        }
        let others = &before[..before.len() - unit.len()];
        let others_unit = others
            .last()
            .is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let rows = table.listing.rows.iter();
        let values = rows.filter_map(|row| row.values[place].as_ref()?.measure());
        let most = values.max().unwrap_or(0);
        let said = quantity.most.or(quantity.least).unwrap_or(i64::MAX);
        !others_unit && said <= most.saturating_mul(2)
    }

    /// The filter of a number that no unit follows: an amount, a year, or what the turn speaks of.
    fn without_unit(self, quantity: &Quantity, table: &mut TableSaid<'_>) -> Option<Filter> {
        let fields = &table.listing.table.fields;
        let of_kind = |kind: Kind| fields.iter().find(|field| field.kind == kind);
        if let Some(months) = self.months(quantity) {
            let field = of_kind(Kind::Month)?;
            table.at.extend(self.words_of_time());
            return Some(new(field, months));
        }
        let named = quantity.currency.is_some() || quantity.scaled;
        if let Some(field) = self.compared(quantity, table) {
            return of_unit(self, field, quantity, 1, table);
        }
        if let Some(price) = of_kind(Kind::Money) {
            if let Some(code) = &quantity.currency
                && *code != self.shelf.catalogue.currency.code
            {
                table.foreign = Some(code.clone());
                table.at.extend(self.places_of(quantity));
                return None;
            }
            let place = table.listing.table.place(&price.key)?;
            let bounded = quantity.manner != Manner::Exactly || self.is_price(quantity);
            let is_free = |key: &&String| table.filters.iter().all(|f| f.field != **key);
            let spoken_of = table.asked.iter().filter(is_free).find_map(|key| {
                let field = table.listing.table.field(key)?;
                (field.kind == Kind::Number && !field.units.is_empty()).then_some(field)
            });
            if !named
                && bounded
                && let Some(field) = spoken_of
            {
                return of_unit(self, field, quantity, 1, table);
            }
            if named || bounded && self.is_near(quantity, place, &table.listing.rows) {
                return self.price(price, quantity);
            }
            let bounded = quantity.manner != Manner::Exactly;
            if bounded && let Some(quantity) = self.scaled_like_last(quantity, &price.key) {
                return self.price(price, &quantity);
            }
        }
        let asked = table.asked.iter().find_map(|key| {
            let field = table.listing.table.field(key)?;
            (field.kind == Kind::Number).then_some(field)
        })?;
        let bounded = quantity.manner != Manner::Exactly;
        (bounded && !named).then(|| of_unit(self, asked, quantity, 1, table))?
    }

    /// The field of "wider than 150".
    fn compared<'t>(self, quantity: &Quantity, table: &TableSaid<'t>) -> Option<&'t Field> {
        let (key, _) = table.than.as_ref()?;
        let field = table.listing.table.field(key)?;
        let before = last_words(&self.text[..quantity.span.start]).to_lowercase();
        let mut than = self.shelf.words.than.iter();
        let follows = than.any(|than| before.ends_with(than.as_str()));
        (follows && field.kind == Kind::Number).then_some(field)
    }

    /// "And up to eighty" after "seventy-five lakh" counts in lakh too.
    fn scaled_like_last(self, quantity: &Quantity, price: &str) -> Option<Quantity> {
        const NEAR: i64 = 4;
        let last = self.last?;
        let mut filters = last.ask.filters.iter();
        let limit = filters.find_map(|filter| match filter.test {
            Test::Range { least, most } if filter.field == price => most.or(least),
            _ => None,
        })?;
        let said = quantity.most.or(quantity.least)?;
        let code = &self.shelf.catalogue.currency.code;
        let scale = self.shelf.scales.iter().find(|scale| {
            let minor = said
                .checked_mul(**scale)
                .and_then(|said| language::money::minor(said, code));
            minor.is_some_and(|minor| minor > limit / NEAR && minor < limit.saturating_mul(NEAR))
        })?;
        let scaled = |end: Option<i64>| end.and_then(|end| end.checked_mul(*scale));
        Some(Quantity {
            least: scaled(quantity.least),
            most: scaled(quantity.most),
            ..quantity.clone()
        })
    }

    /// An amount alone is what may be spent.
    fn price(self, field: &Field, quantity: &Quantity) -> Option<Filter> {
        let amount = Amount::of(quantity, &self.shelf.catalogue.currency.code)?;
        let test = match amount.manner {
            Manner::Exactly => range(None, amount.most),
            Manner::About => about(amount.least, amount.most),
            _ => strict(amount.is_strict, amount.least, amount.most),
        };
        Some(new(field, test))
    }

    /// "For", "at": what stands before an amount rather than a count.
    fn is_price(self, quantity: &Quantity) -> bool {
        let before = last_words(&self.text[..quantity.span.start]).to_lowercase();
        let behind = self.text[quantity.span.end..].trim();
        behind.is_empty()
            && self
                .shelf
                .words
                .priced
                .iter()
                .any(|word| before.ends_with(word.as_str()))
    }

    /// Whether a number is near the prices that there are.
    fn is_near(self, quantity: &Quantity, place: usize, rows: &[Row]) -> bool {
        let prices = || {
            let values = rows.iter().filter_map(|row| row.values[place].as_ref());
            values.filter_map(value::Value::measure)
        };
        let code = &self.shelf.catalogue.currency.code;
        let said = quantity.most.or(quantity.least);
        let said = said.and_then(|said| language::money::minor(said, code));
        match (said, prices().min(), prices().max()) {
            (Some(said), Some(least), Some(most)) => {
                said >= least / FAR && said <= most.saturating_mul(FAR)
            }
            _ => false,
        }
    }

    /// A year, with the month before it and what bounds it, as months.
    fn months(self, quantity: &Quantity) -> Option<Test> {
        let year = quantity.least.or(quantity.most)? / ONE;
        let plain = quantity.currency.is_none() && !quantity.scaled;
        if !plain || !YEARS.contains(&year) || quantity.manner == Manner::Between {
            return None;
        }
        let words = &self.shelf.words;
        let before: Vec<String> = normalize(&self.text[..quantity.number.start])
            .into_iter()
            .map(|term| term.text)
            .collect();
        let recent = &before[before.len().saturating_sub(4)..];
        let month = recent.last().and_then(|word| {
            let mut months = words.months.iter();
            months.position(|month| month == word)
        });
        let (first, last) = match month {
            Some(month) => {
                let month = year * 12 + i64::try_from(month).ok()?;
                (month, month)
            }
            None => (year * 12, year * 12 + 11),
        };
        let says = |list: &[String]| recent.iter().any(|word| list.contains(word));
        Some(if says(&words.end) {
            range(None, Some(last))
        } else if says(&words.before) {
            range(None, Some(first - 1))
        } else if says(&words.by) {
            range(None, Some(last))
        } else if says(&words.since) {
            range(Some(first), None)
        } else {
            range(Some(first), Some(last))
        })
    }

    /// Names of months and what bounds them.
    fn words_of_time(self) -> BTreeSet<usize> {
        let words = &self.shelf.words;
        let lists = [
            &words.months,
            &words.before,
            &words.by,
            &words.since,
            &words.end,
        ];
        let said = self.said.words.iter().enumerate();
        let said = said.filter(|(_, word)| lists.iter().any(|list| list.contains(&word.text)));
        said.map(|(place, _)| place).collect()
    }

    /// Which words of the utterance have one of these stems.
    fn places(self, stems: &[String]) -> BTreeSet<usize> {
        let words = self.said.words.iter().enumerate();
        let said = words.filter(|(_, word)| stems.contains(&word.stem));
        said.map(|(place, _)| place).collect()
    }

    /// Which words of the utterance say this quantity.
    fn places_of(self, quantity: &Quantity) -> BTreeSet<usize> {
        // "3bhk" is one word.
        let from = &self.text[quantity.span.start..];
        let rest = &from[quantity.span.len()..];
        let touching = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        let terms = normalize(&from[..quantity.span.len() + touching]);
        let stems: Vec<String> = terms.into_iter().map(|term| term.stem).collect();
        self.places(&stems)
    }
}

/// What a phrase of the pack means, in the field's own measure.
pub(super) fn meant(means: &Means, field: &Field) -> Option<Test> {
    if let Some(given) = means.given {
        return Some(Test::Given(given));
    }
    if let Some(is) = &means.is {
        return Some(match field.kind {
            Kind::Flag => Test::Flag(is == "yes"),
            _ => Test::Is(vec![is.clone()]),
        });
    }
    let bound = |text: &Option<String>| {
        let text = text.as_ref()?;
        match field.kind {
            Kind::Month => value::month(text),
            Kind::Money => language::money::parse(text, ""),
            _ => value::number(text),
        }
    };
    Some(range(bound(&means.at_least), bound(&means.at_most)))
}

fn new(field: &Field, test: Test) -> Filter {
    Filter {
        field: field.key.clone(),
        test,
        must: field.must,
        firm: false,
    }
}

fn range(least: Option<i64>, most: Option<i64>) -> Test {
    Test::Range { least, most }
}

/// Bounds that leave themselves out: "more than two".
fn strict(is_strict: bool, least: Option<i64>, most: Option<i64>) -> Test {
    let step = i64::from(is_strict);
    range(
        least.map(|least| least + step),
        most.map(|most| most - step),
    )
}

fn fitting(fits: Fits, least: Option<i64>, most: Option<i64>) -> Test {
    match fits {
        Fits::Exactly => range(least, most),
        Fits::AtLeast => range(least, None),
        Fits::AtMost => range(None, most),
        Fits::About => about(least, most),
    }
}

fn about(least: Option<i64>, most: Option<i64>) -> Test {
    range(
        least.map(|least| least - least / ABOUT),
        most.map(|most| most + most / ABOUT),
    )
}

fn last_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().rev().take(2).collect();
    words.into_iter().rev().collect::<Vec<_>>().join(" ")
}
