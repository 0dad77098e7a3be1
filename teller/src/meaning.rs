//! The embedding model, where there is one: with it questions are understood by what they mean, without it by their
//! words alone.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
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

    /// The base with what its texts mean. Takes about 5 ms of CPU for each text that was not kept from before: not for
    /// a thread on which sound waits. `progress` hears how many texts that are.
    #[must_use]
    pub fn add_to(&self, base: KnowledgeBase, progress: impl Fn(usize, &Path)) -> KnowledgeBase {
        let known = kept(&self.kept, &self.embedder).unwrap_or_else(|error| {
            tracing::warn!(%error, file = %self.kept.display(), "kept meanings cannot be read");
            HashMap::new()
        });
        let texts = base.texts();
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
