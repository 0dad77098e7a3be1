//! What a turn asks for once it is read with the answer before it.

use std::collections::BTreeSet;

use language::{is_function_word, phrase::Phrases};

use super::{
    ask::{Ask, Filter, Last, RowRef, Test, Wish},
    read::{Evidence, Reading, TableSaid, Turn},
    schema::Kind,
    search,
    shelf::TableRules,
};

/// Rows of which a field is said at once.
pub(super) const TOLD: usize = 3;
/// A turn of so many words may be nothing but a change of the last ask: "in blue", "the white one".
pub(super) const SHORT: usize = 4;
/// Words between "my" and the thing that is the caller's own.
const OWN_REACH: usize = 2;

/// What a turn says about the talk itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    pub(super) show: bool,
    pub(super) compare: bool,
    pub(super) alternatives: bool,
    pub(super) more: bool,
    pub(super) count: bool,
    pub(super) leans: bool,
    pub(super) it: bool,
    pub(super) them: bool,
    pub(super) which: bool,
    pub(super) about: bool,
    /// "One" that is no number.
    pub(super) one: bool,
    /// It begins with a word that asks for a fact.
    pub(super) question: bool,
    /// Places in the last offer, from 0.
    pub(super) ordinals: Vec<usize>,
    /// Words of the utterance that say all this.
    pub(super) at: BTreeSet<usize>,
}

impl Marks {
    fn of(turn: Turn<'_>) -> Self {
        let wishes = &turn.shelf.wishes;
        let (mut at, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        let mut says = |phrases: &Phrases| {
            let found = phrases.explained(turn.said);
            let says = !found.is_empty();
            at.extend(found);
            says
        };
        let first = turn.said.words.first();
        let question = &turn.shelf.words.question;
        let mut marks = Self {
            show: says(&wishes.show),
            count: says(&wishes.count),
            compare: says(&wishes.compare),
            alternatives: says(&wishes.alternatives),
            more: says(&wishes.more),
            leans: says(&wishes.leans),
            it: says(&wishes.it),
            them: says(&wishes.them),
            which: says(&wishes.which),
            about: says(&wishes.about),
            question: first.is_some_and(|word| question.contains(&word.text)),
            ..Self::default()
        };
        let wants = wishes.want.matches(turn.said).into_iter();
        for (_, found) in wants.filter(|_| !marks.question || marks.which) {
            // "I want to cancel" wants no thing.
            let next = found
                .at
                .last()
                .and_then(|last| turn.said.words.get(last + 1));
            if next.is_none_or(|next| next.text != "to") {
                marks.show = true;
                wanted.extend(found.at);
            }
        }
        let ordinals = wishes.ordinals.iter().enumerate();
        marks.ordinals = ordinals
            .filter_map(|(place, phrases)| says(phrases).then_some(place))
            .collect();
        let offered = turn.last.map_or(0, |last| last.offered.len());
        if offered > 0 && says(&wishes.last) {
            marks.ordinals.push(offered - 1);
        }
        at.extend(wanted);
        marks.at = at;
        marks
    }

    /// It says in so many words that it is about what was offered.
    fn refers(&self, table: &TableSaid<'_>) -> bool {
        let pronoun = self.it || self.them || self.one || !self.ordinals.is_empty();
        pronoun || self.leans || self.more || self.alternatives || table.than.is_some()
    }

    /// The pronoun "one": said, and no table's count.
    fn with_one(mut self, turn: Turn<'_>, table: &TableSaid<'_>) -> Self {
        let at = turn.shelf.wishes.one.explained(turn.said);
        let free: Vec<usize> = at.into_iter().filter(|at| !table.at.contains(at)).collect();
        self.one = !free.is_empty();
        self.at.extend(free);
        self
    }
}

impl<'a> Turn<'a> {
    /// The table that accounts for most of the turn, and what is asked of it.
    pub(super) fn ask(self, mut tables: Vec<TableSaid<'_>>) -> Option<Reading> {
        let last = self.last;
        let marks = Marks::of(self);
        self.place_there(&mut tables);
        if let Some(reading) = self.compare(&tables, &marks) {
            return Some(reading);
        }
        let table = self.table_of(tables, &marks)?;
        let mut table = table;
        let marks = marks.with_one(self, &table);
        if marks.count && table.asked.is_empty() {
            let counts = table.listing.table.fields.iter().find(|field| field.counts);
            table.counted = counts.map(|field| field.key.clone());
        }
        let same = last.and_then(|last| last.of(&table.listing.table.name));
        let stands = !table.titles.is_empty() && !table.asked.is_empty();
        let leaning = same.filter(|_| !stands).and_then(|last| {
            self.refer(&table, &marks, last)
                .or_else(|| self.change(&table, &marks, last))
        });
        let leans = leaning.is_some();
        let mut ask = leaning.unwrap_or_else(|| self.fresh(&table, &marks, same));
        ask.table.clone_from(&table.listing.table.name);
        ask.foreign.clone_from(&table.foreign);
        ask.text = self.meaning(&table, &marks);
        let at: BTreeSet<usize> = table.at.union(&marks.at).copied().collect();
        let mut evidence = self.evidence(&table, &marks);
        evidence.leans = leans;
        evidence.row = matches!(&ask.wish, Wish::Tell { .. });
        evidence.picks = leans && !marks.ordinals.is_empty();
        let mut reading = self.reading(ask, &at, evidence);
        let rules = self.rules(&table);
        for word in self.left_over(&at) {
            if rules.is_some_and(|rules| rules.vocabulary.contains(&word.stem)) {
                reading.held.insert(word.stem.clone());
                reading.ask.words.push(word.text.clone());
            } else {
                reading.stray.push(word.stem.clone());
            }
        }
        reading.evidence.words = reading.held.len();
        Some(reading)
    }

