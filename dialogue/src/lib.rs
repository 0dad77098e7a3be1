//! A conversation: finished turns in, sentences and deeds out.
//!
//! ```text
//! turn -> route (knowledge) -+-> small talk, offers, refusals: fixed lines of the pack   conversation/actions.rs
//!                            +-> things the pack lists: rows of its catalogue           conversation/catalogue.rs
//!                            +-> look-ups and deeds the caller agreed to: tools           (crate `tools`)
//!                            +-> question about the trade: retrieval (the only place)     conversation/answer.rs
//!                                  +-> not in the documents, or fresh: the web, if allowed conversation/web.rs
//!                                  +-> a language model phrases the passages             llm.rs
//!                                  +-> none, late or failing: the documents' own sentences
//! ```
//!
//! [`Conversation`] decides and is pure; [`Driver`] carries out what it decides. Sentences leave as
//! soon as they are whole. Whatever fails, a reply says something and ends with exactly one
//! [`ReplyEvent::Done`]; dropping its future cancels it with all it has started, except deeds.

mod conversation;
mod driver;
mod llm;
pub mod rehearsal;
mod replier;
#[cfg(test)]
mod tests;
mod web;

pub use conversation::{
    Abilities, CallFacts, CallerTurn, Conversation, Delta, Event, Found, ModelFailure, Prompt,
    Query, Step, ToolCallId, UnusableText, WebQuery,
};
pub use driver::{Driver, Reply};
pub use replier::Replier;

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tools::WebSearch;

/// Passages given to a model or an extractive answer; more dilute a short spoken answer.
const PASSAGES: usize = 3;

/// What answers are made with, besides the pack.
#[derive(Debug, Clone, Default)]
pub struct ReplyConfig {
    /// The language model that phrases answers; none means that the documents speak for themselves.
    pub llm: Option<LlmConfig>,
    /// Where phone calls are transferred (`tel:` or `sip:` address or E.164 number); none means that
    /// the pack's `transfer_number` decides, and if that is none too, that people are called back.
    pub transfer_to: Option<String>,
    /// Searches the web for packs that allow it.
    pub web_search: Option<WebSearch>,
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
    /// "I can tell you about the fees; shall I?"
    Perhaps,
    /// "Is it about the fees, or about the limits?"
    Either,
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
    /// `pack` (a fixed line), `question` (what a look-up must be asked with), `extractive` (the documents' sentences), `tool`, `web` (a page's sentence), or the model's name.
    pub model: String,
    /// What the search took; none when nothing was searched.
    #[serde(skip)]
    pub retrieval: Option<Duration>,
    /// From the request to the model's first token.
    #[serde(skip)]
    pub llm_first_token: Option<Duration>,
    /// What the session has to do once the reply has been heard.
    #[serde(skip)]
    pub action: Option<CallAction>,
    /// Why the language model did not finish its answer, if it was asked and did not.
    #[serde(skip)]
    pub failure: Option<ModelFailure>,
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
    /// The caller agreed to be put through. The call counts as escalated.
    Transfer,
    /// The callback that the caller agreed to is on record. The call counts as escalated.
    Callback,
    /// The reply's sentences are the agent's last words once more; nothing else is to be done.
    Repeat,
}
