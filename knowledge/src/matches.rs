//! Which phrases of the pack a turn matches, before anything is decided.

use std::collections::BTreeSet;

use language::{
    is_function_word,
    phrase::{Phrases, Utterance},
};

use crate::{
    route::{Reason, reason},
    rules::Rules,
};

/// One word that only this trade's callers say.
const STRONG: f32 = 1.0;
/// One word that this trade's callers say too.
const WEAK: f32 = 0.5;
/// Weak words count only so far: three of them do not make a strong one.
const WEAK_LIMIT: f32 = 1.0;
/// One word of another trade; a clear topic with a strong word outweighs one, not two.
const FOREIGN: f32 = 2.0;

/// What matched in one utterance, and how much it counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches {
    /// Topics and their weight, best first.
    pub(crate) topics: Vec<(String, f32)>,
    /// Weight of the trade's words.
    pub(crate) words: f32,
    /// Weight of other trades' words.
    pub(crate) foreign: f32,
    /// Kinds of small talk, best first.
    pub(crate) small_talk: Vec<SmallTalkMatch>,
    /// How many words carry meaning.
    pub(crate) content: usize,
    /// All of the above, for people.
    pub(crate) reasons: Vec<Reason>,
}

/// How far one kind of small talk explains an utterance.
#[derive(Clone, Debug)]
pub(crate) struct SmallTalkMatch {
    pub(crate) kind: String,
    /// Share of the meaningful words that its phrases matched, 0 to 1.
    pub(crate) share: f32,
    /// It opens a request.
    pub(crate) opens: bool,
    /// Together with the other kinds it explains everything.
    pub(crate) whole: bool,
}

impl Matches {
    pub(crate) fn of(rules: &Rules, said: &Utterance) -> Self {
        let mut matches = Self {
            content: said
                .words
                .iter()
                .filter(|w| !is_function_word(&w.text))
                .count(),
            ..Self::default()
        };
        let explained = matches.weigh_topics(rules, said);
        let trade = matches.weigh_words(rules, said, &explained);
        matches.weigh_small_talk(rules, said, &trade);
        matches
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

    /// Returns the positions of words that topics' phrases explain.
    fn weigh_topics(&mut self, rules: &Rules, said: &Utterance) -> BTreeSet<usize> {
        let mut explained = BTreeSet::new();
        for (id, phrases) in &rules.topics {
            let matches = phrases.matches(said);
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

    /// Returns the positions of words of this trade and of others.
    fn weigh_words(
        &mut self,
        rules: &Rules,
        said: &Utterance,
        explained: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let mut trade = BTreeSet::new();
        for (phrase, found) in rules.strong.matches(said) {
            trade.extend(found.at);
            self.words += STRONG;
            self.reasons
                .push(reason("trade word", phrase.written(), STRONG));
        }
        let mut weak = 0.0;
        for (phrase, found) in rules.weak.matches(said) {
            if found.at.iter().any(|at| !trade.contains(at)) {
                trade.extend(found.at);
                weak += WEAK;
                self.reasons
                    .push(reason("weak trade word", phrase.written(), WEAK));
            }
        }
        self.words += f32::min(weak, WEAK_LIMIT);
        for (phrase, found) in rules.foreign.matches(said) {
            // The order in "standing order" has nothing to do with a shop.
            if found.at.iter().any(|at| !explained.contains(at)) {
                trade.extend(found.at);
                self.foreign += FOREIGN;
                self.reasons
                    .push(reason("foreign word", phrase.written(), -FOREIGN));
            }
        }
        trade
    }

    fn weigh_small_talk(&mut self, rules: &Rules, said: &Utterance, trade: &BTreeSet<usize>) {
        let mut together = BTreeSet::new();
        for talk in &rules.small_talk {
            let mut at = talk.phrases.explained(said);
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
            let phrase = talk
                .phrases
                .matches(said)
                .first()
                .map_or("", |(phrase, _)| phrase.written());
            self.reasons
                .push(reason(&format!("small talk {}", talk.kind), phrase, share));
            self.small_talk.push(SmallTalkMatch {
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

/// Whether the phrases explain every meaningful word of the utterance.
pub(crate) fn covers(phrases: &Phrases, said: &Utterance) -> bool {
    let at = phrases.explained(said);
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
