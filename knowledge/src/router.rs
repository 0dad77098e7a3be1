//! The rules that turn matches into a route.
//!
//! Deeds and courtesy are rules; whether a turn is the trade's question is a weighed sum (`evidence.rs`). Either way a
//! pack's author can read why ([`Routed::reasons`], [`Routed::evidence`]) and mend it with one line.

use language::{
    is_function_word,
    phrase::{Phrases, Utterance},
};

use crate::{
    catalogue::claim,
    evidence::Evidence,
    heard::Clause,
    matches::{Matches, covers},
    route::{Question, Reason, Route, RouteContext, Routed, reason},
    understand::{Reader, STANDS_ALONE},
};

/// Likelihood from which on an utterance is a question about the trade.
pub(crate) const KNOWLEDGE_THRESHOLD: f32 = 0.35;
/// The reason of a turn that leans on the one before.
const FOLLOW_UP: &str = "follow-up";
/// Topics returned at most.
const MAX_TOPICS: usize = 3;

/// A route and, where one phrase decided, that phrase.
type Decision = (Route, Option<Reason>);

/// Meaningful words of a turn that may lean on the one before without a phrase that says so.
const MAX_LEANING: usize = 6;
/// Part of these that the pack's documents must know.
const KNOWN: f32 = 0.6;
/// Nearness to a text of the pack that does as well.
const NEAR: f32 = 0.4;
/// Nearness from which on a turn is a question of its own.
const KNOWN_QUESTION: f32 = 0.9;
/// The same of a question that makes no sense alone.
const NEAR_LOOSE: f32 = 0.3;
const KNOWN_LOOSE: f32 = 0.6;
const MAX_LOOSE: usize = 8;
/// Likelihood below which courtesy in a turn is all of it.
const HARDLY: f32 = 0.15;

/// Decides on one turn.
struct Router<'a> {
    evidence: Evidence,
    reader: Reader<'a>,
    text: &'a str,
    said: &'a Utterance,
    matches: &'a Matches,
    context: &'a RouteContext,
}

