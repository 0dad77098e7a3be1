//! A turn read with the words of the tables: which table, which filters, which order, which rows.

use std::collections::BTreeSet;

use language::{
    Lexicon, Term, is_function_word, is_stop_word,
    phrase::{Phrases, Utterance},
    quantity::{Quantity, quantities},
};

use super::{
    Listing,
    ask::{Ask, Filter, Last, Order, RowRef, Test},
    measure,
    names::Named,
    schema::Kind,
    shelf::{Shelf, TableRules},
};

/// Words between a "not" and the name that it rules out.
const NOT_REACH: usize = 3;

/// A turn as a catalogue understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// What it asks.
    pub(crate) ask: Ask,
    /// Stems of the words that the catalogue accounts for.
    pub(crate) stems: BTreeSet<String>,
    /// Stems of the words of meaning that neither the catalogue accounts for nor any row holds.
    pub(crate) stray: Vec<String>,
    /// Stems of those that rows hold.
    pub(crate) held: BTreeSet<String>,
    /// What speaks for it.
    pub(crate) evidence: Evidence,
}

/// What speaks for a turn being the catalogue's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// It names the table's things.
    pub(crate) noun: bool,
    /// It asks to be shown something.
    pub(crate) show: bool,
    /// It says what the things must be, so many times.
    pub(crate) filters: usize,
    /// One of these is a name of the table.
    pub(crate) name: bool,
    /// One of these is a price or another measure.
    pub(crate) measure: bool,
    /// One of these is a limit of the price.
    pub(crate) money: bool,
    /// It names something that tells rows apart.
    pub(crate) identity: bool,
    /// It picks one of the rows that were offered by its place.
    pub(crate) picks: bool,
    /// It asks for the cheapest, the largest.
    pub(crate) order: bool,
    /// It asks for a field.
    pub(crate) field: bool,
    /// It asks for rows to be told apart.
    pub(crate) compare: bool,
    /// It speaks of a row that was offered, or of something beside it.
    pub(crate) leans: bool,
    /// It names a row.
    pub(crate) row: bool,
    /// Words that no filter took and that rows hold.
    pub(crate) words: usize,
    /// It speaks of something of the caller's own.
    pub(crate) own: bool,
    /// It asks for a field that is no price.
    pub(crate) fact: bool,
    /// It asks to be told about something in general.
    pub(crate) about: bool,
    /// It asks how or whether something may be done.
    pub(crate) deed: bool,
    /// It begins as a turn does that leans on the one before.
    pub(crate) goes_on: bool,
    /// It says in so many words that it is about what was offered.
    pub(crate) refers: bool,
    /// It asks for others or for alternatives.
    pub(crate) changes: bool,
    /// It asks how many there are.
    pub(crate) count: bool,
}

/// Phrases of a direction, the field's key, and whether it is upwards.
type Direction<'p> = (&'p Phrases, &'p str, bool);

/// What one table makes of a turn.
#[derive(Clone, Debug)]
pub(super) struct TableSaid<'s> {
    pub(super) listing: &'s Listing,
    pub(super) noun: bool,
    pub(super) asks: bool,
    /// The words that name its things.
    pub(super) noun_at: BTreeSet<usize>,
    pub(super) filters: Vec<Filter>,
    /// Rows whose title was said, in the order in which they were said.
    pub(super) titles: Vec<RowRef>,
    pub(super) name: bool,
    pub(super) measure: bool,
    /// Keys of the fields that are asked for.
    pub(super) asked: Vec<String>,
    /// Words of the longest phrase that asks for one.
    pub(super) asked_words: usize,
    pub(super) order: Option<Order>,
    /// So many of the order: "the three cheapest".
    pub(super) first: Option<usize>,
    /// The key of the field that answers "how many", where that is asked.
    pub(super) counted: Option<String>,
    /// Less or more of a field than what was offered; `true`: more.
    pub(super) than: Option<(String, bool)>,
    /// The words that say so.
    pub(super) than_at: BTreeSet<usize>,
    /// Keys of fields with a condition that a phrase means: what may be asked about one row.
    pub(super) meant: Vec<String>,
    pub(super) foreign: Option<String>,
    /// Which words of the utterance it accounts for.
    pub(super) at: BTreeSet<usize>,
}

/// What a turn is read with.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) shelf: &'a Shelf,
    pub(super) lexicon: &'a Lexicon,
    pub(super) text: &'a str,
    pub(super) said: &'a Utterance,
    pub(super) numbers: &'a [Quantity],
    pub(super) last: Option<&'a Last>,
    pub(super) known: &'a dyn Fn(&str) -> bool,
}

