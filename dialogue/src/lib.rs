//! A conversation: finished turns in, sentences and deeds out.
//!
//! ```text
//! turn -> route (knowledge) -+-> small talk, offers, refusals: fixed lines of the pack   conversation/actions.rs
//!                            +-> things the pack lists: rows of its catalogue           conversation/catalogue.rs
//!                            +-> look-ups and deeds the caller agreed to: tools           (crate `tools`)
//!                            +-> question about the trade: retrieval (the only place)     conversation/answer.rs
//!                            |     +-> not in the documents, or fresh: the web, if allowed conversation/web.rs
//!                            |     +-> a language model answers from the passages         conversation/phrasing.rs
//!                            |     +-> none, late or failing: the documents' own sentences
//!                            +-> small talk, other subjects: a language model, without     conversation/phrasing.rs
//!                                  passages; none, late or failing: the pack's lines
//!
//! a model's text -> thoughts out -> sentences, each judged -> said, or withheld           conversation/sentences.rs
//! a model's calls -> offered? asked for by the caller? -> registry -> results, fenced     conversation/functions.rs
//! which model    -> breaker, budget, the second where the first fails                     llm.rs
//! ```
//!
//! [`Conversation`] decides and is pure; [`Driver`] carries out what it decides. Sentences leave as
//! soon as they are whole. Whatever fails, a reply says something and ends with exactly one
//! [`ReplyEvent::Done`]; dropping its future cancels it with all it has started, except deeds.

mod conversation;
mod draft;
mod driver;
mod llm;
pub mod rehearsal;
mod replier;
#[cfg(test)]
mod tests;
mod web;

pub use conversation::{
    Abilities, CallFacts, CallerTurn, Conversation, Delta, Event, Exchange, Found, Function,
    FunctionKind, LastCall, ModelCall, ModelFailure, Mood, NotTaken, Past, Prompt, Query, Recall,
    Step, ToolCallId, UnusableText, WebQuery, Withheld,
};
pub use draft::Draft;
pub use driver::{Driver, Reply};
pub use replier::Replier;

use std::{collections::BTreeMap, time::Duration};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tools::{Mcp, WebSearch};

/// Passages given to a model or an extractive answer; more dilute a short spoken answer.
const PASSAGES: usize = 3;

/// What answers are made with, besides the pack.
#[derive(Debug, Clone, Default)]
pub struct ReplyConfig {
    /// The language model that leads conversations; none means that the documents speak for themselves.
    pub llm: Option<LlmConfig>,
    /// The one that is asked where the first fails before it said anything.
    pub llm_fallback: Option<LlmConfig>,
    /// Where phone calls are transferred (`tel:` or `sip:` address or E.164 number); none means that
    /// the pack's `transfer_number` decides, and if that is none too, that people are called back.
    pub transfer_to: Option<String>,
    /// A colleague there is spoken to first, and takes the call or does not.
    pub consults: bool,
    /// Messages can be sent to callers.
    pub messages: bool,
    /// Searches the web for packs that allow it.
    pub web_search: Option<WebSearch>,
    /// Tools of MCP servers that a language model may ask for.
    pub mcp: Option<Mcp>,
}

/// An OpenAI-compatible chat completion server.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    /// Up to and including the version: `https://api.example.com/v1`.
    pub base_url: String,
    /// Sent as a bearer token.
    pub api_key: SecretString,
    /// The model's name on that server.
    pub model: String,
    /// From the request to the first token; later, the documents answer. The first whole sentence
    /// has twice as long.
    pub first_token_timeout: Duration,
    /// From the request to the last token; what has been said by then has to do.
    pub total_timeout: Duration,
    /// Requests at a time over all calls; a call that finds no place before the first-token deadline
    /// is answered from the documents.
    pub max_concurrent: usize,
    /// Tokens that this worker may take of it in a minute; none: as many as it takes. Used up, the documents answer.
    pub tokens_per_minute: Option<u64>,
    /// The same for a day (UTC).
    pub tokens_per_day: Option<u64>,
}

