//! Which topics of a pack a call touched, who raised them, and how much of the call they took.

use std::collections::HashMap;

use language::{numbers, stem, words};

use crate::turn::TurnText;
use call::Speaker;

/// A topic of a pack and the words that give it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicRule {
    /// Stable name stored in rows, such as `opening_hours`.
    pub id: String,
    /// What a reader sees, such as "opening hours".
    pub label: String,
    /// Words or phrases. The words of a phrase may stand up to two words apart, in any common form.
    pub phrases: Vec<String>,
}

/// A topic found in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFound {
    /// The rule's id.
    pub id: String,
    /// The rule's label.
    pub label: String,
    /// The caller spoke of it, rather than the agent alone.
    pub raised_by_caller: bool,
    /// Its share of the call: 2 for each caller turn, 1 for each sourced agent turn, 3 more when the agent
    /// gave a service code for it. What a caller can act on is the heart of the call.
    pub score: u32,
    /// The turns it rests on, in order.
    pub evidence: Vec<i32>,
}

/// Words between two words of one phrase: "withdraw [money] without [my] card".
const MAX_GAP_WORDS: usize = 2;

/// Rules with their phrases reduced to stems. Build it once for a pack; it serves any number of calls.
#[derive(Debug, Default)]
pub struct TopicMatcher {
    /// Id and label of each topic.
    topics: Vec<(String, String)>,
    /// Phrases by the stem of their first word.
    phrases: HashMap<String, Vec<Phrase>>,
}

#[derive(Debug)]
struct Phrase {
    topic: usize,
    /// The stems after the first.
    rest: Vec<String>,
}

impl TopicMatcher {
    /// Prepares `rules`.
    #[must_use]
    pub fn new(rules: &[TopicRule]) -> Self {
        let mut phrases: HashMap<String, Vec<Phrase>> = HashMap::new();
        for (topic, rule) in rules.iter().enumerate() {
            for phrase in &rule.phrases {
                let mut stems = stems(phrase).into_iter();
                if let Some(first) = stems.next() {
                    let rest = stems.collect();
                    phrases
                        .entry(first)
                        .or_default()
                        .push(Phrase { topic, rest });
                }
            }
        }
        let topics = rules
            .iter()
            .map(|r| (r.id.clone(), r.label.clone()))
            .collect();
        Self { topics, phrases }
    }

    /// For each turn the positions of the topics that the caller raised in it; none for the agent's turns.
    pub(crate) fn raised(&self, turns: &[TurnText]) -> Vec<Vec<usize>> {
        let of_turn = |at: usize| {
            let turn = &turns[at];
            if turn.speaker == Speaker::Agent {
                return Vec::new();
            }
            // The row of the answer holds the intent when the question was stored before it was routed.
            let answer = turns.get(at + 1).filter(|t| t.speaker == Speaker::Agent);
            match turn.intent.as_ref().or_else(|| answer?.intent.as_ref()) {
                Some(intent) => self.position(intent).into_iter().collect(),
                None => self.by_phrases(&turn.text),
            }
        };
        (0..turns.len()).map(of_turn).collect()
    }

    /// The ids of the topics of one turn: of what it was routed to, or of its words.
    pub(crate) fn of_turn(&self, text: &str, intent: Option<&str>) -> Vec<String> {
        let routed = intent.and_then(|intent| self.position(intent));
        let found = routed.map_or_else(|| self.by_phrases(text), |topic| vec![topic]);
        let ids = found.into_iter().map(|topic| self.topics[topic].0.clone());
        ids.collect()
    }

    /// The topics of a call in the order of their first mention; `raised` are those of each turn.
    ///
    /// What the router made of a turn counts before its words, and the agent's turn carries it as well as the
    /// caller's. A topic that only the agent named in passing does not count.
    pub(crate) fn tally(&self, turns: &[TurnText], raised: &[Vec<usize>]) -> Vec<TopicFound> {
        let mut found: Vec<(usize, TopicFound)> = Vec::new();
        // What the caller last spoke of: an answer belongs to it.
        let mut asked: &[usize] = &[];
        for (turn, raised) in turns.iter().zip(raised) {
            for &topic in raised {
                self.count(&mut found, topic, turn.seq, 2).raised_by_caller = true;
            }
            if !raised.is_empty() {
                asked = raised;
            }
            if turn.speaker == Speaker::Caller {
                continue;
            }
            let routed = turn
                .intent
                .as_ref()
                .and_then(|intent| self.position(intent));
            if turn.has_sources {
                for topic in asked
                    .iter()
                    .copied()
                    .chain(routed.filter(|t| !asked.contains(t)))
                {
                    self.count(&mut found, topic, turn.seq, 1);
                }
            }
            if !numbers::service_codes(&turn.text).is_empty() {
                for &topic in asked {
                    self.count(&mut found, topic, turn.seq, 3);
                }
            }
        }
        found.into_iter().map(|(_, topic)| topic).collect()
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.topics.iter().position(|(known, _)| known == id)
    }

