//! Sentences with labels, and what is learned from them and judged by them: `teller knowledge train` and `eval`.
//!
//! A pack names its sets in `training.toml`; their files lie in a folder of their own, since they belong to others.

mod examples;
mod fit;
mod judge;

use std::collections::BTreeMap;

use embedding::{Classifier, Vector};

pub use examples::Example;
pub(crate) use examples::TrainingFile;
pub use judge::{Quality, Ranks, Rates};

use crate::{
    KnowledgeBase,
    evidence::{Evidence, Weighing, Weights},
    learned::Learned,
    route::{Route, RouteContext},
    trained::{Packed, Trained},
};
use fit::{Row, logistic};

/// Parts into which labels are cut: each is judged by what was learned from the others.
pub const FOLDS: usize = 5;

/// An example as the pack reads it.
#[derive(Clone, Debug)]
pub struct Seen {
    example: Example,
    by_meaning: Option<(Vector, Evidence)>,
    by_words: Evidence,
    route: Route,
    /// It is the pack's own, which is learned from and not judged by.
    is_own: bool,
}

impl KnowledgeBase {
    /// Reads an example; milliseconds with the embedding model.
    #[must_use]
    pub fn see(&self, example: Example) -> Seen {
        let context = RouteContext::default();
        let heard = self.read(&example.text);
        let routed = self.understand(&heard, &context);
        let by_words = self.understand(&self.read_words(&example.text), &context);
        let vector = heard.meant.vector().cloned();
        Seen {
            by_meaning: vector.map(|vector| (vector, routed.evidence)),
            by_words: by_words.evidence,
            route: routed.route,
            is_own: false,
            example,
        }
    }

    /// The pack's own ways of asking, and what people say elsewhere, as examples: each read by a pack that lacks it.
    #[must_use]
    pub fn own_examples(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for fold in 0..FOLDS {
            let (rest, asks) = self.pack().without_asks(fold, FOLDS);
            let base = Self::new(rest);
            let base = match self.meanings() {
                Some(meanings) => base.with_meanings(meanings.clone()),
                None => base,
            };
            let elsewhere = self.elsewhere().skip(fold).step_by(FOLDS);
            let others = elsewhere.map(|text| (text.to_owned(), false));
            let asks = asks.into_iter().map(|text| (text, true));
            seen.extend(asks.chain(others).map(|(text, is_trade)| {
                let example = Example {
                    label: format!("{}/{fold}", if is_trade { "asks" } else { "elsewhere" }),
                    text,
                    is_trade,
                    documents: Vec::new(),
                };
                Seen {
                    is_own: true,
                    ..base.see(example)
                }
            }));
        }
        seen
    }

    /// Learns from examples, with the pack's own among them. Always gives the same for the same.
    #[must_use]
    pub fn train(&self, seen: &[Seen]) -> Trained {
        let all: Vec<&Seen> = seen.iter().collect();
        let (words, meaning) = Self::sounds(&all);
        let (sources, documents) = self.documents(&all);
        let documents = documents.weights().map(|weights| Packed::new(weights, 0.0));
        Trained {
            weighing: self.weighing(&all),
            words: words.map_or_else(|| Packed::new(&[], 0.0), |learned| learned.pack()),
            meaning: meaning.map_or_else(|| Packed::new(&[], 0.0), |learned| learned.pack()),
            documents: sources.into_iter().zip(documents).collect(),
        }
    }

    /// What the trade's callers sound like, by words and by meaning.
    fn sounds(seen: &[&Seen]) -> (Option<Learned>, Option<Learned>) {
        let of = |is_trade: bool| {
            let of = seen.iter();
            of.filter(move |seen| seen.example.is_trade == is_trade)
        };
        let texts = |is_trade| of(is_trade).map(|seen| seen.example.text.as_str());
        let (trade, elsewhere): (Vec<_>, Vec<_>) = (texts(true).collect(), texts(false).collect());
        let vectors = |is_trade| of(is_trade).filter_map(|seen| Some(&seen.by_meaning.as_ref()?.0));
        let (near, far): (Vec<_>, Vec<_>) = (vectors(true).collect(), vectors(false).collect());
        (
            Learned::from_words(&trade, &elsewhere),
            Learned::from_meanings(&near, &far),
        )
    }

    /// Which document a question sounds like: the sources, and the classifier over them.
    fn documents(&self, seen: &[&Seen]) -> (Vec<String>, Classifier) {
        let (sources, mut examples) = self.ways_of_asking();
        let places: BTreeMap<&str, usize> = sources.iter().map(String::as_str).zip(0..).collect();
        for seen in seen {
            // What several documents answer says of none of them that it is the one.
            let ([document], Some((vector, _))) = (&*seen.example.documents, &seen.by_meaning)
            else {
                continue;
            };
            if let Some(place) = places.get(document.as_str()) {
                examples.push((vector, *place));
            }
        }
        let classifier = Classifier::learn(&examples, sources.len());
        (sources, classifier)
    }

