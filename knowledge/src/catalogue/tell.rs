//! What rows are, in the fields that a caller asks for.

use super::{
    Listing,
    ask::{Filter, RowRef, Test},
    schema::{Field, Kind},
    search,
    shelf::Shelf,
    speech::together,
    template::sentence,
    value::Row,
    words::{Offer, citation},
};
use crate::answer::Citation;

/// Rows that are spoken of when a question names them.
const TOLD: usize = 3;
/// Fields of a row that are said at once.
const FIELDS: usize = 2;

impl Shelf {
    /// What rows are, in the fields that are asked for.
    pub(super) fn tell(
        &self,
        listing: &Listing,
        rows: &[RowRef],
        fields: &[String],
        tests: &[Filter],
    ) -> Offer {
        let mut rows: Vec<&Row> = rows
            .iter()
            .filter_map(|row| listing.row(&row.row))
            .collect();
        let asked: Vec<&Field> = fields
            .iter()
            .filter(|key| tests.iter().all(|test| test.field != **key))
            .filter_map(|key| listing.table.field(key))
            .take(FIELDS)
            .collect();
        let all = self.name_of_all(listing, &rows, &asked, tests);
        rows.truncate(TOLD);
        let mut sentences = Vec::new();
        for row in &rows {
            let name = all.as_deref().unwrap_or_else(|| listing.title(row));
            let tested = tests
                .iter()
                .filter_map(|test| self.tested(listing, row, test, name));
            sentences.extend(tested);
            let told = asked
                .iter()
                .filter_map(|field| self.told(listing, row, field, name));
            sentences.extend(told);
            if fields.is_empty() && tests.is_empty() {
                let detail = self.fill(&listing.table.detail, listing, row);
                sentences.extend(
                    detail
                        .iter()
                        .flat_map(|text| crate::answer::sentences(text)),
                );
            }
            if all.is_some() {
                break;
            }
        }
        sentences.dedup();
        let mut offer = self.of_rows(listing, &rows, sentences);
        let linked = rows.iter().flat_map(|row| {
            let asked = asked.iter();
            asked.filter_map(|field| self.linked(listing, row, field))
        });
        for source in linked {
            if !offer.sources.contains(&source) {
                offer.sources.push(source);
            }
        }
        offer
    }

    /// The name of several rows of which the same is to be said: "the Oslo" of all its sizes.
    fn name_of_all(
        &self,
        listing: &Listing,
        rows: &[&Row],
        asked: &[&Field],
        tests: &[Filter],
    ) -> Option<String> {
        let agree = |same: &dyn Fn(&Row) -> bool| rows.iter().all(|row| same(row));
        let first = rows.first().filter(|_| rows.len() > 1)?;
        let fields = asked.iter().all(|field| {
            let value = listing.value(first, &field.key);
            agree(&|row| listing.value(row, &field.key) == value)
        });
        let tested = tests.iter().all(|test| {
            let passes = search::passes(listing, first, test);
            agree(&|row| search::passes(listing, row, test) == passes)
        });
        let mut identities = listing.table.fields.iter().filter(|field| field.identity);
        let name = identities.find_map(|field| {
            let value = listing.value(first, &field.key)?;
            let shared = agree(&|row| listing.value(row, &field.key) == Some(value));
            shared.then(|| self.said(value))
        })?;
        let something = !asked.is_empty() || !tests.is_empty();
        (fields && tested && something).then_some(name)
    }

    /// The row of another table that a field's value comes from.
    fn linked(&self, listing: &Listing, row: &Row, field: &Field) -> Option<Citation> {
        let (link, _) = field.from.as_ref()?.split_once('.')?;
        let name = listing.value(row, link)?.names().first()?;
        let other = listing.table.field(link)?.link.as_ref()?;
        let other = self.catalogue.listing(other)?;
        let row = other.rows.iter().find(|row| other.title(row) == name)?;
        let reference = RowRef {
            table: other.table.name.clone(),
            row: row.id.clone(),
        };
        Some(citation(&reference, name))
    }

    /// What a row has in a field; `name` is what the row is called.
    pub(super) fn told(
        &self,
        listing: &Listing,
        row: &Row,
        field: &Field,
        name: &str,
    ) -> Option<String> {
        let lines = &self.words.lines;
        let title = listing.table.title.as_str();
        let more = |key: &str| (key == title).then(|| name.to_owned());
        let fill = |text: &Option<String>| {
            let text = text.as_ref()?;
            let filled = self.fill_more(text, listing, row, &more)?;
            Some(sentence(&filled))
        };
        let values = [("name", name), ("label", field.label.as_str())];
        let Some(value) = listing.value(row, &field.key) else {
            return fill(&field.none).or_else(|| self.line(&lines.not_noted, listing, &values));
        };
        if value.measure() == Some(0)
            && let Some(zero) = fill(&field.zero)
        {
            return Some(zero);
        }
        let said = self.said(value);
        let values = [values[0], values[1], ("value", said.as_str())];
        fill(&field.say).or_else(|| self.line(&lines.field, listing, &values))
    }

    /// Whether a row is what the caller asks about it.
    fn tested(&self, listing: &Listing, row: &Row, filter: &Filter, name: &str) -> Option<String> {
        let lines = &self.words.lines;
        let field = listing.table.field(&filter.field)?;
        let passes = search::passes(listing, row, filter);
        let listed = matches!(field.kind, Kind::List | Kind::Flag);
        let value = match &filter.test {
            Test::Is(names) => together(names, &lines.and),
            _ => field.label.clone(),
        };
        if listed && matches!(filter.test, Test::Is(_) | Test::Flag(_)) {
            let (own, line) = if passes {
                (&field.has, &lines.has)
            } else {
                (&field.has_not, &lines.has_not)
            };
            let title = listing.table.title.as_str();
            let more = |key: &str| match key {
                "value" => Some(value.clone()),
                key => (key == title).then(|| name.to_owned()),
            };
            let own = own.as_ref();
            let own = own.and_then(|text| self.fill_more(text, listing, row, &more));
            let values = [("name", name), ("value", value.as_str())];
            return own.or_else(|| self.line(line, listing, &values));
        }
        let told = self.told(listing, row, field, name)?;
        let answer = if passes { &lines.yes } else { &lines.no };
        Some(format!("{answer} {told}"))
    }
}
