//! `teller knowledge train` and `eval`: what a pack learns from labelled sentences, and how well it does on those it has
//! not learned from.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use knowledge::{Example, FOLDS, KnowledgeBase, Quality, Ranks, Rates, Seen};

use super::{UsageError, base};
use crate::config::Reader;

/// A line of progress after so many examples.
const PROGRESS: usize = 1000;

/// `teller knowledge train [PACK]` and `eval [PACK]`
#[derive(Debug, clap::Args)]
pub struct TrainArgs {
    /// Folder of the pack; PACK_DIR unless given
    pub pack: Option<PathBuf>,
    /// Folder of the files that the pack's training.toml names; the variable TRAINING_DATA unless given
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Sentences of each label at most
    #[arg(long, value_name = "COUNT", default_value_t = 60, value_parser = at_least_one)]
    pub each: usize,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "a whole number from 1 on".to_owned())
}

/// Learns, writes the pack's `learned.toml` and beside it `learned.md`, a report.
///
/// # Errors
/// When the pack or a set is malformed or missing, there is no embedding model, or the files cannot be written.
pub fn train(folder: &Path, args: &TrainArgs) -> anyhow::Result<bool> {
    let (base, mut seen) = examples(folder, args)?;
    if !base.has_meanings() {
        return Err(UsageError::because(
            folder.display(),
            "what sentences mean is learned from too: EMBEDDING_MODEL is wanted (scripts/model minilm fetches it)",
        )
        .into());
    }
    let sets = labels(&seen);
    eprintln!("reading the pack's own ways of asking, each without itself");
    let own = base.own_examples();
    let count = own.len();
    seen.extend(own);
    eprintln!("judging what is learned from labels that are left out");
    let quality = base.evaluate(&seen);
    eprintln!("learning");
    let trained = toml::to_string(&base.train(&seen))?;
    let report = format!(
        "# What was learned for this pack\n\n`teller knowledge train` wrote `learned.toml` from the pack's ways of asking \
         and what is said elsewhere ({count} sentences), and from {sets}. It always writes the same for the same. \
         Judged on labels that were left out, {FOLDS} parts in turn:\n\n{}",
        table(&quality)
    );
    for (name, text) in [("learned.toml", trained), ("learned.md", report)] {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| UsageError::because(file.display(), error))?;
        println!("{}", file.display());
    }
    print!("{}", table(&quality));
    Ok(true)
}

/// Shows how well sentences are told apart whose labels nothing was learned from.
///
/// # Errors
/// When the pack or a set is malformed or missing, or the pack names none.
pub fn eval(folder: &Path, args: &TrainArgs) -> anyhow::Result<bool> {
    let (base, mut seen) = examples(folder, args)?;
    if seen.is_empty() {
        let without = "it has no training.toml, which names sets of sentences with labels";
        return Err(UsageError::because(folder.display(), without).into());
    }
    seen.extend(base.own_examples());
    print!("{}", table(&base.evaluate(&seen)));
    Ok(true)
}

/// The pack, and the examples of its sets as it reads them.
fn examples(folder: &Path, args: &TrainArgs) -> anyhow::Result<(KnowledgeBase, Vec<Seen>)> {
    let base = base(folder, false)?;
    let data = args.data.clone();
    let data = data.unwrap_or_else(|| Reader::from_env().path("TRAINING_DATA", "."));
    let examples = base.examples(folder, &data, args.each);
    let examples = examples.map_err(|error| {
        UsageError::because(
            folder.display(),
            format!("{error} (the files that training.toml names lie in TRAINING_DATA)"),
        )
    })?;
    eprintln!("reading {} sentences", examples.len());
    let seen = read(&base, examples);
    Ok((base, seen))
}

/// On as many threads as there are cores.
fn read(base: &KnowledgeBase, examples: Vec<Example>) -> Vec<Seen> {
    let done = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = examples.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let parts = examples.chunks(part).map(|part| {
            scope.spawn(|| {
                let see = |example: &Example| {
                    let seen = base.see(example.clone());
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done.is_multiple_of(PROGRESS) {
                        eprintln!("{done} read");
                    }
                    seen
                };
                part.iter().map(see).collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        let parts = parts.into_iter().map(|part| part.join());
        parts
            .flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// "Banking77 (4,620 sentences of 77 labels)".
fn labels(seen: &[Seen]) -> String {
    let mut sets: Vec<(&str, usize, Vec<&str>)> = Vec::new();
    for seen in seen {
        let label = seen.label();
        let set = label.split('/').next().unwrap_or(label);
        if !sets.iter().any(|(known, ..)| *known == set) {
            sets.push((set, 0, Vec::new()));
        }
        if let Some((_, count, labels)) = sets.iter_mut().find(|(known, ..)| *known == set) {
            *count += 1;
            if labels.last() != Some(&label) {
                labels.push(label);
            }
        }
    }
    if sets.is_empty() {
        return "nothing else".to_owned();
    }
    let sets = sets.into_iter();
    let sets = sets.map(|(set, count, labels)| {
        format!("{set} ({count} sentences of {} labels)", labels.len())
    });
    sets.collect::<Vec<_>>().join(", ")
}

fn table(quality: &Quality) -> String {
    let mut text = String::from(
        "| is it the trade's? | sentences | F1 | precision | recall | others' taken for it |\n|---|---|---|---|---|---|\n",
    );
    for (name, rates) in [
        ("by meaning", quality.by_meaning),
        ("by words", quality.by_words),
        ("as the pack decides now", quality.now),
    ] {
        text.push_str(&rates_line(name, rates));
    }
    text.push_str("\n| found | sentences | first | among three | among five | mean reciprocal rank |\n|---|---|---|---|---|---|\n");
    for (name, ranks) in [("document", quality.found), ("topic", quality.topics)] {
        text.push_str(&ranks_line(name, ranks));
    }
    text
}

fn rates_line(name: &str, rates: Rates) -> String {
    if rates.all() == 0 {
        return String::new();
    }
    format!(
        "| {name} | {} | {:.3} | {:.3} | {:.3} | {:.1} % |\n",
        rates.all(),
        rates.f1(),
        rates.precision(),
        rates.recall(),
        100.0 * rates.false_alarms()
    )
}

fn ranks_line(name: &str, ranks: Ranks) -> String {
    let [first, three, five, reciprocal] = ranks.shares();
    format!(
        "| {name} | {} | {first:.3} | {three:.3} | {five:.3} | {reciprocal:.3} |\n",
        ranks.all()
    )
}
