//! An address of e-mail in a turn.

use std::ops::Range;

use language::{
    is_function_word,
    numbers::{What, chains},
};

use super::{is_address, speak::spoken};
use crate::slot::{
    SlotValue,
    read::{Found, Level, Reader},
    said::Said,
    words::EmailWords,
};

/// Words that the first label of a domain may be said in: "green valley farms dot com".
const MOST_WORDS: usize = 4;

/// A turn's words around the sign.
#[derive(Clone, Copy)]
struct Spelling<'a> {
    reader: Reader<'a>,
    words: &'a EmailWords,
    said: &'a Said<'a>,
    part: &'a Range<usize>,
    level: Level,
}

impl<'a> Reader<'a> {
    pub(in crate::slot) fn emails(
        self,
        said: &'a Said<'a>,
        part: &'a Range<usize>,
        level: Level,
    ) -> Vec<Found> {
        let spelling = Spelling {
            reader: self,
            words: &self.words.email,
            said,
            part,
            level,
        };
        let places = part.clone().skip(1);
        places.filter_map(|at| spelling.around(at)).collect()
    }
}

impl<'a> Spelling<'a> {
    /// The address whose sign stands at a place or right before it.
    fn around(self, at: usize) -> Option<Found> {
        let domain_from = if self.said.gap(at).contains('@') {
            at
        } else if self.said.is_any(at, &self.words.at) {
            at + 1
        } else {
            return None;
        };
        let (domain, end) = self.domain(domain_from)?;
        let start = self.local_start(at)?;
        let address = format!("{}@{domain}", self.local(start..at)).to_lowercase();
        let value = SlotValue {
            spoken: spoken(&address, self.words)?,
            sent: address,
        };
        is_address(&value.sent).then_some(Found {
            at: start..end,
            value,
        })
    }

    /// The domain that begins at a place, and where it ends.
    fn domain(self, from: usize) -> Option<(String, usize)> {
        let said = self.said;
        let mut labels: Vec<String> = Vec::new();
        let mut at = from;
        loop {
            let (label, end) = self.label(at, labels.is_empty())?;
            labels.push(label);
            if end >= self.part.end {
                return (labels.len() > 1).then(|| (labels.join("."), end));
            }
            if said.is_any(end, &self.words.dot) && !said.gap(end).contains('.') {
                at = end + 1;
            } else if said.gap(end) == "." {
                at = end;
            } else {
                return (labels.len() > 1).then(|| (labels.join("."), end));
            }
        }
    }

    /// One label of a domain, and where it ends. The first may be several words, if a dot follows them.
    fn label(self, from: usize, is_first: bool) -> Option<(String, usize)> {
        let said = self.said;
        for (label, heard) in &self.words.domains {
            if let Some(end) = said.phrase(from, self.part, heard) {
                return Some((label.clone(), end));
            }
        }
        let mut label = self.letters_at(from)?;
        let mut words = 1;
        let mut at = from + 1;
        while at < self.part.end && !said.is_any(at, &self.words.dot) {
            let gap = said.gap(at);
            let is_spelled = self.is_single(at - 1) && self.is_single(at);
            let mark = self.mark(at).filter(|mark| mark.0 == "-");
            if let Some((mark, end)) = mark {
                label.push_str(mark);
                label.push_str(&self.letters_at(end)?);
                at = end + 1;
                continue;
            }
            match gap {
                "" => {}
                "-" if is_spelled => {}
                "-" => label.push('-'),
                "." => break,
                _ if is_spelled && !gap.contains('.') => {}
                " " if is_first && words < MOST_WORDS => words += 1,
                _ => break,
            }
            label.push_str(&self.letters_at(at)?);
            at += 1;
        }
        Some((label, at))
    }

    /// A letter or a digit.
    fn is_single(self, at: usize) -> bool {
        self.said.key(at).chars().count() == 1 || self.said.is_numeral(at)
    }

    /// The letters or digits that a word stands for.
    fn letters_at(self, at: usize) -> Option<String> {
        if at >= self.part.end {
            return None;
        }
        let item = self.said.items.get(at)?;
        match &item.what {
            What::Word(word) => Some(word.clone()),
            What::Digits(digits) => Some(digits.clone()),
            What::Number(_) if self.said.key(at) == "o" => Some("o".to_owned()),
            What::Number(_) => {
                let none: [&str; 0] = [];
                let chain = chains(self.said.text, std::slice::from_ref(item), &none).pop()?;
                Some(chain.literal.iter().map(|p| p.digits.as_str()).collect())
            }
            _ => None,
        }
    }

    /// The mark that is said at a place, and where its name ends.
    fn mark(self, at: usize) -> Option<(&'a str, usize)> {
        let named = self.words.marks.iter().filter_map(|(mark, names)| {
            let end = self.said.phrase(at, self.part, names)?;
            Some((mark.as_str(), end))
        });
        named.max_by_key(|(_, end)| *end)
    }

    /// A word that is a mark's name or a part of it.
    fn is_mark(self, at: usize) -> bool {
        let mut starts = at.saturating_sub(1)..=at;
        starts.any(|start| self.mark(start).is_some_and(|(_, end)| end > at))
    }

