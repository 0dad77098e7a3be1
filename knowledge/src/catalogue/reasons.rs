//! Why a row is offered.

use super::{
    Listing,
    ask::{Ask, Test},
    schema::{Better, Field, Kind},
    search::{Found, measure},
    shelf::Shelf,
    value::{Row, Value},
};

/// Reasons for one row.
const REASONS: usize = 2;

impl Shelf {
    /// Why a row is offered: what it is best in, what it was asked to have, how much it leaves of the limit.
    pub(super) fn reasons(
        &self,
        listing: &Listing,
        ask: &Ask,
        found: &Found<'_>,
        row: &Row,
        used: &mut Vec<String>,
    ) -> Vec<String> {
        let fields = &listing.table.fields;
        let mut reasons: Vec<String> = Vec::new();
        let best = fields.iter().filter_map(|field| {
            let (top, better) = (field.top.as_ref()?, direction(field, ask)?);
            is_best(listing, found, row, field, better).then_some(top.clone())
        });
        let news = best.filter(|top| found.rows.len() > 1 && !used.contains(top));
        reasons.extend(news.take(REASONS));
        used.extend(reasons.iter().cloned());
        if reasons.is_empty() {
            reasons.extend(self.slack(listing, ask, row));
        }
        if reasons.is_empty() {
            let words = &ask.words;
            let text = self.catalogue.text(listing, row).to_lowercase();
            let held = words.iter().find(|word| text.contains(word.as_str()));
            let with = &self.words.lines.with;
            reasons.extend(held.and_then(|word| self.line(with, listing, &[("value", word)])));
        }
        reasons
    }

    /// What a row leaves of the limit that was named.
    fn slack(&self, listing: &Listing, ask: &Ask, row: &Row) -> Option<String> {
        let limited = ask.filters.iter().find_map(|filter| {
            let field = listing.table.field(&filter.field)?;
            match filter.test {
                Test::Range {
                    most: Some(most), ..
                } if field.kind == Kind::Money && !filter.must => Some((field, most)),
                _ => None,
            }
        });
        let (field, most) = limited?;
        let left = most - measure(listing, row, &field.key)?;
        // "Under 500" is 499.99 at most.
        let left = if (left + 1) % 100 == 0 {
            left + 1
        } else {
            left
        };
        let said = self.said(&Value::Money(left));
        let line = &self.words.lines.under;
        (left > 0)
            .then(|| self.line(line, listing, &[("value", &said)]))
            .flatten()
    }
}

/// Which direction counts for a reason: the caller's order before the field's own.
fn direction(field: &Field, ask: &Ask) -> Option<Better> {
    match &ask.order {
        Some(order) if order.field == field.key => {
            let wanted = if order.descending {
                Better::More
            } else {
                Better::Less
            };
            // The words of the reason are those of the better direction.
            (field.better == Some(wanted)).then_some(wanted)
        }
        _ => field.better,
    }
}

/// Whether no other row that was found is better in a field.
fn is_best(listing: &Listing, found: &Found<'_>, row: &Row, field: &Field, better: Better) -> bool {
    let Some(own) = measure(listing, row, &field.key) else {
        return false;
    };
    let others = found.rows.iter().filter(|other| other.id != row.id);
    let mut others = others.filter_map(|other| measure(listing, other, &field.key));
    match better {
        Better::Less => others.all(|other| other > own),
        Better::More => others.all(|other| other < own),
    }
}