impl Shelf {
    /// What a turn asks of the catalogue after `last`, if anything in it is the catalogue's. `known` are stems with a
    /// meaning of their own: such a word is not taken for a misheard name.
    pub(crate) fn read(
        &self,
        lexicon: &Lexicon,
        text: &str,
        last: Option<&Last>,
        known: &dyn Fn(&str) -> bool,
    ) -> Option<Reading> {
        let said = Utterance::new(lexicon.terms(text));
        let numbers = quantities(text);
        let turn = Turn {
            shelf: self,
            lexicon,
            text,
            said: &said,
            numbers: &numbers,
            last,
            known,
        };
        let tables = self.tables.iter().zip(&self.catalogue.tables);
        let tables: Vec<TableSaid<'_>> = tables
            .map(|(rules, listing)| turn.table(rules, listing))
            .collect();
        turn.ask(tables)
    }
}

impl<'a> Turn<'a> {
    fn table(self, rules: &'a TableRules, listing: &'a Listing) -> TableSaid<'a> {
        let at = rules.nouns.explained(self.said);
        let asks = rules.asks.explained(self.said);
        let mut table = TableSaid {
            listing,
            noun: !at.is_empty(),
            asks: !asks.is_empty(),
            noun_at: at.clone(),
            filters: Vec::new(),
            titles: Vec::new(),
            name: false,
            measure: false,
            asked: Vec::new(),
            asked_words: 0,
            order: None,
            first: None,
            counted: None,
            than: None,
            than_at: BTreeSet::new(),
            meant: Vec::new(),
            foreign: None,
            at,
        };
        table.at.extend(asks);
        self.fields(rules, &mut table);
        self.names(rules, &mut table);
        measure::read(self, rules, &mut table);
        // "A hundred wide" says how wide, it does not ask.
        let (filters, meant) = (&table.filters, &mut table.meant);
        table.asked.retain(|key| {
            let is_said = filters.iter().any(|filter| filter.field == *key);
            if is_said {
                meant.push(key.clone());
            }
            !is_said
        });
        table
    }

    /// Fields that are asked for, conditions and orders that phrases mean.
    fn fields(self, rules: &'a TableRules, table: &mut TableSaid<'a>) {
        let mut asked: Vec<(BTreeSet<usize>, &str)> = Vec::new();
        let (mut orders, mut thans) = (Vec::new(), Vec::new());
        let fields = rules.fields.iter().zip(&table.listing.table.fields);
        for (rules, field) in fields {
            let at = rules.asks.explained(self.said);
            if !at.is_empty() {
                asked.push((longest(&rules.asks, self.said), &field.key));
                table.at.extend(at);
            }
            for (means, phrases) in field.means.iter().zip(&rules.means) {
                let at = phrases.explained(self.said);
                if at.is_empty() {
                    continue;
                }
                table.at.extend(at);
                if let Some(test) = measure::meant(means, field) {
                    table.filters.push(Filter {
                        field: field.key.clone(),
                        test,
                        must: field.must,
                        firm: false,
                    });
                    table.meant.push(field.key.clone());
                }
            }
            for (phrases, descending) in [(&rules.least, false), (&rules.most, true)] {
                orders.push((phrases, field.key.as_str(), descending));
            }
            for (phrases, more) in [(&rules.less, false), (&rules.more, true)] {
                thans.push((phrases, field.key.as_str(), more));
            }
        }
        // "Price per square foot" is not the price: a longer phrase takes its words from a shorter one.
        let taken = |at: &BTreeSet<usize>| {
            let mut others = asked.iter().map(|(other, _)| other);
            others.any(|other| other.len() > at.len() && other.is_superset(at))
        };
        table.asked_words = asked.iter().map(|(at, _)| at.len()).max().unwrap_or(0);
        let kept = asked.iter().filter(|(at, _)| !taken(at));
        table.asked = kept.map(|(_, key)| (*key).to_owned()).collect();
        self.directions(table, orders, thans);
    }

    /// "Cheapest" and "wider": the longest phrase knows best. The words for prices are every table's, whatever it
    /// calls the price.
    fn directions<'p>(
        self,
        table: &mut TableSaid<'p>,
        mut orders: Vec<Direction<'p>>,
        mut thans: Vec<Direction<'p>>,
    ) where
        'a: 'p,
    {
        let mut fields = table.listing.table.fields.iter();
        if let Some(price) = fields.find(|field| field.kind == Kind::Money) {
            let wishes = &self.shelf.wishes;
            orders.push((&wishes.cheapest, &price.key, false));
            orders.push((&wishes.dearest, &price.key, true));
            thans.push((&wishes.cheaper, &price.key, false));
            thans.push((&wishes.dearer, &price.key, true));
        }
        if let Some((field, descending, at)) = self.best(&orders) {
            table.first = self.count_before(&at);
            table.at.extend(at);
            table.order = Some(Order { field, descending });
        }
        if let Some((field, more, at)) = self.best(&thans) {
            // "No wider than" is narrower.
            let first = at.first().copied().unwrap_or(0);
            let not = self.shelf.wishes.not.explained(self.said);
            let more = more != (first > 0 && not.contains(&(first - 1)));
            table.at.extend(at.iter().copied());
            table.than = Some((field, more));
            table.than_at = at;
        }
    }

    fn best(self, directions: &[Direction<'_>]) -> Option<(String, bool, BTreeSet<usize>)> {
        let mut best: Option<(usize, String, bool, BTreeSet<usize>)> = None;
        for (phrases, field, direction) in directions {
            let length = longest(phrases, self.said).len();
            if length > best.as_ref().map_or(0, |best| best.0) {
                let at = phrases.explained(self.said);
                best = Some((length, (*field).to_owned(), *direction, at));
            }
        }
        best.map(|(_, field, direction, at)| (field, direction, at))
    }

    /// The "three" of "the three cheapest".
    fn count_before(self, at: &BTreeSet<usize>) -> Option<usize> {
        let before = at.first()?.checked_sub(1)?;
        let count = self.said.words.get(before)?.text.parse().ok()?;
        (2..=5).contains(&count).then_some(count)
    }

    /// Names of the table, as filters.
    fn names(self, rules: &TableRules, table: &mut TableSaid<'_>) {
        let mut named = rules.names.find(self.said, &|stem| (self.known)(stem));
        named.sort_by_key(|named| named.at.first().copied());
        let mut not = self.shelf.wishes.not.explained(self.said);
        for Named { field, name, at } in named {
            let field = &table.listing.table.fields[field];
            if field.only_asked && !table.asked.contains(&field.key) {
                continue;
            }
            let first = at.first().copied().unwrap_or(0);
            let rules_out = |not: &usize| *not < first && first - not <= NOT_REACH;
            let ruled_out = not.iter().any(rules_out);
            // It rules out the name next to it, and no other.
            not.retain(|not| !rules_out(not));
            if field.must && !ruled_out {
                table.noun = true;
                table.noun_at.extend(at.iter().copied());
            }
            if field.state {
                table.meant.push(field.key.clone());
            }
            table.at.extend(at);
            table.name = true;
            if field.key == table.listing.table.title && !ruled_out {
                let rows = table.listing.rows.iter();
                let rows = rows.filter(|row| table.listing.title(row) == name);
                table.titles.extend(rows.map(|row| RowRef {
                    table: table.listing.table.name.clone(),
                    row: row.id.clone(),
                }));
            }
            let list = field.kind == Kind::List;
            let same = |filter: &&mut Filter| filter.field == field.key && !list;
            match table.filters.iter_mut().find(same).map(|f| &mut f.test) {
                // "In oak or walnut" accepts both.
                Some(Test::Is(names)) if !ruled_out => {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                _ => table.filters.push(Filter {
                    field: field.key.clone(),
                    test: if ruled_out {
                        Test::IsNot(vec![name])
                    } else {
                        Test::Is(vec![name])
                    },
                    must: field.must,
                    firm: false,
                }),
            }
        }
    }

    /// The words that carry meaning and that nothing accounts for.
    pub(super) fn left_over(self, at: &BTreeSet<usize>) -> Vec<&'a Term> {
        let words = self.said.words.iter().enumerate();
        let left = words.filter(|(place, word)| {
            let asks = self.shelf.words.question.contains(&word.text);
            let means = !is_function_word(&word.text) && !is_stop_word(&word.text);
            means && !asks && !at.contains(place)
        });
        left.map(|(_, word)| word).collect()
    }
}

/// The words of the longest phrase that matches.
fn longest(phrases: &Phrases, said: &Utterance) -> BTreeSet<usize> {
    let matches = phrases.matches(said).into_iter();
    let longest = matches.max_by_key(|(_, found)| found.at.len());
    longest.map_or_else(BTreeSet::new, |(_, found)| found.at.into_iter().collect())
}