    /// Where what stands before the sign begins.
    fn local_start(self, end: usize) -> Option<usize> {
        let said = self.said;
        // What surely belongs together, and what does if an introduction stands before it.
        let (mut sure, mut is_sure, mut words) = (end, true, 0);
        let mut at = end;
        while at > self.part.start {
            let Some((from, is_joined)) = self.joined(at, end) else {
                break;
            };
            if !is_joined {
                is_sure = false;
                words += 1;
                if words >= MOST_WORDS {
                    break;
                }
            }
            at = from;
            if is_sure {
                sure = at;
            }
        }
        let before = at
            .checked_sub(1)
            .filter(|before| *before >= self.part.start);
        // It was asked for, or stands in the place of one.
        let is_wanted = self.level != Level::Plain;
        let is_introduced = match before {
            Some(before) => {
                let is_after_filler = said.is_any(before, &self.reader.words.fillers);
                said.is_any(before, &self.words.before)
                    || is_wanted && (is_after_filler || said.is_parted(at))
            }
            None => is_wanted,
        };
        // A word stands before it that may belong to it.
        if !is_introduced && at < sure && !is_wanted {
            return None;
        }
        let start = if is_introduced { at } else { sure };
        // "You reach me at", "look at": a word alone must be introduced.
        let is_word = end - start == 1 && !self.is_single(start);
        let is_typed = said.gap(end).trim() == "@";
        let is_known = is_introduced && !is_function_word(said.key(start));
        (start < end && (!is_word || is_typed || is_known)).then_some(start)
    }

    /// Where the unit before `at` begins, and whether it surely belongs to what stands at `at`; none where it does not
    /// belong to the address. `end` is where the sign stands.
    fn joined(self, at: usize, end: usize) -> Option<(usize, bool)> {
        let said = self.said;
        let last = at - 1;
        let is_last = at == end;
        let gap = if is_last { "" } else { said.gap(at) };
        let is_typed = !is_last && matches!(gap, "" | "." | "_" | "-" | "+");
        let from = self.unit_start(last);
        if is_typed {
            return Some((from, true));
        }
        let is_named = |at: usize| self.is_mark(at) || self.is_ignored(at);
        if is_named(last) || (!is_last && is_named(at)) {
            return Some((from, true));
        }
        // "My email is": but "me@example.com" is one.
        let is_apart = last == self.part.start || said.gap(last).contains(char::is_whitespace);
        let is_typed_sign = is_last && said.gap(at).contains('@');
        if is_apart && !is_typed_sign && said.is_any(last, &self.words.before) {
            return None;
        }
        let is_single = |at: usize| self.is_single(at);
        if is_last {
            return Some((from, true));
        }
        // "Sarah, ninety nine", "s, a, r, a, h", "s for sugar, a for apple".
        if is_single(from) && is_single(at) || is_single(from) && from < last {
            return Some((from, true));
        }
        if said.is_numeral(at) && !gap.contains(['.', '?', '!']) {
            return Some((from, true));
        }
        let is_word = !is_function_word(said.key(last)) && gap == " ";
        is_word.then_some((from, false))
    }

    /// Between spaces, and not within what was typed: the "er" of "er.smith@example.com".
    fn is_said_apart(self, at: usize, end: usize) -> bool {
        let is_typed = |at: usize| {
            let gap = self.said.gap(at);
            !gap.is_empty() && !gap.contains(char::is_whitespace)
        };
        !is_typed(at) && !is_typed(end)
    }

    /// Where the letter begins that is told by a word, "s for sugar"; else the place itself.
    fn unit_start(self, last: usize) -> usize {
        let starts = [2, 3].into_iter().filter_map(|back| last.checked_sub(back));
        let mut starts = starts.filter(|start| *start >= self.part.start);
        let told = starts.find(|start| {
            self.said.key(*start).chars().count() == 1
                && self.said.phrase(start + 1, self.part, &self.words.as_in) == Some(last)
        });
        told.unwrap_or(last)
    }

    fn is_ignored(self, at: usize) -> bool {
        let words = |phrase: &String| phrase.split(' ').count();
        let longest = self.words.ignored.iter().map(words).max().unwrap_or(0);
        let mut starts = at.saturating_sub(longest)..=at;
        let doubled = self.words.doubled.contains_key(self.said.key(at));
        doubled
            || starts.any(|start| {
                self.said
                    .phrase(start, self.part, &self.words.ignored)
                    .is_some_and(|end| end > at)
            })
    }

    /// What the words before the sign spell.
    fn local(self, range: Range<usize>) -> String {
        let said = self.said;
        let mut local = String::new();
        let mut at = range.start;
        let mut times = 1;
        while at < range.end {
            let is_named = |end: &usize| *end <= range.end && self.is_said_apart(at, *end);
            let ignored = said.phrase(at, &range, &self.words.ignored);
            if let Some(end) = ignored.filter(is_named) {
                at = end;
                continue;
            }
            if let Some((mark, end)) = self.mark(at).filter(|(_, end)| is_named(end)) {
                local.push_str(mark);
                at = end;
                continue;
            }
            let is_single = said.key(at).chars().count() == 1;
            if let Some(count) = self.words.doubled.get(said.key(at))
                && said.key(at + 1).chars().count() == 1
            {
                times = *count;
                at += 1;
                continue;
            }
            if at > range.start
                && let mark @ ("." | "_" | "-" | "+") = said.gap(at)
                && !(mark == "-" && is_single)
            {
                local.push_str(mark);
            }
            if said.is_numeral(at) && said.key(at) != "o" {
                let end = (at..range.end)
                    .take_while(|at| said.is_numeral(*at))
                    .count();
                local.push_str(&self.digits(at..at + end));
                at += end;
                continue;
            }
            let letters = self.letters_at(at).unwrap_or_default();
            local.push_str(&letters.repeat(times));
            times = 1;
            at += 1;
            if is_single && let Some(word) = said.phrase(at, &range, &self.words.as_in) {
                at = word + 1;
            }
        }
        local
    }

    fn digits(self, range: Range<usize>) -> String {
        let none: [&str; 0] = [];
        let items = self.said.items.get(range).unwrap_or_default();
        let chains = chains(self.said.text, items, &none);
        let pieces = chains.iter().flat_map(|chain| &chain.literal);
        pieces.map(|piece| piece.digits.as_str()).collect()
    }
}