    fn rules(self, table: &TableSaid<'_>) -> Option<&'a TableRules> {
        let tables = &self.shelf.catalogue.tables;
        let mut tables = tables.iter().zip(&self.shelf.tables);
        let (_, rules) = tables.find(|(t, _)| t.table.name == table.listing.table.name)?;
        Some(rules)
    }

    /// "My armchair", "the one that I ordered".
    fn is_own(self, table: &TableSaid<'_>) -> bool {
        let wishes = &self.shelf.wishes;
        let own = wishes.own.explained(self.said);
        let is_owned = |noun: &usize| own.iter().any(|own| own < noun && noun - own <= OWN_REACH);
        let owned = !table.noun_at.is_empty() && table.noun_at.iter().all(is_owned);
        owned || !wishes.own_deeds.matches(self.said).is_empty()
    }

    /// "How are prices there": in the place of what was offered.
    fn place_there(self, tables: &mut [TableSaid<'_>]) {
        let at = self.shelf.wishes.there.explained(self.said);
        let Some(last) = self.last.filter(|_| !at.is_empty()) else {
            return;
        };
        let row = last.focus.as_ref().or_else(|| last.offered.first());
        let listing = self.shelf.catalogue.listing(&last.ask.table);
        let Some((row, listing)) = row.zip(listing) else {
            return;
        };
        let Some(row) = listing.row(&row.row) else {
            return;
        };
        for field in &listing.table.fields {
            let link = field.link.as_ref();
            let mut linked = tables.iter_mut();
            let table = linked.find(|table| Some(&table.listing.table.name) == link);
            let named = listing.value(row, &field.key).map(|value| value.names());
            let (Some(table), Some(names)) = (table, named) else {
                continue;
            };
            if table.asked.is_empty() || !table.titles.is_empty() {
                continue;
            }
            let places = table.listing.rows.iter();
            let places =
                places.filter(|place| names.iter().any(|n| table.listing.title(place) == n));
            let place = |place: &super::Row| RowRef {
                table: table.listing.table.name.clone(),
                row: place.id.clone(),
            };
            table.titles = places.map(place).collect();
            table.filters.push(Filter {
                field: table.listing.table.title.clone(),
                test: Test::Is(names.to_vec()),
                must: false,
                firm: false,
            });
            table.name = true;
            table.at.extend(at.iter().copied());
        }
    }

    /// The table that accounts for most; of equals the first in the file.
    fn table_of<'s>(self, tables: Vec<TableSaid<'s>>, marks: &Marks) -> Option<TableSaid<'s>> {
        let weight = |table: &TableSaid<'_>| {
            let meaning = |at: &&usize| !is_function_word(&self.said.words[**at].text);
            let last = self.last;
            let is_last = last.is_some_and(|last| last.ask.table == table.listing.table.name);
            4 * table.at.iter().filter(meaning).count()
                + 4 * usize::from(table.noun)
                + 2 * table.asked_words
                + usize::from(is_last)
                + 2 * usize::from(is_last && !table.noun && marks.leans)
                // Who asks to be shown something speaks of what has alternatives.
                + 2 * usize::from(marks.show && table.listing.table.alternatives.is_some())
        };
        let mut best: Option<TableSaid<'_>> = None;
        for table in tables {
            if best
                .as_ref()
                .is_none_or(|best| weight(&table) > weight(best))
            {
                best = Some(table);
            }
        }
        best
    }

