//! A turn as it was meant: what was taken back is dropped, then its clauses are read one by one, so that two
//! questions are two, and a matter is found behind a greeting or a long complaint.

use std::collections::BTreeSet;

use language::{Lexicon, phrase::Utterance};

use crate::{
    catalogue::{Last, Shelf},
    evidence::Weighing,
    heard::{Clause, Heard},
    index::Index,
    learned::Learned,
    meant::MeaningWords,
    route::{Before, Question, Route, RouteContext, Routed},
    router,
    rules::Rules,
};

/// Questions that one answer takes up.
const MAX_QUESTIONS: usize = 2;
/// Likelihood of a clause that is a question of its own.
const CLEAR: f32 = 0.7;

/// How near a clause is to the pack's texts, and how likely of one document, that is surely about that one.
const SURELY_NEAR: f32 = 0.55;
const SURE: f32 = 0.4;

/// Weight of a topic's phrases that stands for itself, whatever was said before it.
pub(crate) const STANDS_ALONE: f32 = 1.5;

/// What a turn is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) index: &'a Index,
    pub(crate) words: &'a MeaningWords,
    pub(crate) shelf: Option<&'a Shelf>,
    pub(crate) learned: Option<&'a Learned>,
    pub(crate) learned_meaning: Option<&'a Learned>,
    /// Topics that cannot wait.
    pub(crate) urgent: &'a BTreeSet<String>,
    pub(crate) weighing: Weighing,
    /// Look-ups that nobody answers here: the documents are asked instead.
    pub(crate) without: &'a [String],
}

/// Clauses that ask one thing.
#[derive(Debug)]
struct Group {
    topics: Vec<String>,
    clauses: Vec<Clause>,
    /// A clause of it is a question, not only a statement.
    asks: bool,
    /// It asks more about what the group before it is about.
    leans: bool,
    /// The topic of the document that it is surely about.
    surely: Option<String>,
}

/// How one clause stands to those before it.
#[derive(Debug)]
struct Reading {
    topics: Vec<String>,
    asks: bool,
    leans: bool,
    /// The topic of the document that it is surely about.
    surely: Option<String>,
}

impl Group {
    fn new(clause: &Clause, read: Reading) -> Self {
        Self {
            topics: read.topics,
            clauses: vec![clause.clone()],
            asks: read.asks,
            leans: false,
            surely: read.surely,
        }
    }

    fn question(&self) -> Question {
        let texts: Vec<&str> = self.clauses.iter().map(|clause| &*clause.text).collect();
        let vectors = self
            .clauses
            .iter()
            .filter_map(|clause| clause.vector().cloned());
        Question {
            text: texts.join(" "),
            vector: vectors.reduce(|all, one| all.leaning_on(&one, 1.0)),
            topics: self.topics.clone(),
            before: None,
        }
    }
}

