//! A pack's words for moments, and the language's own, compiled.

use std::{str::FromStr, sync::LazyLock};

use language::{
    IntentWords, Lexicon, MomentWords, NamedWords, UrgencyWords,
    phrase::{Match, Phrases, Utterance},
};
use serde::Deserialize;

use super::{IntentCategory, Urgency};
use crate::{
    english::english,
    lead::LeadKind,
    topics::{TopicMatcher, TopicRule},
};

/// `[moment]` of `packs/languages/en.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LanguageMoments {
    pub(crate) but: Vec<String>,
    pub(crate) negations: Vec<String>,
    pub(crate) called_before: Vec<String>,
    urgency: Vec<UrgencyWords>,
    intent: Vec<IntentWords>,
    objection: Vec<NamedWords>,
    pub(crate) cues: CueWords,
}

/// Words that show how a caller wishes to be answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CueWords {
    pub(crate) expert: Vec<String>,
    pub(crate) beginner: Vec<String>,
    pub(crate) concise: Vec<String>,
    pub(crate) detailed: Vec<String>,
    pub(crate) formal: Vec<String>,
    pub(crate) casual: Vec<String>,
}

/// What a trade's callers say, ready for matching. Build it once for a pack; it serves any number of calls.
#[derive(Debug)]
pub struct Trade {
    lexicon: Lexicon,
    urgency: Vec<UrgencyRule>,
    intents: Vec<(IntentCategory, Phrases)>,
    pain_points: Vec<(String, Phrases)>,
    opportunities: Vec<(String, Phrases)>,
    objections: Vec<(String, Phrases)>,
    topics: TopicMatcher,
    offer_person_at: u8,
    selling_off: Vec<String>,
    products: Vec<String>,
    /// Tasks that count for a lead, by name.
    deeds: Vec<(String, LeadKind)>,
}

#[derive(Debug)]
struct UrgencyRule {
    level: Urgency,
    phrases: Phrases,
    now: Option<String>,
}

/// A turn as phrases look at it.
#[derive(Debug)]
pub(super) struct Said {
    utterance: Utterance,
}

impl Default for Trade {
    /// Of no trade in particular: the language's words alone.
    fn default() -> Self {
        Self::new(Lexicon::default(), &MomentWords::default(), &[])
    }
}

impl Trade {
    /// The words of a pack beside the language's. `lexicon` holds its synonyms. What has a level or a category that there
    /// is not is left out; loading a pack refuses it.
    #[must_use]
    pub fn new(lexicon: Lexicon, words: &MomentWords, topics: &[TopicRule]) -> Self {
        let moments = &english().moment;
        let plain = Lexicon::default();
        let urgency = |lexicon: &Lexicon, words: &UrgencyWords| {
            Some(UrgencyRule {
                level: Urgency::from_str(&words.level).ok()?,
                phrases: Phrases::new(lexicon, &words.phrases, &words.unless, &[]),
                now: words.now.clone(),
            })
        };
        let intent = |lexicon: &Lexicon, words: &IntentWords| {
            let category = IntentCategory::from_str(&words.category).ok()?;
            let phrases = Phrases::new(lexicon, &words.phrases, &words.unless, &[]);
            Some((category, phrases))
        };
        let named = |words: &NamedWords| {
            let phrases = Phrases::new(&lexicon, &words.phrases, &words.unless, &[]);
            (words.id.clone(), phrases)
        };
        let own = words
            .urgency
            .iter()
            .filter_map(|rule| urgency(&lexicon, rule));
        let general = moments
            .urgency
            .iter()
            .filter_map(|rule| urgency(&plain, rule));
        let mut urgency: Vec<UrgencyRule> = own.chain(general).collect();
        urgency.sort_by_key(|rule| rule.level as u8);
        let intents = words
            .intent
            .iter()
            .filter_map(|rule| intent(&lexicon, rule));
        let intents = intents.chain(
            moments
                .intent
                .iter()
                .filter_map(|rule| intent(&plain, rule)),
        );
        let deeds = |names: &[String], kind: LeadKind| {
            let names: Vec<String> = names.to_vec();
            names.into_iter().map(move |name| (name, kind))
        };
        let appointments = deeds(&words.appointments, LeadKind::Appointment);
        let documents = deeds(&words.documents_sent, LeadKind::DocumentSent);
        Self {
            urgency,
            intents: intents.collect(),
            pain_points: words.pain_point.iter().map(named).collect(),
            opportunities: words.opportunity.iter().map(named).collect(),
            objections: words
                .objection
                .iter()
                .chain(&moments.objection)
                .map(named)
                .collect(),
            topics: TopicMatcher::new(topics),
            offer_person_at: words.offer_person_at,
            selling_off: words.selling_off.clone(),
            products: words.products.clone(),
            deeds: appointments.chain(documents).collect(),
            lexicon,
        }
    }

