//! A person's name, behind "my name is" or where it was asked for.

use std::ops::Range;

use language::{is_function_word, is_known_word};

use super::{
    read::{Found, Level, Reader},
    said::Said,
    same,
};

/// Words of a name.
const MOST_WORDS: usize = 4;
/// Letters said one by one that make a word.
const SPELLED: usize = 3;

impl Reader<'_> {
    pub(super) fn names(self, said: &Said<'_>, part: &Range<usize>, level: Level) -> Vec<Found> {
        let words = &self.words.name;
        let introduced = part.clone().filter_map(|at| {
            let from = said.phrase(at, part, &words.leads)?;
            let (name, end) = self.name_at(said, part, from, true)?;
            Some((name, from..end))
        });
        let mut found: Vec<(String, Range<usize>)> = introduced.collect();
        if level != Level::Plain && !self.is_question {
            let mut leads = words.leads.clone();
            leads.extend(words.asked_leads.iter().cloned());
            let bare = self.without_fillers(said, part, &leads);
            let is_led = part.start < bare.start;
            if let Some((name, end)) = self.name_at(said, part, bare.start, is_led)
                && (end >= bare.end || self.is_alone(said, part, end))
            {
                found.push((name, bare.start..end));
            }
        }
        found
            .into_iter()
            .map(|(name, at)| Found {
                at,
                value: same(name),
            })
            .collect()
    }

    /// The name that begins at a place, and where it ends. `is_led`: what stands before it says that it is one.
    fn name_at(
        self,
        said: &Said<'_>,
        part: &Range<usize>,
        from: usize,
        is_led: bool,
    ) -> Option<(String, usize)> {
        let words = &self.words.name;
        let mut at = from;
        while said.is_any(at, &words.titles) && at < part.end {
            at += 1;
        }
        let first = at;
        let mut name: Vec<String> = Vec::new();
        let mut is_known = true;
        while at < part.end && name.len() < MOST_WORDS {
            if let Some((spelled, end)) = spelled(said, part, at) {
                let is_same_start = |heard: &&mut String| heard.get(..1) == spelled.get(..1);
                // What is spelled is surer than what was heard.
                match name.iter_mut().rev().find(is_same_start) {
                    Some(heard) => *heard = spelled,
                    None => name.push(spelled),
                }
                is_known = false;
                at = end;
                continue;
            }
            let is_initial =
                said.key(at.saturating_sub(1)).len() == 1 && said.gap(at).starts_with('.');
            let is_parted = at > first && said.is_parted(at) && !is_initial;
            if is_parted || !self.is_of_name(said, at, at == first) {
                break;
            }
            let written = said.text_of(&(at..at + 1));
            let is_particle = at > first && said.is_any(at, &words.particles);
            is_known = is_known && is_known_word(said.key(at));
            match said.gap(at) {
                "-" if at > first => {
                    let last = name.last_mut()?;
                    last.push('-');
                    last.push_str(&cased(written));
                }
                _ if is_particle => name.push(written.to_lowercase()),
                _ => name.push(cased(written)),
            }
            at += 1;
        }
        while at > first && said.is_any(at - 1, &words.particles) && name.len() > 1 {
            name.pop();
            at -= 1;
        }
        (!name.is_empty() && (is_led || !is_known)).then(|| (name.join(" "), at))
    }

    fn is_of_name(self, said: &Said<'_>, at: usize, is_first: bool) -> bool {
        let key = said.key(at);
        let written = said.text_of(&(at..at + 1));
        let is_capital = written.starts_with(char::is_uppercase)
            && said.text.contains(char::is_lowercase)
            && at > 0;
        let words = &self.words.name;
        if said.is_numeral(at)
            || said.is_any(at, &words.not)
            || said.is_any(at, &self.words.fillers)
        {
            return false;
        }
        if said.is_any(at, &words.particles) {
            return true;
        }
        let is_letters = key.chars().all(|c| c.is_alphabetic() || c == '\'');
        is_letters && (is_capital || !is_function_word(key) && (is_first || !is_known_word(key)))
    }
}

/// Letters said one by one: "d u b e".
fn spelled(said: &Said<'_>, part: &Range<usize>, at: usize) -> Option<(String, usize)> {
    let is_letter = |at: &usize| {
        let mut letters = said.key(*at).chars();
        letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
    };
    let end = at + (at..part.end).take_while(is_letter).count();
    (end - at >= SPELLED).then(|| {
        let letters: String = (at..end).map(|at| said.key(at)).collect();
        (cased(&letters), end)
    })
}

/// With a capital, unless it was written with one inside.
fn cased(written: &str) -> String {
    let is_loud = written.chars().count() > 1 && !written.contains(char::is_lowercase);
    let written = match is_loud {
        true => written.to_lowercase(),
        false => written.to_owned(),
    };
    let mut letters = written.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}
