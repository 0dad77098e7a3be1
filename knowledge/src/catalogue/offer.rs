//! The sentences that answer an ask, and the rows that they rest on. Nothing is said that is not in a row.

use super::{
    Listing,
    ask::{Ask, Filter, Last, RowRef, Test, Wish},
    search::{self, Found, Meaning, measure},
    shelf::Shelf,
    speech::together,
    template::{self, sentence},
    value::{Row, Value},
    words::{Offer, citation},
};

/// Rows that are offered at once.
const OFFERED: usize = 3;

impl Shelf {
    /// The answer to an ask, after `last`.
    #[must_use]
    pub fn offer(&self, ask: &Ask, last: Option<&Last>, meaning: &dyn Meaning) -> Offer {
        let Some(listing) = self.catalogue.listing(&ask.table) else {
            return Offer::new(Vec::new(), Vec::new(), Last::default());
        };
        let mut offer = match &ask.wish {
            Wish::Tell {
                rows,
                fields,
                tests,
            } => self.tell(listing, rows, fields, tests),
            Wish::Compare { rows, fields } => self.compare(listing, rows, fields),
            Wish::Alternatives => self.alternatives(listing, ask, last, meaning),
            Wish::Show | Wish::First | Wish::Count => self.show(listing, ask, meaning),
        };
        if offer.sentences.is_empty() {
            // Rows that are gone: the pack was replaced.
            offer = self.nothing(listing, ask);
        }
        self.remember(ask, last, &mut offer);
        offer
    }

    /// What the next turn may lean on.
    fn remember(&self, ask: &Ask, last: Option<&Last>, offer: &mut Offer) {
        let rows: Vec<RowRef> = std::mem::take(&mut offer.last.offered);
        let told = matches!(ask.wish, Wish::Tell { .. });
        let earlier = last.and_then(|last| last.of(&ask.table));
        // Speaking of one of several rows leaves the others on offer.
        let offered = match earlier {
            Some(last) if told && rows.iter().all(|row| last.offered.contains(row)) => {
                last.offered.clone()
            }
            _ => rows.clone(),
        };
        let mut shown = match earlier {
            Some(last) if told || !ask.without.is_empty() => last.shown.clone(),
            _ => Vec::new(),
        };
        shown.extend(rows.iter().cloned());
        let asked = match earlier {
            Some(last) if told => last.ask.clone(),
            _ if told => self.like(ask, &rows),
            _ => ask.clone(),
        };
        // What was offered of another table is not forgotten: "how are prices there?" and then "a cheaper one".
        let other = last.filter(|last| last.ask.table != ask.table).cloned();
        let other = other.map(|last| {
            Box::new(Last {
                earlier: None,
                ..last
            })
        });
        let kept = last.and_then(|last| last.earlier.clone());
        let kept = kept.filter(|kept| kept.ask.table != ask.table);
        offer.last = Last {
            earlier: other.or(kept),
            ask: asked,
            offered,
            shown,
            focus: (rows.len() == 1).then(|| rows[0].clone()),
            is_fresh: true,
        };
    }

    /// An ask that finds things of the kind of a row that was asked about.
    fn like(&self, ask: &Ask, rows: &[RowRef]) -> Ask {
        let listing = self.catalogue.listing(&ask.table);
        let row = listing.and_then(|listing| Some((listing, listing.row(&rows.first()?.row)?)));
        let filters = row.map_or_else(Vec::new, |(listing, row)| {
            let must = listing.table.fields.iter().filter(|field| field.must);
            let filters = must.filter_map(|field| {
                let names = listing.value(row, &field.key)?.names().to_vec();
                (!names.is_empty()).then(|| Filter {
                    field: field.key.clone(),
                    test: Test::Is(names),
                    must: true,
                    firm: false,
                })
            });
            filters.collect()
        });
        Ask {
            table: ask.table.clone(),
            filters,
            ..Ask::default()
        }
    }

    fn show(&self, listing: &Listing, ask: &Ask, meaning: &dyn Meaning) -> Offer {
        let lines = &self.words.lines;
        let found = search::search(listing, ask, meaning);
        if found.rows.is_empty() {
            return self.nothing(listing, ask);
        }
        let taken = self.taken(listing, ask, &found);
        let mut sentences = Vec::new();
        if let Some(code) = &ask.foreign {
            sentences.extend(self.line(&lines.foreign, listing, &[("currency", code)]));
        }
        let count = found.rows.len();
        let number = count.to_string();
        let counted = [("n", number.as_str())];
        if !found.lacking.is_empty() {
            let line = if ask.without.is_empty() {
                &lines.none_fits
            } else {
                &lines.no_more
            };
            sentences.extend(self.line(line, listing, &counted));
        } else if ask.wish == Wish::Count {
            let line = if count == 1 {
                &lines.one_fits
            } else {
                &lines.count
            };
            sentences.extend(self.line(line, listing, &counted));
        } else if ask.wish != Wish::First {
            let line = match count {
                1 => &lines.one_fits,
                2..=OFFERED => &lines.some_fit,
                _ => &lines.many_fit,
            };
            sentences.extend(self.line(line, listing, &counted));
        }
        sentences.extend(self.rows(listing, ask, &found, &taken));
        self.of_rows(listing, &taken, sentences)
    }

