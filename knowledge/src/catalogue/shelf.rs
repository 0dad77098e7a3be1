//! A catalogue with the pack's phrases compiled and its names ready to be found.

use std::collections::{BTreeMap, BTreeSet};

use language::{
    Lexicon, is_stop_word,
    phrase::{Phrases, Utterance},
};

use super::{
    Catalogue, Listing,
    ask::RowRef,
    names::Names,
    schema::{Field, Table},
    value::Row,
    words::CatalogueWords,
};

/// A catalogue as turns are read with it.
#[derive(Clone, Debug)]
pub struct Shelf {
    pub(super) catalogue: Catalogue,
    pub(super) words: CatalogueWords,
    /// One, and the scales in which the prices are counted.
    pub(super) scales: Vec<i64>,
    pub(super) wishes: Wishes,
    /// The place of each row by its id, in the order of the tables.
    places: Vec<BTreeMap<String, usize>>,
    /// In the order of the tables.
    pub(super) tables: Vec<TableRules>,
}

/// The language's phrases for what is wanted of rows.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub(super) show: Phrases,
    pub(super) want: Phrases,
    pub(super) budget: Phrases,
    pub(super) there: Phrases,
    pub(super) deeds: Phrases,
    pub(super) own: Phrases,
    pub(super) own_deeds: Phrases,
    pub(super) compare: Phrases,
    pub(super) alternatives: Phrases,
    pub(super) more: Phrases,
    pub(super) count: Phrases,
    pub(super) leans: Phrases,
    pub(super) it: Phrases,
    pub(super) them: Phrases,
    pub(super) which: Phrases,
    pub(super) about: Phrases,
    pub(super) one: Phrases,
    pub(super) cheaper: Phrases,
    pub(super) dearer: Phrases,
    pub(super) cheapest: Phrases,
    pub(super) dearest: Phrases,
    pub(super) not: Phrases,
    pub(super) last: Phrases,
    /// The first, the second …
    pub(super) ordinals: Vec<Phrases>,
}

/// The phrases of one table.
#[derive(Clone, Debug)]
pub(super) struct TableRules {
    pub(super) nouns: Phrases,
    pub(super) asks: Phrases,
    pub(super) fields: Vec<FieldRules>,
    pub(super) names: Names,
    /// Stems of each row's own words, in the order of the rows, and of all.
    pub(super) rows: Vec<BTreeSet<String>>,
    pub(super) vocabulary: BTreeSet<String>,
}

/// The phrases of one field.
#[derive(Clone, Debug)]
pub(super) struct FieldRules {
    pub(super) asks: Phrases,
    pub(super) less: Phrases,
    pub(super) more: Phrases,
    pub(super) least: Phrases,
    pub(super) most: Phrases,
    /// In the order of the field's `means`.
    pub(super) means: Vec<Phrases>,
    /// Stems of the words behind a number, the longest first, and how many of the field's unit one is.
    pub(super) units: Vec<(Vec<String>, i64)>,
    /// Stems of the words before a number of it.
    pub(super) counted_by: Vec<Vec<String>>,
}

impl Shelf {
    pub(crate) fn new(lexicon: &Lexicon, catalogue: Catalogue, words: CatalogueWords) -> Self {
        let tables = catalogue
            .tables
            .iter()
            .map(|listing| {
                let rows = listing.rows.iter();
                let rows: Vec<BTreeSet<String>> = rows
                    .map(|row| stems(lexicon, &catalogue.text(listing, row)))
                    .collect();
                TableRules {
                    nouns: phrases(lexicon, &listing.table.nouns, &listing.table.unless),
                    asks: phrases(lexicon, &listing.table.asks, &listing.table.unless),
                    fields: rules(lexicon, &listing.table),
                    names: Names::new(lexicon, &catalogue, listing),
                    vocabulary: rows.iter().flatten().cloned().collect(),
                    rows,
                }
            })
            .collect();
        let list = |list: &[String]| phrases(lexicon, list, &[]);
        let wishes = Wishes {
            show: list(&words.show),
            want: list(&words.want),
            budget: list(&words.budget),
            there: list(&words.there),
            deeds: list(&words.deeds),
            own: list(&words.own),
            own_deeds: list(&words.own_deeds),
            compare: list(&words.compare),
            alternatives: list(&words.alternatives),
            more: list(&words.more),
            count: list(&words.count),
            leans: list(&words.leans),
            it: list(&words.it),
            them: list(&words.them),
            which: list(&words.which),
            about: list(&words.about),
            one: list(&words.one),
            cheaper: list(&words.cheaper),
            dearer: list(&words.dearer),
            cheapest: list(&words.cheapest),
            dearest: list(&words.dearest),
            not: list(&words.not),
            last: list(&words.last),
            ordinals: words.ordinals.iter().map(|o| list(o)).collect(),
        };
        let mut scales = vec![1, 1000];
        scales.extend(
            catalogue
                .scales
                .iter()
                .filter_map(|name| language::money::scale(name)),
        );
        let places = catalogue.tables.iter().map(|listing| {
            let rows = listing.rows.iter().enumerate();
            rows.map(|(place, row)| (row.id.clone(), place)).collect()
        });
        Self {
            places: places.collect(),
            catalogue,
            words,
            scales,
            wishes,
            tables,
        }
    }

