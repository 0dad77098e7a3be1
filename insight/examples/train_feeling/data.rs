//! What the model of feeling learns from, and is measured on.

use std::{collections::HashMap, fs, path::Path, sync::Mutex};

use anyhow::{Context, bail};
use embedding::{Embedder, Vector};
use insight::sentiment::{Emotion, Logits, wording};

/// One text and what it shows.
#[derive(Clone)]
pub(crate) struct Example {
    pub(crate) text: String,
    /// What the embedding model gets.
    pub(crate) embedded: String,
    /// Shares of the emotions, together 1.
    pub(crate) shows: Logits,
    /// Where it comes from.
    pub(crate) from: From,
    /// The lines of the labels' file that people chose; none for other sets.
    pub(crate) labels: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum From {
    /// GoEmotions.
    Comments,
    /// `weights/lines.tsv`.
    Lines,
    /// CLINC150: asked without a feeling.
    Requests,
}

/// Every so many-th request is taken.
const REQUESTS: usize = 6;
/// Intents of CLINC150 that are asked for no thing.
const NO_REQUESTS: [&str; 10] = [
    "thank_you",
    "goodbye",
    "greeting",
    "are_you_a_bot",
    "tell_joke",
    "fun_fact",
    "report_fraud",
    "lost_luggage",
    "damaged_card",
    "oos",
];

/// Which emotion a label of GoEmotions is; `None`: people mean several things by it.
pub(crate) fn emotion(label: &str) -> Option<Emotion> {
    Some(match label {
        "annoyance" | "disappointment" | "disapproval" => Emotion::Frustrated,
        "anger" | "disgust" => Emotion::Angry,
        "fear" | "nervousness" | "grief" | "remorse" | "sadness" | "embarrassment" => {
            Emotion::Worried
        }
        "confusion" => Emotion::Confused,
        "excitement" | "optimism" => Emotion::Excited,
        "joy" | "amusement" | "love" | "pride" => Emotion::Happy,
        "gratitude" | "approval" | "relief" | "admiration" => Emotion::Satisfied,
        "neutral" | "realization" | "curiosity" => Emotion::Neutral,
        _ => return None,
    })
}

pub(crate) fn labels(data: &Path) -> anyhow::Result<Vec<String>> {
    let text = read(&data.join("goemotions-labels.txt"))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// `goemotions-PART.tsv`: text, numbers of labels, id.
pub(crate) fn comments(data: &Path, part: &str, labels: &[String]) -> anyhow::Result<Vec<Example>> {
    let file = data.join(format!("goemotions-{part}.tsv"));
    let mut found = Vec::new();
    for line in read(&file)?.lines() {
        let mut fields = line.split('\t');
        let (Some(text), Some(numbers)) = (fields.next(), fields.next()) else {
            bail!("{}: a line without labels", file.display());
        };
        let numbers: Vec<usize> = numbers
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("{}: {numbers:?} are no numbers of labels", file.display()))?;
        let emotions = numbers.iter().filter_map(|at| emotion(labels.get(*at)?));
        if let Some(shows) = together(emotions) {
            found.push(Example {
                text: text.to_owned(),
                embedded: wording(text),
                shows,
                from: From::Comments,
                labels: numbers,
            });
        }
    }
    Ok(found)
}

/// A table of this crate: emotion, text.
pub(crate) fn lines(file: &Path) -> anyhow::Result<Vec<Example>> {
    let mut found = Vec::new();
    let text = read(file)?;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let emotion = line.split_once('\t').and_then(|(name, text)| {
            let emotion = serde_json::from_value(name.into()).ok()?;
            Some((emotion, text))
        });
        let Some((emotion, text)) = emotion else {
            bail!("{}: {line:?} is not an emotion and a text", file.display());
        };
        found.push(Example {
            text: text.to_owned(),
            embedded: wording(text),
            shows: one(emotion),
            from: From::Lines,
            labels: Vec::new(),
        });
    }
    Ok(found)
}

/// Requests of the training part of CLINC150.
pub(crate) fn requests(data: &Path) -> anyhow::Result<Vec<Example>> {
    let mut found = Vec::new();
    for line in read(&data.join("clinc150-train-val.jsonl"))?.lines() {
        let row: HashMap<String, String> =
            serde_json::from_str(line).context("clinc150-train-val.jsonl")?;
        let is_request = row["part"] == "train" && !NO_REQUESTS.contains(&row["intent"].as_str());
        if is_request {
            found.push(row["text"].clone());
        }
    }
    let taken = found.into_iter().step_by(REQUESTS);
    Ok(taken
        .map(|text| Example {
            embedded: wording(&text),
            text,
            shows: one(Emotion::Neutral),
            from: From::Requests,
            labels: Vec::new(),
        })
        .collect())
}

fn one(emotion: Emotion) -> Logits {
    std::array::from_fn(|at| {
        if Emotion::ALL[at] == emotion {
            1.0
        } else {
            0.0
        }
    })
}

fn together(emotions: impl Iterator<Item = Emotion>) -> Option<Logits> {
    let mut shows = Logits::default();
    for emotion in emotions {
        shows[emotion as usize] += 1.0;
    }
    let sum: f32 = shows.iter().sum();
    (sum > 0.0).then(|| shows.map(|share| share / sum))
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// What texts mean, kept in a file from one run to the next.
pub(crate) struct Meanings(HashMap<String, Vector>);

impl Meanings {
    /// Finds out what is not known: about 8 ms of a core for each text.
    pub(crate) fn new(embedder: &Embedder, kept: &Path, texts: &[&str]) -> anyhow::Result<Self> {
        let mut known = embedding::kept(kept, embedder)?;
        let unknown = texts
            .iter()
            .copied()
            .filter(|text| !known.contains_key(*text));
        let mut new: Vec<&str> = unknown.collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            eprintln!("finding out what {} texts mean", new.len());
            let found = Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                for half in new.chunks(new.len().div_ceil(2)) {
                    scope.spawn(|| {
                        let vectors: Vec<_> = half
                            .iter()
                            .map(|text| ((*text).to_owned(), embedder.embed(text)))
                            .collect();
                        found.lock().expect("nobody panics with it").extend(vectors);
                    });
                }
            });
            known.extend(found.into_inner().expect("nobody panics with it"));
            embedding::keep(kept, embedder, &known)?;
        }
        Ok(Self(known))
    }

    /// The numbers of a text that was asked for when this was made.
    pub(crate) fn of(&self, text: &str) -> &[f32] {
        self.0[text].numbers()
    }
}

/// Names of accounts.
const NAMES: [&str; 6] = [
    "@SkyJet",
    "@HelpDesk",
    "@mystore",
    "@telecare",
    "@BlueBus",
    "@acme_support",
];

/// Every so many-th of the examples once more, with a name before what the embedding model gets: whoever gives it a text
/// as it was written shall lose little.
pub(crate) fn named(examples: &[Example], every: usize) -> Vec<Example> {
    let taken = examples.iter().step_by(every).zip(NAMES.iter().cycle());
    taken
        .map(|(example, name)| Example {
            embedded: format!("{name} {}", example.embedded),
            ..example.clone()
        })
        .collect()
}