impl Reader<'_> {
    pub(crate) fn understand(self, heard: &Heard, context: &RouteContext) -> Routed {
        if let Some(corrected) = self.corrected(heard, context) {
            return corrected;
        }
        if let Some(both) = self.with_question(&heard.clauses, context) {
            return both;
        }
        if let Some(both) = self.with_look_up(&heard.clauses, context) {
            return both;
        }
        let mut whole = router::route(self, &heard.meant, context);
        if heard.is_refusal {
            whole.route = Route::Deny;
            whole.questions.clear();
            return whole;
        }
        let is_open = matches!(
            whole.route,
            Route::Knowledge { .. } | Route::SmallTalk { .. } | Route::OutOfScope | Route::Unclear
        );
        let leans = whole.questions.iter().any(|asked| asked.before.is_some());
        if !is_open || leans || heard.clauses.is_empty() {
            return whole;
        }
        let groups = self.groups(&heard.clauses);
        let Some(first) = groups.first() else {
            return whole;
        };
        if groups.len() == 1 && matches!(whole.route, Route::Knowledge { .. }) {
            return whole;
        }
        whole.route = Route::Knowledge {
            topics: first.topics.clone(),
            score: CLEAR,
        };
        whole.questions = self.questions(&groups);
        whole
    }

    /// A request to the catalogue with something taken back, which what comes after it changes, or with something refused.
    fn corrected(self, heard: &Heard, context: &RouteContext) -> Option<Routed> {
        if let Some(refused) = &heard.with_refused {
            let routed = router::route(self, refused, context);
            return matches!(routed.route, Route::Catalogue(_)).then_some(routed);
        }
        let (before, after) = heard.correction.as_ref()?;
        let Route::Catalogue(ask) = router::route(self, before, context).route else {
            return None;
        };
        let last = Last {
            ask: *ask,
            is_fresh: true,
            ..Last::default()
        };
        let context = RouteContext {
            offered: Some(last),
            ..context.clone()
        };
        let routed = router::route(self, after, &context);
        matches!(routed.route, Route::Catalogue(_)).then_some(routed)
    }

    /// A request to the catalogue and a question to the documents in one turn: "is it in stock, and can I pay later?"
    fn with_question(self, clauses: &[Clause], context: &RouteContext) -> Option<Routed> {
        self.shelf?;
        let [first, second] = clauses else {
            return None;
        };
        if !self.words.is_opening_clause(&second.text) {
            return None;
        }
        let of_documents = |clause: &Clause, context: &RouteContext| {
            let routed = router::route(self, clause, context);
            let clear = matches!(&routed.route, Route::Knowledge { score, topics } if *score >= CLEAR && !topics.is_empty());
            let leans = routed.questions.iter().any(|asked| asked.before.is_some());
            (clear && !leans).then_some(routed.questions)
        };
        let of_catalogue = |clause: &Clause, context: &RouteContext| {
            let routed = router::route(self, clause, context);
            matches!(routed.route, Route::Catalogue(_)).then_some(routed)
        };
        let alone = RouteContext::default();
        if let Some(routed) = of_catalogue(first, context) {
            let questions = of_documents(second, &alone)?;
            return Some(Routed {
                questions,
                ..routed
            });
        }
        let questions = of_documents(first, context)?;
        let routed = of_catalogue(second, &alone)?;
        Some(Routed {
            questions,
            ..routed
        })
    }

    /// A look-up in one clause and a question to the documents in the others: "what is the fee today, and how do I
    /// join?" What would forbid the look-up in the one does not forbid it in the other.
    fn with_look_up(self, clauses: &[Clause], context: &RouteContext) -> Option<Routed> {
        let may_look_up = |clause: &&Clause| {
            let said = Utterance::new(self.lexicon.terms(&clause.text));
            let mut lookups = self.rules.lookups.iter();
            lookups.any(|(_, phrases)| !phrases.matches(&said).is_empty())
        };
        let mut may_look_up = clauses.iter().filter(may_look_up);
        let asks = may_look_up.next()?;
        let routed = router::route(self, asks, context);
        if may_look_up.next().is_some() || !matches!(routed.route, Route::Lookup(_)) {
            return None;
        }
        let others: Vec<Clause> = clauses
            .iter()
            .filter(|clause| *clause != asks)
            .cloned()
            .collect();
        let mut groups = self.groups(&others);
        groups.retain(|group| group.asks);
        groups.truncate(1);
        let questions = self.questions(&groups);
        (!questions.is_empty()).then_some(Routed {
            questions,
            ..routed
        })
    }

    /// What the groups ask; what cannot wait comes first.
    fn questions(self, groups: &[Group]) -> Vec<Question> {
        let mut questions: Vec<Question> = groups.iter().map(Group::question).collect();
        for at in 1..questions.len() {
            if groups[at].leans {
                let on = &questions[at - 1];
                questions[at].before = Some(Before {
                    topics: on.topics.clone(),
                    question: on.text.clone(),
                    source: None,
                    vector: on.vector.clone(),
                });
            }
        }
        let is_urgent = |question: &Question| {
            question
                .topics
                .iter()
                .any(|topic| self.urgent.contains(topic))
        };
        let leans = groups.iter().any(|group| group.leans);
        if !leans {
            questions.sort_by_key(|question| !is_urgent(question));
        }
        questions.truncate(MAX_QUESTIONS);
        questions
    }

    /// The clauses by what they ask. What neither asks nor names anything belongs to what stands before it.
    fn groups(self, clauses: &[Clause]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for clause in clauses {
            let read = self.clause(clause);
            let Some(group) = groups.last_mut() else {
                if !read.topics.is_empty() {
                    groups.push(Group::new(clause, read));
                }
                continue;
            };
            let is_other = read.asks
                && read.surely.is_some()
                && group.surely.is_some()
                && read.surely != group.surely;
            let is_more =
                read.leans || read.topics.is_empty() || read.topics.first() == group.topics.first();
            if !is_more || is_other {
                groups.push(Group::new(clause, read));
            } else if read.asks && group.asks {
                let mut topics = read.topics;
                topics.extend(group.topics.iter().cloned());
                topics.dedup();
                let more = Group::new(clause, Reading { topics, ..read });
                groups.push(Group {
                    leans: true,
                    ..more
                });
            } else {
                group.asks |= read.asks;
                group.clauses.push(clause.clone());
            }
        }
        groups
    }

    fn clause(self, clause: &Clause) -> Reading {
        let routed = router::route(self, clause, &RouteContext::default());
        // A clear subject of its own leans on nothing.
        let is_weak = routed.evidence.topic < STANDS_ALONE;
        let asks = self.words.is_question(&clause.text);
        let mut topics = Vec::new();
        if let Route::Knowledge {
            topics: named,
            score,
        } = routed.route
            && score >= CLEAR
        {
            topics = named;
            // "And I am worried" is near to much and asks nothing.
            if topics.is_empty() && asks {
                let sense = clause.sense.as_ref();
                topics.extend(sense.and_then(|sense| sense.topic.clone()));
            }
        }
        let sense = clause.sense.as_ref();
        let sure = sense.filter(|sense| sense.share >= SURE && sense.nearness >= SURELY_NEAR);
        let surely = sure.and_then(|sense| sense.topic.clone());
        if topics.is_empty() && asks {
            topics.extend(surely.clone());
        }
        Reading {
            topics,
            asks,
            surely,
            leans: is_weak && self.words.leans_back(&clause.text),
        }
    }
}
