//! Learns which emotion a turn shows: `weights/en-emotion.bin` and the report beside it. `scripts/train-emotion` runs it.
//!
//! Learned from nine of ten comments of the training part; how likely each emotion is beforehand and what the lexicon
//! counts is chosen on the tenth; measured on the development part, which nothing was chosen on. The same data give the
//! same weights.

#[path = "../train_feeling/data.rs"]
#[expect(dead_code, reason = "what texts mean is not looked at here")]
mod data;
#[path = "../train_feeling/learn.rs"]
mod learn;
mod measure;
mod report;

use std::{fs, path::PathBuf};

use insight::{
    moment::{EMOTION_BUCKETS, EmotionWeights, emotion_features},
    sentiment::{Emotion, Logits, share},
};

use data::{Example, From};
use learn::{Learned, Pace, Seen, learn};
use measure::{Case, Choice};

const PACE: Pace = Pace {
    rounds: 6,
    step: 0.35,
    shrink: 1e-4,
};
/// Every so many-th comment of the training part is chosen on and not learned from.
const TENTH: usize = 10;
/// What the lines written for this count together, as a share of the comments.
const LINES_SHARE: f32 = 0.35;
/// The same of the requests.
const REQUESTS_SHARE: f32 = 0.08;
/// How far rare emotions are evened out: 0 not at all, 1 wholly.
const EVEN: f32 = 0.5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [data] = arguments.as_slice() else {
        anyhow::bail!("usage: train_emotion TRAINING_DATA");
    };
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let labels = data::labels(data)?;
    let comments = data::comments(data, "train", &labels)?;
    let (chosen_on, mut train): (Vec<_>, Vec<_>) = comments
        .into_iter()
        .enumerate()
        .partition(|(at, _)| at % TENTH == 0);
    let chosen_on: Vec<Example> = chosen_on.into_iter().map(|(_, example)| example).collect();
    let mut train: Vec<Example> = train.drain(..).map(|(_, example)| example).collect();
    train.extend(data::requests(data)?);
    train.extend(data::lines(&own.join("weights/lines.tsv"))?);
    let learned = learned(&train);
    let plain = EmotionWeights::new(&learned.0, learned.1, 0.0);
    let tuned = cases(&chosen_on, &plain);
    let choice = Choice::best(&tuned);
    let bias: Logits = std::array::from_fn(|at| learned.1[at] + choice.bias[at]);
    let weights = EmotionWeights::new(&learned.0, bias, choice.lexicon);
    let dev = cases(&data::comments(data, "dev", &labels)?, &plain);
    let calls = cases(&data::lines(&own.join("tests/feelings.tsv"))?, &plain);
    let report = report::written(train.len(), [&tuned, &dev, &calls], &choice)?;
    fs::write(own.join("weights/en-emotion.bin"), weights.to_bytes())?;
    fs::write(own.join("weights/en-emotion.md"), &report)?;
    print!("{report}");
    Ok(())
}

fn learned(train: &[Example]) -> Learned {
    let evened_out = evened_out(train);
    let seen: Vec<Seen<'_>> = train
        .iter()
        .map(|example| {
            let found = emotion_features(&example.text);
            let share = share(found.len());
            Seen {
                numbers: found.into_iter().map(|bucket| (bucket, share)).collect(),
                shows: &example.shows,
                weight: evened_out(example),
            }
        })
        .collect();
    learn(&seen, EMOTION_BUCKETS, PACE)
}

/// How much an example counts: rare emotions more, and each set its share of the comments.
fn evened_out(examples: &[Example]) -> impl Fn(&Example) -> f32 {
    let mut counts = [[1.0_f32; 8]; 3];
    for example in examples {
        counts[set(example)][strongest(&example.shows) as usize] += 1.0;
    }
    let weigh = move |set: usize, emotion: Emotion| {
        let all: f32 = counts[set].iter().sum();
        (all / 8.0 / counts[set][emotion as usize]).powf(EVEN)
    };
    let total = |set: usize| -> f32 {
        Emotion::ALL
            .iter()
            .map(|emotion| counts[set][*emotion as usize] * weigh(set, *emotion))
            .sum()
    };
    let comments = total(0);
    let shares = [
        1.0,
        LINES_SHARE * comments / total(1),
        REQUESTS_SHARE * comments / total(2),
    ];
    move |example| {
        let set = set(example);
        shares[set] * weigh(set, strongest(&example.shows))
    }
}

fn set(example: &Example) -> usize {
    match example.from {
        From::Comments => 0,
        From::Lines => 1,
        From::Requests => 2,
    }
}

/// The emotion with the largest share.
fn strongest(shows: &Logits) -> Emotion {
    let at = (0..8).max_by(|a, b| shows[*a].total_cmp(&shows[*b]));
    Emotion::ALL[at.expect("eight")]
}

fn cases(examples: &[Example], weights: &EmotionWeights) -> Vec<Case> {
    let case = |example: &Example| Case::new(example, weights.logits(&example.text));
    examples.iter().filter_map(case).collect()
}
