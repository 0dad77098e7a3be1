//! `teller insight eval`: how often what is read in turns is right.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use call::input::decode_file;
use insight::moment::{Confusion, Course, Field};
use serde::Deserialize;
use tokio::time::Instant;

use super::{UsageError, load_pack};

/// What `teller insight eval --help` says of files.
pub const INSIGHT_EVAL_HELP: &str = "\
Holds what is read in callers' turns against labels that people gave them: for each field its macro F1, and for each label
precision, recall, F1, false alarms and what it was taken for. Each line is read as the first turn of a call.

A file is one of

  lines of a label, a tab and a text        only with --field
  lines of JSON, {\"text\": \"...\"} with one or more of
      \"emotion\": frustrated, excited, confused, angry, neutral, happy, satisfied, worried
      \"urgency\": critical, high, medium, low
      \"intent_category\": information_seeking, problem_solving, purchase_intent, support_request, complaint, comparison,
                           exploration, cancellation
      \"sentiment\": negative, neutral, positive
    and \"typed\": true for what was written, where capitals and marks count

Empty lines and lines that begin with # are left out. For urgency the file may also say `other` for whatever is not
critical: the table then has critical and other alone.";

/// `teller insight eval`
#[derive(Debug, clap::Args)]
pub struct InsightEvalArgs {
    /// Which field; all that the file has labels for unless given
    #[arg(long, value_parser = ["emotion", "urgency", "intent_category", "sentiment"])]
    pub field: Option<String>,
    /// Folder of the pack whose words are gone by; PACK_DIR unless given
    #[arg(long)]
    pub pack: Option<PathBuf>,
    /// Lines were typed: capitals and marks count
    #[arg(long)]
    pub typed: bool,
    /// Show lines that were read wrong, at most so many of each field
    #[arg(long, default_value_t = 0)]
    pub wrong: usize,
    /// Labelled lines
    pub file: PathBuf,
}

/// One line of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    text: String,
    #[serde(default)]
    typed: Option<bool>,
    emotion: Option<String>,
    urgency: Option<String>,
    intent_category: Option<String>,
    sentiment: Option<String>,
}

/// A line with its labels.
struct Line {
    text: String,
    typed: bool,
    labels: Vec<(Field, String)>,
}

/// What whoever labels for one thing alone says of the rest.
const OTHER: &str = "other";

/// Measures.
///
/// # Errors
/// When the pack or the file cannot be read, or a line has a label that there is not.
pub fn insight_eval(pack: &std::path::Path, args: &InsightEvalArgs) -> anyhow::Result<bool> {
    let trade = jobs::trade(&load_pack(pack)?);
    let bytes =
        fs::read(&args.file).map_err(|error| UsageError::because(args.file.display(), error))?;
    let lines = lines(&decode_file(&bytes)?, args)
        .with_context(|| format!("{} cannot be measured on", args.file.display()))?;
    let mut took = Vec::with_capacity(lines.len());
    let mut tables: Vec<Table> = Vec::new();
    for line in &lines {
        let begun = Instant::now();
        let moment = Course::default().caller(&line.text, line.typed, None, &trade);
        took.push(begun.elapsed());
        for (field, label) in &line.labels {
            let said = field.of(&moment);
            table(&mut tables, *field, label).add(label, said, &line.text)?;
        }
    }
    for table in &tables {
        table.print(args.wrong);
    }
    pace(took);
    Ok(true)
}

fn lines(text: &str, args: &InsightEvalArgs) -> anyhow::Result<Vec<Line>> {
    let only: Option<Field> = match &args.field {
        Some(name) => Some(name.parse().map_err(anyhow::Error::msg)?),
        None => None,
    };
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let line = match (line.starts_with('{'), only) {
            (true, _) => labelled(serde_json::from_str(line)?, only, args.typed),
            (false, Some(field)) => tabbed(line, field, args.typed),
            (false, None) => bail!("line {}: without --field, lines are JSON", number + 1),
        };
        let line = line.with_context(|| format!("line {}", number + 1))?;
        lines.extend(Some(line).filter(|line| !line.labels.is_empty()));
    }
    if lines.is_empty() {
        bail!("no line has a label");
    }
    Ok(lines)
}

fn labelled(line: Labelled, only: Option<Field>, typed: bool) -> anyhow::Result<Line> {
    let labels = [
        (Field::Emotion, line.emotion),
        (Field::Urgency, line.urgency),
        (Field::Intent, line.intent_category),
        (Field::Sentiment, line.sentiment),
    ];
    let labels = labels
        .into_iter()
        .filter(|(field, _)| only.is_none_or(|only| only == *field));
    Ok(Line {
        typed: line.typed.unwrap_or(typed),
        text: line.text,
        labels: labels
            .filter_map(|(field, label)| Some((field, label?)))
            .collect(),
    })
}

fn tabbed(line: &str, field: Field, typed: bool) -> anyhow::Result<Line> {
    let (label, text) = line.split_once('\t').context("a label, a tab and a text")?;
    Ok(Line {
        text: text.to_owned(),
        typed,
        labels: vec![(field, label.trim().to_owned())],
    })
}

/// What was said of the lines that have a label of one field.
struct Table {
    field: Field,
    confusion: Confusion,
    wrong: Vec<String>,
}

