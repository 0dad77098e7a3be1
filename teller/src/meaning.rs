//! The embedding model, where there is one: with it questions are understood by what they mean, without it by their
//! words alone.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use database::{Database, MeaningRepository};
use embedding::{Embedder, Vector, keep, kept};
use jobs::MeaningOf;
use knowledge::{KnowledgeBase, Meanings};

/// Where the model and what it found out are.
#[derive(Debug, Clone)]
pub struct MeaningConfig {
    /// Folder of the model; `None`: words alone.
    pub model: Option<PathBuf>,
    /// The setting names it: it must be there.
    pub is_required: bool,
    /// File in which the meanings of a pack's texts are kept.
    pub kept: PathBuf,
}

/// The model, loaded. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Meaning {
    embedder: Arc<Embedder>,
    kept: PathBuf,
}

impl Meaning {
    /// Loads the model, 90 MB in about 0.1 s; `None` where there is none and none was asked for.
    ///
    /// # Errors
    /// When the model that the setting names cannot be used.
    pub fn open(config: &MeaningConfig) -> anyhow::Result<Option<Self>> {
        let model = config.model.as_ref();
        let is_there = |folder: &&PathBuf| folder.join("model.safetensors").exists();
        let Some(folder) = model.filter(|folder| config.is_required || is_there(folder)) else {
            tracing::info!(
                "questions are understood by their words alone: no EMBEDDING_MODEL (scripts/model minilm fetches it)"
            );
            return Ok(None);
        };
        let embedder = Embedder::load(folder).context(
            "EMBEDDING_MODEL cannot be used; scripts/model minilm fetches it, off does without",
        )?;
        Ok(Some(Self {
            embedder: Arc::new(embedder),
            kept: config.kept.clone(),
        }))
    }

    /// The base with what its texts mean; `stored` is what the database has of that. Takes about 5 ms of CPU for each
    /// text that was not kept from before: not for a thread on which sound waits. `progress` hears how many texts that
    /// are.
    #[must_use]
    pub fn add_to(
        &self,
        base: KnowledgeBase,
        stored: HashMap<String, Vector>,
        progress: impl Fn(usize, &Path),
    ) -> KnowledgeBase {
        let texts = base.texts();
        let mut known = stored;
        if texts.iter().any(|text| !known.contains_key(text)) {
            known.extend(self.kept());
        }
        let new = texts
            .iter()
            .filter(|text| !known.contains_key(*text))
            .count();
        if new > 0 {
            progress(new, &self.kept);
        }
        let meanings = Meanings::new(Arc::clone(&self.embedder), &texts, &known);
        if new > 0 {
            self.keep(known, &meanings);
        }
        base.with_meanings(meanings)
    }

    /// Keeps in the database what the texts of a base mean, for workers that load its documents from there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn store(&self, base: &KnowledgeBase, database: &Database) -> anyhow::Result<()> {
        let Some(meanings) = base.meanings() else {
            return Ok(());
        };
        let texts = meanings.texts().iter();
        let texts: Vec<(&str, Vec<u8>)> = texts
            .map(|(text, vector)| (text.as_str(), vector.to_bytes()))
            .collect();
        let pack = &base.pack().settings.name;
        MeaningRepository::new(database)
            .keep(pack, self.embedder.id(), &texts)
            .await?;
        Ok(())
    }

    /// What the database has of the meanings of a base's texts; nothing where it cannot be read.
    pub async fn stored(
        &self,
        base: &KnowledgeBase,
        database: &Database,
    ) -> HashMap<String, Vector> {
        let pack = &base.pack().settings.name;
        let stored = MeaningRepository::new(database)
            .of(pack, self.embedder.id(), &base.texts())
            .await;
        let stored = stored.unwrap_or_else(|error| {
            tracing::debug!(%error, "meanings are not read from the database");
            HashMap::new()
        });
        let vectors = stored.into_iter().filter_map(|(text, numbers)| {
            let vector = Vector::from_bytes(&numbers)?;
            Some((text, vector))
        });
        vectors.collect()
    }

    /// What the file has.
    fn kept(&self) -> HashMap<String, Vector> {
        kept(&self.kept, &self.embedder).unwrap_or_else(|error| {
            tracing::warn!(%error, file = %self.kept.display(), "kept meanings cannot be read");
            HashMap::new()
        })
    }

    /// What a text means, for those who only need its numbers. Takes about 8 ms of CPU for each text.
    #[must_use]
    pub fn of_texts(&self) -> MeaningOf {
        let embedder = Arc::clone(&self.embedder);
        MeaningOf::new(move |text| Some(embedder.embed(text).numbers().to_vec()))
    }

    /// Several packs may share the file, so nothing leaves it.
    fn keep(&self, mut known: HashMap<String, Vector>, meanings: &Meanings) {
        let new = meanings.texts().iter();
        known.extend(new.map(|(text, vector)| (text.clone(), vector.clone())));
        let folder = self.kept.parent().map_or(Ok(()), std::fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| keep(&self.kept, &self.embedder, &known)) {
            tracing::warn!(%error, file = %self.kept.display(), "meanings cannot be kept; they are found out again at the next start");
        }
    }
}
