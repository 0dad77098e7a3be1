//! How often the model is right, and how its evidence is weighed best.

use call::Sentiment;
use insight::sentiment::{Emotion, Logits, Mix, Shown, judged};

use crate::data::Example;

/// What is known of one text before it is weighed.
pub(crate) struct Case {
    pub(crate) words: Logits,
    pub(crate) meaning: Logits,
    pub(crate) shown: Shown,
    pub(crate) truth: Sentiment,
    pub(crate) emotion: Emotion,
    pub(crate) labels: Vec<usize>,
}

/// The sentiment that people chose; `None` where they were of two minds.
pub(crate) fn truth(example: &Example) -> Option<(Sentiment, Emotion)> {
    let at = (0..8).max_by(|a, b| example.shows[*a].total_cmp(&example.shows[*b]))?;
    let emotion = Emotion::ALL[at];
    let sentiment = Sentiment::from(emotion);
    let all = Emotion::ALL.into_iter().zip(example.shows);
    let share: f32 = all
        .filter(|(emotion, _)| Sentiment::from(*emotion) == sentiment)
        .map(|(_, share)| share)
        .sum();
    (share > 0.9).then_some((sentiment, emotion))
}

pub(crate) const SENTIMENTS: [Sentiment; 3] =
    [Sentiment::Negative, Sentiment::Neutral, Sentiment::Positive];

/// Mean of the three sentiments' F1.
pub(crate) fn macro_f1(pairs: &[(Sentiment, Sentiment)]) -> f64 {
    let count = |test: &dyn Fn(Sentiment, Sentiment) -> bool| {
        pairs
            .iter()
            .filter(|(truth, said)| test(*truth, *said))
            .count() as f64
    };
    let f1 = SENTIMENTS.map(|of| {
        let right = count(&|truth, said| truth == of && said == of);
        let wrong = count(&|truth, said| (truth == of) != (said == of));
        2.0 * right / (2.0 * right + wrong).max(1.0)
    });
    f1.iter().sum::<f64>() / 3.0
}

/// Truth and what is said, for each case.
pub(crate) fn pairs(cases: &[Case], mix: Mix) -> Vec<(Sentiment, Sentiment)> {
    let said = |case: &Case| {
        judged(
            &mix.sum(&case.words, &case.meaning, &case.shown),
            &case.shown,
        )
    };
    cases
        .iter()
        .map(|case| (case.truth, said(case).sentiment()))
        .collect()
}

pub(crate) fn accuracy(pairs: &[(Sentiment, Sentiment)]) -> f64 {
    let right = pairs.iter().filter(|(truth, said)| truth == said).count();
    right as f64 / pairs.len().max(1) as f64
}

/// Share of cases whose emotion, one of eight, is right.
pub(crate) fn emotions(cases: &[Case], mix: Mix) -> f64 {
    let said = |case: &Case| {
        judged(
            &mix.sum(&case.words, &case.meaning, &case.shown),
            &case.shown,
        )
    };
    let right = cases
        .iter()
        .filter(|case| said(case).emotion == case.emotion)
        .count();
    right as f64 / cases.len().max(1) as f64
}

/// One number of the mix and the values that are tried for it.
type Dial = (fn(&mut Mix) -> &mut f32, &'static [f32]);
const DIALS: [Dial; 5] = [
    (|mix| &mut mix.words, &[0.4, 0.6, 0.8, 1.0, 1.2]),
    (|mix| &mut mix.meaning, &[0.4, 0.6, 0.8, 1.0, 1.2]),
    (|mix| &mut mix.lexicon, &[0.03, 0.05, 0.07, 0.1, 0.14, 0.2]),
    (|mix| &mut mix.neutral, &[-0.6, -0.3, 0.0, 0.3, 0.6]),
    (|mix| &mut mix.positive, &[-0.6, -0.3, 0.0, 0.3, 0.6]),
];
/// How often all numbers are gone through.
const ROUNDS: usize = 3;

/// The mix under which the mean macro F1 over the sets is best; each set counts the same.
pub(crate) fn best(sets: &[&[Case]], with_meaning: bool) -> Mix {
    let mut best = Mix {
        words: 1.0,
        meaning: if with_meaning { 1.0 } else { 0.0 },
        lexicon: 0.05,
        neutral: 0.0,
        positive: 0.0,
    };
    let worth = |mix: Mix| -> f64 { sets.iter().map(|set| macro_f1(&pairs(set, mix))).sum() };
    let mut most = worth(best);
    for _ in 0..ROUNDS {
        for (number, values) in DIALS {
            for value in values {
                let mut tried = best;
                *number(&mut tried) = *value;
                if !with_meaning && tried.meaning != 0.0 {
                    continue;
                }
                let worth = worth(tried);
                if worth > most {
                    (best, most) = (tried, worth);
                }
            }
        }
    }
    best
}
