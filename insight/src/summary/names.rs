//! The caller's name, taken only from the caller introducing themselves.

use language::{Break, Word, contains_any, find_phrase, words};

use crate::{english::english, turn::TurnText};
use call::Speaker;

/// A name and the turns that give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) name: String,
    pub(super) evidence: Vec<i32>,
}

/// Longest name we take: "Mary Jane Watson Smith".
const MAX_NAME_WORDS: usize = 4;

/// How sure an opening makes us that a name follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// "My name is": nothing else follows, so lower case will do.
    Certain,
    /// "This is", "I am": wants a capital and a fitting end.
    Likely,
    /// An answer to "may I have your name?": the whole turn must be the name.
    Answer,
}

const OPENINGS: &[(&str, Opening)] = &[
    ("my name is", Opening::Certain),
    ("my name's", Opening::Certain),
    ("my full name is", Opening::Certain),
    ("my first name is", Opening::Certain),
    ("the name is", Opening::Certain),
    ("this is", Opening::Likely),
    ("i am", Opening::Likely),
    ("i'm", Opening::Likely),
];

/// The name the caller gave last: a caller who gives it twice corrects what we heard first.
/// `not_names` are words of the trade that are never a name.
pub(super) fn of_caller(turns: &[TurnText], not_names: &[String]) -> Option<Name> {
    let reader = Reader { not_names };
    let mut found: Option<Name> = None;
    let mut asked = false;
    for turn in turns {
        if turn.speaker == Speaker::Agent {
            asked = contains_any(&turn.text, &english().summary.asks_for_name);
            continue;
        }
        let Some(name) = reader.in_turn(&turn.text, asked) else {
            continue;
        };
        match &mut found {
            Some(known) if known.name == name => known.evidence.push(turn.seq),
            _ => {
                found = Some(Name {
                    name,
                    evidence: vec![turn.seq],
                })
            }
        }
    }
    found
}

/// Reads names out of turns.
#[derive(Clone, Copy)]
struct Reader<'a> {
    not_names: &'a [String],
}

impl Reader<'_> {
    fn in_turn(self, text: &str, asked: bool) -> Option<String> {
        let heard = words(text);
        let keys: Vec<&str> = heard.iter().map(|w| w.key.as_str()).collect();
        for (phrase, opening) in OPENINGS {
            let parts: Vec<&str> = phrase.split(' ').collect();
            let mut from = 0;
            while let Some(at) = find_phrase(&keys[from..], &parts).map(|at| at + from) {
                from = at + parts.len();
                // "His name is" never matches "my name is"; "it says my name is" is no introduction either.
                let quoted =
                    at > 0 && matches!(keys[at - 1], "says" | "said" | "think" | "thinks" | "that");
                if !quoted && let Some(name) = self.read_name(&heard[from..], *opening, asked) {
                    return Some(name);
                }
            }
        }
        if !asked {
            return None;
        }
        let skip = keys
            .iter()
            .take_while(|k| matches!(**k, "yes" | "sure" | "it's" | "it" | "is" | "okay"))
            .count();
        self.read_name(&heard[skip..], Opening::Answer, asked)
    }

    fn read_name(self, heard: &[Word<'_>], opening: Opening, asked: bool) -> Option<String> {
        // "Mr Moyo": the title is not part of the name.
        let titles = heard
            .iter()
            .take_while(|w| matches!(w.key.as_str(), "mr" | "mrs" | "ms" | "miss" | "dr"))
            .count();
        let heard = &heard[titles..];
        let capitals = heard
            .iter()
            .take_while(|w| w.is_capitalised() && self.is_name_word(w))
            .count();
        let named = within_clause(&heard[..capitals.min(MAX_NAME_WORDS)]);
        let rest = &heard[named.len()..];
        match opening {
            _ if named
                .iter()
                .chain(rest.first())
                .any(|w| w.key.ends_with("'s") || w.key.ends_with("s'")) =>
            {
                None
            }
            Opening::Certain if named.is_empty() => self.lower_case_name(heard),
            Opening::Certain => Some(written(named)),
            Opening::Likely if named.is_empty() => None,
            Opening::Likely => {
                let introduces = rest
                    .first()
                    .is_some_and(|w| matches!(w.key.as_str(), "speaking" | "calling" | "here"));
                let closed = named.last().is_some_and(|w| w.after != Break::None);
                // A bare "I am Hungry." has a capital too: one word wants a question for it or "speaking".
                let trusted = introduces
                    || (closed && (named.len() > 1 || asked || preceded_by_this(heard, rest)));
                trusted.then(|| written(named))
            }
            Opening::Answer => (!named.is_empty() && rest.is_empty()).then(|| written(named)),
        }
    }

    /// "my name is sarah moyo": typed text and some recognisers write no capitals.
    fn lower_case_name(self, heard: &[Word<'_>]) -> Option<String> {
        let stops = |w: &Word<'_>| {
            matches!(
                w.key.as_str(),
                "and" | "i" | "i'm" | "from" | "speaking" | "calling" | "here"
            )
        };
        let length = heard
            .iter()
            .take_while(|w| self.is_name_word(w) && !stops(w))
            .count();
        let named = within_clause(&heard[..length]);
        let closed = named.last().is_some_and(|w| w.after != Break::None)
            || heard.get(length).is_some_and(stops);
        (!named.is_empty() && named.len() <= 2 && closed).then(|| written(named))
    }

    fn is_name_word(self, word: &Word<'_>) -> bool {
        let lists = [&english().summary.not_names[..], self.not_names];
        !lists.iter().any(|list| list.contains(&word.key))
            && word.key.chars().all(|c| c.is_alphabetic() || c == '\'')
    }
}

/// A single capitalised word that ends its clause and is the start of what follows an opening.
fn preceded_by_this(heard: &[Word<'_>], rest: &[Word<'_>]) -> bool {
    heard.len() == rest.len() + 1 && heard[0].text.len() > 2
}

fn within_clause<'w, 't>(named: &'w [Word<'t>]) -> &'w [Word<'t>] {
    let end = named
        .iter()
        .position(|w| w.after != Break::None)
        .map_or(named.len(), |at| at + 1);
    &named[..end]
}

fn written(named: &[Word<'_>]) -> String {
    let capitalised = named.iter().map(|w| {
        let mut chars = w.text.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(chars).collect()
        })
    });
    capitalised.collect::<Vec<String>>().join(" ")
}
