//! Which words of an utterance the agent was just saying itself.

use std::ops::Range;

use language::{
    Listening, Word,
    sound::{distance, sound},
    words,
};

/// A pair of words counts so much, one that stands on one side only, or does not fit, so much.
const FITS: i32 = 2;
const MISFITS: i32 = -1;
/// This part of a stretch of the agent's words fits, at least; the rest was misheard.
const FITTING: f32 = 0.6;

/// So many words one behind the other may have been misheard; more are somebody else's.
const MISHEARD: u16 = 2;

/// So alike to what was sent, it was that, whatever was understood of it.
const SURELY_OWN: f32 = 0.85;
/// So little alike, nothing came back.
const SURELY_NOT: f32 = 0.45;

/// Fewer words than this are an answer as well as an echo: without the sound they are the caller's.
const ENOUGH_WORDS: usize = 3;

/// Words that are compared at most; longer talk is nobody's echo.
const MOST_WORDS: usize = 200;

/// Whose words they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// The agent's own.
    Own,
    /// The caller's: all of them, or those that were left beside the agent's.
    Callers(String),
}

/// Judges what was heard while `said` was being said, by the words and, where it is known, by how alike the sounds are.
///
/// A stretch of words that follow one another as in `said` is the agent's, with a few misheard. What stands before and
/// behind it is the caller's if it is more than a word that may have been misheard too.
#[must_use]
pub fn own_words(heard: &str, said: &str, likeness: Option<f32>, listening: &Listening) -> Judged {
    let all = || Judged::Callers(heard.to_owned());
    if likeness.is_some_and(|likeness| likeness < SURELY_NOT) {
        return all();
    }
    let (heard_words, said_words) = (words(heard), words(said));
    if likeness.is_none() && heard_words.len() < ENOUGH_WORDS {
        return all();
    }
    let is_own_sound = likeness.is_some_and(|likeness| likeness >= SURELY_OWN);
    let (mut beside, mut left) = (Vec::new(), Vec::new());
    beside.push(0..heard_words.len());
    while let Some(part) = beside.pop() {
        match stretch(&heard_words[part.clone()], &said_words) {
            Some(own) => beside.extend([
                part.start + own.end..part.end,
                part.start..part.start + own.start,
            ]),
            None => left.push(part),
        }
    }
    let count: usize = left.iter().map(Range::len).sum();
    let is_callers = match count {
        // Nothing of it was being said.
        all if all == heard_words.len() => !is_own_sound,
        0 => false,
        1 => left
            .iter()
            .any(|part| part.len() == 1 && listening.is_stop(&heard_words[part.start].key)),
        2 => !is_own_sound,
        _ => true,
    };
    if !is_callers {
        return Judged::Own;
    }
    if count == heard_words.len() {
        return Judged::Callers(heard.to_owned());
    }
    // The signs between the words matter: a question is one by its mark.
    let parts = left.iter().filter(|part| !part.is_empty());
    let parts = parts.map(|part| text_of(heard, &heard_words[part.clone()]));
    Judged::Callers(parts.collect::<Vec<_>>().join(" "))
}

/// The stretch of `text` that these words take, with the signs behind the last of them.
fn text_of(text: &str, words: &[Word<'_>]) -> String {
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return String::new();
    };
    let end = place(last.text) + last.text.len();
    let signs = text[end..].chars().take_while(char::is_ascii_punctuation);
    let end = end + signs.map(char::len_utf8).sum::<usize>();
    text[place(first.text)..end].to_owned()
}

/// Where an alignment is that ends at one pair of words.
#[derive(Debug, Clone, Copy, Default)]
struct Aligned {
    score: i32,
    begins: usize,
    fits: u16,
    /// Words heard since the last that fits.
    missed: u16,
}

impl Aligned {
    /// A word more that does not fit, which was `heard` or only said.
    fn missing(self, heard: u16) -> Self {
        let missed = self.missed + heard;
        if missed > MISHEARD {
            return Self::default();
        }
        Self {
            score: self.score + MISFITS,
            missed,
            ..self
        }
    }
}

