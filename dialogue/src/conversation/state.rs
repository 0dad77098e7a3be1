//! What a conversation is at: its subject, and how far the reply to the last turn is.

use std::{collections::BTreeMap, sync::Arc};

use call::Turn;
use knowledge::{Before, Fact, Last};

use super::{
    CallerTurn, ToolCallId, answer::Question, lookups::Asking, phrasing::Phrasing, tasks::Running,
    web::Searching,
};
use crate::{Awaiting, ReplyMeta};

/// Words of earlier questions that a question which leans on them is searched with.
const BEFORE_WORDS: usize = 40;

/// What the conversation is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    pub(super) last: Before,
    /// What was offered last, and turns of the caller since then.
    pub(super) offered: Option<(Last, usize)>,
    /// Turns of the caller since then.
    pub(super) age: usize,
}

/// What a look-up found.
#[derive(Debug, Clone)]
pub(super) struct LookedUp {
    pub(super) fact: Fact,
    /// Turns of the caller since then.
    pub(super) age: usize,
}

/// How far the reply to the last turn is.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// None is under way.
    None,
    /// The turn is read.
    Reading {
        turn: CallerTurn,
        /// The turns before it.
        history: Vec<Arc<Turn>>,
    },
    /// The documents are searched.
    Searching(Question),
    /// The web is searched, as the documents do not answer.
    SearchingWeb(Box<Searching>),
    /// The language model writes.
    Phrasing(Box<Phrasing>),
    /// A tool works.
    Calling {
        id: ToolCallId,
        purpose: Purpose,
        meta: ReplyMeta,
    },
    /// It is complete, and becomes valid when its last sentence is with the voice.
    Complete { asks: Awaiting },
}

/// What a tool is called for.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// A look-up.
    LookUp(Box<Asking>),
    /// A callback that the caller agreed to.
    Callback,
    /// What a task has to choose from.
    Options,
    /// The deed of a task.
    Task,
    /// A person is to look into a deed that nobody saw the end of.
    Unconfirmed,
    /// The caller is sent a message about a task's deed, which was told.
    Notice(Box<Running>, BTreeMap<String, String>),
}

/// The last words of questions that lean on one another: a long talk about one thing must not grow without end.
pub(super) fn last_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words[words.len().saturating_sub(BEFORE_WORDS)..].join(" ")
}