fn table<'t>(tables: &'t mut Vec<Table>, field: Field, label: &str) -> &'t mut Table {
    let at = tables.iter().position(|table| table.field == field);
    let at = at.unwrap_or_else(|| {
        let mut confusion = Confusion::new(field);
        if field == Field::Urgency && matches!(label, OTHER | "critical") {
            confusion.labels = vec!["critical", OTHER];
            confusion.counts = vec![vec![0; 2]; 2];
        }
        tables.push(Table {
            field,
            confusion,
            wrong: Vec::new(),
        });
        tables.len() - 1
    });
    let table = &mut tables[at];
    // It was the first line's label that there were only two: another line knows of more.
    if table.confusion.labels.contains(&OTHER) && !matches!(label, OTHER | "critical") {
        let critical = table.confusion.counts[0][0];
        if table.confusion.lines() == critical {
            table.confusion = Confusion::new(field);
            table.confusion.counts[0][0] = critical;
        }
    }
    table
}

impl Table {
    fn add(&mut self, truth: &str, said: &'static str, text: &str) -> anyhow::Result<()> {
        let has_other = self.confusion.labels.contains(&OTHER);
        let said = if has_other && said != "critical" {
            OTHER
        } else {
            said
        };
        if !self.confusion.add(truth, said) {
            let accepted = self.confusion.labels.join(", ");
            bail!("{}: {truth:?} is none of {accepted}", self.field.as_str());
        }
        if truth != said {
            self.wrong.push(format!("{truth} read as {said}: {text}"));
        }
        Ok(())
    }

    fn print(&self, shown: usize) {
        let table = &self.confusion;
        println!(
            "{}: {} lines, macro F1 {:.3}, accuracy {:.3}",
            self.field.as_str(),
            table.lines(),
            table.macro_f1(),
            table.accuracy()
        );
        println!(
            "  {:<20} {:>6} {:>9} {:>6} {:>6} {:>12}  read as",
            "", "lines", "precision", "recall", "F1", "false alarms"
        );
        for (at, label) in table.labels.iter().enumerate() {
            let [precision, recall, f1] = table.of(at);
            let lines: usize = table.counts[at].iter().sum();
            let read = table.labels.iter().zip(&table.counts[at]);
            let read = read.filter(|(_, count)| **count > 0);
            let read: Vec<String> = read
                .map(|(label, count)| format!("{label} {count}"))
                .collect();
            println!(
                "  {label:<20} {lines:>6} {precision:>9.3} {recall:>6.3} {f1:>6.3} {:>12.4}  {}",
                table.false_alarms(at),
                read.join(", ")
            );
        }
        for wrong in self.wrong.iter().take(shown) {
            println!("  {wrong}");
        }
    }
}

/// How long the lines took.
fn pace(mut took: Vec<Duration>) {
    took.sort_unstable();
    let share = |hundredths: usize| took[(took.len() - 1) * hundredths / 100];
    println!(
        "{} lines read; median {:?}, p99 {:?}, longest {:?}",
        took.len(),
        share(50),
        share(99),
        share(100)
    );
}

#[cfg(test)]
mod tests {
    use super::{InsightEvalArgs, lines, table};

    fn args(field: Option<&str>) -> InsightEvalArgs {
        InsightEvalArgs {
            field: field.map(str::to_owned),
            pack: None,
            typed: false,
            wrong: 0,
            file: "lines".into(),
        }
    }

    #[test]
    fn both_formats_are_read_and_a_line_that_is_neither_is_refused() {
        let json = r#"{"text": "I lost it", "urgency": "critical", "emotion": "worried"}"#;
        let read = lines(json, &args(None)).expect("JSON");
        assert_eq!(read[0].labels.len(), 2);
        let read = lines(json, &args(Some("urgency"))).expect("JSON, one field");
        assert_eq!(read[0].labels.len(), 1);
        let read = lines("# note\nangry\tThis is it.\n", &args(Some("emotion")));
        assert_eq!(read.expect("tabbed")[0].text, "This is it.");
        for (text, field) in [
            ("angry\tThis", None),
            ("no tab", Some("emotion")),
            ("", Some("emotion")),
            (r#"{"text": "a", "mood": "b"}"#, None),
        ] {
            assert!(lines(text, &args(field)).is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn critical_and_other_are_two_labels_and_an_unknown_one_is_refused() {
        let mut tables = Vec::new();
        let field = insight::moment::Field::Urgency;
        for (label, said) in [
            ("critical", "critical"),
            ("other", "low"),
            ("other", "critical"),
        ] {
            let added = table(&mut tables, field, label).add(label, said, "text");
            assert!(added.is_ok(), "{label} {said}");
        }
        assert_eq!(tables[0].confusion.counts, [vec![1, 0], vec![1, 1]]);
        let unknown = table(&mut tables, field, "soon").add("soon", "low", "text");
        assert!(unknown.is_err());
        let mut tables = Vec::new();
        for label in ["critical", "high"] {
            let added = table(&mut tables, field, label).add(label, "critical", "text");
            assert!(added.is_ok(), "four labels: {label}");
        }
        assert_eq!(tables[0].confusion.labels.len(), 4);
    }
}