/// The words of `heard` that follow one another as they do in `said`, but for a few: the best local alignment (T. F. Smith
/// and M. S. Waterman, 1981).
fn stretch(heard: &[Word<'_>], said: &[Word<'_>]) -> Option<Range<usize>> {
    if heard.len() > MOST_WORDS {
        return None;
    }
    let said = &said[said.len().saturating_sub(MOST_WORDS)..];
    let mut above = vec![Aligned::default(); said.len() + 1];
    let (mut best, mut ends) = (Aligned::default(), 0);
    for (at, word) in heard.iter().enumerate() {
        let mut row = vec![Aligned::default(); said.len() + 1];
        for (place, own) in said.iter().enumerate() {
            let before = above[place];
            let pair = if is_same(&word.key, &own.key) {
                let begins = if before.score == 0 { at } else { before.begins };
                Aligned {
                    score: before.score + FITS,
                    begins,
                    fits: before.fits + 1,
                    missed: 0,
                }
            } else {
                before.missing(1)
            };
            let ways = [pair, above[place + 1].missing(1), row[place].missing(0)];
            let way = ways.into_iter().max_by_key(|way| way.score);
            row[place + 1] = way.filter(|way| way.score > 0).unwrap_or_default();
            if row[place + 1].score > best.score {
                (best, ends) = (row[place + 1], at + 1);
            }
        }
        above = row;
    }
    let length = ends - best.begins;
    // Two words that anybody says are no stretch, unless nothing else was heard.
    let is_long = best.fits >= 3 || best.fits > 0 && usize::from(best.fits) == heard.len();
    (is_long && f32::from(best.fits) >= FITTING * length as f32).then_some(best.begins..ends)
}

/// As written, or as a recogniser may have misheard it.
fn is_same(heard: &str, said: &str) -> bool {
    if heard == said {
        return true;
    }
    let letters = heard.len().min(said.len());
    let far = match letters {
        0..4 => return false,
        4..7 => 1,
        _ => 2,
    };
    distance(heard, said) <= far || (letters > 3 && sound(heard) == sound(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "You can block your card in the app, or dial star two three six hash. It is free, and it works \
                        at any hour of the day.";

    #[track_caller]
    fn check(heard: &str, likeness: Option<f32>, callers: Option<&str>) {
        let judged = own_words(heard, SAID, likeness, &Listening::default());
        let expected = callers.map_or(Judged::Own, |text| Judged::Callers(text.to_owned()));
        assert_eq!(judged, expected, "{heard:?} at {likeness:?}");
    }

    #[test]
    fn what_is_being_said_is_the_agents_own_however_it_is_misheard() {
        for heard in [
            "You can block your card in the app or dial",
            "block your cart in the app",
            "It is free and it works at any hour of the day.",
            "dial star to three six hash",
            "free and it worked at any our of the day",
        ] {
            check(heard, None, None);
            check(heard, Some(0.7), None);
        }
        check("App.", Some(0.7), None);
        check("App.", None, Some("App."));
        check("clock her guard in there", Some(0.95), None);
    }

    #[test]
    fn what_is_said_beside_it_is_the_callers() {
        check(
            "in the app or dial star no I lost my phone",
            None,
            Some("no I lost my phone"),
        );
        check("Wait. It is free and it works", None, Some("Wait."));
        check(
            "What about Sunday? it works at any hour",
            Some(0.9),
            Some("What about Sunday?"),
        );
        check("it works at any hour. Stop!", Some(0.95), Some("Stop!"));
        check(
            "block your card in the app. How much is a new one? It is free and it works",
            None,
            Some("How much is a new one?"),
        );
    }

    #[test]
    fn who_interrupts_is_heard_whatever_words_they_use() {
        for heard in [
            "Which app is it?",
            "What does it cost for me?",
            "No.",
            "Is there a fee for the card?",
            "I want to speak to a person.",
        ] {
            check(heard, None, Some(heard));
            check(heard, Some(0.2), Some(heard));
        }
        // The agent's words in the caller's mouth, on a line that brings nothing back.
        check(
            "block my card in the app",
            Some(0.2),
            Some("block my card in the app"),
        );
    }
}
