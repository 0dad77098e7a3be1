//! Choices, yes and no, and what is taken as it was said: texts and addresses.

use std::ops::Range;

use call::input::strict_line;
use language::{
    is_known_word, is_stop_word,
    numbers::{Chain, chains},
    phrase::{Phrases, Utterance, written_out},
    sound::Sounding,
};

use super::{
    MAX_TEXT, Slot, SlotValue,
    read::{Found, Reader},
    said::Said,
    same,
};

/// Words at most of a turn that may be a misheard value: in longer ones something is like anything.
const WORDS_OF_MISHEARD: usize = 5;
/// The words of letters that an address has at least, beside its number.
const WORDS_OF_ADDRESS: usize = 2;

impl Reader<'_> {
    /// The values that a part names, in order.
    pub(super) fn choices(self, slot: &Slot, said: &Said<'_>, part: &Range<usize>) -> Vec<Found> {
        let spoken = Utterance::new(self.lexicon.terms(said.text_of(part)));
        let is_refused = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| spoken.words.get(at));
            before.is_some_and(|word| self.words.not.contains(&word.text))
        };
        let named = slot.phrases(self.lexicon).filter_map(|(sent, phrases)| {
            let matches = phrases.matches(&spoken);
            let first = matches.iter().filter_map(|(_, found)| found.at.first());
            Some((*first.filter(|at| !is_refused(**at)).min()?, sent))
        });
        let mut named: Vec<(usize, &str)> = named.collect();
        named.sort_unstable();
        let value = |sent: &str| {
            let spoken = slot.values.get(sent)?.first()?;
            Some(SlotValue {
                sent: sent.to_owned(),
                spoken: written_out(spoken).into_iter().next()?,
            })
        };
        let found = named.into_iter().filter_map(|(_, sent)| value(sent));
        // Its words may belong to another value too.
        found
            .map(|value| Found {
                at: part.start..part.start,
                value,
            })
            .collect()
    }

    /// The one value that a few words sound like, where it was asked for and none was named: "the debut one". It is read
    /// back like any other.
    pub(super) fn misheard_choice(
        self,
        slot: &Slot,
        said: &Said<'_>,
        part: &Range<usize>,
    ) -> Option<Found> {
        let words = part.clone().map(|at| said.key(at));
        let words = words.filter(|word| !is_stop_word(word) && !is_known_word(word));
        let heard: Vec<Sounding> = words.map(Sounding::new).collect();
        if part.len() > WORDS_OF_MISHEARD || self.is_question {
            return None;
        }
        let is_like = |phrase: &String| {
            let lower = phrase.to_lowercase();
            let mut named = lower.split(' ').filter(|word| !is_stop_word(word));
            named.any(|word| {
                let name = Sounding::new(word);
                heard.iter().any(|heard| heard.like(&name).is_some())
            })
        };
        let mut like = slot.values.iter().filter(|(_, phrases)| {
            let mut written = phrases.iter().flat_map(|phrase| written_out(phrase));
            written.any(|phrase| is_like(&phrase))
        });
        let (Some((sent, phrases)), None) = (like.next(), like.next()) else {
            return None;
        };
        let spoken = written_out(phrases.first()?).into_iter().next()?;
        let value = SlotValue {
            sent: sent.clone(),
            spoken,
        };
        let at = part.start..part.start;
        Some(Found { at, value })
    }

    /// Whichever is said first behind the last correction.
    pub(super) fn yes_or_no(self, said: &Said<'_>) -> Option<SlotValue> {
        if self.is_question {
            return None;
        }
        let whole = said.whole();
        let corrections = whole
            .clone()
            .filter_map(|at| said.phrase(at, &whole, self.taken_back));
        let mut starts: Vec<usize> = corrections.collect();
        starts.insert(0, 0);
        starts.into_iter().rev().find_map(|start| {
            let spoken = said.text_of(&(start..whole.end));
            let spoken = Utterance::new(self.lexicon.terms(spoken));
            let first = |set: &crate::pack::PhraseSet| {
                let phrases = Phrases::new(self.lexicon, &set.phrases, &set.unless, &[]);
                let matches = phrases.matches(&spoken);
                matches
                    .into_iter()
                    .filter_map(|(_, found)| found.at.first().copied())
                    .min()
            };
            let (yes, no) = (first(self.affirm), first(self.deny));
            let (sent, spoken) = match (yes, no) {
                (None, None) => return None,
                (Some(yes), Some(no)) if no <= yes => ("no", &self.words.no),
                (None, Some(_)) => ("no", &self.words.no),
                (Some(_), _) => ("yes", &self.words.yes),
            };
            Some(SlotValue {
                sent: sent.to_owned(),
                spoken: spoken.clone(),
            })
        })
    }

    /// The whole turn, where it is no question itself.
    pub(super) fn own_words(self, slot: &Slot, said: &Said<'_>) -> Option<SlotValue> {
        let line = strict_line(said.text, slot.longest.unwrap_or(MAX_TEXT)).ok()?;
        let line = line.trim_end_matches(['.', '!', '?']);
        let says = line.contains(char::is_alphanumeric);
        (!self.is_question && says).then(|| same(line.to_owned()))
    }

    /// A number and the words of a street, with whatever else is said of the place.
    pub(super) fn address(self, said: &Said<'_>) -> Option<SlotValue> {
        if self.is_question {
            return None;
        }
        let mut parts = said.parts.iter().rev();
        parts.find_map(|part| {
            let part = self.without_fillers(said, part, &self.words.address.leads);
            let words = part
                .clone()
                .filter(|at| !said.is_numeral(*at) && said.key(*at).len() > 2);
            let has_number = part.clone().any(|at| said.is_numeral(at));
            if !has_number || words.count() < WORDS_OF_ADDRESS {
                return None;
            }
            let line = with_digits(said, &part);
            strict_line(&line, MAX_TEXT)
                .ok()
                .map(|line| same(line.to_owned()))
        })
    }

    /// A part without hesitation and politeness at its ends, and without what introduces the value.
    pub(super) fn without_fillers(
        self,
        said: &Said<'_>,
        part: &Range<usize>,
        leads: &[String],
    ) -> Range<usize> {
        let mut part = part.clone();
        while let Some(end) = said
            .phrase(part.start, &part, &self.words.fillers)
            .or_else(|| said.phrase(part.start, &part, leads))
        {
            part.start = end;
        }
        while part.end > part.start
            && let Some(start) = (part.start..part.end)
                .find(|at| said.phrase(*at, &part, &self.words.fillers) == Some(part.end))
        {
            part.end = start;
        }
        part
    }
}

/// The text of a part with its numbers in digits: "twelve Long Street" is "12 Long Street".
fn with_digits(said: &Said<'_>, part: &Range<usize>) -> String {
    let items = said.items.get(part.clone()).unwrap_or_default();
    let base = items.first().map_or(0, |item| item.span.start);
    let text = said.text_of(part);
    let none: [&str; 0] = [];
    let chains = chains(said.text, items, &none);
    let mut line = String::with_capacity(text.len());
    let mut from = 0;
    for piece in chains.iter().flat_map(|chain: &Chain| &chain.pieces) {
        let (start, end) = (piece.span.start - base, piece.span.end - base);
        line.push_str(text.get(from..start).unwrap_or_default());
        line.push_str(&piece.digits);
        from = end;
    }
    line.push_str(text.get(from..).unwrap_or_default());
    line
}
