//! The notation in which a pack's author writes phrases, and how they match what was said.
//!
//! | Written | Meaning |
//! |---|---|
//! | `withdraw card` | these words in this order, at most three others between two of them |
//! | `speak\|talk person\|agent` | one of the words at each place |
//! | `transfer+me` | the next word follows directly |
//! | `lose\|miss+card` | "lose card" or "miss card", directly: `\|` holds its words together more closely than `+`; for "lose" or "miss card" write two phrases |
//! | `called! me` | this form of the word alone, not "call" or "calling" |
//! | `code #` | `#` is any number |
//! | `i+am+_` | `_` is any one word |
//! | `=hold on` | the utterance says this and nothing else of meaning |
//!
//! Words are compared by stem, articles and "please" are skipped on both sides.

use std::collections::BTreeSet;

use crate::{lexicon::Lexicon, normalize::Term};

/// Words that may stand between two words of a phrase.
const MAX_GAP: usize = 3;
/// Words that neither side counts.
const FILLERS: [&str; 16] = [
    "a", "an", "the", "please", "uh", "um", "uhm", "er", "ah", "oh", "well", "just", "actually",
    "kindly", "hmm", "so",
];

/// An utterance, ready for matching.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// Its words without fillers.
    pub words: Vec<Term>,
    /// The hashes of their stems, each once, in rising order.
    hashes: Vec<u64>,
    /// Which stems may be among them.
    stems: Stems,
}

impl Utterance {
    /// Leaves the fillers out.
    pub fn new(mut words: Vec<Term>) -> Self {
        words.retain(|w| !FILLERS.contains(&w.text.as_str()));
        let mut hashes: Vec<u64> = words.iter().map(|word| hash(&word.stem)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let stems = Stems::of(hashes.iter().copied());
        Self {
            words,
            hashes,
            stems,
        }
    }
}

/// FNV-1a: a few letters need no better hash.
fn hash(stem: &str) -> u64 {
    stem.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A set of stems that says for certain only what is not in it: packs have thousands of phrases, and nearly all are
/// ruled out by one look.
#[derive(Clone, Copy, Debug, Default)]
struct Stems([u64; 4]);

impl Stems {
    fn of(hashes: impl Iterator<Item = u64>) -> Self {
        let mut set = Self::default();
        for hash in hashes {
            let bit = (hash >> 56) as usize;
            set.0[bit / 64] |= 1 << (bit % 64);
        }
        set
    }

    fn meets(&self, other: &Self) -> bool {
        let mut parts = self.0.iter().zip(other.0);
        parts.any(|(one, other)| one & other != 0)
    }
}

/// One compiled phrase.
#[derive(Clone, Debug)]
pub struct Phrase {
    written: String,
    whole: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    /// Must follow the step before directly.
    adjacent: bool,
    options: Vec<Want>,
    /// Of the options, where each is a stem.
    stems: Option<Stems>,
}

#[derive(Clone, Debug)]
enum Want {
    Any,
    Number,
    Stem(String),
    Form(Term),
}

/// Where a phrase matched: which words, by index into [`Utterance::words`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// In rising order.
    pub at: Vec<usize>,
}

impl Phrase {
    /// Compiles a phrase; `None` when it holds no word.
    pub fn parse(lexicon: &Lexicon, written: &str) -> Option<Self> {
        let (whole, body) = match written.trim().strip_prefix('=') {
            Some(body) => (true, body),
            None => (false, written),
        };
        let mut steps = Vec::new();
        for group in body.split_whitespace() {
            let mut adjacent = false;
            for place in group.split('+') {
                let options = options(lexicon, place);
                if !options.is_empty() {
                    let stems = hashes(&options);
                    steps.push(Step {
                        adjacent,
                        stems: stems.map(|stems| Stems::of(stems.into_iter())),
                        options,
                    });
                    adjacent = true;
                }
            }
        }
        (!steps.is_empty()).then(|| Self {
            written: written.to_owned(),
            whole,
            steps,
        })
    }

