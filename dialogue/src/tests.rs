//! The driver at work on the bank pack: alone, with company's systems and with a model behind real HTTP.

mod attacks;
mod drafts;
mod driving;
mod failover;
mod functions;
mod mcp;
mod model;
mod model_server;
mod rows;
mod task_dialogues;
mod web;

use std::{
    path::Path,
    sync::{Arc, LazyLock, Mutex},
};

use call::SessionId;
use knowledge::KnowledgeBase;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tools::{BoxFuture, Intent, NotRecorded, Outcome, Registry, Tool, ToolCallLog};
use uuid::Uuid;

use super::{
    CallFacts, CallerTurn, Driver, Event, LlmConfig, Replier, ReplyConfig, ReplyEvent, ReplyMeta,
};

static BANK: LazyLock<Arc<KnowledgeBase>> = LazyLock::new(|| {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank"));
    Arc::new(KnowledgeBase::load(folder).expect("the bank pack loads"))
});

/// A reply, whole.
#[derive(Debug)]
struct Replied {
    sentences: Vec<String>,
    meta: ReplyMeta,
}

impl Replied {
    fn text(&self) -> String {
        self.sentences.join(" ")
    }
}

/// The rows of a conversation's tools, a line each; clones share them.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<String>>>);

impl Rows {
    fn add(&self, row: String) -> BoxFuture<'static, Result<(), NotRecorded>> {
        self.0.lock().unwrap().push(row);
        Box::pin(async { Ok(()) })
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl ToolCallLog for Rows {
    fn intend(&self, intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        self.add(format!("{} for turn {}", intent.tool, intent.seq))
    }

    fn finish(
        &self,
        _: SessionId,
        _: Uuid,
        outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        self.add(outcome.kind().as_str().to_owned())
    }
}

fn replier(llm: Option<LlmConfig>) -> Replier {
    let config = ReplyConfig {
        llm,
        ..ReplyConfig::default()
    };
    Replier::new(Arc::clone(&BANK), config, None, None)
}

/// A conversation with the look-ups of the pack, the search of the web and these tools.
fn conversation(replier: &Replier, tools: Vec<Arc<dyn Tool>>) -> (Driver, Rows) {
    let rows = Rows::default();
    let tools = replier.tools().into_iter().chain(tools).collect();
    let registry = Registry::new(SessionId::new(), tools, Arc::new(rows.clone()), Vec::new());
    let facts = CallFacts::default();
    let driver = Driver::new(replier.clone(), registry, facts, TaskTracker::new());
    (driver, rows)
}

fn turn(text: &str) -> CallerTurn {
    CallerTurn {
        text: text.to_owned(),
        question: text.to_owned(),
        seq: 0,
        ..CallerTurn::default()
    }
}

/// The reply to this as the first words of a conversation.
async fn ask(replier: &Replier, text: &str) -> Replied {
    reply(&conversation(replier, Vec::new()).0, text).await
}

async fn reply(driver: &Driver, text: &str) -> Replied {
    reply_to(driver, turn(text)).await
}

/// Writes a reply to its end and holds it to the contract: sentences, then one `Done`.
async fn reply_to(driver: &Driver, turn: CallerTurn) -> Replied {
    let (out, mut events) = mpsc::channel(2);
    let writing = driver.reply_to(turn).write(out);
    let collecting = async {
        let mut sentences = Vec::new();
        let mut done = None;
        while let Some(event) = events.recv().await {
            assert!(done.is_none(), "nothing follows `Done`: {event:?}");
            match event {
                ReplyEvent::Sentence(sentence) => sentences.push(sentence),
                ReplyEvent::Done(meta) => done = Some(meta),
            }
        }
        Replied {
            sentences,
            meta: done.expect("a reply ends with `Done`"),
        }
    };
    let ((), replied) = tokio::join!(writing, collecting);
    driver.on(Event::ReplyWritten);
    replied
}
