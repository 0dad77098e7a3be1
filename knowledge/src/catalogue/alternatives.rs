//! Others at another price: 10 to 20 % less, better value for 10 to 15 % more, and what is on the rise at about the
//! same price.

use super::{
    Listing,
    ask::{Ask, Filter, Last, RowRef, Test},
    schema::Alternatives,
    search::{self, Meaning, measure, ratio},
    shelf::Shelf,
    template::sentence,
    value::Row,
    words::Offer,
};

/// Percent of the price.
const CHEAPER: (i64, i64) = (80, 90);
const DEARER: (i64, i64) = (110, 115);
const SIMILAR: (i64, i64) = (90, 110);
/// Of the places, this part is on the rise: those that grow fastest.
const RISING: usize = 3;

/// What alternatives are looked for with.
struct Looking<'a> {
    listing: &'a Listing,
    by: &'a Alternatives,
    ask: &'a Ask,
    /// What was said already.
    said: Vec<RowRef>,
    price: i64,
    meaning: &'a dyn Meaning,
}

impl Shelf {
    /// One row of each sort that there is.
    pub(super) fn alternatives(
        &self,
        listing: &Listing,
        ask: &Ask,
        last: Option<&Last>,
        meaning: &dyn Meaning,
    ) -> Offer {
        let lines = &self.words.lines;
        let by = listing.table.alternatives.as_ref();
        let price = by.and_then(|by| base(listing, ask, last, by, meaning));
        let found = by.zip(price).map(|(by, price)| {
            let looking = Looking {
                listing,
                by,
                ask,
                said: last.map_or_else(Vec::new, |last| last.shown.clone()),
                price,
                meaning,
            };
            [
                (&lines.cheaper, looking.cheaper()),
                (&lines.better_value, looking.better_value()),
                (&lines.rising, self.on_the_rise(&looking)),
            ]
        });
        let (mut sentences, mut rows): (Vec<String>, Vec<&Row>) = (Vec::new(), Vec::new());
        for (line, row) in found.into_iter().flatten() {
            let is_new = |row: &&Row| rows.iter().all(|known| known.id != row.id);
            let Some(row) = row.filter(is_new) else {
                continue;
            };
            let said = self.fill(&listing.table.row, listing, row);
            let said = self.line(line, listing, &[("row", &said.unwrap_or_default())]);
            sentences.extend(said.map(|said| sentence(&said)));
            rows.push(row);
        }
        if rows.is_empty() {
            sentences.extend(self.line(&lines.no_alternative, listing, &[]));
        }
        self.of_rows(listing, &rows, sentences)
    }

    /// A row of about the same price in one of the places that grow fastest.
    fn on_the_rise<'r>(&self, looking: &Looking<'r>) -> Option<&'r Row> {
        let place = looking.by.place.as_ref()?;
        let names = self.rising(looking.listing, place, looking.by.rising.as_ref()?);
        let mut rows = looking.priced(SIMILAR, Some(place)).into_iter();
        rows.find(|row| {
            let value = looking.listing.value(row, place);
            value.is_some_and(|value| value.names().iter().any(|name| names.contains(name)))
        })
    }

    /// Names of the places that grow fastest.
    fn rising(&self, listing: &Listing, place: &str, trend: &str) -> Vec<String> {
        let link = listing
            .table
            .field(place)
            .and_then(|field| field.link.as_ref());
        let Some(places) = link.and_then(|link| self.catalogue.listing(link)) else {
            return Vec::new();
        };
        let mut rows: Vec<(i64, &str)> = places
            .rows
            .iter()
            .filter_map(|row| Some((measure(places, row, trend)?, places.title(row))))
            .collect();
        rows.sort_by_key(|(trend, _)| -trend);
        let count = rows.len().div_ceil(RISING);
        rows.truncate(count);
        rows.into_iter().map(|(_, name)| name.to_owned()).collect()
    }
}

/// The price to which there are alternatives: of the row that was spoken of or offered first, or the limit that was
/// named.
fn base(
    listing: &Listing,
    ask: &Ask,
    last: Option<&Last>,
    by: &Alternatives,
    meaning: &dyn Meaning,
) -> Option<i64> {
    let rows = last
        .into_iter()
        .flat_map(|last| last.focus.iter().chain(&last.offered));
    let mut prices = rows.filter_map(|row| measure(listing, listing.row(&row.row)?, &by.price));
    prices.next().or_else(|| {
        let limit = ask.filters.iter().find_map(|filter| match filter.test {
            Test::Range {
                most: Some(most), ..
            } if filter.field == by.price => Some(most),
            _ => None,
        });
        limit.or_else(|| {
            let found = search::search(listing, ask, meaning);
            measure(listing, found.rows.first()?, &by.price)
        })
    })
}

impl<'a> Looking<'a> {
    fn cheaper(&self) -> Option<&'a Row> {
        self.priced(CHEAPER, None).first().copied()
    }

    /// More for the money than anything that was said.
    fn better_value(&self) -> Option<&'a Row> {
        let worth = |row: &Row| value_for_money(self.listing, row, self.by);
        let said = self.said.iter();
        let usual = said.filter_map(|row| worth(self.listing.row(&row.row)?));
        let usual = usual.fold(0.0, f32::max);
        let rows = self.priced(DEARER, None).into_iter();
        let better = rows.filter(|row| worth(row).is_some_and(|worth| worth > usual));
        better.max_by(|a, b| worth(a).unwrap_or(0.0).total_cmp(&worth(b).unwrap_or(0.0)))
    }

    /// Rows between these parts of the price; `elsewhere` is the field of the place that need not be the same.
    fn priced(&self, (from, to): (i64, i64), elsewhere: Option<&String>) -> Vec<&'a Row> {
        let mut ask = Ask {
            table: self.ask.table.clone(),
            filters: self.ask.filters.clone(),
            without: self.said.clone(),
            text: self.ask.text.clone(),
            ..Ask::default()
        };
        // What is known of a place goes with the place.
        let is_of_place = |key: &String| {
            let field = self.listing.table.field(key);
            let from = field.and_then(|field| field.from.as_ref()?.split_once('.'));
            elsewhere.is_some_and(|place| place == key || from.is_some_and(|(of, _)| of == place))
        };
        let kept = |filter: &Filter| filter.field != self.by.price && !is_of_place(&filter.field);
        ask.filters.retain(kept);
        ask.filters.push(Filter {
            field: self.by.price.clone(),
            test: Test::Range {
                least: Some(self.price / 100 * from),
                most: Some(self.price / 100 * to),
            },
            must: true,
            firm: false,
        });
        let found = search::search(self.listing, &ask, self.meaning);
        if found.lacking.is_empty() {
            found.rows
        } else {
            Vec::new()
        }
    }
}

fn value_for_money(listing: &Listing, row: &Row, by: &Alternatives) -> Option<f32> {
    let value = measure(listing, row, by.value.as_ref()?)?;
    let price = measure(listing, row, &by.price)?;
    Some(ratio(value.unsigned_abs(), price.unsigned_abs()))
}
