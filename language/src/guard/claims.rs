//! Deeds that a sentence says are done, or promises: "I have blocked it", "it will be sent", "you will receive".

use serde::Deserialize;

use super::{Guard, places};
use crate::{stem::stem, words::keys};

/// Words before a verb in which its subject stands.
const SUBJECT_WITHIN: usize = 8;

/// Words of a sentence at most that says no more than what is done.
const CLIPPED: usize = 3;

/// Words by which deeds are found in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimWords {
    /// Who may do a deed for the caller.
    pub speakers: Vec<String>,
    /// Of those, the agent itself, of whom no document speaks.
    pub self_said: Vec<String>,
    /// Of those, who also does things in general: "we send a letter".
    pub company: Vec<String>,
    /// Between them and the verb: it is done.
    pub done: Vec<String>,
    /// It will be done.
    pub promised: Vec<String>,
    /// It is being done, where the verb ends in "ing".
    pub doing: Vec<String>,
    /// It could be done.
    pub able: Vec<String>,
    /// Others, who do it themselves: "I suggest that you block it".
    pub others: Vec<String>,
    /// It is done if something else happens.
    pub conditions: Vec<String>,
    /// Before a participle.
    pub be: Vec<String>,
    /// Between that and the participle.
    pub between: Vec<String>,
    /// Before a noun that is spelt like a verb.
    pub before_nouns: Vec<String>,
    /// Past forms without "ed".
    pub irregular: Vec<String>,
    /// Say of any deed that it is done.
    pub done_phrases: Vec<String>,
    /// Promise any deed.
    pub promised_phrases: Vec<String>,
    /// Say it as a whole sentence.
    pub done_alone: Vec<String>,
    /// Help of a person.
    pub person: Vec<String>,
    /// Verbs, those together that do the same.
    pub deeds: Vec<Vec<String>>,
}

/// A deed that a sentence claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The stems of verbs that say the same; empty: any deed.
    pub verbs: Vec<String>,
    /// Whether it is done.
    pub mood: Mood,
    /// It is that a person helps.
    pub by_person: bool,
    /// The words that claim it, in lower case: "will be sent".
    pub words: String,
}

/// How a deed is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It is done.
    Done,
    /// It is under way, or will be done.
    Promised,
    /// It could be done.
    Offered,
}

impl Claim {
    /// Whether a tool of this name does what is claimed: `block_line` does what "I have blocked it" says.
    #[must_use]
    pub fn is_done_by(&self, tool: &str) -> bool {
        let words = tool.split(|c: char| !c.is_alphanumeric());
        self.verbs.is_empty() || words.map(stem).any(|word| self.verbs.contains(&word))
    }
}

impl Guard {
    /// The deeds that `sentence` claims.
    #[must_use]
    pub fn claims(&self, sentence: &str) -> Vec<Claim> {
        let words = keys(sentence);
        let claims = &self.claims;
        let is_question = sentence.trim_end().ends_with('?');
        let by_person = !places(&words, &claims.person).is_empty();
        let mut found = Vec::new();
        let mut add = |verbs: Vec<String>, mood: Mood, words: String| {
            let mood = if is_question { Mood::Offered } else { mood };
            found.push(Claim {
                verbs,
                mood,
                by_person,
                words,
            });
        };
        for (list, mood) in [
            (&claims.done_phrases, Mood::Done),
            (&claims.promised_phrases, Mood::Promised),
        ] {
            for phrase in list {
                let places = places(&words, std::slice::from_ref(phrase)).into_iter();
                let mut places = places
                    .filter(|at| !self.is_refused(&words, *at) && !self.depends(&words[..*at]));
                if places.next().is_some() && !is_question {
                    add(Vec::new(), mood, phrase.clone());
                }
            }
        }
        let whole = words.join(" ");
        if claims.done_alone.contains(&whole) && !is_question {
            add(Vec::new(), Mood::Done, whole);
        }
        for at in 0..words.len() {
            let stemmed = stem(&words[at]);
            let alike = |verb: &String| *verb == words[at] || stem(verb) == stemmed;
            let verbs = claims.deeds.iter().filter(|group| group.iter().any(alike));
            let verbs: Vec<String> = verbs.flatten().map(|verb| stem(verb)).collect();
            if verbs.is_empty() {
                continue;
            }
            let claim = self.active(&words, at);
            let claim = claim.or_else(|| self.passive(&words, at));
            let claim = claim.or_else(|| self.clipped(&words, at));
            if let Some((mood, from)) = claim {
                add(verbs, mood, words[from..=at].join(" "));
            }
        }
        found
    }

