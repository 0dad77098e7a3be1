//! A turn that stands alone: a search, or a question about rows that it names.

use super::{
    ask::{Ask, Filter, Last, Order, RowRef, Test, Wish},
    lean::{Marks, TOLD},
    read::{TableSaid, Turn},
    schema::Kind,
    search,
};

impl Turn<'_> {
    /// A turn that stands alone.
    pub(super) fn fresh(self, table: &TableSaid<'_>, marks: &Marks, last: Option<&Last>) -> Ask {
        let mut ask = Ask {
            filters: table.filters.clone(),
            order: table.order.clone(),
            first: table.first,
            ..Ask::default()
        };
        if let (None, Some((field, more))) = (&ask.order, &table.than) {
            ask.order = Some(Order {
                field: field.clone(),
                descending: *more,
            });
        }
        if let Some(wish) = self.about_named(table, marks) {
            ask.wish = wish;
            return ask;
        }
        if table.order.is_some() {
            ask.wish = Wish::First;
        } else if marks.count {
            ask.wish = Wish::Count;
        } else if marks.alternatives && table.measure && !marks.show {
            ask.wish = Wish::Alternatives;
        }
        if let Some(last) = last {
            ask.rather = kept(table, last, &ask.filters);
        }
        ask
    }

    /// A question about rows that are named: by their title, or by a name that tells rows apart.
    fn about_named(self, table: &TableSaid<'_>, marks: &Marks) -> Option<Wish> {
        let listing = table.listing;
        let is_named = |filter: &Filter| {
            let field = listing.table.field(&filter.field);
            matches!(filter.test, Test::Is(_)) && field.is_some_and(|field| field.identity)
        };
        let is_secondary = |filter: &Filter| {
            let field = listing.table.field(&filter.field);
            let listed = field.is_some_and(|f| matches!(f.kind, Kind::List | Kind::Flag));
            listed || table.meant.contains(&filter.field)
        };
        let named = !table.titles.is_empty() || table.filters.iter().any(is_named);
        let (tests, base): (Vec<Filter>, Vec<Filter>) =
            table.filters.iter().cloned().partition(is_secondary);
        let asks = !table.asked.is_empty() || marks.about || !tests.is_empty();
        let counted = table.counted.as_ref().filter(|_| named);
        let several = !table.asked.is_empty() && table.filters.len() > 1 && !marks.show;
        if !(named || several) || table.order.is_some() || table.than.is_some() {
            return None;
        }
        let mut rows: Vec<RowRef> = search::fitting(listing, &base)
            .into_iter()
            .map(|row| RowRef {
                table: listing.table.name.clone(),
                row: row.id.clone(),
            })
            .collect();
        self.narrow(table, marks, &mut rows);
        let tests = match marks.question && !table.asked.is_empty() {
            true => Vec::new(),
            false => tests,
        };
        let few = rows.len() <= TOLD || agree(table, &rows, &tests);
        // Words that pick out one row ask about it, unless they ask to be shown something.
        let picks = rows.len() == 1 && !marks.show && named && table.filters.len() > 1;
        let asks = asks || counted.is_some() || picks;
        (asks && !rows.is_empty() && few).then(|| Wish::Tell {
            rows,
            fields: table.asked.iter().chain(counted).cloned().collect(),
            tests,
        })
    }

    /// Leaves the rows that hold most of the turn's words.
    fn narrow(self, table: &TableSaid<'_>, marks: &Marks, rows: &mut Vec<RowRef>) {
        let text = self.meaning(table, marks);
        let words = super::shelf::stems(self.lexicon, &text);
        let score = |row: &RowRef| {
            let stems = self.shelf.stems_of(row);
            stems.map_or(0, |stems| words.intersection(stems).count())
        };
        let most = rows.iter().map(score).max().unwrap_or(0);
        rows.retain(|row| score(row) == most);
    }
}

/// All rows have the same in the fields that are asked for and pass the same tests.
fn agree(table: &TableSaid<'_>, rows: &[RowRef], tests: &[Filter]) -> bool {
    let listing = table.listing;
    let rows: Vec<_> = rows
        .iter()
        .filter_map(|row| listing.row(&row.row))
        .collect();
    let same = |key: &String| {
        let mut values = rows.iter().map(|row| listing.value(row, key));
        let first = values.next();
        values.all(|value| Some(value) == first)
    };
    let passes = |filter: &Filter| {
        let mut passed = rows.iter().map(|row| search::passes(listing, row, filter));
        let first = passed.next();
        passed.all(|passes| Some(passes) == first)
    };
    let asked = !table.asked.is_empty() || !tests.is_empty();
    asked && table.asked.iter().all(same) && tests.iter().all(passes)
}

/// A budget and a place that were named before and are not named now.
fn kept(table: &TableSaid<'_>, last: &Last, now: &[Filter]) -> Vec<Filter> {
    let earlier = last.ask.filters.iter().chain(&last.ask.rather);
    let kept = earlier.filter(|filter| {
        let field = table.listing.table.field(&filter.field);
        field.is_some_and(|field| field.kind == Kind::Money || field.link.is_some())
            && now.iter().all(|now| now.field != filter.field)
    });
    let mut kept: Vec<Filter> = kept.cloned().collect();
    kept.iter_mut().for_each(|filter| filter.must = false);
    kept
}
