//! A turn as it was meant: what was taken back is dropped, then its clauses are read one by one, so that two
//! questions are two, and a matter is found behind a greeting or a long complaint.

use language::Lexicon;

use crate::{
    heard::{Clause, Heard},
    index::Index,
    meant::MeaningWords,
    route::{Question, Route, RouteContext, Routed},
    router,
    rules::Rules,
};

/// Questions that one answer takes up.
const MAX_QUESTIONS: usize = 2;
/// Weight of a topic that a clause names clearly.
const CLEAR: f32 = 1.0;

/// What a turn is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) index: &'a Index,
    pub(crate) words: &'a MeaningWords,
}

/// Clauses about one thing.
#[derive(Debug)]
struct Group {
    topics: Vec<String>,
    clauses: Vec<Clause>,
}

impl Group {
    fn question(self) -> Question {
        let texts: Vec<&str> = self.clauses.iter().map(|clause| &*clause.text).collect();
        let vectors = self.clauses.iter().filter_map(|clause| clause.vector.clone());
        Question {
            text: texts.join(" "),
            vector: vectors.reduce(|all, one| all.leaning_on(&one, 1.0)),
            topics: self.topics,
            before: None,
        }
    }
}

impl Reader<'_> {
    pub(crate) fn understand(self, heard: &Heard, context: &RouteContext) -> Routed {
        let mut whole = router::route(self, &heard.meant, context);
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
        let questions = groups
            .into_iter()
            .take(MAX_QUESTIONS)
            .map(Group::question);
        whole.questions = questions.collect();
        whole
    }

    /// The clauses by what they are about; one that names nothing belongs to the one before it.
    fn groups(self, clauses: &[Clause]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for clause in clauses {
            let routed = router::route(self, clause, &RouteContext::default());
            let topics = match routed.route {
                Route::Knowledge { topics, score } if score >= CLEAR => topics,
                _ => Vec::new(),
            };
            match (groups.last_mut(), topics.first()) {
                (None, None) => {}
                (Some(group), None) => group.clauses.push(clause.clone()),
                (Some(group), Some(topic)) if group.topics.contains(topic) => {
                    group.clauses.push(clause.clone());
                }
                (_, Some(_)) => groups.push(Group {
                    topics,
                    clauses: vec![clause.clone()],
                }),
            }
        }
        groups
    }
}
