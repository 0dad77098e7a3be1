//! Single words by which the pack is recognised and which other trades' callers say too.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{Callers, Remark};
use crate::KnowledgeBase;

/// Where the sentences lie that every pack is told apart from, but for those of its own `elsewhere.txt`.
const ELSEWHERE: &str = "packs/languages/en-elsewhere.txt";
/// Sentences that say a word, from which on it is more than chance.
const OFTEN: usize = 5;

/// A word that counts alone.
struct Cue<'a> {
    file: &'static str,
    /// How the lists in which it or another form of it stands are called.
    lists: Vec<String>,
    word: &'a str,
    limits: Limits,
}

/// How often others may say a word, as a part of how often the pack's own callers do.
#[derive(Clone, Copy)]
struct Limits {
    /// What people say elsewhere in general.
    elsewhere: f64,
    /// Another pack's callers.
    other_pack: f64,
    /// The author knows that it is said elsewhere.
    is_known_to_be_said: bool,
}

/// One that is enough to be taken for the trade's.
const ENOUGH: Limits = Limits {
    elsewhere: 0.33,
    other_pack: 0.5,
    is_known_to_be_said: false,
};
/// One that is said elsewhere too, as the author knows.
const WEAK: Limits = Limits {
    elsewhere: 1.0,
    other_pack: 3.0,
    is_known_to_be_said: true,
};

/// How many sentences a stem stands in.
struct Said<'a> {
    by: &'a str,
    sentences: usize,
    stems: BTreeMap<String, usize>,
}

pub(super) fn remarks(base: &KnowledgeBase, own: &Callers, others: &[Callers]) -> Vec<Remark> {
    let pack = base.pack();
    let own = Said::new(base, &own.pack, &own.sentences);
    let elsewhere = Said::new(
        base,
        ELSEWHERE,
        &pack.elsewhere.sentences[..pack.elsewhere.of_language],
    );
    let others = others.iter();
    let others: Vec<Said<'_>> = others
        .map(|other| Said::new(base, &other.pack, &other.sentences))
        .collect();
    let mut remarks = Vec::new();
    let accepted = stems(base, pack.settings.check.cues.iter().map(String::as_str));
    for (stem, cue) in cues(base) {
        if accepted.contains(&stem) {
            continue;
        }
        // A weak word of a pack that has said little of its callers yet is not known to be rare among them.
        let here = match cue.limits.is_known_to_be_said {
            true => own.rate_at_most(&stem),
            false => own.rate(&stem),
        };
        let of_others = others.iter().map(|said| (said, cue.limits.other_pack));
        let all = std::iter::once((&elsewhere, cue.limits.elsewhere)).chain(of_others);
        let often = all
            .filter(|(said, limit)| said.count(&stem) >= OFTEN && said.rate(&stem) >= limit * here);
        let found: Vec<String> = often.map(|(said, _)| said.tell(&stem)).collect();
        if !found.is_empty() {
            remarks.push(cue.remark(&found, &own.tell(&stem)));
        }
    }
    remarks
}

impl<'a> Said<'a> {
    fn new(base: &KnowledgeBase, by: &'a str, sentences: &[String]) -> Self {
        let mut stems = BTreeMap::new();
        for sentence in sentences {
            let terms = base.lexicon().terms(sentence).into_iter();
            let once: BTreeSet<String> = terms.map(|term| term.stem).collect();
            for stem in once {
                *stems.entry(stem).or_insert(0) += 1;
            }
        }
        Self {
            by,
            sentences: sentences.len(),
            stems,
        }
    }

    fn count(&self, stem: &str) -> usize {
        self.stems.get(stem).copied().unwrap_or_default()
    }

    /// Which part of the sentences holds it.
    fn rate(&self, stem: &str) -> f64 {
        part(self.count(stem), self.sentences.max(1))
    }

    /// The same if the next sentence held it: of few sentences little is known.
    fn rate_at_most(&self, stem: &str) -> f64 {
        part(self.count(stem) + 1, self.sentences + 1)
    }

    fn tell(&self, stem: &str) -> String {
        let count = self.count(stem);
        format!("in {count} of {} sentences of {}", self.sentences, self.by)
    }
}

fn part(some: usize, all: usize) -> f64 {
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    count(some) / count(all)
}

/// The pack's phrases of one word by their stems, in the order of the lists; each of several alternatives is one.
fn cues(base: &KnowledgeBase) -> Vec<(String, Cue<'_>)> {
    let pack = base.pack();
    let words = [
        ("strong", &pack.words.strong, ENOUGH),
        ("weak", &pack.words.weak, WEAK),
    ];
    let words =
        words.map(|(list, phrases, limits)| ("words.toml", list.to_owned(), phrases, limits));
    let topics = pack.topics.iter().map(|topic| {
        let list = format!("topic {}", topic.id);
        ("topics.toml", list, &topic.phrases, ENOUGH)
    });
    let mut cues: Vec<(String, Cue<'_>)> = Vec::new();
    let mut places = BTreeMap::new();
    for (file, list, phrases, limits) in words.into_iter().chain(topics) {
        for word in phrases.iter().flat_map(|phrase| alternatives(phrase)) {
            for stem in stems(base, std::iter::once(word)) {
                let place = *places.entry(stem.clone()).or_insert(cues.len());
                match cues.get_mut(place) {
                    Some((_, known)) if known.lists.contains(&list) => {}
                    Some((_, known)) => {
                        known.lists.push(list.clone());
                        known.limits = known.limits.stricter(limits);
                    }
                    None => cues.push((
                        stem,
                        Cue {
                            file,
                            lists: vec![list.clone()],
                            word,
                            limits,
                        },
                    )),
                }
            }
        }
    }
    cues
}

/// The words of a phrase that is one of several words; none of a longer one, which asks for more than a word.
fn alternatives(phrase: &str) -> impl Iterator<Item = &str> {
    let is_one = !phrase.trim().contains([' ', '+']) && !phrase.starts_with('=');
    let words = phrase.trim().split('|').filter(move |_| is_one);
    words.filter(|word| !matches!(*word, "#" | "_") && !word.ends_with('!'))
}

fn stems<'a>(base: &KnowledgeBase, words: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let first = words.filter_map(|word| base.lexicon().terms(word).into_iter().next());
    first.map(|term| term.stem).collect()
}

impl Limits {
    fn stricter(self, other: Self) -> Self {
        Self {
            elsewhere: self.elsewhere.min(other.elsewhere),
            other_pack: self.other_pack.min(other.other_pack),
            is_known_to_be_said: self.is_known_to_be_said && other.is_known_to_be_said,
        }
    }
}

impl Cue<'_> {
    fn remark(&self, found: &[String], own: &str) -> Remark {
        let Self { lists, word, .. } = self;
        Remark {
            file: PathBuf::from(self.file),
            found: format!(
                "{word:?} ({}) stands {}; and {own}",
                lists.join(", "),
                found.join(" and ")
            ),
            advice: format!(
                "write it with a second word ({word}+…) or move it to a weaker list; where it is right, accept it: cues = [{word:?}] under [check] in pack.toml"
            ),
        }
    }
}
