//! `teller knowledge`

use std::{collections::HashMap, path::Path};

use database::{DocumentChunk, DocumentRepository};
use knowledge::{DocumentText, Evidence, KnowledgeBase, RouteContext};

use super::{Actor, UsageError};
use crate::{
    config::{DatabaseSettings, Reader, meaning},
    meaning::Meaning,
};

/// Texts whose meaning is found out in a second, about.
const TEXTS_A_SECOND: usize = 120;
/// How many passages `ask` shows.
const PASSAGES: usize = 5;

/// `teller knowledge import PACK`
///
/// # Errors
/// When the pack is malformed or the database is away.
pub async fn import_knowledge(
    config: &DatabaseSettings,
    folder: &Path,
    actor: &Actor,
) -> anyhow::Result<bool> {
    let base = load(folder)?;
    let database = super::open(config)?;
    let pack = ("pack", &*base.pack().settings.name);
    actor
        .through("teller knowledge import")
        .note(&database, "knowledge.import", pack)
        .await?;
    // Found out now and kept, before a worker sees that the documents changed: none has to.
    let meaning = Meaning::open(&meaning(&mut Reader::from_env()))?;
    let base = match &meaning {
        None => base,
        Some(meaning) => {
            let base = found_out(meaning, base);
            meaning.store(&base, &database).await?;
            base
        }
    };
    let report = DocumentRepository::new(&database)
        .import(&base.pack().settings.name, &chunks_of(&base))
        .await?;
    println!(
        "{} documents: {} chunks added, {} unchanged, {} removed",
        base.pack().documents.len(),
        report.added,
        report.kept,
        report.removed
    );
    Ok(true)
}

fn load(folder: &Path) -> Result<KnowledgeBase, UsageError> {
    KnowledgeBase::load(folder).map_err(|error| UsageError::because(folder.display(), error))
}

/// The pack in this folder, which understands by meaning where the embedding model is there and `words` is not set.
///
/// # Errors
/// When the pack is malformed, or the model that EMBEDDING_MODEL names cannot be used.
pub fn base(folder: &Path, words: bool) -> anyhow::Result<KnowledgeBase> {
    understanding(load(folder)?, words)
}

fn understanding(base: KnowledgeBase, words: bool) -> anyhow::Result<KnowledgeBase> {
    let config = meaning(&mut Reader::from_env());
    let meaning = if words { None } else { Meaning::open(&config)? };
    Ok(match meaning {
        None => base,
        Some(meaning) => found_out(&meaning, base),
    })
}

fn found_out(meaning: &Meaning, base: KnowledgeBase) -> KnowledgeBase {
    meaning.add_to(base, HashMap::new(), |texts, file| {
        let seconds = texts.div_ceil(TEXTS_A_SECOND);
        eprintln!(
            "finding out what {texts} texts mean, about {seconds} s; kept in {}",
            file.display()
        );
    })
}

/// What was weighed, in words.
fn evidence(of: &Evidence) -> String {
    let mut parts = vec![
        format!("{:.0} % likely about the trade", of.likelihood() * 100.0),
        format!("phrases of a topic {:.1}", of.topic),
        format!("the trade's words {:.1}", of.words),
        format!("other trades' words {:.1}", of.foreign),
        format!("{:.0} % courtesy", of.courtesy * 100.0),
        format!("{:.0} % of the words known", of.known * 100.0),
        format!("sounds like the trade {:+.1}", of.learned),
    ];
    if of.nearness > 0.0 {
        parts.push(format!("nearest text {:.2}", of.nearness));
    }
    parts.join(", ")
}

/// The pack's documents as they are stored.
fn chunks_of(base: &KnowledgeBase) -> Vec<DocumentChunk> {
    let documents = &base.pack().documents;
    let stored = |chunk: knowledge::Chunk| DocumentChunk {
        meta: documents
            .iter()
            .find(|document| document.source == chunk.source)
            .map_or_else(|| serde_json::json!({}), about),
        document: chunk.source,
        chunk: i32::try_from(chunk.ordinal).unwrap_or(i32::MAX),
        title: chunk.title,
        topic: chunk.topic,
        body: chunk.text,
    };
    base.chunks().into_iter().map(stored).collect()
}

/// What a document says of where its facts come from; nothing for one that says nothing.
fn about(document: &DocumentText) -> serde_json::Value {
    let mut about = serde_json::Map::new();
    for (key, text) in [("date", &document.date), ("address", &document.address)] {
        if let Some(text) = text {
            about.insert(key.to_owned(), text.as_str().into());
        }
    }
    if let Some(credibility) = document.credibility {
        // As it was written: 0.8 is no number of 32 bits.
        let written: f64 = credibility.to_string().parse().unwrap_or_default();
        about.insert("credibility".to_owned(), written.into());
    }
    about.into()
}

/// `teller knowledge ask QUESTION`
///
/// # Errors
/// When the pack is malformed.
pub fn ask(base: &KnowledgeBase, question: &str) -> anyhow::Result<bool> {
    let routed = base.explain(question, &RouteContext::default());
    println!("route     {}", routed.route.name());
    println!("evidence  {}", evidence(&routed.evidence));
    for reason in &routed.reasons {
        println!(
            "          {:+.2}  {}: {}",
            reason.weight, reason.of, reason.phrase
        );
    }
    if routed.questions.is_empty() {
        println!("retrieval none: this is not a question about the trade");
        return Ok(true);
    }
    let today = Some(chrono::Utc::now().date_naive());
    for question in &routed.questions {
        println!("question  {}", question.text);
        println!("topics    {}", question.topics.join(", "));
        for passage in base.search(question, PASSAGES, today) {
            println!(
                "passage   {:>6.2}  {}  ({:.0} % of the question)",
                passage.score,
                passage.source,
                passage.coverage * 100.0
            );
        }
    }
    let answers = routed
        .questions
        .iter()
        .map(|asked| base.answer(asked, today));
    let answer = knowledge::Answer::together(answers.collect());
    println!("answer    {}", answer.sentences.join(" "));
    for source in &answer.sources {
        println!("source    {}  {}", source.source, source.title);
    }
    Ok(answer.supported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_facts_come_from_is_stored_with_them() {
        let library = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../knowledge/tests/packs/library"
        );
        let mut pack = knowledge::Pack::load(Path::new(library)).unwrap();
        let fetched = &mut pack.documents[0];
        fetched.date = Some("2026-01-31".to_owned());
        fetched.credibility = Some(0.8);
        fetched.address = Some("https://www.example.com/".to_owned());
        let chunks = chunks_of(&KnowledgeBase::new(pack));
        let about = serde_json::json!({
            "date": "2026-01-31", "credibility": 0.8, "address": "https://www.example.com/"
        });
        assert_eq!(chunks[0].meta, about);
        let last = chunks.last().expect("a chunk");
        assert_eq!(last.meta, serde_json::json!({}));
    }
}
