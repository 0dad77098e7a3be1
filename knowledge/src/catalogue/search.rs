//! The rows that fit, the best first; or those that come nearest, with what they lack.

use language::Lexicon;

use super::{
    Catalogue, Listing,
    ask::{Ask, Filter, RowRef, Test},
    schema::{Better, Field},
    shelf::{Shelf, stems},
    value::{Row, Value},
};

/// A row that lacks more than this is not near: one name, or a third of a measure and a bit.
const MAX_COST: f32 = 1.35;
/// What another name than the one asked for costs, and a value that is not there.
const OTHER_NAME: f32 = 1.0;
/// What was named in this very turn is given up last.
const FIRM: f32 = 1.5;
/// What being beyond a bound costs at least.
const BEYOND: f32 = 0.05;
/// What is sold out comes last, unless the words of the turn speak for it.
const SOLD_OUT: f32 = -4.0;
/// Fields that decide together which rows are best.
const BETTER_FIELDS: usize = 2;

/// How near rows are to what was asked. Rows that pass the filters are ranked by it.
pub trait Meaning {
    /// A function from a row to its nearness, 0 to 1, to `asked`: the words of the turn.
    fn towards<'m>(&'m self, asked: &str) -> Box<dyn Fn(&RowRef) -> f32 + 'm>;
}

/// Nearness by the stems that both share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedStems<'a> {
    pub(crate) shelf: &'a Shelf,
    pub(crate) lexicon: &'a Lexicon,
}

impl Meaning for SharedStems<'_> {
    fn towards<'m>(&'m self, asked: &str) -> Box<dyn Fn(&RowRef) -> f32 + 'm> {
        let asked = stems(self.lexicon, asked);
        Box::new(move |row| {
            let has = self.shelf.stems_of(row);
            let shared = has.map_or(0, |has| asked.intersection(has).count());
            let count = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
            count(shared) / count(asked.len().max(1))
        })
    }
}

/// What a search found.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// The best first.
    pub(super) rows: Vec<&'a Row>,
    /// Keys of the fields in which the rows are not what was asked; none when they fit.
    pub(super) lacking: Vec<String>,
}

/// The rows that pass all filters, in the order of the file.
pub(super) fn fitting<'a>(listing: &'a Listing, filters: &[Filter]) -> Vec<&'a Row> {
    let rows = listing.rows.iter();
    rows.filter(|row| filters.iter().all(|filter| passes(listing, row, filter)))
        .collect()
}

/// Searches a table. When nothing fits, the nearest rows are found that lack the same.
pub(super) fn search<'a>(listing: &'a Listing, ask: &Ask, meaning: &dyn Meaning) -> Found<'a> {
    let ask = &without_idle(listing, ask);
    let is_asked = |row: &Row| {
        let is = |list: &[RowRef]| list.iter().any(|other| other.row == row.id);
        (ask.within.is_empty() || is(&ask.within)) && !is(&ask.without)
    };
    let mut rows = fitting(listing, &ask.filters);
    rows.retain(|row| is_asked(row));
    if !rows.is_empty() {
        rank(listing, ask, meaning, &mut rows);
        return Found {
            rows,
            lacking: Vec::new(),
        };
    }
    let near = |row: &'a Row| {
        let failed: Vec<&Filter> = ask
            .filters
            .iter()
            .filter(|filter| !passes(listing, row, filter))
            .collect();
        let must = failed.iter().any(|filter| filter.must);
        let cost: f32 = failed.iter().map(|filter| cost(listing, row, filter)).sum();
        let keys = failed.into_iter().map(|filter| filter.field.clone());
        let lacking: Vec<String> = keys.collect();
        (!must && cost <= MAX_COST).then_some((cost, lacking, row))
    };
    let candidates = listing.rows.iter().filter(|row| is_asked(row));
    let mut candidates: Vec<(f32, Vec<String>, &Row)> = candidates.filter_map(near).collect();
    candidates.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let lacking = candidates.first().map(|(_, lacking, _)| lacking.clone());
    let lacking = lacking.unwrap_or_default();
    candidates.retain(|(_, other, _)| *other == lacking);
    Found {
        rows: candidates.into_iter().map(|(.., row)| row).collect(),
        lacking,
    }
}

/// The ask without bounds on a field that no thing of the kind has: a bed "for two" has no seats.
fn without_idle(listing: &Listing, ask: &Ask) -> Ask {
    let is_kind = |filter: &&Filter| filter.must && matches!(filter.test, Test::Is(_));
    let kinds: Vec<Filter> = ask.filters.iter().filter(is_kind).cloned().collect();
    let rows = fitting(listing, &kinds);
    let mut ask = ask.clone();
    ask.filters.retain(|filter| {
        let has = |row: &&Row| listing.value(row, &filter.field).is_some();
        let bound = matches!(filter.test, Test::Range { .. }) && !filter.must;
        !bound || rows.is_empty() || rows.iter().any(has)
    });
    ask
}

