//! The rules that turn matches into a route.
//!
//! Rules, not a model: a pack's author can read why ([`Routed::reasons`]) and mend it with one line.

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use crate::{
    matches::{Matches, covers},
    route::{Reason, Route, RouteContext, Routed, reason},
    rules::Rules,
};

/// Weight from which on an utterance is a question about the trade.
const KNOWLEDGE_THRESHOLD: f32 = 0.5;
/// Topics returned at most.
const MAX_TOPICS: usize = 3;

/// A route and, where one phrase decided, that phrase.
type Decision = (Route, Option<Reason>);

/// Decides on one turn.
struct Router<'a> {
    rules: &'a Rules,
    said: &'a Utterance,
    matches: &'a Matches,
    context: &'a RouteContext,
}

/// What `text` asks for.
pub(crate) fn route(
    rules: &Rules,
    lexicon: &Lexicon,
    text: &str,
    context: &RouteContext,
) -> Routed {
    let said = Utterance::new(lexicon.terms(text));
    let matches = Matches::of(rules, &said);
    let router = Router {
        rules,
        said: &said,
        matches: &matches,
        context,
    };
    let (route, because) = router.decide();
    let mut reasons = matches.reasons;
    reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    if let Some(because) = because {
        reasons.insert(0, because);
    }
    Routed { route, reasons }
}

impl Router<'_> {
    /// The order is the meaning: actions asked for, then turns that are nothing but courtesy, then the trade's
    /// questions, then what little is left.
    fn decide(&self) -> Decision {
        let clear_topic = self.best_topic() >= 1.0;
        if self.context.awaiting
            && !clear_topic
            && let Some(answer) = self.yes_or_no(1)
        {
            return answer;
        }
        let rules = self.rules;
        if let Some(found) = self.action(&rules.human, Route::HumanRequested) {
            return found;
        }
        if let Some(found) = self.action(&rules.authenticate, Route::Authenticate) {
            return found;
        }
        let nothing_else = !clear_topic && self.matches.words == 0.0 && self.matches.foreign == 0.0;
        if (nothing_else || covers(&rules.repeat, self.said))
            && let Some(found) = self.action(&rules.repeat, Route::Repeat)
        {
            return found;
        }
        let mut lookups = rules.lookups.iter();
        if let Some(found) =
            lookups.find_map(|(name, phrases)| self.action(phrases, Route::Lookup(name.clone())))
        {
            return found;
        }
        self.courtesy()
            .or_else(|| self.knowledge())
            .unwrap_or_else(|| (self.rest(), None))
    }

    /// Weight of the best topic; 0 without one.
    fn best_topic(&self) -> f32 {
        self.matches
            .topics
            .first()
            .map_or(0.0, |(_, weight)| *weight)
    }

    fn action(&self, phrases: &Phrases, route: Route) -> Option<Decision> {
        let because = phrases
            .matches(self.said)
            .first()
            .map(|(phrase, _)| reason(route.name(), phrase.written(), phrase.weight()))?;
        Some((route, Some(because)))
    }

    /// The whole turn is a goodbye, a yes or no, or small talk.
    fn courtesy(&self) -> Option<Decision> {
        if covers(&self.rules.goodbye, self.said) {
            return self.action(&self.rules.goodbye, Route::Goodbye);
        }
        if let Some(answer) = self.yes_or_no(usize::MAX) {
            return Some(answer);
        }
        if self.best_topic() >= 1.0 {
            return None;
        }
        let whole = self.matches.small_talk.iter().find(|talk| talk.whole)?;
        let kind = whole.kind.clone();
        Some((Route::SmallTalk { kind }, None))
    }

    /// Yes or no. `first` limits where in the turn the word may stand for a turn that says more.
    fn yes_or_no(&self, first: usize) -> Option<Decision> {
        let earliest = |phrases: &Phrases| {
            let matches = phrases.matches(self.said);
            let firsts = matches.iter().filter_map(|(_, found)| found.at.first());
            firsts.copied().min()
        };
        let (yes, no) = (earliest(&self.rules.affirm), earliest(&self.rules.deny));
        let (phrases, route) = match (yes, no) {
            (Some(yes), Some(no)) if yes < no => (&self.rules.affirm, Route::Affirm),
            (Some(_), None) => (&self.rules.affirm, Route::Affirm),
            (_, Some(_)) => (&self.rules.deny, Route::Deny),
            (None, None) => return None,
        };
        let leads = yes.into_iter().chain(no).min() == Some(0) && first == 1;
        if leads || covers(phrases, self.said) {
            self.action(phrases, route)
        } else {
            None
        }
    }

    fn knowledge(&self) -> Option<Decision> {
        let (matches, last_topics) = (self.matches, &self.context.last_topics);
        let best = self.best_topic();
        let score = best + matches.words - matches.foreign;
        let follow_up = self.rules.follow_ups.matches(self.said);
        // "And how much does it cost?" leans on the turn before even when it names a topic of its
        // own kind (fees) weakly; a clear new topic stands alone.
        if let Some((phrase, _)) = follow_up.first()
            && !last_topics.is_empty()
            && matches.foreign == 0.0
            && best < 1.5
        {
            let mut topics = last_topics.clone();
            let new = matches.best_topics(MAX_TOPICS);
            topics.extend(new.into_iter().filter(|t| !last_topics.contains(t)));
            topics.truncate(MAX_TOPICS);
            let score = score.max(1.0);
            let because = reason("follow-up", phrase.written(), 1.0);
            return Some((Route::Knowledge { topics, score }, Some(because)));
        }
        // "Thanks for your help with my card" names a subject and asks nothing.
        let mut small_talk = matches.small_talk.iter();
        let only_courtesy = best == 0.0
            && matches.words < 1.0
            && small_talk.any(|talk| talk.share >= 0.5 && !talk.opens);
        if score < KNOWLEDGE_THRESHOLD || only_courtesy {
            return None;
        }
        let topics = matches.best_topics(MAX_TOPICS);
        Some((Route::Knowledge { topics, score }, None))
    }

    fn rest(&self) -> Route {
        let Matches {
            small_talk,
            foreign,
            content,
            ..
        } = self.matches;
        let foreign = *foreign > 0.0;
        let courteous = small_talk
            .first()
            .filter(|talk| talk.share >= 0.5 && !foreign);
        match courteous {
            Some(talk) => Route::SmallTalk {
                kind: talk.kind.clone(),
            },
            None if !foreign && (*content <= 1 || self.said.words.len() <= 2) => Route::Unclear,
            None => Route::OutOfScope,
        }
    }
}
