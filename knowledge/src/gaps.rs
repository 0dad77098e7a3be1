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
    /// Their places in the list that was given, in its order; never empty.
    pub asked: Vec<usize>,
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
    /// Groups questions that no document answered; what was asked most comes first, of equals what stands first in the
    /// list. With the embedding model about 8 ms of CPU for each question: not for a thread on which sound waits.
    #[must_use]
    pub fn gaps<Q: AsRef<str>>(&self, questions: &[Q]) -> Vec<Gap> {
        let mut groups: Vec<(Sense, Vec<usize>)> = Vec::new();
        for (place, question) in questions.iter().enumerate() {
            let sense = self.sense(question.as_ref());
            match groups.iter_mut().find(|(first, _)| first.is_like(&sense)) {
                Some((_, asked)) => asked.push(place),
                None => groups.push((sense, vec![place])),
            }
        }
        groups.sort_by_key(|(_, asked)| std::cmp::Reverse(asked.len()));
        let gap = |(sense, asked): (Sense, Vec<usize>)| {
            let first = questions[asked[0]].as_ref();
            self.gap(first, sense, asked)
        };
        groups.into_iter().map(gap).collect()
    }

    fn gap(&self, first: &str, sense: Sense, asked: Vec<usize>) -> Gap {
        let question = Question {
            text: first.to_owned(),
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
