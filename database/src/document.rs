//! `rag_documents`: the chunks of a pack's documents.

use call::input::clean_line;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    DatabaseError,
    clean::{clean_json, clean_text},
};

repository!(
    /// All SQL about documents.
    DocumentRepository
);

row! {
    /// A chunk of a document.
    #[derive(Clone, Debug, PartialEq)]
    pub struct DocumentChunk {
        /// The document's name within its pack.
        pub document: String,
        /// The chunk's place in the document, from 0.
        pub chunk: i32,
        /// The document's title.
        pub title: String,
        /// The document's topic.
        pub topic: Option<String>,
        /// The text.
        pub body: String,
        /// Anything else: an object.
        pub meta: Value,
    }
}

/// What an import did, in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// New or changed.
    pub added: usize,
    /// As they were.
    pub kept: usize,
    /// No longer in the pack.
    pub removed: usize,
}

impl DocumentRepository {
    /// Makes a pack hold exactly these chunks. Importing the same ones again changes nothing, the
    /// revision included.
    ///
    /// # Errors
    /// [`DatabaseError`]; all or nothing, repeating is safe.
    pub async fn import(
        &self,
        pack: &str,
        chunks: &[DocumentChunk],
    ) -> Result<ImportReport, DatabaseError> {
        let list: Value = chunks.iter().map(DocumentChunk::to_json).collect();
        let sql = "SELECT added, kept, removed FROM import_documents($1, $2)";
        let row = self.db.one(sql, &[&clean_line(pack), &list]).await?;
        let count = |name: &str| usize::try_from(row.get::<_, i32>(name)).unwrap_or(0);
        Ok(ImportReport {
            added: count("added"),
            kept: count("kept"),
            removed: count("removed"),
        })
    }

    /// The chunks of a pack, in order of document and place.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn all(&self, pack: &str) -> Result<Vec<DocumentChunk>, DatabaseError> {
        let sql = "SELECT d.* FROM rag_documents d JOIN knowledge_packs p ON p.id = d.knowledge_pack_id
                    WHERE p.name = $1 AND p.tenant_id = current_tenant() ORDER BY d.document, d.chunk, d.id";
        self.db.list(sql, &[&clean_line(pack)]).await
    }

    /// A number that grows whenever the pack changes; 0 if it was never imported. Cheap to ask.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn revision(&self, pack: &str) -> Result<i64, DatabaseError> {
        let sql =
            "SELECT revision FROM knowledge_packs WHERE name = $1 AND tenant_id = current_tenant()";
        let row = self.db.optional(sql, &[&clean_line(pack)]).await?;
        Ok(row.map_or(0, |row| row.get(0)))
    }
}

impl DocumentChunk {
    fn to_json(&self) -> Value {
        let mut value = clean_json(&json!({
            "document": self.document, "chunk": self.chunk, "title": self.title, "topic": self.topic,
            "body": clean_text(&self.body), "meta": self.meta,
        }));
        // Built in one order, so equal chunks have equal text.
        let hash = Sha256::digest(value.to_string().as_bytes());
        value["sha256"] = Value::String(hex::encode(hash));
        value
    }
}
