//! The results as text: a line for the terminal, tables for `docs/netlab.md`.

use std::{collections::HashMap, fmt::Write as _};

use super::{
    judge::Outcome,
    peers::Engine::{self, Browser, Ours, Rival},
};
use crate::{
    scenario::{self, Kind},
    score::PairScore,
};

/// Who speaks to whom, in the order of the columns.
const PAIRS: [(Engine, Engine); 4] = [(Ours, Ours), (Ours, Rival), (Rival, Ours), (Rival, Rival)];
const WITH_BROWSER: [(Engine, Engine); 2] = [(Ours, Browser), (Browser, Ours)];
/// The bars: network, more word errors in points than on the clean link, delay p95 in milliseconds.
const BARS: [(&str, f64, Option<f64>); 2] = [
    ("loss-5-jitter-30", 5.0, Some(120.0)),
    ("loss-10-jitter-30", 12.0, None),
];

/// One network's results in a few lines, for whoever waits at the terminal.
#[must_use]
pub fn line(outcome: &Outcome) -> String {
    let mut text = format!("{}: {}", outcome.scenario, outcome.about);
    for pair in &outcome.pairs {
        let names = format!("{:>5} to {:<5}", pair.sender.name(), pair.receiver.name());
        let result = match (&pair.score, &pair.error) {
            (Some(score), _) => format!(
                "word errors {:5.1} %  heard {:3}/{:<3}  concealed {:4.1} %  delay {} ms{}",
                score.word_error_rate(),
                score.sentences_heard,
                score.sentences,
                100.0 * score.concealed_share,
                delays(score),
                if outcome.kind == Kind::Recovery {
                    format!("  recovered {}", recovery(score))
                } else {
                    String::new()
                },
            ),
            (None, error) => format!("no score: {}", error.as_deref().unwrap_or("unknown")),
        };
        // Writing to a string cannot fail.
        write!(text, "\n  {names}  {result}").ok();
    }
    for problem in &outcome.problems {
        write!(text, "\n  {problem}").ok();
    }
    text
}

/// One table of the document.
struct Table {
    title: &'static str,
    about: &'static str,
    kind: Kind,
    pairs: &'static [(Engine, Engine)],
    /// A cell, given the results of a network and those of the clean one.
    content: fn(&Outcome, Option<&Outcome>, (Engine, Engine)) -> String,
}

const TABLES: [Table; 6] = [
    Table {
        title: "Word errors",
        about: WORDS,
        kind: Kind::Quality,
        pairs: &PAIRS,
        content: words,
    },
    Table {
        title: "Concealed",
        about: "Samples that the receiver made up, in percent of those played.",
        kind: Kind::Quality,
        pairs: &PAIRS,
        content: |outcome, _, pair| cell(outcome, pair, concealed),
    },
    Table {
        title: "Playout delay",
        about: "The receiver's jitter buffer, p50 / p95 over seconds, in milliseconds.",
        kind: Kind::Quality,
        pairs: &PAIRS,
        content: |outcome, _, pair| cell(outcome, pair, delays),
    },
    Table {
        title: "Recovery",
        about: "From the end of the outage to speech that is heard again, in seconds; the worst room.",
        kind: Kind::Recovery,
        pairs: &PAIRS,
        content: |outcome, _, pair| cell(outcome, pair, recovery),
    },
    Table {
        title: "Connectivity",
        about: "Sentences heard of those said.",
        kind: Kind::Connectivity,
        pairs: &PAIRS,
        content: |outcome, _, pair| {
            cell(outcome, pair, |score| {
                format!("{}/{}", score.sentences_heard, score.sentences)
            })
        },
    },
    Table {
        title: "With a browser",
        about: BROWSER,
        kind: Kind::Browser,
        pairs: &WITH_BROWSER,
        content: |outcome, clean, pair| {
            let words = words(outcome, clean, pair);
            cell(outcome, pair, |score| {
                format!("{words}; {}; {}", concealed(score), delays(score))
            })
        },
    },
];

/// `docs/netlab.md`, of the results in the order of the networks.
#[must_use]
pub fn document(outcomes: &[Outcome]) -> String {
    let named = |name| outcomes.iter().find(|outcome| outcome.scenario == name);
    let (clean, clean_browser) = (named(scenario::CLEAN), named(scenario::CLEAN_BROWSER));
    let mut text = String::from(HEAD);
    for table in &TABLES {
        let clean = match table.kind {
            Kind::Browser => clean_browser,
            Kind::Quality | Kind::Recovery | Kind::Connectivity => clean,
        };
        table.write(&mut text, outcomes, clean);
    }
    bars(&mut text, outcomes, clean);
    let problems: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| {
            outcome
                .problems
                .iter()
                .map(move |problem| format!("- {}: {problem}\n", outcome.scenario))
        })
        .collect();
    if !problems.is_empty() {
        text.push_str("\n## What did not end as it should\n\n");
        text.extend(problems);
    }
    text
}

