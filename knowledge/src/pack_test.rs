//! A pack's own tests: what callers say, and what is right to answer. Files `tests/*.toml` of the pack's folder; they
//! are read by `teller knowledge test` alone and are no part of what calls load.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{KnowledgeBase, check::bad, error::PackError, route::FIXED_NAMES, task::FixedArgument};

/// What may make a question hard; the score is counted by these too.
const KINDS: [&str; 17] = [
    "plain",
    "filler",
    "correction",
    "follow_up",
    "two_questions",
    "misheard",
    "upset",
    "emergency",
    "negation",
    "other_trade",
    "unwritten",
    "place",
    "greeting",
    "catalogue",
    "courtesy",
    "dialogue",
    "task",
];

/// A conversation with what is expected of it; a single question is one of one turn.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestDialogue {
    /// What is hard about it: `plain`, `filler`, `follow_up` …
    pub kind: String,
    /// The topic under which it is counted.
    #[serde(default)]
    pub topic: Option<String>,
    /// The number that the caller calls from; without it they come by a browser.
    #[serde(default)]
    pub phone: Option<String>,
    /// What tools answer; all others of the pack's tasks do what they are asked.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolAnswer>,
    /// What the caller says, in order.
    #[serde(rename = "turn")]
    pub turns: Vec<TestTurn>,
    /// The file it stands in.
    #[serde(skip)]
    pub file: PathBuf,
}

/// One turn of the caller and what is right to answer. What is left out does not matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestTurn {
    /// As a recogniser writes it.
    pub said: String,
    /// The route's name; `|` parts alternatives.
    #[serde(default)]
    pub route: Option<String>,
    /// Documents that must all be among the answer's sources.
    #[serde(default)]
    pub document: Vec<String>,
    /// Documents of which one must be.
    #[serde(default)]
    pub any_of: Vec<String>,
    /// Whether the documents answer it.
    #[serde(default)]
    pub supported: Option<bool>,
    /// Each must be spoken, case aside; `|` parts alternatives.
    #[serde(default)]
    pub says: Vec<String>,
    /// None may be spoken.
    #[serde(default)]
    pub never_says: Vec<String>,
    /// Before it the caller proved who they are.
    #[serde(default)]
    pub proven: bool,
    /// What is done in it, and nothing else: `{ tool = "renew", title = "emma" }`, with these arguments at least.
    #[serde(default)]
    pub calls: Vec<TestCall>,
}

/// What a tool answers in a test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ToolAnswer {
    /// It declines, for this reason.
    #[serde(default)]
    pub declined: Option<String>,
    /// It fails, without an effect.
    #[serde(default)]
    pub fails: bool,
    /// Nobody sees how it ends.
    #[serde(default)]
    pub unknown: bool,
    /// What there is to choose from.
    #[serde(default)]
    pub options: Vec<String>,
    /// Fields of its result.
    #[serde(flatten)]
    pub fields: BTreeMap<String, String>,
}

/// A deed that a test expects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TestCall {
    /// The tool.
    pub tool: String,
    /// Arguments that it is called with.
    #[serde(flatten)]
    pub arguments: BTreeMap<String, FixedArgument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestsFile {
    dialogue: Vec<TestDialogue>,
}

/// The dialogues of one file, checked against the pack that they are about.
///
/// # Errors
/// When it is malformed, or names a kind, route, topic or document that does not exist.
pub(crate) fn parse(
    file: PathBuf,
    text: &str,
    base: &KnowledgeBase,
) -> Result<Vec<TestDialogue>, PackError> {
    let read = toml::from_str::<TestsFile>(text).map_err(|error| PackError::Malformed {
        file: file.clone(),
        message: error.to_string(),
    })?;
    let mut dialogues = read.dialogue;
    for dialogue in &mut dialogues {
        check(&file, dialogue, base)?;
        dialogue.file.clone_from(&file);
    }
    Ok(dialogues)
}

fn check(file: &Path, dialogue: &TestDialogue, base: &KnowledgeBase) -> Result<(), PackError> {
    let pack = base.pack();
    if !KINDS.contains(&&*dialogue.kind) {
        let accepted = format!("one of {}", KINDS.join(", "));
        return Err(bad(file, "dialogue.kind", &dialogue.kind, &accepted));
    }
    if let Some(topic) = dialogue
        .topic
        .as_deref()
        .filter(|id| pack.topic(id).is_none())
    {
        return Err(bad(
            file,
            "dialogue.topic",
            topic,
            "the id of a topic in topics.toml",
        ));
    }
    for turn in &dialogue.turns {
        let routes = turn.route.iter().flat_map(|routes| routes.split('|'));
        for route in routes {
            let is_own = pack.lookup(route).is_some() || pack.tasks.get(route).is_some();
            if !FIXED_NAMES.contains(&route) && !is_own {
                let names = FIXED_NAMES.join(", ");
                let accepted = format!("{names} or the name of a look-up or a task");
                return Err(bad(file, "turn.route", route, &accepted));
            }
        }
        for source in turn.document.iter().chain(&turn.any_of) {
            let mut documents = pack.documents.iter();
            let is_row = base.shelf().is_some_and(|shelf| shelf.has(source));
            if !is_row && !documents.any(|document| document.source == *source) {
                return Err(bad(
                    file,
                    "turn.document",
                    source,
                    "the source of a document, or a row of the catalogue: table/row",
                ));
            }
        }
    }
    Ok(())
}