    /// Whether a source is a row: `books/emma`.
    #[must_use]
    pub fn has(&self, source: &str) -> bool {
        self.catalogue.row(source).is_some()
    }

    /// The rows.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How a row is called in citations.
    #[must_use]
    pub fn title(&self, row: &RowRef) -> Option<&str> {
        let listing = self.catalogue.listing(&row.table)?;
        Some(listing.title(listing.row(&row.row)?))
    }

    /// All rows with the stems of their own words.
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = (&Listing, &Row, &BTreeSet<String>)> {
        let tables = self.catalogue.tables.iter().zip(&self.tables);
        tables.flat_map(|(listing, rules)| {
            let rows = listing.rows.iter().zip(&rules.rows);
            rows.map(move |(row, stems)| (listing, row, stems))
        })
    }

    /// Stems of a row's own words.
    pub(super) fn stems_of(&self, row: &RowRef) -> Option<&BTreeSet<String>> {
        let tables = &self.catalogue.tables;
        let table = tables.iter().position(|t| t.table.name == row.table)?;
        let place = self.places[table].get(&row.row)?;
        self.tables[table].rows.get(*place)
    }

    /// The words of a row, for whoever finds rows by their meaning.
    #[must_use]
    pub fn text(&self, row: &RowRef) -> Option<String> {
        let listing = self.catalogue.listing(&row.table)?;
        Some(self.catalogue.text(listing, listing.row(&row.row)?))
    }

    /// Phrases that can never match, as written.
    pub(crate) fn dead(&self, lexicon: &Lexicon) -> Vec<String> {
        let tables = self.tables.iter().flat_map(|table| {
            let fields = table.fields.iter().flat_map(|field| {
                [
                    &field.asks,
                    &field.less,
                    &field.more,
                    &field.least,
                    &field.most,
                ]
                .into_iter()
                .chain(&field.means)
            });
            [&table.nouns, &table.asks].into_iter().chain(fields)
        });
        tables
            .flat_map(Phrases::all)
            .filter(|phrase| {
                let sample = Utterance::new(lexicon.terms(&phrase.sample()));
                phrase.find(&sample).is_none()
            })
            .map(|phrase| phrase.written().to_owned())
            .collect()
    }
}

/// The stems of a row's or a caller's words, numbers included.
pub(crate) fn stems(lexicon: &Lexicon, text: &str) -> BTreeSet<String> {
    let terms = lexicon.terms(text);
    let meaning = terms.into_iter().filter(|term| !is_stop_word(&term.text));
    meaning.map(|term| term.stem).collect()
}

pub(super) fn phrases(lexicon: &Lexicon, any: &[String], unless: &[String]) -> Phrases {
    Phrases::new(lexicon, any, unless, &[])
}

fn rules(lexicon: &Lexicon, table: &Table) -> Vec<FieldRules> {
    let one = |field: &Field| {
        let list = |list: &[String]| phrases(lexicon, list, &[]);
        let list_of_stems = |words: &str| -> Vec<String> {
            let terms = lexicon.terms(words).into_iter();
            terms.map(|term| term.stem).collect()
        };
        let mut units: Vec<(Vec<String>, i64)> = field
            .units
            .iter()
            .map(|(unit, times)| {
                let terms = lexicon.terms(unit).into_iter();
                (terms.map(|term| term.stem).collect(), *times)
            })
            .collect();
        units.retain(|(stems, _)| !stems.is_empty());
        units.sort_by_key(|(stems, _)| std::cmp::Reverse(stems.len()));
        FieldRules {
            asks: list(&field.asks),
            less: list(&field.less),
            more: list(&field.more),
            least: list(&field.least),
            most: list(&field.most),
            means: field.means.iter().map(|m| list(&m.phrases)).collect(),
            units,
            counted_by: field
                .counted_by
                .iter()
                .map(|words| list_of_stems(words))
                .filter(|stems| !stems.is_empty())
                .collect(),
        }
    };
    table.fields.iter().map(one).collect()
}
