//! `text_meanings`: what the texts of a pack's documents mean, kept with the documents.

use std::collections::{BTreeSet, HashMap};

use call::input::clean_line;
use sha2::{Digest, Sha256};

use crate::DatabaseError;

/// Rows that one statement carries: 1.5 MB.
const BATCH: usize = 1_000;

repository!(
    /// All SQL about what texts mean.
    MeaningRepository
);

impl MeaningRepository {
    /// Makes a pack have these meanings and no others: texts, each with its vector's numbers in bytes. `model` names
    /// what found them out.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe, and what was kept until then stays.
    pub async fn keep(
        &self,
        pack: &str,
        model: &str,
        meanings: &[(&str, Vec<u8>)],
    ) -> Result<(), DatabaseError> {
        let pack = clean_line(pack);
        let mut all: Vec<Vec<u8>> = Vec::with_capacity(meanings.len());
        for batch in meanings.chunks(BATCH) {
            let hashes: Vec<Vec<u8>> = batch.iter().map(|(text, _)| hash(text)).collect();
            let numbers: Vec<&[u8]> = batch.iter().map(|(_, numbers)| &**numbers).collect();
            let sql = "SELECT add_meanings($1, $2, $3, $4)";
            self.db
                .run(sql, &[&pack, &model, &hashes, &numbers])
                .await?;
            all.extend(hashes);
        }
        let sql = "DELETE FROM text_meanings m USING knowledge_packs p
                    WHERE p.id = m.knowledge_pack_id AND p.name = $1 AND p.tenant_id = current_tenant()
                      AND NOT (m.model = $2 AND m.sha256 = ANY ($3))";
        self.db.run(sql, &[&pack, &model, &all]).await
    }

    /// What is kept of these texts by this model, each with its vector's numbers in bytes.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn of(
        &self,
        pack: &str,
        model: &str,
        texts: &BTreeSet<String>,
    ) -> Result<HashMap<String, Vec<u8>>, DatabaseError> {
        let pack = clean_line(pack);
        let mut by_hash: HashMap<Vec<u8>, &String> =
            texts.iter().map(|text| (hash(text), text)).collect();
        let mut found = HashMap::new();
        let mut last: Vec<u8> = Vec::new();
        loop {
            let sql = "SELECT m.sha256, m.numbers FROM text_meanings m JOIN knowledge_packs p ON p.id = m.knowledge_pack_id
                        WHERE p.name = $1 AND p.tenant_id = current_tenant() AND m.model = $2 AND m.sha256 > $3
                        ORDER BY m.sha256 LIMIT $4";
            let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
            let rows = self.db.query(sql, &[&pack, &model, &last, &limit]).await?;
            let Some(end) = rows.last() else {
                return Ok(found);
            };
            last = end.get(0);
            for row in &rows {
                if let Some(text) = by_hash.remove(row.get::<_, &[u8]>(0)) {
                    found.insert(text.clone(), row.get(1));
                }
            }
        }
    }
}

fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}
