//! A turn that changes the last ask: "cheaper", "in blue", "what about the other town", "show me others".

use super::{
    ask::{Ask, Filter, Last, Order, Test, Wish},
    lean::{Marks, SHORT},
    read::{TableSaid, Turn},
};

impl Turn<'_> {
    /// The last ask with something changed.
    pub(super) fn change(self, table: &TableSaid<'_>, marks: &Marks, last: &Last) -> Option<Ask> {
        let mut ask = Ask {
            order: table.order.clone(),
            filters: last.ask.filters.clone(),
            rather: last.ask.rather.clone(),
            ..Ask::default()
        };
        let short = self.said.words.len() <= SHORT && last.is_fresh;
        let short = short && (!table.noun || table.order.is_none());
        // "Something firm" is a firm one of those.
        let small = !table.noun && last.is_fresh && table.filters.len() < 2;
        let leans = marks.leans || marks.one || short && !marks.show || small && marks.show;
        let whole = table.noun && marks.show && !marks.leans && !marks.it && !marks.one;
        if self.other_thing(table, last) && !marks.leans && last.ask.filters.iter().any(|f| f.must)
        {
            return None;
        }
        if marks.alternatives && !whole {
            merge(&mut ask.filters, &table.filters);
            ask.wish = Wish::Alternatives;
            return Some(ask);
        }
        if let Some((field, more)) = &table.than
            && (!whole || table.filters.is_empty())
        {
            merge(&mut ask.filters, &table.filters);
            beyond(table, last, field, *more, &mut ask)?;
            return Some(ask);
        }
        if marks.more && !whole && table.filters.is_empty() {
            ask.order = ask.order.or_else(|| last.ask.order.clone());
            ask.without.clone_from(&last.shown);
            if ask.order.is_some() {
                ask.wish = Wish::First;
            }
            return Some(ask);
        }
        if marks.it && marks.show && !table.filters.is_empty() && !self.other_thing(table, last) {
            ask.filters = like_it(table, last);
            merge(&mut ask.filters, &table.filters);
            return Some(ask);
        }
        let at = table.at.union(&marks.at).copied().collect();
        let words = if marks.it {
            0
        } else {
            self.in_rows(table, &at)
        };
        let adds = !table.filters.is_empty() || table.order.is_some() || words > 0 && leans;
        // "How far is it from …" asks for something else.
        let asks = marks.question && !marks.which && table.order.is_none() && !leans;
        if asks && !table.noun {
            return None;
        }
        let new_thing = table.noun && !leans && (marks.show || table.filters.len() > 1);
        if !adds || new_thing || table.noun && !leans && !marks.more {
            return None;
        }
        if table.filters.is_empty() && table.order.is_none() && !last.is_fresh {
            return None;
        }
        merge(&mut ask.filters, &table.filters);
        if table.order.is_some() {
            ask.wish = Wish::First;
        } else if marks.count {
            ask.wish = Wish::Count;
        }
        Some(ask)
    }
}

/// Less or more of a field than the row that was spoken of, or that was offered first.
fn beyond(
    table: &TableSaid<'_>,
    last: &Last,
    field: &str,
    more: bool,
    ask: &mut Ask,
) -> Option<()> {
    let row = last.focus.as_ref().or_else(|| last.offered.first())?;
    let row = table.listing.row(&row.row)?;
    let base = table.listing.value(row, field)?.measure()?;
    let (least, most) = if more {
        (Some(base + 1), None)
    } else {
        (None, Some(base - 1))
    };
    ask.filters.retain(|filter| filter.field != field);
    ask.filters.push(Filter {
        field: field.to_owned(),
        test: Test::Range { least, most },
        must: true,
        firm: true,
    });
    // The nearest to what was offered first.
    ask.order = Some(Order {
        field: field.to_owned(),
        descending: !more,
    });
    Some(())
}

/// What makes the row that was spoken of what it is: its names.
fn like_it(table: &TableSaid<'_>, last: &Last) -> Vec<Filter> {
    let Some(one) = last.focus.as_ref().or_else(|| last.offered.first()) else {
        return Vec::new();
    };
    let Some(row) = table.listing.row(&one.row) else {
        return Vec::new();
    };
    let fields = table.listing.table.fields.iter();
    let kept = fields.filter(|field| field.must || field.identity);
    kept.filter_map(|field| {
        let names = table.listing.value(row, &field.key)?.names();
        (!names.is_empty()).then(|| Filter {
            field: field.key.clone(),
            test: Test::Is(names.to_vec()),
            must: field.must,
            firm: false,
        })
    })
    .collect()
}

/// Puts new filters in the place of those of the same fields.
fn merge(filters: &mut Vec<Filter>, new: &[Filter]) {
    filters.retain(|old| new.iter().all(|new| new.field != old.field));
    filters.iter_mut().for_each(|old| old.firm = false);
    filters.extend(new.iter().cloned().map(|new| Filter { firm: true, ..new }));
}