/// What the agent's last reply asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Awaiting {
    /// None.
    #[default]
    None,
    /// "Shall I put you through?"
    TransferConsent,
    /// "Shall we call you back?"
    CallbackConsent,
    /// Nothing: the turn that comes next asks to be called back.
    Callback,
    /// "I can tell you about the fees; shall I?"
    Perhaps,
    /// "Is it about the fees, or about the limits?"
    Either,
    /// "I can do that for you now; shall I?"
    TaskOffer,
    /// No yes or no, but a value that a task needs; or a yes or no about one value.
    Value,
    /// "I will do this now; is that right?"
    Agreement,
    /// That the caller proves who they are.
    Proof,
    /// No yes or no, but what a look-up is asked with: "which branch?"
    Parameter,
}

/// What a reply produces, in this order: any number of sentences, then one `Done`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// To be spoken now.
    Sentence(String),
    /// Nothing more comes.
    Done(ReplyMeta),
}

/// How a reply came about; goes on record with the turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ReplyMeta {
    /// `knowledge`, `small_talk`, `human_requested` …
    pub route: String,
    /// The first topic of a question about the trade, or the kind of small talk.
    pub intent: Option<String>,
    /// The documents the answer rests on, best first.
    pub sources: Vec<Source>,
    /// `pack` (a fixed line), `question` (asks for what is needed), `extractive` (the documents' sentences),
    /// `tool` (what was looked up), `deed` (what was done), `web` (a page's sentence), or the model's name.
    pub model: String,
    /// What the model wrote and nobody heard: how many sentences and thoughts, by the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub withheld: BTreeMap<Withheld, u32>,
    /// What the search took; none when nothing was searched.
    #[serde(skip)]
    pub retrieval: Option<Duration>,
    /// From the request to the model's first token.
    #[serde(skip)]
    pub llm_first_token: Option<Duration>,
    /// It says the rest of a reply that was cut: what that did and showed was done and shown once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
    /// What the session has to do once the reply has been heard.
    #[serde(skip)]
    pub action: Option<CallAction>,
    /// A person was offered because the caller was out of patience: how much frustration there was, of ten.
    #[serde(skip)]
    pub person_offered: Option<u8>,
    /// Why the language model did not finish its answer, if it was asked and did not.
    #[serde(skip)]
    pub failure: Option<ModelFailure>,
    /// The requests to language models that it took, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_requests: Vec<ModelRequest>,
}

/// One request to a language model, or that it was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ModelRequest {
    /// It went to the second model.
    pub fallback: bool,
    /// `answered`, or the kind of the failure.
    pub outcome: &'static str,
    /// Tokens it took, by the server's word or estimated.
    pub tokens: u64,
}

impl ModelRequest {
    fn new(place: usize, outcome: &'static str, tokens: u64) -> Self {
        Self {
            fallback: place > 0,
            outcome,
            tokens,
        }
    }
}

/// A document, a row or a page that an answer rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// `library/opening-hours`; of a page, its host.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its rank in the search; comparable within one reply only.
    pub score: f32,
    /// Where it is from.
    #[serde(default, skip_serializing_if = "Origin::is_pack")]
    pub origin: Origin,
}

/// Where what an answer rests on is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The pack: a document, or a row of its catalogue.
    #[default]
    Pack,
    /// A page of the web; the source is its host.
    Web,
}

impl Origin {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_pack(&self) -> bool {
        *self == Self::Pack
    }
}

/// A deed that goes with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallAction {
    /// The farewell has been said: end the call.
    HangUp,
    /// The farewell has been said or was cut short, and one before it was cut short: end the call.
    Leave,
    /// The caller agreed to be put through. The call counts as escalated.
    Transfer,
    /// The callback that the caller agreed to is on record. The call counts as escalated.
    Callback,
    /// The reply's sentences are the agent's last words once more; nothing else is to be done.
    Repeat,
}