    /// "I have blocked", "let me block", "a colleague will call".
    fn active(&self, words: &[String], at: usize) -> Option<(Mood, usize)> {
        let claims = &self.claims;
        let from = at.saturating_sub(SUBJECT_WITHIN);
        let is_speaker = |word: &String| claims.speakers.contains(word);
        let speaker = from + words[from..at].iter().rposition(is_speaker)?;
        let before_speaker = speaker.checked_sub(1).map(|before| words[before].as_str());
        let (who, between) = (&words[speaker], &words[speaker + 1..at]);
        let has = |list: &[String]| between.iter().any(|word| list.contains(word));
        let is_noun = at > speaker + 1 && claims.before_nouns.contains(&words[at - 1]);
        if has(&claims.others) || has(&self.refuses) || is_noun {
            return None;
        }
        let is_past = words[at].ends_with("ed") || claims.irregular.contains(&words[at]);
        let whole = || std::iter::once(who).chain(between);
        let any = |list: &[String]| whole().any(|word| list.contains(word));
        let is_doing = words[at].ends_with("ing") && any(&claims.doing);
        let is_let = before_speaker == Some("let");
        let mood = if any(&claims.able) {
            Mood::Offered
        } else if is_let || is_doing || any(&claims.promised) {
            Mood::Promised
        } else if any(&claims.done) || is_past {
            Mood::Done
        } else if any(&claims.doing)
            || claims.company.contains(who)
            || matches!(who.as_str(), "me" | "us")
        {
            return None;
        } else {
            Mood::Promised
        };
        let depends = self.depends(&words[..speaker]);
        Some((if depends { Mood::Offered } else { mood }, speaker))
    }

    /// "It has been blocked", "it is blocked now", "it will be sent".
    fn passive(&self, words: &[String], at: usize) -> Option<(Mood, usize)> {
        let claims = &self.claims;
        let is_past = words[at].ends_with("ed") || claims.irregular.contains(&words[at]);
        let adverbs = words[..at].iter().rev();
        let adverbs = adverbs
            .take_while(|word| claims.between.contains(word))
            .count();
        let be = at.checked_sub(adverbs + 1)?;
        let general = be
            .checked_sub(1)
            .is_some_and(|of| claims.company.contains(&words[of]));
        let is_claim = is_past && claims.be.contains(&words[be]) && !general;
        let refused = self.is_refused(words, at);
        let will = be
            .checked_sub(1)
            .is_some_and(|will| claims.promised.contains(&words[will]));
        let mood = if will { Mood::Promised } else { Mood::Done };
        let from = be - usize::from(will);
        (is_claim && !refused && !self.depends(&words[..be])).then_some((mood, from))
    }

    /// "Blocked it for you.", "Card blocked."
    fn clipped(&self, words: &[String], at: usize) -> Option<(Mood, usize)> {
        let is_past = words[at].ends_with("ed") || self.claims.irregular.contains(&words[at]);
        let is_short = words.len() <= CLIPPED && at + 1 == words.len();
        let is_claim = is_past && (at == 0 || is_short && !self.is_refused(words, at));
        is_claim.then_some((Mood::Done, at))
    }

    /// Something else has to happen first: "if you agree".
    fn depends(&self, before: &[String]) -> bool {
        before
            .iter()
            .any(|word| self.claims.conditions.contains(word))
    }
}