    /// As the author wrote it.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// A text that the phrase should match: its first words, with a number for `#`.
    pub fn sample(&self) -> String {
        let body = self.written.trim().trim_start_matches('=');
        let first = |place: &str| match place.split('|').next() {
            Some("#") | None => "100".to_owned(),
            Some("_") => "anything".to_owned(),
            Some(word) => word.trim_end_matches('!').to_owned(),
        };
        body.split([' ', '+'])
            .filter(|place| !place.is_empty())
            .map(first)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// How much a match says: more words, more certain.
    pub fn weight(&self) -> f32 {
        match self.steps.len() {
            1 => 1.0,
            2 => 1.6,
            _ => 2.0,
        }
    }

    /// The first match in the utterance.
    pub fn find(&self, utterance: &Utterance) -> Option<Match> {
        let words = &utterance.words;
        let mut stems = self.steps.iter().filter_map(|step| step.stems.as_ref());
        if self.whole && words.len() != self.steps.len()
            || stems.any(|stems| !stems.meets(&utterance.stems))
        {
            return None;
        }
        (0..words.len())
            .filter(|&at| self.steps[0].accepts(&words[at]))
            .find_map(|first| {
                let mut at = vec![first];
                self.rest(words, &mut at).then_some(Match { at })
            })
    }

    /// Extends a match word by word, trying near places first and stepping back when it fails.
    fn rest(&self, words: &[Term], at: &mut Vec<usize>) -> bool {
        let Some(step) = self.steps.get(at.len()) else {
            return true;
        };
        let after = at.last().map_or(0, |last| last + 1);
        let gap = if step.adjacent || self.whole {
            0
        } else {
            MAX_GAP
        };
        for next in after..words.len().min(after + gap + 1) {
            if step.accepts(&words[next]) {
                at.push(next);
                if self.rest(words, at) {
                    return true;
                }
                at.pop();
            }
        }
        false
    }
}

impl Step {
    fn accepts(&self, word: &Term) -> bool {
        self.options.iter().any(|want| match want {
            Want::Any => true,
            Want::Number => word.is_number(),
            Want::Stem(stem) => *stem == word.stem,
            Want::Form(form) => form.text == word.text,
        })
    }
}

/// The hashes of what a place accepts, where each is a stem.
fn hashes(options: &[Want]) -> Option<Vec<u64>> {
    let stems = options.iter().map(|want| match want {
        Want::Stem(stem) => Some(hash(stem)),
        Want::Form(word) => Some(hash(&word.stem)),
        Want::Any | Want::Number => None,
    });
    stems.collect()
}

/// The words that a place accepts; fillers vanish. Of an option that comes to several words ("login"
/// to "log in") the first counts.
fn options(lexicon: &Lexicon, place: &str) -> Vec<Want> {
    place
        .split('|')
        .flat_map(|option| {
            match option {
                "#" => return vec![Want::Number],
                "_" => return vec![Want::Any],
                _ => {}
            }
            lexicon
                .terms(option)
                .into_iter()
                .filter(|w| !FILLERS.contains(&w.text.as_str()))
                .take(1)
                .map(|word| match option.ends_with('!') {
                    true => Want::Form(word),
                    false => Want::Stem(word.stem),
                })
                .collect()
        })
        .collect()
}

/// A phrase as plain phrases, alternatives written out.
pub fn written_out(written: &str) -> Vec<String> {
    /// A phrase with many alternatives at many places is cut short here; none of ours comes near.
    const MOST: usize = 200;
    let body = written.trim().trim_start_matches('=');
    let places = body
        .split([' ', '+'])
        .filter(|place| !matches!(*place, "" | "#" | "_"));
    places.fold(vec![String::new()], |phrases, place| {
        let longer = |phrase: &String| {
            let phrase = phrase.clone();
            place.split('|').map(move |word| {
                let word = word.trim_end_matches('!');
                format!("{phrase} {word}").trim().to_owned()
            })
        };
        phrases.iter().flat_map(longer).take(MOST).collect()
    })
}

/// Compiled phrases, with which of them may match what was said: packs have thousands, and an utterance is about few.
#[derive(Clone, Debug, Default)]
struct Set {
    phrases: Vec<Phrase>,
    /// The hash of a stem without which a phrase matches nothing, or of one of several of which it wants one, with the
    /// phrase's place; in rising order.
    wanted: Vec<(u64, usize)>,
    /// Of all these stems.
    stems: Stems,
    /// The places of phrases that want no stem.
    others: Vec<usize>,
}

impl Set {
    /// Those without a word are left out.
    fn new(lexicon: &Lexicon, written: &[String]) -> Self {
        let phrases = written.iter();
        let phrases = phrases.filter_map(|phrase| Phrase::parse(lexicon, phrase));
        let mut set = Self {
            phrases: phrases.collect(),
            ..Self::default()
        };
        for (at, phrase) in set.phrases.iter().enumerate() {
            let steps = phrase.steps.iter();
            let fewest = steps
                .filter_map(|step| hashes(&step.options))
                .min_by_key(Vec::len);
            match fewest {
                Some(stems) => set.wanted.extend(stems.into_iter().map(|stem| (stem, at))),
                None => set.others.push(at),
            }
        }
        set.wanted.sort_unstable();
        set.stems = Stems::of(set.wanted.iter().map(|(stem, _)| *stem));
        set
    }

