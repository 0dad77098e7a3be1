//! What callers asked and nobody wrote down: questions that no document answered, those that mean the same together,
//! with the document that came nearest.

use std::collections::BTreeSet;

use embedding::Vector;

use crate::{KnowledgeBase, answer::Citation, route::Question};

/// Nearness from which on two questions are one.
const SAME: f32 = 0.6;
/// The same by words alone: the share of their words that both have.
const SAME_WORDS: f32 = 0.5;

/// Questions that mean the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// In callers' words, the first that came first.
    pub asked: Vec<String>,
    /// The document that came nearest, if any did.
    pub nearest: Option<Citation>,
}

/// What one question is compared by.
#[derive(Debug)]
struct Sense {
    meaning: Option<Vector>,
    stems: BTreeSet<String>,
}

impl Sense {
    fn is_like(&self, other: &Self) -> bool {
        if let (Some(ours), Some(theirs)) = (&self.meaning, &other.meaning) {
            return ours.nearness(theirs) >= SAME;
        }
        let count = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
        let both = count(self.stems.intersection(&other.stems).count());
        let all = count(self.stems.union(&other.stems).count());
        all > 0.0 && both >= SAME_WORDS * all
    }
}

impl KnowledgeBase {
    /// Groups questions that no document answered; what was asked most comes first.
    #[must_use]
    pub fn gaps(&self, questions: &[String]) -> Vec<Gap> {
        let mut groups: Vec<(Sense, Vec<String>)> = Vec::new();
        for question in questions {
            let sense = self.sense(question);
            match groups.iter_mut().find(|(first, _)| first.is_like(&sense)) {
                Some((_, asked)) => asked.push(question.clone()),
                None => groups.push((sense, vec![question.clone()])),
            }
        }
        // Stable: of equals, what was asked last.
        groups.sort_by_key(|(_, asked)| std::cmp::Reverse(asked.len()));
        groups
            .into_iter()
            .map(|(sense, asked)| self.gap(sense, asked))
            .collect()
    }

    fn gap(&self, sense: Sense, asked: Vec<String>) -> Gap {
        let question = Question {
            text: asked[0].clone(),
            vector: sense.meaning,
            ..Question::default()
        };
        let nearest = self.search(&question, 1, None).into_iter().next();
        Gap {
            asked,
            nearest: nearest.map(|passage| Citation {
                source: passage.source,
                title: passage.title,
            }),
        }
    }

    fn sense(&self, question: &str) -> Sense {
        let lexicon = self.lexicon();
        Sense {
            meaning: self.read(question).meant.vector().cloned(),
            stems: lexicon.stems(&lexicon.terms(question)).collect(),
        }
    }
}