const HEAD: &str = "# The network lab's results\n\n\
    Made by `scripts/netlab run --write`; `netlab/README.md` says what is measured and how. Columns are who\n\
    speaks to whom: ours is this repository's media engine, rival is libwebrtc in the published Python\n\
    package `livekit`. All four share one network at the same time, unless it has room for one sender only.\n";
const WORDS: &str = "Word error rate in percent, then the points above the clean link of the same pair and the same\n\
    sentences.";
const BROWSER: &str = "Stock livekit-client in headless Chromium on the caller's link, one room: word errors as above; samples\n\
    concealed, percent; delay p50 / p95, ms.";

impl Table {
    fn write(&self, text: &mut String, outcomes: &[Outcome], clean: Option<&Outcome>) {
        let mut rows = outcomes
            .iter()
            .filter(|outcome| outcome.kind == self.kind)
            .peekable();
        if rows.peek().is_none() {
            return;
        }
        // Writing to a string cannot fail.
        write!(
            text,
            "\n## {}\n\n{}\n\n| network | sentences |",
            self.title, self.about
        )
        .ok();
        for (sender, receiver) in self.pairs {
            write!(text, " {} to {} |", sender.name(), receiver.name()).ok();
        }
        write!(text, "\n|---|---|{}\n", "---|".repeat(self.pairs.len())).ok();
        for outcome in rows {
            write!(text, "| {} | {} |", outcome.about, outcome.sentences).ok();
            for pair in self.pairs {
                write!(text, " {} |", (self.content)(outcome, clean, *pair)).ok();
            }
            text.push('\n');
        }
    }
}

/// What a pair's score says, or that there is none.
fn cell(outcome: &Outcome, pair: (Engine, Engine), say: impl Fn(&PairScore) -> String) -> String {
    match (
        outcome.score(pair.0, pair.1),
        outcome
            .pairs
            .iter()
            .any(|done| (done.sender, done.receiver) == pair),
    ) {
        (Some(score), _) => say(score),
        (None, true) => "not scored".to_owned(),
        (None, false) => "not run".to_owned(),
    }
}

fn words(outcome: &Outcome, clean: Option<&Outcome>, pair: (Engine, Engine)) -> String {
    cell(outcome, pair, |score| {
        let rate = score.word_error_rate();
        match above_clean(outcome, clean, pair) {
            Some(points) if clean.is_some_and(|clean| clean.scenario != outcome.scenario) => {
                format!("{rate:.1} ({points:+.1})")
            }
            _ => format!("{rate:.1}"),
        }
    })
}

/// Points of word errors above the clean link's over the same sentences, if it had them all.
fn above_clean(outcome: &Outcome, clean: Option<&Outcome>, pair: (Engine, Engine)) -> Option<f64> {
    let score = outcome.score(pair.0, pair.1)?;
    let clean = &clean?.score(pair.0, pair.1)?.transcripts;
    let clean_errors: HashMap<&str, usize> = clean
        .iter()
        .map(|said| (said.id.as_str(), said.word_errors))
        .collect();
    let mut errors = 0;
    for said in &score.transcripts {
        errors += clean_errors.get(said.id.as_str())?;
    }
    Some(score.word_error_rate() - 100.0 * errors as f64 / score.words.max(1) as f64)
}

fn concealed(score: &PairScore) -> String {
    format!("{:.1}", 100.0 * score.concealed_share)
}

fn delays(score: &PairScore) -> String {
    let shown =
        |delay: Option<f64>| delay.map_or_else(|| "-".to_owned(), |delay| format!("{delay:.0}"));
    format!(
        "{} / {}",
        shown(score.delay_p50_ms),
        shown(score.delay_p95_ms)
    )
}

fn recovery(score: &PairScore) -> String {
    match score.recover_ms {
        Some(time) => format!("{:.1}", time as f64 / 1000.0),
        None => format!("never ({} rooms)", score.unrecovered),
    }
}

fn bars(text: &mut String, outcomes: &[Outcome], clean: Option<&Outcome>) {
    let mut lines = String::new();
    for (name, most_points, most_delay) in BARS {
        let Some(outcome) = outcomes.iter().find(|outcome| outcome.scenario == name) else {
            continue;
        };
        for pair in PAIRS {
            let (Some(score), Some(points)) = (
                outcome.score(pair.0, pair.1),
                above_clean(outcome, clean, pair),
            ) else {
                continue;
            };
            let late =
                most_delay.is_some_and(|most| score.delay_p95_ms.is_none_or(|delay| delay > most));
            let verdict = if points <= most_points && !late {
                "met"
            } else {
                "missed"
            };
            let delay = most_delay.map_or_else(String::new, |most| {
                format!(", delay p95 at most {most:.0} ms")
            });
            writeln!(
                lines,
                "| {} | {} to {} | at most {most_points:.0} points{delay} | {points:+.1} points, {} ms | {verdict} |",
                outcome.about,
                pair.0.name(),
                pair.1.name(),
                delays(score),
            )
            .ok();
        }
    }
    if !lines.is_empty() {
        text.push_str(
            "\n## The bars\n\n| network | pair | bar | measured | |\n|---|---|---|---|---|\n",
        );
        text.push_str(&lines);
    }
}
