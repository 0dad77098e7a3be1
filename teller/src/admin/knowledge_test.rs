//! `teller knowledge test`

use std::{
    collections::BTreeMap,
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

use dialogue::rehearsal::{Miss, Verdict, judge};
use knowledge::TestDialogue;

use super::{UsageError, base};

/// `teller knowledge test [PACK]`
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Folder of the pack; PACK_DIR unless given
    pub pack: Option<PathBuf>,
    /// Show every dialogue that is answered wrongly, with what was said
    #[arg(long)]
    pub misses: bool,
    /// Only dialogues of this kind (follow_up, two_questions …) or topic
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,
    /// By words alone, as without an embedding model
    #[arg(long)]
    pub words: bool,
    /// Fail when less than this part of the dialogues is right
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    pub at_least: f64,
    /// Compare with the result in this file, which is written anew
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
}

/// Right and all, of one kind or topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Score {
    right: usize,
    all: usize,
}

impl Score {
    fn count(&mut self, is_right: bool) {
        self.all += 1;
        self.right += usize::from(is_right);
    }

    /// " 66.7%     2/3   ".
    fn line(self) -> String {
        format!(
            "{:>5.1}%  {:>4}/{:<4}",
            self.percent(),
            self.right,
            self.all
        )
    }

    fn percent(self) -> f64 {
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        100.0 * count(self.right) / count(self.all.max(1))
    }
}

/// Holds the pack's own tests against what it would answer; `false` when fewer are right than wanted.
///
/// # Errors
/// When the pack or its tests are malformed, there are none, or the file of the last result cannot be used.
pub fn test(folder: &Path, args: &TestArgs) -> anyhow::Result<bool> {
    let refused = |error: &dyn Display| UsageError::because(folder.display(), error);
    let base = Arc::new(base(folder, args.words)?);
    let mut dialogues = base.tests(folder).map_err(|error| refused(&error))?;
    if let Some(only) = &args.only {
        dialogues.retain(|test| test.kind == *only || test.topic.as_ref() == Some(only));
    }
    if dialogues.is_empty() {
        return Err(refused(&"it has no such tests; they are tests/*.toml").into());
    }
    let (mut kinds, mut topics) = (BTreeMap::new(), BTreeMap::new());
    let mut all = Score::default();
    let (mut questions, mut offers) = (0, 0);
    for dialogue in &dialogues {
        let Verdict {
            misses,
            asked,
            offered,
        } = judge(&base, dialogue);
        questions += asked;
        offers += offered;
        let is_right = misses.is_empty();
        all.count(is_right);
        let topic = dialogue.topic.clone().unwrap_or_else(|| "none".to_owned());
        for (scores, name) in [(&mut kinds, dialogue.kind.clone()), (&mut topics, topic)] {
            scores
                .entry(name)
                .or_insert_with(Score::default)
                .count(is_right);
        }
        if args.misses && !is_right {
            show(dialogue, &misses);
        }
    }
    let before = args.since.as_deref().map(read).transpose()?.flatten();
    for (title, scores) in [("kind", &kinds), ("topic", &topics)] {
        println!("{:>6}  {:>9}  {title}", "right", "of");
        for (name, score) in scores {
            let change = change(before.as_ref(), name, *score);
            println!("{}  {name}{change}", score.line());
        }
    }
    let change = change(before.as_ref(), "all", all);
    println!("{}  all{change}", all.line());
    println!("{offers} of {questions} questions were answered after an offer to tell it");
    if let Some(file) = &args.since {
        kinds.append(&mut topics);
        kinds.insert("all".to_owned(), all);
        write(file, &kinds)?;
    }
    Ok(all.percent() >= args.at_least)
}

fn show(dialogue: &TestDialogue, misses: &[Miss]) {
    let file = dialogue.file.file_name().unwrap_or_default();
    println!("{} ({})", file.display(), dialogue.kind);
    for (at, turn) in dialogue.turns.iter().enumerate() {
        println!("  caller  {}", turn.said);
        let Some(miss) = misses.iter().find(|miss| miss.turn == at) else {
            continue;
        };
        println!("  agent   {}", miss.spoken.text);
        for complaint in &miss.complaints {
            println!("  wrong   {complaint}");
        }
    }
    println!();
}

/// " (+3)" where more or fewer are right than in the last run.
fn change(before: Option<&BTreeMap<String, Score>>, name: &str, now: Score) -> String {
    let Some(before) = before.and_then(|before| before.get(name)) else {
        return String::new();
    };
    match now.right.cmp(&before.right) {
        std::cmp::Ordering::Equal => String::new(),
        std::cmp::Ordering::Greater => format!("  (+{})", now.right - before.right),
        std::cmp::Ordering::Less => format!("  (-{})", before.right - now.right),
    }
}

/// The last result; none when there was no run yet.
fn read(file: &Path) -> anyhow::Result<Option<BTreeMap<String, Score>>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| UsageError::because(file.display(), error))?,
    };
    let score = |line: &str| {
        let (name, numbers) = line.split_once('\t')?;
        let (right, all) = numbers.split_once('/')?;
        let (right, all) = (right.parse().ok()?, all.parse().ok()?);
        Some((name.to_owned(), Score { right, all }))
    };
    let scores: Option<BTreeMap<_, _>> = text.lines().map(score).collect();
    let scores = scores.ok_or_else(|| {
        UsageError::because(
            file.display(),
            "it is no result of an earlier run: NAME, a tab, RIGHT/ALL",
        )
    })?;
    Ok(Some(scores))
}

fn write(file: &Path, scores: &BTreeMap<String, Score>) -> Result<(), UsageError> {
    let line =
        |(name, score): (&String, &Score)| format!("{name}\t{}/{}\n", score.right, score.all);
    let text: String = scores.iter().map(line).collect();
    std::fs::write(file, text).map_err(|error| UsageError::because(file.display(), error))
}