/// What `text` asks for.
pub(crate) fn route(reader: Reader<'_>, clause: &Clause, context: &RouteContext) -> Routed {
    let said = Utterance::new(reader.lexicon.terms(&clause.text));
    let matches = Matches::of(reader.rules, &said);
    let evidence = evidence(reader, clause, &said, &matches);
    let router = Router {
        evidence,
        reader,
        text: &clause.text,
        said: &said,
        matches: &matches,
        context,
    };
    let (route, because) = router.decide();
    let leans = because
        .as_ref()
        .is_some_and(|because| because.of == FOLLOW_UP);
    let topics = match &route {
        Route::Catalogue(_) => matches.best_topics(MAX_TOPICS),
        _ => Vec::new(),
    };
    let mut reasons = matches.reasons;
    reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    if let Some(because) = because {
        reasons.insert(0, because);
    }
    let questions = match &route {
        Route::Knowledge { topics, .. } => vec![Question {
            text: clause.text.clone(),
            vector: clause.vector().cloned(),
            topics: topics.clone(),
            before: leans.then(|| context.last.clone()),
        }],
        _ => Vec::new(),
    };
    Routed {
        route,
        reasons,
        questions,
        topics,
        evidence,
    }
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
        let rules = self.reader.rules;
        if let Some(found) = self.task(|name| rules.for_person.contains(name)) {
            return found;
        }
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
        if !self.context.last.is_empty()
            && !clear_topic
            && let Some(found) = self.action(&rules.source, Route::Source)
        {
            return found;
        }
        if self.context.more
            && !clear_topic
            && (covers(&rules.more, self.said) || self.matches.content <= 1)
            && let Some(found) = self.action(&rules.more, Route::More)
        {
            return found;
        }
        let without = self.reader.without;
        let mut lookups = rules
            .lookups
            .iter()
            .filter(|(name, _)| !without.contains(name));
        if let Some(found) =
            lookups.find_map(|(name, phrases)| self.action(phrases, Route::Lookup(name.clone())))
        {
            return found;
        }
        if let Some(found) = self.task(|_| true) {
            return found;
        }
        // "The second one" is no small talk when there is a second.
        let offered = self.context.offered.is_some();
        let early = if offered { self.catalogue() } else { None };
        let early = match early {
            Some((decision, true)) => return decision,
            early => early,
        };
        self.courtesy()
            .or_else(|| if offered { early } else { self.catalogue() }.map(|(found, _)| found))
            .or_else(|| self.knowledge())
            .or_else(|| self.loose_follow_up())
            .or_else(|| self.goodbye_in_passing())
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

    /// Something is to be done, and the turn does not ask how it is done.
    fn task(&self, of: impl Fn(&String) -> bool) -> Option<Decision> {
        let words = self.reader.words;
        if words.is_question(self.text) && !words.is_request(self.text) {
            return None;
        }
        let without = self.reader.without;
        let tasks = self.reader.rules.tasks.iter();
        let mut tasks = tasks.filter(|(name, _)| of(name) && !without.contains(name));
        tasks.find_map(|(name, phrases)| self.action(phrases, Route::Task(name.clone())))
    }

    /// The whole turn is a goodbye, a yes or no, or small talk.
    fn courtesy(&self) -> Option<Decision> {
        if covers(&self.reader.rules.goodbye, self.said) {
            return self.action(&self.reader.rules.goodbye, Route::Goodbye);
        }
        if (self.context.awaiting || self.asking().is_none())
            && let Some(answer) = self.yes_or_no(usize::MAX)
        {
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
        let (yes, no) = (
            earliest(&self.reader.rules.affirm),
            earliest(&self.reader.rules.deny),
        );
        let (phrases, route) = match (yes, no) {
            (Some(yes), Some(no)) if yes < no => (&self.reader.rules.affirm, Route::Affirm),
            (Some(_), None) => (&self.reader.rules.affirm, Route::Affirm),
            (_, Some(_)) => (&self.reader.rules.deny, Route::Deny),
            (None, None) => return None,
        };
        let leads = yes.into_iter().chain(no).min() == Some(0) && first == 1;
        if leads || covers(phrases, self.said) {
            self.action(phrases, route)
        } else {
            None
        }
    }

    /// It asks for things that the pack lists; and whether it picks one of those that were offered by its place.
    fn catalogue(&self) -> Option<(Decision, bool)> {
        let foreign = self.matches.foreign > 0.0;
        let reading =
            claim(self.reader, self.text, self.said, self.context).filter(|_| !foreign)?;
        let of = format!("catalogue {}", reading.ask.table);
        let because = reason(&of, &reading.ask.in_words(), 1.0);
        let route = Route::Catalogue(Box::new(reading.ask));
        Some(((route, Some(because)), reading.evidence.picks))
    }

    fn knowledge(&self) -> Option<Decision> {
        let matches = self.matches;
        let best = self.best_topic();
        let score = self.likelihood();
        if let Some(because) = self.follow_up() {
            return Some(self.following(because));
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

    fn following(&self, because: Reason) -> Decision {
        // The new turn may name a topic of its own weakly: fees, hours.
        let last = &self.context.last.topics;
        let mut topics = last.clone();
        let new = self.matches.best_topics(MAX_TOPICS);
        topics.extend(new.into_iter().filter(|topic| !last.contains(topic)));
        topics.truncate(MAX_TOPICS);
        let score = self.likelihood().max(KNOWLEDGE_THRESHOLD);
        (Route::Knowledge { topics, score }, Some(because))
    }

    /// A question that makes no sense alone, after one that did: "until when must I tell you?".
    fn loose_follow_up(&self) -> Option<Decision> {
        let (matches, evidence) = (self.matches, &self.evidence);
        let foreign = matches.foreign > 0.0 || matches.content > MAX_LOOSE;
        let near = evidence.nearness >= NEAR_LOOSE || evidence.known >= KNOWN_LOOSE;
        if self.context.last.is_empty() || foreign || !near {
            return None;
        }
        let first = self.asking()?;
        Some(self.following(reason(FOLLOW_UP, first, 1.0)))
    }

    /// The word that makes it a question, if it begins with one: "what", "until when".
    fn asking(&self) -> Option<&str> {
        let mut first = self.said.words.iter().take(2);
        let word = first.find(|word| self.reader.words.asks.contains(&word.text))?;
        Some(&word.text)
    }

    /// How likely it is a question about the trade.
    fn likelihood(&self) -> f32 {
        self.evidence.likelihood()
    }

    /// Why the turn leans on the one before it, if it does: "and how much does it cost?". A clear new topic
    /// stands alone.
    fn follow_up(&self) -> Option<Reason> {
        let (matches, last) = (self.matches, &self.context.last);
        let best = self.best_topic();
        if last.is_empty() || matches.foreign > 0.0 || best >= STANDS_ALONE {
            return None;
        }
        if !self.speaks_of_documents() {
            return None;
        }
        let phrases = self.reader.rules.follow_ups.matches(self.said);
        if let Some((phrase, _)) = phrases.first() {
            return Some(reason(FOLLOW_UP, phrase.written(), 1.0));
        }
        let is_small_talk = matches
            .small_talk
            .iter()
            .any(|talk| talk.whole && !talk.opens);
        if is_small_talk || matches.content > MAX_LEANING {
            return None;
        }
        let words = self.reader.words;
        let mut said = self.said.words.iter();
        let leaning = said.find(|word| words.leans.contains(&word.text));
        let first = self.said.words.first();
        let is_new = best >= 1.0 || self.evidence.nearness >= KNOWN_QUESTION;
        let asks = first.filter(|word| {
            !is_new && (words.opens.contains(&word.text) || self.asking().is_some())
        });
        let empty = first.filter(|_| matches.content == 0 && self.said.words.len() > 1);
        let because = leaning.or(asks).or(empty)?;
        Some(reason(FOLLOW_UP, &because.text, 1.0))
    }

    /// The documents know most of its meaningful words: "book me a pizza" leans on nothing that was said.
    fn speaks_of_documents(&self) -> bool {
        self.evidence.known >= KNOWN || self.evidence.nearness >= NEAR
    }

    /// "You have been kind, bye": little else is said.
    fn goodbye_in_passing(&self) -> Option<Decision> {
        if self.likelihood() >= HARDLY || self.matches.foreign > 0.0 {
            return None;
        }
        self.action(&self.reader.rules.goodbye, Route::Goodbye)
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
            .filter(|talk| (talk.share >= 0.5 || self.likelihood() < HARDLY) && !foreign);
        match courteous {
            Some(talk) => Route::SmallTalk {
                kind: talk.kind.clone(),
            },
            None if !foreign && (*content <= 1 || self.said.words.len() <= 2) => Route::Unclear,
            None => Route::OutOfScope,
        }
    }
}

fn evidence(reader: Reader<'_>, clause: &Clause, said: &Utterance, matches: &Matches) -> Evidence {
    let content = said
        .words
        .iter()
        .filter(|word| !is_function_word(&word.text));
    let content: Vec<_> = content.cloned().collect();
    let stems: Vec<String> = reader.lexicon.stems(&content).collect();
    let known = stems.iter().filter(|stem| reader.index.knows(stem)).count();
    let count = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    Evidence {
        known: if stems.is_empty() {
            1.0
        } else {
            count(known) / count(stems.len())
        },
        score: reader.index.best_score(&stems) / (1.0 + count(stems.len())),
        is_by_meaning: clause.sense.is_some(),
        weights: if clause.sense.is_some() {
            reader.weighing.by_meaning
        } else {
            reader.weighing.by_words
        },
        nearness: clause.sense.as_ref().map_or(0.0, |sense| sense.nearness),
        learned: match (clause.vector(), reader.learned_meaning) {
            (Some(vector), Some(learned)) => learned.of_meaning(vector),
            _ => reader
                .learned
                .map_or(0.0, |learned| learned.of_text(&clause.text)),
        },
        ..Evidence::of(matches)
    }
}
