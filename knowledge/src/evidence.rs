//! What the words of a turn speak for, before anything is decided.

use std::collections::BTreeSet;

use crate::route::{Reason, reason};
use crate::router::Router;
use language::phrase::{Phrases, Utterance};

/// One word that only a bank's caller says.
const STRONG: f32 = 1.0;
/// One word that a bank's caller says too.
const WEAK: f32 = 0.5;
/// Weak words count only so far: three of them are still no bank's word.
const WEAK_LIMIT: f32 = 1.0;
/// One word of another trade; a clear topic with a bank's word outweighs one, not two.
const FOREIGN: f32 = 2.0;

/// The evidence in one utterance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Topics and their weight, best first.
    pub(crate) topics: Vec<(String, f32)>,
    /// Weight of banking words.
    pub(crate) words: f32,
    /// Weight of other trades' words.
    pub(crate) foreign: f32,
    /// Kinds of small talk, best first.
    pub(crate) small_talk: Vec<Talk>,
    /// How many words carry meaning.
    pub(crate) content: usize,
    /// All of the above, for people.
    pub(crate) reasons: Vec<Reason>,
}

/// How far one kind of small talk explains an utterance.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) kind: String,
    /// Share of the meaningful words that its cues matched, 0 to 1.
    pub(crate) share: f32,
    /// It opens a request.
    pub(crate) opens: bool,
    /// Together with the other kinds it explains everything.
    pub(crate) whole: bool,
}

impl Evidence {
    pub(crate) fn weigh(router: &Router, said: &Utterance) -> Self {
        let mut evidence = Self {
            content: said
                .words
                .iter()
                .filter(|w| !is_function_word(&w.text))
                .count(),
            ..Self::default()
        };
        let explained = evidence.weigh_topics(router, said);
        let trade = evidence.weigh_words(router, said, &explained);
        evidence.weigh_small_talk(router, said, &trade);
        evidence
    }

    /// The best topics; those far behind the first are noise.
    pub(crate) fn best_topics(&self, limit: usize) -> Vec<String> {
        let floor = self.topics.first().map_or(0.0, |(_, best)| best * 0.6);
        self.topics
            .iter()
            .filter(|(_, weight)| *weight >= floor)
            .take(limit)
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Returns the words that topics' cues explain.
    fn weigh_topics(&mut self, router: &Router, said: &Utterance) -> BTreeSet<usize> {
        let mut explained = BTreeSet::new();
        for (id, cues) in &router.topics {
            let matches = cues.matches(said);
            let Some((best, _)) = matches
                .iter()
                .max_by(|(a, _), (b, _)| a.weight().total_cmp(&b.weight()))
            else {
                continue;
            };
            // A second phrase for the same topic confirms it a little.
            let weight = best.weight()
                + 0.1 * f32::from(u8::try_from(matches.len().min(4) - 1).unwrap_or(0));
            self.reasons
                .push(reason(&format!("topic {id}"), best.written(), weight));
            self.topics.push((id.clone(), weight));
            explained.extend(
                matches
                    .iter()
                    .flat_map(|(_, found)| found.at.iter().copied()),
            );
        }
        // Stable: equal weights keep the author's order.
        self.topics.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        explained
    }

    /// Returns the words of banking and of other trades.
    fn weigh_words(
        &mut self,
        router: &Router,
        said: &Utterance,
        explained: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let mut trade = BTreeSet::new();
        for (cue, found) in router.strong.matches(said) {
            trade.extend(found.at);
            self.words += STRONG;
            self.reasons
                .push(reason("banking word", cue.written(), STRONG));
        }
        let mut weak = 0.0;
        for (cue, found) in router.weak.matches(said) {
            if found.at.iter().any(|at| !trade.contains(at)) {
                trade.extend(found.at);
                weak += WEAK;
                self.reasons
                    .push(reason("weak banking word", cue.written(), WEAK));
            }
        }
        self.words += f32::min(weak, WEAK_LIMIT);
        for (cue, found) in router.foreign.matches(said) {
            // The order in "standing order" is no shop's order.
            if found.at.iter().any(|at| !explained.contains(at)) {
                trade.extend(found.at);
                self.foreign += FOREIGN;
                self.reasons
                    .push(reason("foreign word", cue.written(), -FOREIGN));
            }
        }
        trade
    }

    fn weigh_small_talk(&mut self, router: &Router, said: &Utterance, trade: &BTreeSet<usize>) {
        let mut together = BTreeSet::new();
        for talk in &router.small_talk {
            let mut at = talk.cues.explained(said);
            let Some(&first) = at.first() else { continue };
            // "My name is …" explains the name, unless the turn goes on to somebody's trade.
            if talk.leads && trade.is_subset(&at) {
                at.extend(first..said.words.len());
            }
            let meaning = at
                .iter()
                .filter(|&&at| !is_function_word(&said.words[at].text))
                .count();
            let share = ratio(meaning, self.content);
            let cue = talk
                .cues
                .matches(said)
                .first()
                .map_or("", |(cue, _)| cue.written());
            self.reasons
                .push(reason(&format!("small talk {}", talk.kind), cue, share));
            self.small_talk.push(Talk {
                kind: talk.kind.clone(),
                share,
                opens: talk.opens,
                whole: false,
            });
            together.extend(at);
        }
        let whole = leftover(&together, said) == 0;
        // Stable: of equals, the kind that the pack names first.
        self.small_talk.sort_by(|a, b| b.share.total_cmp(&a.share));
        self.small_talk
            .iter_mut()
            .for_each(|talk| talk.whole = whole);
    }
}

/// Whether the cues explain every meaningful word of the utterance.
pub(crate) fn covers(cues: &Phrases, said: &Utterance) -> bool {
    let at = cues.explained(said);
    !at.is_empty() && leftover(&at, said) == 0
}

fn leftover(at: &BTreeSet<usize>, said: &Utterance) -> usize {
    said.words
        .iter()
        .enumerate()
        .filter(|(i, word)| !at.contains(i) && !is_function_word(&word.text))
        .count()
}

fn ratio(part: usize, whole: usize) -> f32 {
    let count = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    // A turn of function words alone ("is that it") is explained by whatever matched.
    if whole == 0 {
        1.0
    } else {
        count(part) / count(whole)
    }
}

/// Words that carry no subject of their own.
pub(crate) fn is_function_word(word: &str) -> bool {
    const FUNCTION: &[&str] = &[
        "i", "you", "he", "she", "it", "we", "they", "me", "him", "her", "us", "them", "my",
        "your", "his", "its", "our", "their", "this", "that", "these", "those", "is", "am", "are",
        "was", "were", "be", "been", "do", "does", "did", "have", "has", "had", "will", "would",
        "can", "could", "should", "may", "might", "shall", "to", "of", "for", "in", "on", "at",
        "with", "from", "by", "about", "as", "and", "or", "but", "if", "then", "than", "there",
        "here", "very", "much", "too", "also", "now", "today", "some", "any", "sir", "madam",
        "maam", "again", "okay", "all", "right", "not", "dear", "friend", "let", "what", "how",
    ];
    FUNCTION.contains(&word)
}