    /// The rows that are offered of those found.
    fn taken<'r>(&self, listing: &Listing, ask: &Ask, found: &Found<'r>) -> Vec<&'r Row> {
        let first = || {
            let order = ask.order.as_ref()?;
            let best = measure(listing, found.rows[0], &order.field)?;
            let ties = found.rows.iter().take(OFFERED);
            let ties = ties.filter(|row| measure(listing, row, &order.field) == Some(best));
            Some(ties.copied().collect())
        };
        match ask.wish {
            Wish::First if ask.first.is_none() => first(),
            _ => None,
        }
        .unwrap_or_else(|| {
            let count = ask.first.unwrap_or(OFFERED);
            found.rows.iter().take(count).copied().collect()
        })
    }

    /// One sentence for each row, with the reason why it is offered.
    fn rows(&self, listing: &Listing, ask: &Ask, found: &Found<'_>, taken: &[&Row]) -> Vec<String> {
        let lines = &self.words.lines;
        let labels: Vec<String> = found
            .lacking
            .iter()
            .filter_map(|key| listing.table.field(key))
            .map(|field| field.label.clone())
            .collect();
        let label = together(&labels, &lines.and);
        let mut used: Vec<String> = Vec::new();
        let mut sentences = Vec::new();
        for (place, row) in taken.iter().enumerate() {
            let Some(said) = self.fill(&listing.table.row, listing, row) else {
                continue;
            };
            if place == 0 && !label.is_empty() {
                sentences.extend(self.lacking(listing, found, row, &label, &said));
                continue;
            }
            let reasons = if taken.len() > 1 || ask.wish == Wish::First {
                self.reasons(listing, ask, found, row, &mut used)
            } else {
                Vec::new()
            };
            let why = if reasons.is_empty() {
                String::new()
            } else {
                format!(", {}", together(&reasons, &lines.and))
            };
            let ordinal = lines.ordinals.get(place).filter(|_| taken.len() > 1);
            let start = ordinal.map_or(String::new(), |ordinal| format!("{ordinal}, "));
            sentences.push(sentence(&format!("{start}{said}{why}.")));
            sentences.extend(self.ordered_by(listing, ask, row));
        }
        sentences
    }

    /// What the best row has in the field that decided, where its sentence does not say so.
    fn ordered_by(&self, listing: &Listing, ask: &Ask, row: &Row) -> Option<String> {
        let order = ask.order.as_ref().filter(|_| ask.wish == Wish::First)?;
        let said = listing.table.row.contains(&format!("{{{}}}", order.field));
        let field = listing.table.field(&order.field).filter(|_| !said)?;
        self.told(listing, row, field, listing.title(row))
    }

    /// What the nearest row is not, and the row.
    fn lacking(
        &self,
        listing: &Listing,
        found: &Found<'_>,
        row: &Row,
        label: &str,
        said: &str,
    ) -> Option<String> {
        let own = match found.lacking.as_slice() {
            [one] => listing
                .table
                .field(one)
                .and_then(|field| field.lack.as_ref()),
            _ => None,
        };
        let own = own.and_then(|lack| self.fill(lack, listing, row));
        let values = [("label", label), ("row", said)];
        own.or_else(|| self.line(&self.words.lines.with_other, listing, &values))
    }

    fn nothing(&self, listing: &Listing, ask: &Ask) -> Offer {
        let lines = &self.words.lines;
        let line = if ask.without.is_empty() {
            &lines.nothing
        } else {
            &lines.no_more
        };
        let sentences = self.line(line, listing, &[("n", "0")]).into_iter();
        self.of_rows(listing, &[], sentences.collect())
    }

    /// An answer that rests on these rows.
    pub(super) fn of_rows(
        &self,
        listing: &Listing,
        rows: &[&Row],
        sentences: Vec<String>,
    ) -> Offer {
        let reference = |row: &&Row| RowRef {
            table: listing.table.name.clone(),
            row: row.id.clone(),
        };
        let offered: Vec<RowRef> = rows.iter().map(reference).collect();
        let sources = offered.iter().zip(rows);
        let sources = sources.map(|(reference, row)| citation(reference, listing.title(row)));
        let sources = sources.collect();
        let last = Last {
            offered,
            ..Last::default()
        };
        Offer::new(sentences, sources, last)
    }

    pub(super) fn said(&self, value: &Value) -> String {
        let words = &self.words;
        self.catalogue.said(value, &words.months, &words.lines.and)
    }

    pub(super) fn fill(&self, template: &str, listing: &Listing, row: &Row) -> Option<String> {
        self.fill_more(template, listing, row, &|_| None)
    }

    pub(super) fn fill_more(
        &self,
        template: &str,
        listing: &Listing,
        row: &Row,
        more: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let words = (self.words.months.as_slice(), self.words.lines.and.as_str());
        self.catalogue.fill(template, listing, row, words, more)
    }

    /// A sentence of the language with the table's names and these values.
    pub(super) fn line(
        &self,
        line: &str,
        listing: &Listing,
        values: &[(&str, &str)],
    ) -> Option<String> {
        template::fill(line, &|key| match key {
            "one" => Some(listing.table.one.clone()),
            "many" => Some(listing.table.many.clone()),
            _ => {
                let mut values = values.iter();
                let (_, value) = values.find(|(known, _)| *known == key)?;
                Some((*value).to_owned())
            }
        })
    }
}
