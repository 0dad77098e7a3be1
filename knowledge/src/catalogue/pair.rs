//! A turn that wants two rows told apart.

use std::collections::BTreeSet;

use super::{
    ask::{Ask, RowRef, Test, Wish},
    lean::Marks,
    read::{Evidence, Reading, TableSaid, Turn},
    search,
};

impl Turn<'_> {
    /// Two rows to be told apart: named, or offered.
    pub(super) fn compare(self, tables: &[TableSaid<'_>], marks: &Marks) -> Option<Reading> {
        let table = tables.iter().find(|table| table.titles.len() > 1);
        let rows = match table {
            // "Which grew more, this place or that one?"
            Some(table) if marks.compare || is_question(table, marks) => table.titles.clone(),
            _ if !marks.compare => return None,
            _ => {
                let offered = self.offered_to_compare(tables, marks);
                if offered.len() > 1 {
                    offered
                } else {
                    self.named_to_compare(tables)
                }
            }
        };
        let of_rows = |table: &&TableSaid<'_>| table.listing.table.name == rows[0].table;
        if rows.len() < 2 {
            return None;
        }
        let table = tables.iter().find(of_rows)?;
        let at: BTreeSet<usize> = marks.at.union(&table.at).copied().collect();
        let mut fields = table.asked.clone();
        let (order, than) = (&table.order, &table.than);
        fields.extend(order.iter().map(|order| order.field.clone()));
        fields.extend(than.iter().map(|(field, _)| field.clone()));
        fields.dedup();
        let ask = Ask {
            table: rows[0].table.clone(),
            wish: Wish::Compare { rows, fields },
            ..Ask::default()
        };
        let evidence = Evidence {
            compare: true,
            ..Evidence::default()
        };
        Some(self.reading(ask, &at, evidence))
    }

    fn offered_to_compare(self, tables: &[TableSaid<'_>], marks: &Marks) -> Vec<RowRef> {
        let Some(last) = self.last else {
            return Vec::new();
        };
        let ordinals = marks.ordinals.iter();
        let mut rows: Vec<RowRef> = ordinals
            .filter_map(|place| last.offered.get(*place).cloned())
            .collect();
        let titles = tables.iter().flat_map(|table| table.titles.iter().cloned());
        let titles = titles.filter(|row| last.offered.iter().any(|o| o.table == row.table));
        rows.extend(titles);
        if rows.len() == 1 {
            let mut focus = last.focus.iter().chain(&last.offered);
            let other = focus.find(|row| **row != rows[0]).cloned();
            rows.splice(0..0, other);
        }
        let no_names = tables.iter().all(|table| !table.name);
        if rows.is_empty() && no_names {
            rows = last.offered.iter().take(2).cloned().collect();
        }
        rows
    }

    /// The best row of each of two names of one field.
    fn named_to_compare(self, tables: &[TableSaid<'_>]) -> Vec<RowRef> {
        for table in tables {
            let several = table.filters.iter().position(|filter| match &filter.test {
                Test::Is(names) => names.len() > 1,
                _ => false,
            });
            let Some(several) = several else { continue };
            let Test::Is(names) = &table.filters[several].test else {
                continue;
            };
            let best = names.iter().filter_map(|name| {
                let mut filters = table.filters.clone();
                filters[several].test = Test::Is(vec![name.clone()]);
                let of_name = [filters[several].clone()];
                let rows = search::fitting(table.listing, &filters);
                let all = search::fitting(table.listing, &of_name);
                let row = rows.first().or_else(|| all.first())?;
                Some(RowRef {
                    table: table.listing.table.name.clone(),
                    row: row.id.clone(),
                })
            });
            let rows: Vec<RowRef> = best.collect();
            if rows.len() > 1 {
                return rows;
            }
        }
        Vec::new()
    }
}

/// Two titles and a question for one of them.
fn is_question(table: &TableSaid<'_>, marks: &Marks) -> bool {
    marks.which || table.than.is_some() || table.order.is_some() || !table.asked.is_empty()
}
