//! Which topics of a pack a call touched, who raised them, and how much of the call they took.

use serde::{Deserialize, Serialize};

use crate::words::{stem, words};
use crate::{Role, numbers, summary::TurnText};

/// A topic of a pack and the words that give it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRule {
    /// Stable name stored in rows, such as `cardless_withdrawal`.
    pub id: String,
    /// What a reader sees, such as "cardless withdrawal".
    pub label: String,
    /// Words or phrases. The words of a phrase may stand up to two words apart, in any common form.
    pub cues: Vec<String>,
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

/// Words between two words of one cue: "withdraw [money] without [my] card".
const MAX_GAP_WORDS: usize = 2;

/// Rules with their cues reduced to roots, ready for many turns.
pub struct TopicMatcher<'a> {
    rules: &'a [TopicRule],
    cues: Vec<Vec<Vec<String>>>,
}

impl<'a> TopicMatcher<'a> {
    /// Prepares `rules`.
    #[must_use]
    pub fn new(rules: &'a [TopicRule]) -> Self {
        let cues = rules
            .iter()
            .map(|r| r.cues.iter().map(|c| stems(c)).collect())
            .collect();
        Self { rules, cues }
    }

    /// Positions in the rules of the topics that `text` mentions, in the order of their first mention.
    #[must_use]
    pub fn mentioned(&self, text: &str) -> Vec<usize> {
        let heard = stems(text);
        let mut found: Vec<(usize, usize)> = Vec::new();
        for (rule, cues) in self.cues.iter().enumerate() {
            if let Some(at) = cues.iter().filter_map(|cue| find_cue(&heard, cue)).min() {
                found.push((at, rule));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The topics of a call in the order of their first mention. A topic that only the agent named counts
    /// when the agent answered from sources; a list of what it can do does not.
    #[must_use]
    pub fn of_call(&self, turns: &[TurnText]) -> Vec<TopicFound> {
        let mut tally = Tally {
            matcher: self,
            found: Vec::new(),
            asked: Vec::new(),
        };
        for turn in turns {
            match turn.role {
                Role::Caller => tally.caller(turn),
                Role::Agent => tally.agent(turn),
            }
        }
        tally.found.into_iter().map(|(_, topic)| topic).collect()
    }

    /// The topics of one caller turn: the router's intent first, then its words.
    pub(crate) fn of_turn(&self, turn: &TurnText) -> Vec<usize> {
        let routed = turn
            .intent
            .as_ref()
            .and_then(|i| self.rules.iter().position(|r| r.id == *i));
        let mut topics: Vec<usize> = routed.into_iter().collect();
        for topic in self.mentioned(&turn.text) {
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        topics
    }
}

struct Tally<'m, 'a> {
    matcher: &'m TopicMatcher<'a>,
    found: Vec<(usize, TopicFound)>,
    /// What the caller last spoke of: an answer belongs to it.
    asked: Vec<usize>,
}

impl Tally<'_, '_> {
    fn caller(&mut self, turn: &TurnText) {
        let topics = self.matcher.of_turn(turn);
        for &topic in &topics {
            self.count(topic, turn.seq, 2).raised_by_caller = true;
        }
        if !topics.is_empty() {
            self.asked = topics;
        }
    }

    fn agent(&mut self, turn: &TurnText) {
        if turn.has_sources {
            let mut topics = self.asked.clone();
            for topic in self.matcher.mentioned(&turn.text) {
                if !topics.contains(&topic) {
                    topics.push(topic);
                }
            }
            for topic in topics {
                self.count(topic, turn.seq, 1);
            }
        }
        if !numbers::service_codes(&turn.text).is_empty() {
            for topic in self.asked.clone() {
                self.count(topic, turn.seq, 3);
            }
        }
    }

    fn count(&mut self, topic: usize, seq: i32, score: u32) -> &mut TopicFound {
        let at = self
            .found
            .iter()
            .position(|(t, _)| *t == topic)
            .unwrap_or_else(|| {
                let rule = &self.matcher.rules[topic];
                let fresh = TopicFound {
                    id: rule.id.clone(),
                    label: rule.label.clone(),
                    raised_by_caller: false,
                    score: 0,
                    evidence: Vec::new(),
                };
                self.found.push((topic, fresh));
                self.found.len() - 1
            });
        let found = &mut self.found[at].1;
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

fn find_cue(heard: &[String], cue: &[String]) -> Option<usize> {
    let first = cue.first()?;
    (0..heard.len())
        .filter(|&at| heard[at] == *first)
        .find(|&start| {
            let mut at = start;
            cue[1..].iter().all(|part| {
                let reach = (at + 2 + MAX_GAP_WORDS).min(heard.len());
                match heard[at + 1..reach].iter().position(|w| w == part) {
                    Some(ahead) => {
                        at += 1 + ahead;
                        true
                    }
                    None => false,
                }
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<TopicRule> {
        let rule = |id: &str, cues: &[&str]| TopicRule {
            id: id.to_owned(),
            label: id.replace('_', " "),
            cues: cues.iter().map(|c| (*c).to_owned()).collect(),
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
                    role: if who == "C" {
                        Role::Caller
                    } else {
                        Role::Agent
                    },
                    text: text.to_owned(),
                    intent: intent.map(str::to_owned),
                    interrupted: false,
                    has_sources: who == "S",
                }
            })
            .collect();
        let rules = rules();
        let found: Vec<String> = TopicMatcher::new(&rules)
            .of_call(&turns)
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
    fn a_topic_only_the_agent_named_counts_when_it_answered_from_sources() {
        check(&["A I can help with your balance or opening hours."], "");
        check(
            &["C Hm.", "S Our opening hours are eight to three."],
            "banking_hours*=1[2]",
        );
    }

    #[test]
    fn the_routers_intent_counts_without_a_cue() {
        check(&["C@balance How much have I got?"], "balance=2[1]");
        check(&["C@weather How hot is it?"], "");
    }

    #[test]
    fn words_of_a_cue_may_stand_a_little_apart_but_not_far() {
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
