//! Feelings of callers on the telephone, as a table that nothing was learned from.

use std::path::Path;

use call::Sentiment;
use embedding::Embedder;
use insight::sentiment::{Emotion, of_turn, wording};

const TABLE: &str = include_str!("feelings.tsv");

fn rows() -> Vec<(Emotion, &'static str)> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let (emotion, text) = row.split_once('\t').expect(row);
        (serde_json::from_value(emotion.into()).expect(row), text)
    })
    .collect()
}

/// Of the 120, how many may be called something else, and how many the opposite of what they are: somebody's joy that is
/// called anger is worse than a feeling not seen.
#[track_caller]
fn check(said: impl Fn(&str) -> Sentiment, most_wrong: usize, most_opposite: usize) {
    let rows = rows();
    assert_eq!(rows.len(), 120, "the table is whole");
    let wrong: Vec<_> = rows
        .iter()
        .map(|(emotion, text)| (Sentiment::from(*emotion), said(text), text))
        .filter(|(truth, said, _)| said != truth)
        .collect();
    let count = wrong.len();
    assert!(count <= most_wrong, "{count} of 120 are wrong: {wrong:#?}");
    let is_opposite = |(truth, said, _): &&(Sentiment, Sentiment, &&str)| {
        *truth != Sentiment::Neutral && *said != Sentiment::Neutral
    };
    let opposite: Vec<_> = wrong.iter().filter(is_opposite).collect();
    assert!(
        opposite.len() <= most_opposite,
        "called the opposite: {opposite:#?}"
    );
}

#[test]
fn what_callers_say_is_told_apart_by_words_and_letters() {
    check(|text| of_turn(text, None).sentiment(), 18, 5);
}

/// With the real network, where `models/minilm` holds it.
#[test]
fn what_callers_say_is_told_apart_by_what_it_means() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/minilm");
    if !folder.join("model.safetensors").exists() {
        eprintln!("no embedding model: scripts/model minilm");
        return;
    }
    let model = Embedder::load(&folder).expect("the model");
    let said = |text: &str| {
        let meaning = model.embed(&wording(text));
        of_turn(text, Some(meaning.numbers())).sentiment()
    };
    check(said, 16, 5);
}

#[test]
fn a_question_about_a_matter_is_neutral_or_worried() {
    for text in [
        "I lost my card yesterday, how do I order a new one",
        "What is my balance?",
        "how much does a transfer cost",
        "I'd like to open an account",
        "my phone was stolen, how do I block the app",
    ] {
        let feeling = of_turn(text, None);
        assert!(
            matches!(feeling.emotion, Emotion::Neutral | Emotion::Worried),
            "{text:?} is {feeling:?}"
        );
    }
}

#[test]
fn a_meaning_of_another_size_is_not_looked_at() {
    let text = "thank you so much";
    assert_eq!(of_turn(text, Some(&[1.0; 7])), of_turn(text, None));
}