pub(super) fn passes(listing: &Listing, row: &Row, filter: &Filter) -> bool {
    let value = listing.value(row, &filter.field);
    match (&filter.test, value) {
        (Test::Given(given), value) => value.is_some() == *given,
        (Test::IsNot(names), Some(value)) => !names.iter().any(|name| value.names().contains(name)),
        (Test::IsNot(_), None) => true,
        (Test::Flag(wanted), value) => *wanted == (value == Some(&Value::Flag(true))),
        (Test::Is(names), Some(value)) => names.iter().any(|name| value.names().contains(name)),
        (Test::Range { least, most }, Some(value)) => value.measure().is_some_and(|value| {
            least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
        }),
        (Test::Is(_) | Test::Range { .. }, None) => false,
    }
}

/// How far a row is from passing a filter that it fails: the harder a field is given up, the farther.
fn cost(listing: &Listing, row: &Row, filter: &Filter) -> f32 {
    let hold = listing.table.field(&filter.field).map_or(100, |f| f.hold);
    let firm = if filter.firm { FIRM } else { 1.0 };
    let hold = f32::from(hold) / 100.0 * firm;
    let measure = listing.value(row, &filter.field).and_then(Value::measure);
    let (Test::Range { least, most }, Some(value)) = (&filter.test, measure) else {
        return OTHER_NAME * hold;
    };
    let bound = match (least, most) {
        (Some(least), _) if value < *least => *least,
        (_, Some(most)) => *most,
        _ => value,
    };
    (BEYOND + ratio(value.abs_diff(bound), bound.unsigned_abs())) * hold
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
pub(super) fn ratio(part: u64, whole: u64) -> f32 {
    if whole == 0 {
        return 1.0;
    }
    part as f32 / whole as f32
}

fn rank(listing: &Listing, ask: &Ask, meaning: &dyn Meaning, rows: &mut Vec<&Row>) {
    if let Some(order) = &ask.order {
        rows.retain(|row| measure(listing, row, &order.field).is_some());
        rows.sort_by_key(|row| {
            let value = measure(listing, row, &order.field).unwrap_or_default();
            if order.descending { -value } else { value }
        });
        return;
    }
    let better: Vec<&Field> = listing
        .table
        .fields
        .iter()
        .filter(|field| field.better.is_some())
        .take(BETTER_FIELDS)
        .collect();
    let ends: Vec<(i64, i64)> = better
        .iter()
        .map(|field| {
            let measures = || {
                rows.iter()
                    .filter_map(|row| measure(listing, row, &field.key))
            };
            (measures().min().unwrap_or(0), measures().max().unwrap_or(0))
        })
        .collect();
    let goodness = |row: &Row| -> f32 {
        let shares = better.iter().zip(&ends).map(|(field, (least, most))| {
            let Some(value) = measure(listing, row, &field.key) else {
                return 0.0;
            };
            let share = ratio(value.abs_diff(*least), most.abs_diff(*least));
            match field.better {
                Some(Better::Less) => 1.0 - share,
                _ => share,
            }
        });
        shares.sum()
    };
    let nearness = (!ask.text.is_empty()).then(|| meaning.towards(&ask.text));
    let score = |row: &Row| -> f32 {
        let reference = RowRef {
            table: listing.table.name.clone(),
            row: row.id.clone(),
        };
        let near = nearness.as_ref().map_or(0.0, |near| near(&reference));
        let rather = ask.rather.iter();
        let rather = rather.filter(|filter| passes(listing, row, filter)).count();
        let sold_out = listing.table.fields.iter().any(|field| {
            field.zero_last && measure(listing, row, &field.key).is_none_or(|value| value <= 0)
        });
        let rather = f32::from(u8::try_from(rather).unwrap_or(u8::MAX));
        let last = if sold_out { SOLD_OUT } else { 0.0 };
        last + 10.0 * near + 3.0 * rather + goodness(row)
    };
    let mut scored: Vec<(f32, &Row)> = rows.iter().map(|row| (score(row), *row)).collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    *rows = scored.into_iter().map(|(_, row)| row).collect();
}

pub(super) fn measure(listing: &Listing, row: &Row, key: &str) -> Option<i64> {
    listing.value(row, key).and_then(Value::measure)
}

impl Catalogue {
    /// A row's own words, and those of the rows that it names.
    pub(super) fn text(&self, listing: &Listing, row: &Row) -> String {
        let mut text = own_text(listing, row);
        for field in &listing.table.fields {
            let link = field.link.as_ref().and_then(|link| self.listing(link));
            let name = listing.value(row, &field.key);
            let Some((other, name)) = link.zip(name) else {
                continue;
            };
            let mut rows = other.rows.iter();
            let named = rows.find(|row| name.names().iter().any(|name| other.title(row) == name));
            text.extend(named.map(|row| own_text(other, row)));
        }
        text
    }
}

fn own_text(listing: &Listing, row: &Row) -> String {
    let mut text = String::new();
    for value in row.values.iter().flatten() {
        let words = match value {
            Value::Text(text) | Value::Name(text) => text.clone(),
            Value::List(names) => names.join(" "),
            _ => continue,
        };
        text.push_str(&words);
        text.push(' ');
    }
    text + &listing.table.one
}