    /// Every phrase that matches, in the author's order.
    fn matches(&self, utterance: &Utterance) -> Vec<(&Phrase, Match)> {
        let mut may_match = self.others.clone();
        if self.stems.meets(&utterance.stems) {
            for stem in &utterance.hashes {
                let from = self.wanted.partition_point(|(wanted, _)| wanted < stem);
                let wanted = self.wanted[from..].iter();
                let wanted = wanted.take_while(|(wanted, _)| wanted == stem);
                may_match.extend(wanted.map(|(_, at)| *at));
            }
        }
        may_match.sort_unstable();
        may_match.dedup();
        let phrases = may_match.into_iter().map(|at| &self.phrases[at]);
        phrases
            .filter_map(|phrase| Some((phrase, phrase.find(utterance)?)))
            .collect()
    }
}

/// Phrases of one meaning, with the phrases that rule it out and the words that may stand beside it.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    any: Set,
    unless: Set,
    with: Set,
}

impl Phrases {
    /// Compiles the phrases; those without a word are left out.
    pub fn new(lexicon: &Lexicon, any: &[String], unless: &[String], with: &[String]) -> Self {
        Self {
            any: Set::new(lexicon, any),
            unless: Set::new(lexicon, unless),
            with: Set::new(lexicon, with),
        }
    }

    /// The words that the phrases explain, and those beside them; empty when no phrase matches.
    pub fn explained(&self, utterance: &Utterance) -> BTreeSet<usize> {
        let matches = self.matches(utterance);
        let mut at: BTreeSet<usize> = matches
            .into_iter()
            .flat_map(|(_, found)| found.at)
            .collect();
        if !at.is_empty() {
            for (phrase, found) in self.with.matches(utterance) {
                at.extend(found.at);
                // A phrase finds its first place only; a word that may stand beside stands beside anywhere.
                if let [step] = &*phrase.steps {
                    let places = utterance.words.iter().enumerate();
                    at.extend(
                        places
                            .filter(|(_, word)| step.accepts(word))
                            .map(|(place, _)| place),
                    );
                }
            }
        }
        at
    }

    /// All its phrases, exceptions too.
    pub fn all(&self) -> impl Iterator<Item = &Phrase> {
        let sets = [&self.any, &self.unless, &self.with];
        sets.into_iter().flat_map(|set| &set.phrases)
    }

    /// Every phrase that matches, or none when an exception does.
    pub fn matches<'a>(&'a self, utterance: &Utterance) -> Vec<(&'a Phrase, Match)> {
        let found = self.any.matches(utterance);
        if found.is_empty() || self.unless.matches(utterance).is_empty() {
            found
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Phrase, Utterance};
    use crate::lexicon::Lexicon;

    fn check(phrase: &str, text: &str, expected: bool) {
        let found = Phrase::parse(&Lexicon::default(), phrase)
            .expect("a phrase")
            .find(&Utterance::new(Lexicon::default().terms(text)))
            .is_some();
        assert_eq!(found, expected, "phrase {phrase:?} against {text:?}");
    }

    #[test]
    fn words_match_in_order_by_stem_with_a_few_others_between() {
        check(
            "withdraw card",
            "How do I withdraw money without my card?",
            true,
        );
        check("withdraw card", "My card does not let me withdraw", false);
        check(
            "withdraw card",
            "withdraw it all today because somebody took my card",
            false,
        );
        check("lose card", "I've lost the card", true);
    }

    #[test]
    fn alternatives_numbers_and_direct_neighbours() {
        check("speak|talk person|agent", "Could I talk to an agent", true);
        check("code #", "The code is four one one one", true);
        check("code #", "The code is wrong", false);
        check("transfer+me", "transfer me now", true);
        check("transfer+me", "transfer money to me", false);
    }

    #[test]
    fn alternatives_stand_before_direct_neighbours() {
        check("lose|miss+card", "I miss my old card", false);
        check("lose|miss+card", "did I lose card or phone", true);
        check("lose|miss+card", "I lose everything", false);
    }

    #[test]
    fn a_form_is_no_other_form_of_its_word() {
        check("someone called! me", "someone called me", true);
        check("someone called! me", "can someone call me", false);
        check("call|called! me", "calling me", true);
        let phrase = Phrase::parse(&Lexicon::default(), "called!|rang! me").expect("a phrase");
        assert_eq!(phrase.sample(), "called me");
        assert_eq!(
            super::written_out(phrase.written()),
            ["called me", "rang me"]
        );
    }

    #[test]
    fn a_whole_cue_wants_the_utterance_to_itself() {
        check("=hold on", "Hold on, please.", true);
        check("=hold on", "hold on my card is lost", false);
    }

    #[test]
    fn a_later_start_is_tried_when_the_first_fails() {
        check("card lose", "card one two three four card lost", true);
    }

    #[test]
    fn a_cue_is_written_out_as_plain_phrases() {
        assert_eq!(
            super::written_out("=lose|miss my+card #"),
            ["lose my card", "miss my card"]
        );
    }

    #[test]
    fn a_cue_without_words_is_none() {
        assert!(Phrase::parse(&Lexicon::default(), " = ").is_none());
        assert!(Phrase::parse(&Lexicon::default(), "the").is_none());
    }
}