    /// Topics whose matching phrase is the longest of all that match: "lost card" says more than "card".
    fn by_phrases(&self, text: &str) -> Vec<usize> {
        let heard = stems(text);
        let mut longest = 0;
        let mut found: Vec<usize> = Vec::new();
        for (at, stem) in heard.iter().enumerate() {
            for phrase in self.phrases.get(stem).into_iter().flatten() {
                let length = phrase.rest.len() + 1;
                if length < longest
                    || (length == longest && found.contains(&phrase.topic))
                    || !follows(&heard, at, &phrase.rest)
                {
                    continue;
                }
                if length > longest {
                    longest = length;
                    found.clear();
                }
                found.push(phrase.topic);
            }
        }
        found
    }

    fn count<'f>(
        &self,
        found: &'f mut Vec<(usize, TopicFound)>,
        topic: usize,
        seq: i32,
        score: u32,
    ) -> &'f mut TopicFound {
        let at = found
            .iter()
            .position(|(t, _)| *t == topic)
            .unwrap_or_else(|| {
                let (id, label) = self.topics[topic].clone();
                let fresh = TopicFound {
                    id,
                    label,
                    raised_by_caller: false,
                    score: 0,
                    evidence: Vec::new(),
                };
                found.push((topic, fresh));
                found.len() - 1
            });
        let found = &mut found[at].1;
        found.score += score;
        if found.evidence.last() != Some(&seq) {
            found.evidence.push(seq);
        }
        found
    }
}

fn stems(text: &str) -> Vec<String> {
    words(text).iter().map(|w| stem(&w.key)).collect()
}

/// Whether `rest` follows the word at `start`, each part at most [`MAX_GAP_WORDS`] after the one before.
fn follows(heard: &[String], start: usize, rest: &[String]) -> bool {
    let mut at = start;
    rest.iter().all(|part| {
        let reach = (at + 2 + MAX_GAP_WORDS).min(heard.len());
        let ahead = heard[at + 1..reach].iter().position(|w| w == part);
        at += 1 + ahead.unwrap_or(0);
        ahead.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<TopicRule> {
        let rule = |id: &str, phrases: &[&str]| TopicRule {
            id: id.to_owned(),
            label: id.replace('_', " "),
            phrases: phrases.iter().map(|c| (*c).to_owned()).collect(),
        };
        vec![
            rule(
                "cardless_withdrawal",
                &["cardless", "withdraw without card"],
            ),
            rule("banking_hours", &["opening hours", "open on"]),
            rule("balance", &["balance"]),
        ]
    }

    /// A script of turns: `C` caller, `A` agent, `S` agent from sources; `C@topic` carries the router's intent.
    #[track_caller]
    fn check(script: &[&str], expected: &str) {
        let turns: Vec<TurnText> = script
            .iter()
            .zip(1..)
            .map(|(line, seq)| {
                let (who, text) = line.split_once(' ').unwrap();
                let (who, intent) = who
                    .split_once('@')
                    .map_or((who, None), |(w, i)| (w, Some(i)));
                TurnText {
                    seq,
                    speaker: if who == "C" {
                        Speaker::Caller
                    } else {
                        Speaker::Agent
                    },
                    text: text.to_owned(),
                    intent: intent.map(str::to_owned),
                    interrupted: false,
                    has_sources: who == "S",
                    reply: None,
                    deed: None,
                    meaning: None,
                }
            })
            .collect();
        let matcher = TopicMatcher::new(&rules());
        let found: Vec<String> = matcher
            .tally(&turns, &matcher.raised(&turns))
            .iter()
            .map(|t| {
                format!(
                    "{}{}={}{:?}",
                    t.id,
                    if t.raised_by_caller { "" } else { "*" },
                    t.score,
                    t.evidence
                )
            })
            .collect();
        assert_eq!(found.join(" "), expected, "topics of {script:?}");
    }

    #[test]
    fn topics_come_in_the_order_of_their_first_mention_with_what_they_rest_on() {
        check(&[], "");
        check(&["C Hello there."], "");
        check(&["C What is my balance?"], "balance=2[1]");
        check(
            &[
                "C Are you open on Monday?",
                "S Yes.",
                "C How do I withdraw money without my card?",
                "S Dial *236#.",
            ],
            "banking_hours=3[1, 2] cardless_withdrawal=6[3, 4]",
        );
    }

    #[test]
    fn a_topic_only_the_agent_named_counts_when_it_was_routed_and_answered_from_sources() {
        check(&["A I can help with your balance or opening hours."], "");
        check(&["C Hm.", "S Our opening hours are eight to three."], "");
        check(
            &[
                "C My balance?",
                "C Hm.",
                "S@banking_hours From eight to three.",
            ],
            "balance=2[1] banking_hours=3[2, 3]",
        );
        check(
            &["S@banking_hours We open at eight."],
            "banking_hours*=1[1]",
        );
    }

    #[test]
    fn the_routers_intent_counts_before_the_words() {
        check(&["C@balance How much have I got?"], "balance=2[1]");
        check(&["C@weather How is the balance of nature?"], "");
        check(
            &["C How much have I got?", "S@balance Dial *236#."],
            "balance=6[1, 2]",
        );
    }

    #[test]
    fn the_most_specific_phrase_wins() {
        check(
            &["C Is the balance card open on Monday?"],
            "banking_hours=2[1]",
        );
    }

    #[test]
    fn words_of_a_phrase_may_stand_a_little_apart_but_not_far() {
        check(
            &["C Withdrawing cash without any card"],
            "cardless_withdrawal=2[1]",
        );
        check(
            &["C Withdraw all of the money that I have without card"],
            "",
        );
    }
}
