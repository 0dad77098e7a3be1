//! Which value of a turn fills which slot.

use std::ops::Range;

use chrono::NaiveDate;
use language::Lexicon;

use super::{Country, Slot, SlotKind, SlotValue, SlotWords, said::Said};
use crate::pack::PhraseSet;

/// How little a value may say of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// It shows what it is: "at ten".
    Plain,
    /// It stands in the place of one that did: "no, eleven".
    Corrected,
    /// It was asked for: "ten".
    Asked,
}

/// A value and its places in the turn.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) at: Range<usize>,
    pub(super) value: SlotValue,
}

/// Places that are of a type.
type Claim = (SlotKind, Range<usize>);

/// Reads a turn.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) lexicon: &'a Lexicon,
    pub(super) words: &'a SlotWords,
    /// The names of the months.
    pub(super) months: &'a [String],
    /// What takes back the turn before it.
    pub(super) taken_back: &'a [String],
    pub(super) affirm: &'a PhraseSet,
    pub(super) deny: &'a PhraseSet,
    pub(super) country: Option<&'a Country>,
    pub(super) today: Option<NaiveDate>,
    /// The turn asks something itself.
    pub(super) is_question: bool,
}

impl Reader<'_> {
    /// The values of the turn for these slots, by name.
    pub(super) fn fill(
        self,
        empty: &[(&str, &Slot)],
        asked: Option<&str>,
        text: &str,
    ) -> Vec<(String, SlotValue)> {
        let said = Said::new(
            text,
            &self.words.hesitation,
            &[&self.words.corrections, self.taken_back],
        );
        let asked = empty.iter().find(|(name, _)| Some(*name) == asked);
        let is_asked = |name: &str| asked.is_some_and(|(asked, _)| *asked == name);
        let is_only =
            |kind: SlotKind| empty.iter().filter(|(_, slot)| slot.kind == kind).count() == 1;
        let mut order: Vec<&(&str, &Slot)> = empty
            .iter()
            .filter(|(name, slot)| {
                slot.kind == SlotKind::Choice || is_asked(name) || is_only(slot.kind)
            })
            .collect();
        // What shows itself most surely is read first, and its words are nothing else.
        order.sort_by_key(|(name, slot)| (!(is_asked(name) && slot.kind.is_sure()), slot.kind));
        let mut filled: Vec<(String, SlotValue)> = Vec::new();
        let mut claimed = self.shown(&said, asked.map(|(_, slot)| slot.kind));
        let is_first =
            |name: &str, slot: &Slot| is_asked(name) || !slot.kind.is_number_of_any_thing();
        let (first, last): (Vec<_>, Vec<_>) = order
            .into_iter()
            .partition(|(name, slot)| is_first(name, slot));
        let mut fill_shown = |slots: Vec<&(&str, &Slot)>, claimed: &mut Vec<Claim>| {
            for (name, slot) in slots {
                if let Some(found) = self.shown_value(slot, &said, claimed) {
                    claimed.push((slot.kind, found.at));
                    filled.push(((*name).to_owned(), found.value));
                }
            }
            asked.filter(|(name, _)| filled.iter().all(|(filled, _)| filled != name))
        };
        let of_none = claimed.len();
        let missing = fill_shown(first, &mut claimed);
        let bare = missing.and_then(|(name, slot)| {
            // A number that was asked for is one, whatever else it might have been.
            let taken = match slot.kind.is_number_of_any_thing() {
                true => claimed.get(of_none..).unwrap_or_default(),
                false => &claimed,
            };
            let found = self.asked_value(slot, &said, taken)?;
            claimed.push((slot.kind, found.at));
            Some(((*name).to_owned(), found.value))
        });
        fill_shown(last, &mut claimed);
        filled.extend(bare);
        filled
    }

    /// Places that show of themselves what they say, whether a slot wants it or not: the "ten" of "at ten" is no number
    /// of people.
    fn shown(self, said: &Said<'_>, asked: Option<SlotKind>) -> Vec<Claim> {
        let mut shown = Vec::new();
        let kinds = [
            SlotKind::Email,
            SlotKind::Phone,
            SlotKind::Date,
            SlotKind::Time,
        ];
        // Digits that are asked for as a code are one, though a phone number might look the same.
        let kinds = kinds
            .into_iter()
            .filter(|kind| !(*kind == SlotKind::Phone && asked == Some(SlotKind::Code)));
        for kind in kinds {
            let slot = Slot {
                kind,
                ..Slot::default()
            };
            for part in &said.parts {
                // The last digit of a telephone number is no hour, though "tomorrow morning" follows it.
                let found = self.values(&slot, said, part, Level::Plain).into_iter();
                let free = found.filter(|found| is_free(kind, &found.at, &shown));
                let free: Vec<Claim> = free.map(|found| (kind, found.at)).collect();
                shown.extend(free);
            }
        }
        shown
    }

    /// The value that the turn shows; of several parts parted by corrections the last that has one.
    fn shown_value(self, slot: &Slot, said: &Said<'_>, claimed: &[Claim]) -> Option<Found> {
        let read = |part: &Range<usize>, level| {
            let found = self.values(slot, said, part, level).into_iter();
            found
                .filter(|found| !self.is_refused(said, part, found))
                .find(|found| is_free(slot.kind, &found.at, claimed))
        };
        let mut parts = said.parts.iter().rev();
        let shown = parts.find_map(|part| Some((part.end, read(part, Level::Plain)?)));
        let Some((end, shown)) = shown else {
            return self.repaired(slot, said);
        };
        let mut later = said.parts.iter().rev().filter(|part| part.start > end);
        let corrected = later.find_map(|part| read(part, Level::Corrected));
        Some(corrected.unwrap_or(shown))
    }

    /// What was asked for, said without more.
    fn asked_value(self, slot: &Slot, said: &Said<'_>, claimed: &[Claim]) -> Option<Found> {
        let whole = match slot.kind {
            SlotKind::Text => Some(self.own_words(slot, said)),
            SlotKind::Address => Some(self.address(said)),
            SlotKind::YesNo => Some(self.yes_or_no(said)),
            _ => None,
        };
        if let Some(value) = whole {
            let at = said.whole();
            return value.map(|value| Found { at, value });
        }
        let mut parts = said.parts.iter().rev();
        parts.find_map(|part| {
            let found = self.values(slot, said, part, Level::Asked).into_iter();
            found
                .filter(|found| !self.is_refused(said, part, found))
                .find(|found| is_free(slot.kind, &found.at, claimed))
        })
    }

    /// The values of a slot's type in a part of the turn, in order.
    fn values(self, slot: &Slot, said: &Said<'_>, part: &Range<usize>, level: Level) -> Vec<Found> {
        match slot.kind {
            SlotKind::Number => super::number::numbers(slot, said, part),
            SlotKind::Amount => super::number::amounts(said, part, level),
            SlotKind::Choice => match level {
                Level::Asked => self.misheard_choice(slot, said, part).into_iter().collect(),
                Level::Plain | Level::Corrected => self.choices(slot, said, part),
            },
            SlotKind::Date => self.days(said, part, level),
            SlotKind::Time => self.times(said, part, level),
            SlotKind::Phone => self.phones(said, part, level),
            SlotKind::Email => self.emails(said, part, level),
            SlotKind::Code => super::code::codes(said, part, level),
            SlotKind::Reference => super::reference::references(said, part, level),
            SlotKind::Name => self.names(said, part, level),
            SlotKind::Text | SlotKind::Address | SlotKind::YesNo => Vec::new(),
        }
    }

    /// "Not Tuesday".
    fn is_refused(self, said: &Said<'_>, part: &Range<usize>, found: &Found) -> bool {
        let before = (part.start..found.at.start).rev();
        let mut before = before.skip_while(|at| said.is_any(*at, &self.words.small));
        before
            .next()
            .is_some_and(|at| said.is_any(at, &self.words.not))
    }

    /// A value that a pause, the end or a word follows that may stand behind it: the "ten" of "ten people" is none.
    pub(super) fn is_alone(self, said: &Said<'_>, part: &Range<usize>, end: usize) -> bool {
        end >= part.end || said.is_parted(end) || said.is_any(end, &self.words.follows)
    }
}

impl SlotKind {
    /// Where it was asked for it is read before all others; other types might take words of anything.
    fn is_sure(self) -> bool {
        !matches!(self, Self::Number | Self::Text | Self::Address)
    }

    /// Any number might be one: what was asked for is read before.
    fn is_number_of_any_thing(self) -> bool {
        matches!(self, Self::Amount | Self::Code | Self::Number)
    }
}

/// No value of another type has words in common with it.
fn is_free(kind: SlotKind, at: &Range<usize>, claimed: &[Claim]) -> bool {
    !claimed
        .iter()
        .any(|(other, taken)| *other != kind && at.start < taken.end && taken.start < at.end)
}