    /// What evidence weighs. How an example sounds is told by what was learned from the other parts, as it will be of
    /// what nobody has seen.
    fn weighing(&self, seen: &[&Seen]) -> Weighing {
        let (mut by_meaning, mut by_words) = (Vec::new(), Vec::new());
        for (rest, part) in folds(seen) {
            let (words, meaning) = Self::sounds(&rest);
            for seen in part {
                let (of_meaning, of_words) = rows(seen, words.as_ref(), meaning.as_ref());
                by_meaning.extend(of_meaning);
                by_words.push(of_words);
            }
        }
        let standard = Weighing::default();
        let fit = |rows: &[Row], standard: Weights| {
            logistic(rows).map_or(standard, |fitted| fitted.leaning_on(standard))
        };
        Weighing {
            by_meaning: fit(&by_meaning, standard.by_meaning),
            by_words: fit(&by_words, standard.by_words),
        }
    }

    /// How well examples are told apart whose labels nothing was learned from.
    #[must_use]
    pub fn evaluate(&self, seen: &[Seen]) -> Quality {
        let all: Vec<&Seen> = seen.iter().collect();
        let mut quality = Quality::default();
        for (rest, part) in folds(&all) {
            let weighing = self.weighing(&rest);
            let (words, meaning) = Self::sounds(&rest);
            let (sources, documents) = self.documents(&rest);
            for seen in part.into_iter().filter(|seen| !seen.is_own) {
                let (of_meaning, of_words) = rows(seen, words.as_ref(), meaning.as_ref());
                let is_deed = seen.is_deed();
                let says = |weights: &Weights, row: &Row| {
                    is_deed
                        || weights.likelihood(&row.numbers) >= crate::router::KNOWLEDGE_THRESHOLD
                };
                quality
                    .by_words
                    .count(says(&weighing.by_words, &of_words), seen.example.is_trade);
                if let Some(row) = &of_meaning {
                    quality
                        .by_meaning
                        .count(says(&weighing.by_meaning, row), seen.example.is_trade);
                }
                quality.now.count(
                    is_deed || matches!(seen.route, Route::Knowledge { .. } | Route::Catalogue(_)),
                    seen.example.is_trade,
                );
                if !seen.example.documents.is_empty() {
                    let found = self.find_with(
                        &seen.example.text,
                        seen.by_meaning.as_ref().map(|(vector, _)| vector),
                        &sources,
                        &documents,
                    );
                    quality.found.count(&found, &seen.example.documents);
                    let topics = |sources: &[String]| -> Vec<String> {
                        let topics = sources.iter().filter_map(|source| self.topic_of(source));
                        topics.map(str::to_owned).collect()
                    };
                    let mut found = topics(&found);
                    found.dedup();
                    quality
                        .topics
                        .count(&found, &topics(&seen.example.documents));
                }
            }
        }
        quality
    }
}

impl Seen {
    /// `SET/LABEL`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.example.label
    }

    /// Some deed was asked for, such as a look-up or a person: nothing is weighed.
    fn is_deed(&self) -> bool {
        matches!(
            self.route,
            Route::Lookup(_) | Route::Task(_) | Route::HumanRequested | Route::Authenticate
        )
    }
}

/// What was weighed of an example, by meaning and by words, with how it sounds.
fn rows(seen: &Seen, words: Option<&Learned>, meaning: Option<&Learned>) -> (Option<Row>, Row) {
    let row = |evidence: Evidence, learned: f32| Row {
        numbers: Evidence {
            learned,
            ..evidence
        }
        .numbers(),
        is_trade: seen.example.is_trade,
    };
    let sounds = words.map_or(0.0, |learned| learned.of_text(&seen.example.text));
    let of_meaning = seen.by_meaning.as_ref().map(|(vector, evidence)| {
        row(
            *evidence,
            meaning.map_or(sounds, |learned| learned.of_meaning(vector)),
        )
    });
    (of_meaning, row(seen.by_words, sounds))
}

/// The examples, parted by label: each part once, with the rest before it.
fn folds<'a>(seen: &[&'a Seen]) -> Vec<(Vec<&'a Seen>, Vec<&'a Seen>)> {
    let mut labels: Vec<&str> = seen
        .iter()
        .map(|seen| seen.example.label.as_str())
        .collect();
    labels.sort_unstable();
    labels.dedup();
    let places: BTreeMap<&str, usize> = labels.into_iter().zip(0..).collect();
    let parts = 0..FOLDS;
    let part = parts.map(|fold| {
        let is_in = |seen: &&Seen| places[seen.example.label.as_str()] % FOLDS == fold;
        let (part, rest): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|seen| is_in(seen));
        (rest, part)
    });
    part.collect()
}
