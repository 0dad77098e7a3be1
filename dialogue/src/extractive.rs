//! The answer without a model: sentences of the documents themselves.

use super::{Source, retrieval::Found};
use knowledge::{Answer, KnowledgeBase, Passage};

/// The documents' own answer to `question`, with the sources it rests on.
pub(super) fn answer(
    base: &KnowledgeBase,
    question: &str,
    topics: &[String],
    found: &Found,
) -> (Answer, Vec<Source>) {
    let answer = base.answer_from(question, topics, &found.passages);
    let sources = found
        .passages
        .iter()
        .filter(|passage| {
            answer
                .sources
                .iter()
                .any(|cited| cited.source == passage.source)
        })
        .map(source)
        .collect();
    (answer, sources)
}

/// A passage as it is cited.
pub(super) fn source(passage: &Passage) -> Source {
    Source {
        source: passage.source.clone(),
        title: passage.title.clone(),
        score: passage.score,
    }
}
