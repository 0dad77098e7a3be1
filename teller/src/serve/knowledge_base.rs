//! Keeps the index in step with `rag_documents`.
//!
//! The pack's own documents serve until the database has answered, and as long
//! as nothing was imported.

use std::{sync::Arc, time::Duration};

use database::{Database, DatabaseError, DocumentChunk, DocumentRepository};
use knowledge::{Chunk, KnowledgeBase, Pack};
use tokio::time::sleep;

use dialogue::Replier;

/// A change in the database is in the index after this long.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn follow(database: Database, replier: Replier, pack: Pack) {
    let documents = DocumentRepository::new(&database);
    let mut known = 0;
    loop {
        match newer(&documents, &pack, known).await {
            Ok(Some((revision, base))) => {
                tracing::info!(
                    revision,
                    fingerprint = base.fingerprint(),
                    "the knowledge base was reloaded"
                );
                replier.set_knowledge(Arc::new(base));
                known = revision;
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the knowledge base stays as it is"),
        }
        sleep(LOOK).await;
    }
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
