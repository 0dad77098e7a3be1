//! Keeps the index in step with `rag_documents`, and gives it what its texts mean.
//!
//! The pack's own documents serve until the database has answered, and as long
//! as nothing was imported; by their words alone until their meaning is found out.

use std::{collections::HashMap, sync::Arc, time::Duration};

use database::{Database, DatabaseError, DocumentChunk, DocumentRepository};
use embedding::Vector;
use knowledge::{Chunk, KnowledgeBase, Pack, Provenance};
use tokio::time::{Instant, sleep};

use dialogue::Replier;

use crate::meaning::Meaning;

/// A change in the database is in the index after this long.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn follow(
    database: Database,
    replier: Replier,
    pack: Pack,
    meaning: Option<Meaning>,
) {
    let documents = DocumentRepository::new(&database);
    let mut known = 0;
    // What it says is served before what it means is found out.
    let mut unread = Some(KnowledgeBase::clone(&replier.knowledge()));
    loop {
        match newer(&documents, &pack, known).await {
            Ok(Some((revision, base))) => {
                tracing::info!(
                    revision,
                    fingerprint = base.fingerprint(),
                    "the knowledge base was reloaded"
                );
                replier.set_knowledge(Arc::new(base.clone()));
                unread = Some(base);
                known = revision;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the knowledge base stays as it is"),
        }
        if let (Some(base), Some(meaning)) = (unread.take(), &meaning) {
            let stored = meaning.stored(&base, &database).await;
            let base = with_meaning(meaning.clone(), base, stored).await;
            replier.set_knowledge(Arc::new(base));
        }
        sleep(LOOK).await;
    }
}

/// The base with what its texts mean, on a thread of its own: calls go on meanwhile.
async fn with_meaning(
    meaning: Meaning,
    base: KnowledgeBase,
    stored: HashMap<String, Vector>,
) -> KnowledgeBase {
    let plain = base.clone();
    let begun = Instant::now();
    let work = move || {
        meaning.add_to(base, stored, |texts, _| {
            tracing::info!(texts, "finding out what the documents mean");
        })
    };
    let base = tokio::task::spawn_blocking(work).await;
    if base.is_ok() {
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(seconds, "questions are understood by meaning");
    }
    // Without meanings when it broke off.
    base.unwrap_or(plain)
}

async fn newer(
    documents: &DocumentRepository,
    pack: &Pack,
    known: i64,
) -> Result<Option<(i64, KnowledgeBase)>, DatabaseError> {
    let name = &pack.settings.name;
    let revision = documents.revision(name).await?;
    if revision == known {
        return Ok(None);
    }
    let chunks: Vec<Chunk> = documents.all(name).await?.into_iter().map(chunk).collect();
    Ok(Some((
        revision,
        KnowledgeBase::from_chunks(pack.clone(), chunks),
    )))
}

fn chunk(stored: DocumentChunk) -> Chunk {
    let of = |key: &str| stored.meta.get(key);
    // As `teller knowledge import` wrote it.
    let credibility = of("credibility").and_then(|value| value.to_string().parse().ok());
    let provenance = Provenance::new(of("date").and_then(|date| date.as_str()), credibility);
    Chunk {
        source: stored.document,
        title: stored.title,
        topic: stored.topic,
        ordinal: usize::try_from(stored.chunk).unwrap_or_default(),
        text: stored.body,
        provenance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_chunk_says_where_its_facts_come_from() {
        let stored = |meta| DocumentChunk {
            document: "library/printing".to_owned(),
            chunk: 1,
            title: "Printing".to_owned(),
            topic: None,
            body: "A page costs 10 cents.".to_owned(),
            meta,
        };
        let about = serde_json::json!({"date": "2026-01-31", "credibility": 0.8, "address": "x"});
        let known = chunk(stored(about));
        assert_eq!(
            known.provenance,
            Provenance::new(Some("2026-01-31"), Some(0.8))
        );
        assert!(known.provenance.date.is_some());
        let unknown = chunk(stored(
            serde_json::json!({"date": 7, "credibility": "much"}),
        ));
        assert_eq!(unknown.provenance, Provenance::default());
        assert_eq!((unknown.ordinal, &*unknown.title), (1, "Printing"));
    }
}
