//! Replies from the bank pack, alone and with a model behind real HTTP.

mod conversation;
mod model;
mod model_server;

use super::{CallerContext, LlmConfig};
use super::{Replier, ReplyConfig, ReplyEvent, ReplyMeta, ReplyRequest};
use call::{Speaker, Turn};
use knowledge::KnowledgeBase;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tokio::sync::mpsc;

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

fn replier(llm: Option<LlmConfig>, transfer_to: Option<&str>) -> Replier {
    let transfer_to = transfer_to.map(str::to_owned);
    Replier::new(Arc::clone(&BANK), ReplyConfig { llm, transfer_to }, None)
}

fn asks(text: &str) -> ReplyRequest {
    ReplyRequest {
        text: text.to_owned(),
        ..ReplyRequest::default()
    }
}

fn says(text: &str, caller: CallerContext, history: &[(Speaker, &str)]) -> ReplyRequest {
    let history = history.iter().map(|(speaker, text)| Turn {
        speaker: *speaker,
        text: (*text).to_owned(),
    });
    ReplyRequest {
        text: text.to_owned(),
        history: history.map(Into::into).collect(),
        caller,
    }
}

/// Runs a reply to its end and holds it to the contract: sentences, then one `Done`.
async fn reply(replier: &Replier, request: ReplyRequest) -> Replied {
    let (out, mut events) = mpsc::channel(2);
    let replying = replier.reply(request, out);
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
    let ((), replied) = tokio::join!(replying, collecting);
    replied
}
