//! Learns how callers feel: `weights/en-feeling.bin` and the report beside it. `scripts/train-feeling` runs it.
//!
//! The same data give the same weights.

mod data;
mod learn;
mod measure;
mod report;

use std::{fs, path::PathBuf};

use anyhow::Context;
use embedding::Embedder;
use insight::sentiment::{BUCKETS, Emotion, Logits, MEANING, Mix, Weights, features, share, shown};

use data::{Example, From, Meanings};
use learn::{Learned, Pace, Seen, learn};
use measure::{Case, SENTIMENTS, best, truth};

const WORDS_PACE: Pace = Pace {
    rounds: 6,
    step: 0.4,
    shrink: 1e-4,
};
const MEANING_PACE: Pace = Pace {
    rounds: 8,
    step: 0.25,
    shrink: 1e-5,
};
/// What the lines written for this count, as a share of the comments: they are few, and the nearest to what is judged.
const LINES_SHARE: f32 = 0.35;
/// The same of the requests.
const REQUESTS_SHARE: f32 = 0.08;
/// Every so many-th comment is learned from with a name before it, too.
const NAMED: usize = 16;
/// Parts of the lines, each left out in turn to be measured on.
const FOLDS: usize = 5;

/// Everything that is learned from and measured on.
struct Sets {
    train: Vec<Example>,
    dev: Vec<Example>,
    calls: Vec<Example>,
    labels: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [data, model, kept] = arguments.as_slice() else {
        anyhow::bail!("usage: train_feeling TRAINING_DATA EMBEDDING_MODEL KEPT_VECTORS");
    };
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let labels = data::labels(data)?;
    let comments = data::comments(data, "train", &labels)?;
    let lines = data::lines(&own.join("weights/lines.tsv"))?;
    let mut train = data::named(&comments, NAMED);
    train.extend(comments);
    train.extend(data::requests(data)?);
    // In pairs, for `held_out`.
    train.extend(
        data::named(&lines, 1)
            .into_iter()
            .zip(lines)
            .flat_map(|(named, line)| [named, line]),
    );
    let sets = Sets {
        train,
        dev: data::comments(data, "dev", &labels)?,
        calls: data::lines(&own.join("tests/feelings.tsv"))?,
        labels,
    };
    let embedder = Embedder::load(model).context("the embedding model")?;
    let all = sets.train.iter().chain(&sets.dev).chain(&sets.calls);
    let texts: Vec<&str> = all.map(|example| example.embedded.as_str()).collect();
    let meanings = Meanings::new(&embedder, kept, &texts)?;

    let lines = held_out(&sets, &meanings);
    let heads = Heads::learned(&sets.train, &meanings, |_| true);
    let weights = heads.weights(EVEN, EVEN);
    let dev = cases(&sets.dev, &weights, &meanings);
    // The lines are nearest to what callers say.
    let sets_to_weigh = [&dev[..], &lines, &lines];
    let with = best(&sets_to_weigh, true);
    let without = best(&sets_to_weigh, false);
    let weights = heads.weights(without, with);
    let calls = cases(&sets.calls, &weights, &meanings);
    let report = report::written(&sets, [&dev, &lines, &calls], (without, with))?;
    fs::write(own.join("weights/en-feeling.bin"), weights.to_bytes())?;
    fs::write(own.join("weights/en-feeling.md"), &report)?;
    print!("{report}");
    Ok(())
}

/// Evidence that is not weighed yet.
const EVEN: Mix = Mix {
    words: 1.0,
    meaning: 1.0,
    lexicon: 0.0,
    neutral: 0.0,
    positive: 0.0,
};

/// What was learned over words and letters, and over meanings.
struct Heads {
    words: Learned,
    meaning: Learned,
}

