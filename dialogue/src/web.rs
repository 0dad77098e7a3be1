//! From what a search of the web returned to a sentence that answers.

use std::sync::Arc;

use knowledge::{KnowledgeBase, Question, WebAnswer, WebPage};
use tools::Outcome;

/// Ranks the pages that were found among the documents, on a thread of its own: with the embedding model that takes a
/// quarter of a second. `None` where nothing was found, or the documents answer better.
pub(crate) async fn answer(
    base: Arc<KnowledgeBase>,
    question: Question,
    outcome: Outcome,
) -> Option<WebAnswer> {
    let Outcome::Success(found) = outcome else {
        return None;
    };
    let pages: Vec<tools::WebPage> = serde_json::from_value(found.get("pages")?.clone()).ok()?;
    let pages: Vec<WebPage> = pages.into_iter().map(page).collect();
    let ranking = tokio::task::spawn_blocking(move || base.answer_with_web(&question, &pages));
    ranking.await.ok()?
}

fn page(page: tools::WebPage) -> WebPage {
    WebPage {
        url: page.url,
        host: page.host,
        title: page.title,
        text: page.text,
    }
}
