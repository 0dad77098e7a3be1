//! A turn of the caller's as it was read: what was meant, its clauses, and what these mean where the embedding model is
//! there, and what of the pack is nearest. Reading takes milliseconds with the model; what is decided afterwards looks
//! at no vector but to rank documents.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
};

use embedding::{Embedder, Vector};

use crate::meant::MeaningWords;

/// Clauses that are read; whoever says more at once is understood by the whole.
const MAX_CLAUSES: usize = 6;

/// A turn, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Without what was taken back.
    pub(crate) meant: Clause,
    /// It refuses something and wants nothing else.
    pub(crate) is_refusal: bool,
    /// Its clauses; none where it is one.
    pub(crate) clauses: Vec<Clause>,
    /// Where something was taken back, what was said before that, and after.
    pub(crate) correction: Option<(Clause, Clause)>,
    /// Where something was refused, the turn with that: a catalogue finds what is not to be offered in it.
    pub(crate) with_refused: Option<Clause>,
}

/// Some words with what they mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Clause {
    pub(crate) text: String,
    pub(crate) sense: Option<Sense>,
}

/// What a clause means, and what of the pack is nearest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sense {
    pub(crate) vector: Vector,
    /// How near the nearest text of a document is.
    pub(crate) nearness: f32,
    /// The topic of the document that it sounds like most.
    pub(crate) topic: Option<String>,
    /// How likely it is of that document of all.
    pub(crate) share: f32,
}

impl Clause {
    pub(crate) fn vector(&self) -> Option<&Vector> {
        self.sense.as_ref().map(|sense| &sense.vector)
    }
}

impl Heard {
    /// `understand` gives what a text means, where that can be known.
    pub(crate) fn read(
        text: &str,
        words: &MeaningWords,
        understand: impl Fn(&str) -> Option<Sense>,
    ) -> Self {
        let clause = |text: String| Clause {
            sense: understand(&text),
            text,
        };
        // What these mean is never asked.
        let plain = |text: String| Clause { text, sense: None };
        let correction = words.around_taken_back(text);
        let with_refused = words.without_taken_back(text);
        let meant = words.without_refused(&with_refused);
        let is_refusal = words.is_refusal(&meant);
        let mut clauses = words.clauses(&meant);
        clauses.truncate(MAX_CLAUSES);
        if clauses.len() < 2 {
            clauses.clear();
        }
        Self {
            correction: correction.map(|(before, after)| (plain(before), plain(after))),
            with_refused: (with_refused != meant).then(|| plain(with_refused)),
            is_refusal,
            meant: clause(meant),
            clauses: clauses.into_iter().map(clause).collect(),
        }
    }
}

/// What the texts of a pack mean.
#[derive(Clone)]
pub struct Meanings {
    embedder: Arc<Embedder>,
    texts: Arc<HashMap<String, Vector>>,
}

impl fmt::Debug for Meanings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Meanings({} texts)", self.texts.len())
    }
}

impl Meanings {
    /// Of `texts`; those that `known` has are taken from there, the others are made now, about 3 ms of CPU each.
    #[must_use]
    pub fn new(
        embedder: Arc<Embedder>,
        texts: &BTreeSet<String>,
        known: &HashMap<String, Vector>,
    ) -> Self {
        let new: Vec<&str> = texts
            .iter()
            .filter(|text| !known.contains_key(*text))
            .map(String::as_str)
            .collect();
        let found = embedder.embed_all(new.iter().copied());
        let found = new.into_iter().map(str::to_owned).zip(found);
        let known = texts
            .iter()
            .filter_map(|text| Some((text.clone(), known.get(text)?.clone())));
        let texts = known.chain(found).collect();
        Self {
            embedder,
            texts: Arc::new(texts),
        }
    }

    /// Of other texts, by the same model.
    pub(crate) fn of_others(&self, texts: &BTreeSet<String>) -> Self {
        Self::new(Arc::clone(&self.embedder), texts, &HashMap::new())
    }

    /// The texts and what they mean, for keeping.
    #[must_use]
    pub fn texts(&self) -> &HashMap<String, Vector> {
        &self.texts
    }

    /// What a text means; quick for a text of the pack.
    pub(crate) fn of(&self, text: &str) -> Vector {
        let known = self.texts.get(text).cloned();
        known.unwrap_or_else(|| self.embedder.embed(text))
    }

    /// What a text of the pack means.
    pub(crate) fn known(&self, text: &str) -> Option<&Vector> {
        self.texts.get(text)
    }
}
