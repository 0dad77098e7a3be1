//! Keeps the index in step with `rag_documents`, and gives it what its texts mean.
//!
//! The pack's own documents serve until the database has answered, and as long
//! as nothing was imported; by their words alone until their meaning is found out.

use std::{sync::Arc, time::Duration};

use database::{Database, DatabaseError, DocumentChunk, DocumentRepository};
use knowledge::{Chunk, KnowledgeBase, Pack};
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
            replier.set_knowledge(Arc::new(with_meaning(meaning.clone(), base).await));
        }
        sleep(LOOK).await;
    }
}

/// The base with what its texts mean, on a thread of its own: calls go on meanwhile.
async fn with_meaning(meaning: Meaning, base: KnowledgeBase) -> KnowledgeBase {
    let plain = base.clone();
    let begun = Instant::now();
    let work = move || {
        meaning.add_to(base, |texts, _| {
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
    Chunk {
        source: stored.document,
        title: stored.title,
        topic: stored.topic,
        ordinal: usize::try_from(stored.chunk).unwrap_or_default(),
        text: stored.body,
    }
}
