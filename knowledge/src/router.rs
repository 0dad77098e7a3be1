//! The rules that turn evidence into a route.
//!
//! Rules, not a model: a pack's author can read why ([`Routed::reasons`]) and mend it with one line.

use crate::evidence::{Evidence, covers};
use crate::pack::{CueSet, Pack};
use crate::route::{Reason, Route, RouteContext, Routed, reason};
use language::Lexicon;
use language::phrase::{Phrases, Utterance};

/// Evidence from which on an utterance is a banking question.
const BANKING_THRESHOLD: f32 = 0.5;
/// Topics returned at most.
const MAX_TOPICS: usize = 3;

/// The compiled rules of a pack.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    pub(crate) topics: Vec<(String, Phrases)>,
    pub(crate) strong: Phrases,
    pub(crate) weak: Phrases,
    pub(crate) foreign: Phrases,
    pub(crate) small_talk: Vec<Talker>,
    follow_ups: Phrases,
    human: Phrases,
    balance: Phrases,
    authenticate: Phrases,
    repeat: Phrases,
    goodbye: Phrases,
    affirm: Phrases,
    deny: Phrases,
}

/// One kind of small talk, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Talker {
    pub(crate) kind: String,
    pub(crate) leads: bool,
    pub(crate) opens: bool,
    pub(crate) cues: Phrases,
}

impl Router {
    pub(crate) fn new(lexicon: &Lexicon, pack: &Pack) -> Self {
        let set = |set: &CueSet| Phrases::new(lexicon, &set.cues, &set.unless, &set.with);
        let words = |words: &[String]| Phrases::new(lexicon, words, &[], &[]);
        Self {
            topics: pack
                .topics
                .iter()
                .map(|t| (t.id.clone(), Phrases::new(lexicon, &t.cues, &t.unless, &[])))
                .collect(),
            strong: words(&pack.words.strong),
            weak: words(&pack.words.weak),
            foreign: words(&pack.words.foreign),
            small_talk: pack
                .small_talk
                .iter()
                .map(|talk| Talker {
                    kind: talk.kind.clone(),
                    leads: talk.leads,
                    opens: talk.opens,
                    cues: Phrases::new(lexicon, &talk.cues, &talk.unless, &talk.with),
                })
                .collect(),
            follow_ups: words(&pack.words.follow_ups),
            human: set(&pack.actions.human),
            balance: set(&pack.actions.balance),
            authenticate: set(&pack.actions.authenticate),
            repeat: set(&pack.actions.repeat),
            goodbye: set(&pack.actions.goodbye),
            affirm: set(&pack.actions.affirm),
            deny: set(&pack.actions.deny),
        }
    }

