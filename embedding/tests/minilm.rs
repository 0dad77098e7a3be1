//! The real network, where `EMBEDDING_MODEL` names its folder or `models/minilm` holds it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::path::PathBuf;

use embedding::Embedder;

fn model() -> Option<Embedder> {
    let named = std::env::var_os("EMBEDDING_MODEL").map(PathBuf::from);
    let usual = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/minilm"));
    let folder = named.unwrap_or(usual);
    if !folder.join("model.safetensors").exists() {
        eprintln!(
            "no embedding model in {}: scripts/model minilm",
            folder.display()
        );
        return None;
    }
    Some(Embedder::load(&folder).unwrap())
}

/// The figures are those that the model's own page publishes.
#[test]
fn similarities_are_those_that_were_published() {
    let Some(model) = model() else { return };
    let of = |a: &str, b: &str| model.embed(a).nearness(&model.embed(b));
    for (a, b, published) in [
        ("That is a happy person", "That is a happy dog", 0.6946),
        (
            "That is a happy person",
            "That is a very happy person",
            0.9429,
        ),
        ("That is a happy person", "Today is a sunny day", 0.2569),
    ] {
        let found = of(a, b);
        assert!(
            (found - published).abs() < 0.001,
            "{a:?} and {b:?}: {found}, published {published}"
        );
    }
}

#[test]
fn sentences_of_like_meaning_are_near_whatever_their_words() {
    let Some(model) = model() else { return };
    let said = model.embed("somebody pinched my purse");
    let near = said.nearness(&model.embed("my wallet was stolen"));
    let far = said.nearness(&model.embed("what time do you open"));
    assert!(near > far + 0.2, "{near} and {far}");
    assert!(model.embed("").nearness(&said).is_finite());
    assert!(
        model
            .embed(&"word ".repeat(5000))
            .nearness(&said)
            .is_finite()
    );
}

#[test]
fn many_texts_mean_together_what_each_means_alone() {
    let Some(model) = model() else { return };
    let long = "a sentence of many words ".repeat(40);
    let texts: Vec<String> = (0..60)
        .map(|at| match at % 4 {
            0 => String::new(),
            1 => format!("number {at}"),
            2 => format!("{at} short words and some more of them"),
            _ => format!("{long} {at}"),
        })
        .collect();
    let together = model.embed_all(texts.iter().map(String::as_str));
    assert_eq!(together.len(), texts.len());
    for (text, together) in texts.iter().zip(&together) {
        let near = model.embed(text).nearness(together);
        assert!(near > 0.9999, "{near} for {text:?}");
    }
}
