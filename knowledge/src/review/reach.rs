//! Topics and documents that callers do not reach, and sentences that are quoted and gone.

use std::path::PathBuf;

use super::Remark;
use crate::{
    KnowledgeBase,
    pack::DocumentText,
    route::{Question, RouteContext},
};

/// Places of a search at which a document is found.
const PLACES: usize = 3;

/// Topics that no document answers, or none by known ways of asking.
pub(super) fn topics(base: &KnowledgeBase, file: &dyn Fn(&str) -> PathBuf) -> Vec<Remark> {
    let pack = base.pack();
    let mut remarks = Vec::new();
    for topic in &pack.topics {
        let of_topic = |document: &&DocumentText| document.topic.as_ref() == Some(&topic.id);
        let mut documents = pack.documents.iter().filter(of_topic);
        let Some(first) = documents.next() else {
            remarks.push(Remark {
                file: PathBuf::from("topics.toml"),
                found: format!("topic {} has no document", topic.id),
                advice:
                    "write one, or drop the topic: who asks about it is told that nothing is known"
                        .to_owned(),
            });
            continue;
        };
        if first.asks.is_empty() && documents.all(|document| document.asks.is_empty()) {
            remarks.push(Remark {
                file: file(&first.source),
                found: format!("topic {} has no asks in any of its documents", topic.id),
                advice: "add how callers ask for it: asks = [\"…\"]".to_owned(),
            });
        }
    }
    remarks
}

/// Documents that are found neither by one of their `asks` nor by their title, each searched as if a caller said it.
pub(super) fn documents(base: &KnowledgeBase, file: &dyn Fn(&str) -> PathBuf) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for document in &base.pack().documents {
        let mut ways = document.asks.iter().chain([&document.title]);
        if ways.any(|text| is_found(base, document, text)) {
            continue;
        }
        remarks.push(Remark {
            file: file(&document.source),
            found: format!(
                "{} is not among the first {PLACES} by its title nor by any of its asks",
                document.source
            ),
            advice: "say in title and asks what it has that others have not, or merge it with the one that is found"
                .to_owned(),
        });
    }
    remarks
}

/// Sentences that a document's ways of asking quote and that it does not say.
pub(super) fn quotes(base: &KnowledgeBase, file: &dyn Fn(&str) -> PathBuf) -> Vec<Remark> {
    let documents = base.pack().documents.iter();
    let quoted = documents.flat_map(|document| {
        let quotes = document.misquoted.iter();
        quotes.map(move |quote| (document, quote))
    });
    let remark = |(document, quote): (&DocumentText, &String)| {
        Remark {
        file: file(&document.source).with_extension("asks.txt"),
        found: format!("{} does not say {quote:?}", document.source),
        advice: "quote the sentence as it stands there now: until then what is asked below it counts for the whole document"
            .to_owned(),
    }
    };
    quoted.map(remark).collect()
}

fn is_found(base: &KnowledgeBase, document: &DocumentText, text: &str) -> bool {
    let routed = base.understand(&base.read_words(text), &RouteContext::default());
    let asked = routed.questions.into_iter().next();
    let asked = asked.unwrap_or_else(|| Question::new(text, &[]));
    let found = base.search(&asked, PLACES, None);
    found.iter().any(|found| found.source == document.source)
}
