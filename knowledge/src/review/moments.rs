//! What a pack calls critical and what its callers say every day; deeds that leave nothing to read behind.

use std::path::PathBuf;

use language::phrase::{Phrases, Utterance};

use super::Remark;
use crate::{KnowledgeBase, pack::DocumentText, slot::SlotKind, task::Task};

/// Ways of asking for one document that sound critical, from which on it is more than chance.
const OFTEN: usize = 4;
/// Of so many ways of asking at most.
const ONE_OF: usize = 6;

/// A critical rule of `moments.toml`, compiled.
struct Critical<'a> {
    phrases: Phrases,
    now: Option<&'a String>,
    first: &'a str,
}

/// Critical rules that say nothing to do now, and those that hear danger where callers ask about a document after which
/// things are sold as ever.
pub(super) fn critical(base: &KnowledgeBase) -> Vec<Remark> {
    let pack = base.pack();
    let lexicon = pack.words.lexicon();
    let rules = pack.moments.urgency.iter();
    let rules = rules.filter(|rule| rule.level == "critical");
    let rules: Vec<Critical<'_>> = rules
        .map(|rule| Critical {
            phrases: Phrases::new(&lexicon, &rule.phrases, &rule.unless, &[]),
            now: rule.now.as_ref(),
            first: rule.phrases.first().map_or("", String::as_str),
        })
        .collect();
    let silent = rules.iter().filter(|rule| rule.now.is_none());
    let silent = silent.map(|rule| {
        remark(
            format!("the critical rule of {:?} has no line `now`", rule.first),
            "say what to do at once, or make it high",
        )
    });
    let is_calm = |document: &&DocumentText| {
        let topic = document.topic.as_ref();
        let topic = topic.and_then(|id| pack.topics.iter().find(|topic| topic.id == *id));
        topic.is_some_and(|topic| !topic.urgent && !pack.moments.selling_off.contains(&topic.id))
    };
    let calm = pack.documents.iter().filter(is_calm);
    let alarmed = calm.filter_map(|document| {
        let sounds_critical = |asked: &&String| {
            let said = Utterance::new(lexicon.terms(asked));
            let mut rules = rules.iter();
            rules.any(|rule| !rule.phrases.matches(&said).is_empty())
        };
        let critical: Vec<&String> = document.asks.iter().filter(sounds_critical).collect();
        let few = critical.len() < OFTEN || critical.len() * ONE_OF < document.asks.len();
        (!few).then(|| {
            remark(
                format!(
                    "{} of {} ways of asking for {} are critical, such as {:?}",
                    critical.len(),
                    document.asks.len(),
                    document.source,
                    critical[0]
                ),
                "rule them out with `unless`, or name the topic in selling_off",
            )
        })
    });
    silent.chain(alarmed).collect()
}

fn remark(found: String, advice: &str) -> Remark {
    Remark {
        file: PathBuf::from("moments.toml"),
        found,
        advice: advice.to_owned(),
    }
}

/// Tasks that ask for a number or an address, tell a reference by voice alone, and could send it.
pub(super) fn notices(base: &KnowledgeBase) -> Vec<Remark> {
    let lacks = |task: &&std::sync::Arc<Task>| {
        let says_reference = task.done.as_ref();
        let says_reference = says_reference.is_some_and(|line| line.contains("{reference}"));
        // Who is called back soon needs nothing to read.
        let is_called = task.tool.as_deref() == Some("callback");
        let mut slots = task.slots.iter();
        let reaches =
            slots.any(|slot| matches!(slot.value.kind, SlotKind::Phone | SlotKind::Email));
        says_reference && reaches && !is_called && task.notice.is_none()
    };
    let tasks = base.pack().tasks.list.iter().filter(lacks);
    let remark = |task: &std::sync::Arc<Task>| Remark {
        file: PathBuf::from(format!("tasks/{}.toml", task.name)),
        found: format!("{} tells its reference by voice alone", task.name),
        advice: "send it, too: notice = { to = \"…\", text = \"…\", said = \"…\" }".to_owned(),
    };
    tasks.map(remark).collect()
}