impl Heads {
    /// From the examples whose place is kept.
    fn learned(examples: &[Example], meanings: &Meanings, is_kept: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..examples.len()).filter(|at| is_kept(*at)).collect();
        let evened_out = evened_out(kept.iter().map(|at| &examples[*at]));
        let seen = |numbers: &dyn Fn(usize) -> Vec<(u16, f32)>| -> Vec<Seen<'_>> {
            let seen = kept.iter().map(|&at| Seen {
                numbers: numbers(at),
                shows: &examples[at].shows,
                weight: evened_out(&examples[at]),
            });
            seen.collect()
        };
        let words = seen(&|at| {
            let found = features(&examples[at].text);
            let share = share(found.len());
            found.into_iter().map(|bucket| (bucket, share)).collect()
        });
        let words = learn(&words, BUCKETS, WORDS_PACE);
        let meaning = seen(&|at| {
            let numbers = meanings.of(&examples[at].embedded);
            (0..).zip(numbers.iter().copied()).collect()
        });
        let meaning = learn(&meaning, MEANING, MEANING_PACE);
        Self { words, meaning }
    }

    fn weights(&self, without: Mix, with: Mix) -> Weights {
        let words = (&self.words.0[..], self.words.1);
        let meaning = (&self.meaning.0[..], self.meaning.1);
        Weights::new(words, meaning, without, with)
    }
}

/// How much an example counts: the three sentiments the same within the comments and within the lines, and each set its
/// share of the comments.
fn evened_out<'a>(examples: impl Iterator<Item = &'a Example>) -> impl Fn(&Example) -> f32 {
    let mut counts = [[0.0_f32; 3]; 3];
    for example in examples {
        counts[set(example)][sentiment(&example.shows)] += 1.0;
    }
    let comments: f32 = counts[0].iter().sum();
    let shares = [1.0, LINES_SHARE, REQUESTS_SHARE];
    move |example| {
        let of = &counts[set(example)];
        let kinds = of.iter().filter(|count| **count > 0.0).count() as f32;
        shares[set(example)] * comments / kinds / of[sentiment(&example.shows)]
    }
}

fn set(example: &Example) -> usize {
    match example.from {
        From::Comments => 0,
        From::Lines => 1,
        From::Requests => 2,
    }
}

/// The place of the sentiment with the largest share.
fn sentiment(shows: &Logits) -> usize {
    let mut totals = [0.0_f32; 3];
    for (emotion, share) in Emotion::ALL.into_iter().zip(shows) {
        let at = SENTIMENTS.iter().position(|of| *of == emotion.into());
        totals[at.expect("one of the three")] += share;
    }
    (0..3)
        .max_by(|a, b| totals[*a].total_cmp(&totals[*b]))
        .expect("three")
}

/// The lines as models see them that did not learn from them.
fn held_out(sets: &Sets, meanings: &Meanings) -> Vec<Case> {
    let train = &sets.train;
    let first = train.iter().position(|example| example.from == From::Lines);
    let first = first.unwrap_or(train.len());
    let held = |fold: usize| {
        // Both forms of a line fall into the same fold.
        let is_out = |at: usize| at >= first && (at - first) / 2 % FOLDS == fold;
        let weights = Heads::learned(train, meanings, |at| !is_out(at)).weights(EVEN, EVEN);
        let out = (0..train.len()).filter(|at| is_out(*at));
        out.filter_map(|at| case(&train[at], &weights, meanings))
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let folds: Vec<_> = (0..FOLDS)
            .map(|fold| scope.spawn(move || held(fold)))
            .collect();
        let held = folds
            .into_iter()
            .flat_map(|fold| fold.join().expect("no fold panics"));
        held.collect()
    })
}

fn cases(examples: &[Example], weights: &Weights, meanings: &Meanings) -> Vec<Case> {
    examples
        .iter()
        .filter_map(|example| case(example, weights, meanings))
        .collect()
}

/// One text and what each kind of evidence says of it; `None` where people were of two minds.
fn case(example: &Example, weights: &Weights, meanings: &Meanings) -> Option<Case> {
    let (truth, emotion) = truth(example)?;
    Some(Case {
        words: weights.of_words(&example.text),
        meaning: weights.of_meaning(meanings.of(&example.embedded)),
        shown: shown(&example.text),
        truth,
        emotion,
        labels: example.labels.clone(),
    })
}