    /// From how much frustration on, 1 to 10, a person is offered.
    #[must_use]
    pub fn offer_person_at(&self) -> u8 {
        self.offer_person_at
    }

    /// Whether nothing is to be sold to somebody who spoke of this topic.
    #[must_use]
    pub fn is_selling_off(&self, topic: &str) -> bool {
        self.selling_off.iter().any(|off| off == topic)
    }

    /// Whether the company sells what this topic is about.
    #[must_use]
    pub fn is_product(&self, topic: &str) -> bool {
        self.products.iter().any(|product| product == topic)
    }

    /// What a deed of this name counts for, if it does.
    #[must_use]
    pub fn deed(&self, name: &str) -> Option<LeadKind> {
        let mut deeds = self.deeds.iter();
        deeds.find(|(deed, _)| deed == name).map(|(_, kind)| *kind)
    }

    pub(super) fn said(&self, text: &str) -> Said {
        Said {
            utterance: Utterance::new(self.lexicon.terms(text)),
        }
    }

    /// The most urgent level whose phrases are in what was said, and what to do now.
    pub(super) fn urgency(&self, said: &Said) -> Option<(Urgency, Option<&str>)> {
        let found = self.urgency.iter().find(|rule| said.holds(&rule.phrases))?;
        Some((found.level, found.now.as_deref()))
    }

    /// How much speaks for each category.
    pub(super) fn intents(&self, said: &Said) -> Vec<(IntentCategory, f32)> {
        let weigh = |(category, phrases): &(IntentCategory, Phrases)| {
            let matches = said.matches(phrases);
            let weights = matches.iter().map(|(weight, _)| *weight);
            (*category, weights.fold(0.0, f32::max))
        };
        self.intents
            .iter()
            .map(weigh)
            .filter(|(_, weight)| *weight > 0.0)
            .collect()
    }

    pub(super) fn pain_points(&self, said: &Said) -> Vec<String> {
        said.ids(&self.pain_points)
    }

    pub(super) fn opportunities(&self, said: &Said) -> Vec<String> {
        said.ids(&self.opportunities)
    }

    pub(super) fn objections(&self, said: &Said) -> Vec<String> {
        said.ids(&self.objections)
    }

    pub(super) fn topics(&self, text: &str, intent: Option<&str>) -> Vec<String> {
        self.topics.of_turn(text, intent)
    }
}

/// Words before a match, and between its parts, in which a negation takes it back.
const NEGATION_REACH: usize = 2;

impl Said {
    fn holds(&self, phrases: &Phrases) -> bool {
        !self.matches(phrases).is_empty()
    }

    /// Weights and places of the phrases that match and that no negation takes back.
    fn matches(&self, phrases: &Phrases) -> Vec<(f32, Match)> {
        let found = phrases.matches(&self.utterance).into_iter();
        let found = found.map(|(phrase, at)| (phrase.weight(), at));
        found.filter(|(_, at)| !self.is_taken_back(at)).collect()
    }

    fn ids(&self, named: &[(String, Phrases)]) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for (id, phrases) in named {
            if !ids.contains(id) && self.holds(phrases) {
                ids.push(id.clone());
            }
        }
        ids
    }

    /// "My card was not stolen": a negation before the phrase, or within it and no part of it.
    fn is_taken_back(&self, found: &Match) -> bool {
        static NEGATIONS: LazyLock<Vec<String>> =
            LazyLock::new(|| english().moment.negations.clone());
        let (Some(first), Some(last)) = (found.at.first(), found.at.last()) else {
            return false;
        };
        let reach = first.saturating_sub(NEGATION_REACH)..*last;
        reach.filter(|at| !found.at.contains(at)).any(|at| {
            let word = &self.utterance.words[at].text;
            NEGATIONS.contains(word)
        })
    }
}
