//! A turn about rows that were offered: "the second one", "how wide is it", "which of them has a lift".

use std::collections::BTreeSet;

use language::is_function_word;

use super::{
    ask::{Ask, Filter, Last, Order, RowRef, Wish},
    lean::{Marks, TOLD},
    read::{TableSaid, Turn},
    search,
};

impl Turn<'_> {
    /// A turn about rows that were offered.
    pub(super) fn refer(self, table: &TableSaid<'_>, marks: &Marks, last: &Last) -> Option<Ask> {
        if marks.more && marks.ordinals.is_empty() {
            return None;
        }
        let tests = match marks.question && !table.asked.is_empty() {
            true => Vec::new(),
            false => table.filters.clone(),
        };
        let among: Vec<RowRef> = marks
            .ordinals
            .iter()
            .filter_map(|place| last.offered.get(*place).cloned())
            .collect();
        if !among.is_empty() && !marks.show {
            return Some(tell(table, among, tests));
        }
        if let Some(ask) = self.choice(table, marks, last) {
            return Some(ask);
        }
        let picked = self.picked(table, marks, last);
        if !picked.is_empty() {
            // What picks the row out is no question about it.
            let secondary = |filter: &Filter| !marks.one && table.meant.contains(&filter.field);
            let tests = tests.into_iter().filter(secondary).collect();
            return Some(tell(table, picked, tests));
        }
        let rows = self.pointed_at(table, marks, last)?;
        Some(tell(table, rows, tests))
    }

    /// What "it", "them" or a bare question is about.
    fn pointed_at(self, table: &TableSaid<'_>, marks: &Marks, last: &Last) -> Option<Vec<RowRef>> {
        let one = last.focus.as_ref().or_else(|| last.offered.first())?;
        let asked = !table.asked.is_empty();
        let asks = asked || !table.filters.is_empty() || table.counted.is_some();
        let moves = table.than.is_some() || self.other_thing(table, last);
        let at = table.at.union(&marks.at).copied().collect();
        if marks.it && !moves {
            let about = asked || asks && !marks.leans || marks.about;
            // "Do you have it in grey" asks for another one.
            let variant = marks.show && !table.filters.is_empty() && table.meant.is_empty();
            // "That bed" is known by its kind though something else was spoken of.
            let near = last.is_fresh || table.noun && asked;
            let own = !table.noun || asked;
            let described = !marks.show && !asks && last.is_fresh && self.says(one, &at);
            if !variant && own && about && near || described {
                return Some(vec![one.clone()]);
            }
        }
        let no_order = table.order.is_none();
        let them = marks.them && asks && !table.noun && table.than.is_none() && no_order;
        let bare = table.filters.is_empty() && asked && no_order && !self.other_thing(table, last);
        if last.is_fresh && (them || bare && self.left_over(&at).is_empty()) {
            return Some(match &last.focus {
                Some(focus) => vec![focus.clone()],
                None => last.offered.iter().take(TOLD).cloned().collect(),
            });
        }
        None
    }

    /// A row speaks of every word that nothing else accounts for: "can it be washed?"
    fn says(self, row: &RowRef, at: &BTreeSet<usize>) -> bool {
        let left = self.left_over(at);
        let stems = self.shelf.stems_of(row);
        let held = |word: &&language::Term| stems.is_some_and(|stems| stems.contains(&word.stem));
        !left.is_empty() && left.iter().all(held)
    }

    /// "The cheaper one", "which of them has a lift", "which is the largest".
    fn choice(self, table: &TableSaid<'_>, marks: &Marks, last: &Last) -> Option<Ask> {
        if last.offered.len() < 2 {
            return None;
        }
        let order = match (&table.than, &table.order) {
            (Some((field, more)), _) if marks.which || marks.one && self.definite(table) => {
                Some(Order {
                    field: field.clone(),
                    descending: *more,
                })
            }
            (_, Some(order)) if marks.them || marks.which && !table.noun => Some(order.clone()),
            _ => None,
        };
        if let Some(order) = order {
            let offered = last.offered.iter().filter_map(|row| {
                let measure =
                    search::measure(table.listing, table.listing.row(&row.row)?, &order.field)?;
                Some((if order.descending { -measure } else { measure }, row))
            });
            let (_, best) = offered.min_by_key(|(measure, _)| *measure)?;
            let mut fields = table.asked.clone();
            if fields.is_empty() && (marks.which || marks.them) {
                fields.push(order.field.clone());
            }
            return Some(Ask {
                wish: Wish::Tell {
                    rows: vec![best.clone()],
                    fields,
                    tests: Vec::new(),
                },
                ..Ask::default()
            });
        }
        let asks_which = marks.which && !table.noun && !marks.show;
        (asks_which && !table.filters.is_empty()).then(|| Ask {
            filters: table.filters.clone(),
            within: last.offered.clone(),
            ..Ask::default()
        })
    }

    /// "The wider one" rather than "a wider one".
    fn definite(self, table: &TableSaid<'_>) -> bool {
        let words = self.lexicon.terms(self.text);
        let stems: BTreeSet<&str> = table
            .than_at
            .iter()
            .filter_map(|at| self.said.words.get(*at))
            .map(|word| word.stem.as_str())
            .collect();
        words.windows(2).any(|pair| {
            self.shelf.words.the.contains(&pair[0].text) && stems.contains(pair[1].stem.as_str())
        })
    }

    /// The offered rows that the turn's words pick out: "the oslo", "the one with the garden".
    fn picked(self, table: &TableSaid<'_>, marks: &Marks, last: &Last) -> Vec<RowRef> {
        let asks = !table.asked.is_empty() || marks.about || marks.one || marks.it;
        let changes = marks.show && !marks.count
            || marks.leans
            || marks.more
            || table.than.is_some()
            || table.order.is_some();
        // "It" is the one that was spoken of.
        let it = marks.it && !marks.one && last.focus.is_some();
        if it || !asks || changes || last.offered.len() < 2 || self.other_thing(table, last) {
            return Vec::new();
        }
        let words = self.said.words.iter().enumerate();
        let words =
            words.filter(|(at, word)| !marks.at.contains(at) && !is_function_word(&word.text));
        let words: BTreeSet<&String> = words.map(|(_, word)| &word.stem).collect();
        let score = |row: &RowRef| {
            let stems = self.shelf.stems_of(row);
            let shared = stems.map_or(0, |stems| {
                words.iter().filter(|w| stems.contains(**w)).count()
            });
            let passed = table.listing.row(&row.row).map_or(0, |row| {
                let passes = |filter: &&Filter| search::passes(table.listing, row, filter);
                table.filters.iter().filter(passes).count()
            });
            shared + passed
        };
        let most = last.offered.iter().map(score).max().unwrap_or(0);
        let picked: Vec<RowRef> = last
            .offered
            .iter()
            .filter(|row| score(row) == most)
            .cloned()
            .collect();
        if most == 0 || picked.len() == last.offered.len() {
            Vec::new()
        } else {
            picked
        }
    }
}

/// What rows are, in the fields that the turn asks for.
fn tell(table: &TableSaid<'_>, rows: Vec<RowRef>, tests: Vec<Filter>) -> Ask {
    let fields = table.asked.iter().chain(&table.counted);
    Ask {
        wish: Wish::Tell {
            rows,
            fields: fields.cloned().collect(),
            tests,
        },
        ..Ask::default()
    }
}
