//! The days that a caller names.

use language::{Break, Word, words};

use crate::english::{Dates, english};

/// The last day of a month.
const LAST_DAY: u8 = 31;

/// The days that a text names, as this project writes them. A bare weekday or month of a question is what is asked
/// about ("are you open on Saturday?"), no date of the matter.
pub(super) fn dates(text: &str) -> Vec<String> {
    let reader = DateReader {
        lists: &english().summary.dates,
        heard: &words(text),
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < reader.heard.len() {
        match reader.date(at) {
            Some((date, length)) => {
                found.push(date);
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

struct DateReader<'a> {
    lists: &'a Dates,
    heard: &'a [Word<'a>],
}

impl DateReader<'_> {
    /// The date that begins at `at`, and its words.
    fn date(&self, at: usize) -> Option<(String, usize)> {
        self.ago(at)
            .or_else(|| self.past(at))
            .or_else(|| self.day_of_month(at))
            .or_else(|| self.led(at))
            .or_else(|| self.bare(at))
    }

    fn key(&self, at: usize) -> &str {
        self.heard.get(at).map_or("", |word| word.key.as_str())
    }

    /// "Two days ago", "a week ago".
    fn ago(&self, at: usize) -> Option<(String, usize)> {
        let (count, unit, ago) = (self.key(at), self.key(at + 1), self.key(at + 2));
        let counts = is_in(&self.lists.counts, count) || day_number(count).is_some();
        let fits = counts && is_in(&self.lists.units, unit) && is_in(&self.lists.ago, ago);
        fits.then(|| (format!("{count} {unit} {ago}"), 3))
    }

    /// "Yesterday", "the day before yesterday".
    fn past(&self, at: usize) -> Option<(String, usize)> {
        let keys: Vec<&str> = (at..self.heard.len().min(at + 4))
            .map(|at| self.key(at))
            .collect();
        let said = self.lists.past.iter().filter(|phrase| {
            let parts: Vec<&str> = phrase.split(' ').collect();
            keys.starts_with(&parts)
        });
        let longest = said.max_by_key(|phrase| phrase.len())?;
        Some((longest.clone(), longest.split(' ').count()))
    }

    /// "May 3", "3rd of May", "the third of May".
    fn day_of_month(&self, at: usize) -> Option<(String, usize)> {
        let day = |at: usize| self.day(self.key(at));
        let month = |at: usize| is_in(&self.lists.months, self.key(at)).then(|| name(self.key(at)));
        if let (Some(month), Some(day)) = (month(at), day(at + 1)) {
            return Some((format!("{day} {month}"), 2));
        }
        let day = day(at)?;
        let of = usize::from(self.key(at + 1) == "of");
        let month = month(at + 1 + of)?;
        Some((format!("{day} {month}"), 2 + of))
    }

    /// "Last Friday", "since May", "next week".
    fn led(&self, at: usize) -> Option<(String, usize)> {
        let (lead, what) = (self.key(at), self.key(at + 1));
        if !is_in(&self.lists.leads, lead) {
            return None;
        }
        let named = is_in(&self.lists.days, what) || is_in(&self.lists.months, what);
        let what = if named {
            name(what)
        } else if is_in(&self.lists.units, what) {
            what.to_owned()
        } else {
            return None;
        };
        Some((format!("{lead} {what}"), 2))
    }

    /// "Friday", "in October".
    fn bare(&self, at: usize) -> Option<(String, usize)> {
        let key = self.key(at);
        let named = is_in(&self.lists.days, key)
            || (is_in(&self.lists.months, key) && !is_in(&self.lists.unsure, key));
        let end = self.heard[at..]
            .iter()
            .find(|word| !matches!(word.after, Break::None | Break::Clause));
        let is_asked = end.is_some_and(|word| word.after == Break::Question) || self.asks();
        (named && !is_asked).then(|| (name(key), 1))
    }

    /// Typed and recognised questions often lack their mark.
    fn asks(&self) -> bool {
        let mut keys = self.heard.iter().map(|word| word.key.as_str());
        let opens = |key: &str| is_in(&self.lists.asking, key);
        keys.clone().next().is_some_and(opens) || keys.nth(1).is_some_and(opens)
    }

    fn day(&self, key: &str) -> Option<u8> {
        let place = self
            .lists
            .ordinals
            .iter()
            .position(|ordinal| ordinal == key);
        match place {
            // "Thirtieth" follows "twentieth" in the list.
            Some(place) if place == self.lists.ordinals.len() - 1 => Some(30),
            Some(place) => u8::try_from(place + 1).ok(),
            None => day_number(key),
        }
    }
}

/// "3", "3rd", "22nd": a day of a month.
fn day_number(key: &str) -> Option<u8> {
    let digits = key.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = &key[digits.len()..];
    let day: u8 = digits.parse().ok()?;
    (matches!(suffix, "" | "st" | "nd" | "rd" | "th") && (1..=LAST_DAY).contains(&day))
        .then_some(day)
}

fn is_in(list: &[String], key: &str) -> bool {
    list.iter().any(|item| item == key)
}

/// With a capital.
fn name(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::dates;

    #[test]
    fn dates_are_read_as_they_are_said() {
        for (said, expected) in [
            ("I paid it on the 3rd of May.", &["3 May"][..]),
            ("it was March 14th or so", &["14 March"]),
            ("on the twelfth of october", &["12 October"]),
            ("I sent it two days ago", &["two days ago"]),
            (
                "3 weeks ago and again yesterday",
                &["3 weeks ago", "yesterday"],
            ),
            ("the day before yesterday", &["the day before yesterday"]),
            ("I have been waiting since Monday", &["since Monday"]),
            ("It comes on Friday.", &["Friday"]),
            ("Are you open on Friday?", &[]),
            ("are you open on friday", &[]),
            ("Did it go out last Friday?", &["last Friday"]),
            ("I may march there", &[]),
            ("the 40th of May", &[]),
        ] {
            assert_eq!(dates(said), expected, "{said:?}");
        }
    }
}