    pub(super) fn reading(self, ask: Ask, at: &BTreeSet<usize>, evidence: Evidence) -> Reading {
        let words = at.iter().filter_map(|at| self.said.words.get(*at));
        Reading {
            ask,
            stems: words.map(|word| word.stem.clone()).collect(),
            stray: Vec::new(),
            held: BTreeSet::new(),
            evidence,
        }
    }

    /// The words by which rows are ranked: all but those that say what is wanted of them.
    pub(super) fn meaning(self, table: &TableSaid<'_>, marks: &Marks) -> String {
        let words = self.said.words.iter().enumerate();
        let words = words.filter(|(at, word)| {
            let is_count = word.is_number() && table.at.contains(at);
            !marks.at.contains(at)
                && !table.than_at.contains(at)
                && !is_count
                && !is_function_word(&word.text)
        });
        let words: Vec<&str> = words.map(|(_, word)| word.text.as_str()).collect();
        words.join(" ")
    }

    /// "And in blue", "what about".
    fn goes_on(self) -> bool {
        let leans = self.shelf.wishes.leans.matches(self.said);
        leans.iter().any(|(_, found)| found.at.first() == Some(&0))
    }

    /// Words that no filter took and that rows of the table hold.
    pub(super) fn in_rows(self, table: &TableSaid<'_>, at: &BTreeSet<usize>) -> usize {
        let rules = self.rules(table);
        let left = self.left_over(at).into_iter();
        let held =
            left.filter(|word| rules.is_some_and(|rules| rules.vocabulary.contains(&word.stem)));
        held.count()
    }

    /// It names another sort of thing than what was offered.
    pub(super) fn other_thing(self, table: &TableSaid<'_>, last: &Last) -> bool {
        let passes = |row: &RowRef, filter: &Filter| {
            let row = table.listing.row(&row.row);
            row.is_some_and(|row| search::passes(table.listing, row, filter))
        };
        let is_named = |filter: &&Filter| {
            let field = table.listing.table.field(&filter.field);
            matches!(filter.test, Test::Is(_)) && field.is_some_and(|field| field.identity)
        };
        let mut named = table.filters.iter().filter(is_named);
        let mut musts = table.filters.iter().filter(|filter| filter.must);
        let one = last.focus.as_ref().or_else(|| last.offered.first());
        let offered = |filter: &Filter| last.offered.iter().any(|row| passes(row, filter));
        musts.any(|must| one.is_some_and(|row| !passes(row, must)))
            || named.any(|name| !last.offered.is_empty() && !offered(name))
    }

    fn evidence(self, table: &TableSaid<'_>, marks: &Marks) -> Evidence {
        let of_kind = |filter: &Filter, test: &dyn Fn(&super::Field) -> bool| {
            table.listing.table.field(&filter.field).is_some_and(test)
        };
        let mut filters = table.filters.iter();
        let money = filters.any(|filter| of_kind(filter, &|field| field.kind == Kind::Money));
        let is_fact = |key: &String| {
            let field = table.listing.table.field(key);
            field.is_some_and(|field| field.kind != Kind::Money)
        };
        let mut filters = table.filters.iter();
        let identity = filters.any(|filter| of_kind(filter, &|field| field.identity));
        Evidence {
            noun: table.noun,
            show: marks.show || table.asks,
            filters: table.filters.len() + usize::from(table.foreign.is_some()),
            name: table.name,
            measure: table.measure,
            money: money || table.foreign.is_some(),
            identity: identity || !table.titles.is_empty(),
            order: table.order.is_some() || table.than.is_some(),
            field: !table.asked.is_empty(),
            fact: table.asked.iter().any(is_fact),
            about: marks.about,
            changes: marks.alternatives || marks.more,
            refers: marks.refers(table) || self.said.words.len() <= SHORT,
            own: self.is_own(table),
            deed: !self.shelf.wishes.deeds.matches(self.said).is_empty(),
            goes_on: self.goes_on(),
            count: marks.count,
            ..Evidence::default()
        }
    }
}
