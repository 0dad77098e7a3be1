//! The bank's pack, as it is shipped: it loads, routes and finds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use knowledge::{Before, KnowledgeBase, Question, Route, RouteContext};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/bank")
}

fn bank() -> KnowledgeBase {
    KnowledgeBase::load(&folder()).expect("the bank's pack loads")
}

/// The lines of a table beside this file, split at tabs.
fn table(text: &'static str) -> Vec<Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim_end_matches(' ').is_empty())
        .map(|line| line.split('\t').collect())
        .collect()
}

#[test]
fn every_utterance_of_the_table_takes_its_route() {
    let bank = bank();
    let rows = table(include_str!("routing.tsv"));
    assert!(rows.len() >= 120, "the table has {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let before = row.get(2).copied().unwrap_or_default();
        let context = RouteContext {
            offered: None,
            awaiting: before == "awaiting",
            more: false,
            last: Before {
                topics: if before.is_empty() || before == "awaiting" {
                    Vec::new()
                } else {
                    vec![before.to_owned()]
                },
                ..Before::default()
            },
        };
        let (name, detail) = row[1].split_once(':').unwrap_or((row[1], ""));
        let routed = bank.explain(row[0], &context);
        let fits = match &routed.route {
            Route::Knowledge { topics, .. } => {
                detail.is_empty() || topics.iter().any(|topic| topic == detail)
            }
            Route::SmallTalk { kind } => detail == kind,
            _ => detail.is_empty(),
        };
        if routed.route.name() != name || !fits {
            wrong.push(format!(
                "{:?} should be {}, is {:?}\n    {:?}",
                row[0], row[1], routed.route, routed.reasons
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

/// Which share of the questions finds its document first, and among the first three.
fn retrieval(rows: &[Vec<&'static str>]) -> (f32, f32, String) {
    let bank = bank();
    let (mut first, mut third, mut misses) = (0.0, 0.0, String::new());
    for row in rows {
        let (question, expected) = (row[0], row[1]);
        // Questions that the router does not take for banking questions find nothing, as in a call.
        // Nothing is looked up here: what a look-up for everybody would answer is the documents'.
        // Nothing is done either.
        let tasks = bank.pack().tasks.list.iter().map(|task| task.name.clone());
        let without: Vec<String> = tasks
            .chain(["exchange_rate", "last_transactions"].map(str::to_owned))
            .collect();
        let context = RouteContext::default();
        let routed = bank.understand_without(&bank.read(question), &context, &without);
        let found: Vec<String> = match routed.route {
            Route::Knowledge { topics, .. } => bank
                .search(&Question::new(question, &topics), 3, None)
                .into_iter()
                .map(|p| p.source)
                .collect(),
            other => vec![format!("(route {})", other.name())],
        };
        first += f32::from(u8::from(
            found.first().is_some_and(|source| source == expected),
        ));
        third += f32::from(u8::from(found.iter().any(|source| source == expected)));
        if found.first().is_none_or(|source| source != expected) {
            misses += &format!("\n  {question:?} wants {expected}, finds {found:?}");
        }
    }
    let all = f32::from(u16::try_from(rows.len()).expect("a short table"));
    (first / all, third / all, misses)
}

#[test]
fn questions_find_their_document() {
    let rows = table(include_str!("questions_tuned.tsv"));
    assert!(rows.len() >= 60, "the table has {} rows", rows.len());
    let (first, third, misses) = retrieval(&rows);
    assert!(first >= 0.9, "first place {first:.3}, below 0.9:{misses}");
    assert!(
        third >= 1.0,
        "first three places {third:.3}, below 1:{misses}"
    );
}

#[test]
fn questions_never_tuned_on_find_their_document_too() {
    let rows = table(include_str!("questions_held_out.tsv"));
    assert!(rows.len() >= 30, "the table has {} rows", rows.len());
    let (first, third, misses) = retrieval(&rows);
    // The first reading was 0.79 and 0.88 (58 questions); the floor leaves room for three more misses.
    assert!(
        first >= 0.74 && third >= 0.83,
        "first place {first:.3}; first three {third:.3}:{misses}"
    );
}

#[test]
fn the_pack_is_complete() {
    let bank = bank();
    let pack = bank.pack();
    assert!(
        pack.documents.len() >= 45,
        "{} documents",
        pack.documents.len()
    );
    let answered: BTreeSet<&str> = pack
        .documents
        .iter()
        .filter_map(|d| d.topic.as_deref())
        .collect();
    for topic in &pack.topics {
        assert!(
            answered.contains(topic.id.as_str()),
            "no document answers topic {}",
            topic.id
        );
        assert!(
            !topic.plain_phrases().is_empty(),
            "topic {} has no phrases",
            topic.id
        );
    }
    for topic in [
        "cardless_withdrawal",
        "banking_hours",
        "account_balance",
        "money_transfer",
        "lost_card",
    ] {
        assert!(pack.topic(topic).is_some(), "topic {topic} is missing");
    }
    for document in &pack.documents {
        let words = document.text.split_whitespace().count();
        assert!(
            (60..=200).contains(&words),
            "{} has {words} words",
            document.source
        );
        let lead = knowledge::sentences(document.text.split("\n\n").next().expect("a paragraph"));
        assert!(
            (1..=3).contains(&lead.len()),
            "{} opens with {} sentences",
            document.source,
            lead.len()
        );
    }
}