    /// Every group of cues, for checking a pack.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Phrases> {
        let single = [
            &self.strong,
            &self.weak,
            &self.foreign,
            &self.follow_ups,
            &self.human,
            &self.balance,
            &self.authenticate,
            &self.repeat,
            &self.goodbye,
            &self.affirm,
            &self.deny,
        ];
        self.topics
            .iter()
            .map(|(_, cues)| cues)
            .chain(self.small_talk.iter().map(|talk| &talk.cues))
            .chain(single)
    }

    pub(crate) fn route(&self, lexicon: &Lexicon, text: &str, context: &RouteContext) -> Routed {
        let said = Utterance::new(lexicon.terms(text));
        let evidence = Evidence::weigh(self, &said);
        let (route, because) = self.decide(&said, &evidence, context);
        let mut reasons = evidence.reasons;
        reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        if let Some(because) = because {
            reasons.insert(0, because);
        }
        Routed { route, reasons }
    }

    /// The order is the meaning: deeds asked for, then turns that are nothing but courtesy, then
    /// banking, then what little is left.
    fn decide(
        &self,
        said: &Utterance,
        evidence: &Evidence,
        context: &RouteContext,
    ) -> (Route, Option<Reason>) {
        let asks = evidence.topics.first().map_or(0.0, |(_, weight)| *weight);
        if context.awaiting
            && asks < 1.0
            && let Some(answer) = self.yes_or_no(said, 1)
        {
            return answer;
        }
        for (cues, route) in [
            (&self.human, Route::HumanRequested),
            (&self.authenticate, Route::Authenticate),
        ] {
            if let Some(found) = self.action(cues, said, &route) {
                return (route, Some(found));
            }
        }
        let nothing_else = asks < 1.0 && evidence.words == 0.0 && evidence.foreign == 0.0;
        if (nothing_else || covers(&self.repeat, said))
            && let Some(found) = self.action(&self.repeat, said, &Route::Repeat)
        {
            return (Route::Repeat, Some(found));
        }
        if let Some(found) = self.action(&self.balance, said, &Route::AccountBalance) {
            return (Route::AccountBalance, Some(found));
        }
        self.courtesy(said, evidence)
            .or_else(|| self.banking(said, evidence, context))
            .unwrap_or_else(|| (Self::rest(said, evidence), None))
    }

    fn action(&self, cues: &Phrases, said: &Utterance, route: &Route) -> Option<Reason> {
        cues.matches(said)
            .first()
            .map(|(cue, _)| reason(route.name(), cue.written(), cue.weight()))
    }

    /// The whole turn is a goodbye, a yes or no, or small talk.
    fn courtesy(&self, said: &Utterance, evidence: &Evidence) -> Option<(Route, Option<Reason>)> {
        if covers(&self.goodbye, said) {
            return Some((
                Route::Goodbye,
                self.action(&self.goodbye, said, &Route::Goodbye),
            ));
        }
        if let Some(answer) = self.yes_or_no(said, usize::MAX) {
            return Some(answer);
        }
        if evidence
            .topics
            .first()
            .is_some_and(|(_, weight)| *weight >= 1.0)
        {
            return None;
        }
        let whole = evidence.small_talk.iter().find(|talk| talk.whole)?;
        Some((
            Route::SmallTalk {
                kind: whole.kind.clone(),
            },
            None,
        ))
    }

    /// Yes or no. `first` limits where in the turn the word may stand for a turn that says more.
    fn yes_or_no(&self, said: &Utterance, first: usize) -> Option<(Route, Option<Reason>)> {
        let earliest = |cues: &Phrases| {
            cues.matches(said)
                .iter()
                .filter_map(|(_, found)| found.at.first().copied())
                .min()
        };
        let (yes, no) = (earliest(&self.affirm), earliest(&self.deny));
        let (cues, route) = match (yes, no) {
            (Some(yes), Some(no)) if yes < no => (&self.affirm, Route::Affirm),
            (Some(_), None) => (&self.affirm, Route::Affirm),
            (_, Some(_)) => (&self.deny, Route::Deny),
            (None, None) => return None,
        };
        let leads = yes.into_iter().chain(no).min() == Some(0) && first == 1;
        (leads || covers(cues, said)).then(|| {
            let because = self.action(cues, said, &route);
            (route, because)
        })
    }

    fn banking(
        &self,
        said: &Utterance,
        evidence: &Evidence,
        context: &RouteContext,
    ) -> Option<(Route, Option<Reason>)> {
        let best = evidence.topics.first().map_or(0.0, |(_, weight)| *weight);
        let score = best + evidence.words - evidence.foreign;
        let follow_up = self.follow_ups.matches(said);
        let follows =
            !context.last_topics.is_empty() && !follow_up.is_empty() && evidence.foreign == 0.0;
        // "And how much does it cost?" leans on the turn before even when it names a topic of its
        // own kind (fees) weakly; a clear new topic stands alone.
        if follows && best < 1.5 {
            let mut topics = context.last_topics.clone();
            topics.extend(
                evidence
                    .best_topics(MAX_TOPICS)
                    .into_iter()
                    .filter(|t| !context.last_topics.contains(t)),
            );
            topics.truncate(MAX_TOPICS);
            let because = follow_up
                .first()
                .map(|(cue, _)| reason("follow-up", cue.written(), 1.0));
            return Some((
                Route::Banking {
                    topics,
                    score: score.max(1.0),
                },
                because,
            ));
        }
        // "Thanks for your help with my account" names an account and asks nothing.
        let only_courtesy = best == 0.0
            && evidence.words < 1.0
            && evidence
                .small_talk
                .iter()
                .any(|talk| talk.share >= 0.5 && !talk.opens);
        if score < BANKING_THRESHOLD || only_courtesy {
            return None;
        }
        Some((
            Route::Banking {
                topics: evidence.best_topics(MAX_TOPICS),
                score,
            },
            None,
        ))
    }

    fn rest(said: &Utterance, evidence: &Evidence) -> Route {
        let courteous = evidence
            .small_talk
            .first()
            .filter(|talk| talk.share >= 0.5 && evidence.foreign == 0.0);
        match courteous {
            Some(talk) => Route::SmallTalk {
                kind: talk.kind.clone(),
            },
            None if evidence.foreign > 0.0 => Route::OutOfScope,
            None if evidence.content <= 1 || said.words.len() <= 2 => Route::Unclear,
            None => Route::OutOfScope,
        }
    }
}
