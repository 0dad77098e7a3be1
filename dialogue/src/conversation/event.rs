//! What a conversation takes and gives: events and steps, and what they carry.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use call::Channel;
use chrono::NaiveDateTime;
use knowledge::{Heard, KnowledgeBase, Passage, WebAnswer};
use serde_json::Value;
use tools::{DoneDeed, LeftTask, Outcome, Request, ToolCaller};

use super::{NotTaken, Past, Prompt, Recall, UnusableText};
use crate::ReplyMeta;

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The documents changed: replies that begin from now on use these.
    Knowledge(Arc<KnowledgeBase>),
    /// The caller finished a turn, which is to be answered. A reply under way is over.
    CallerSaid(CallerTurn),
    /// The caller said something that nobody may answer now: it is only remembered.
    CallerUnanswered(String),
    /// The caller heard this of a speech of the agent, which was whole or cut short there.
    AgentHeard(String),
    /// The same of the reply to a turn that was cut short there.
    ReplyCut {
        /// What was heard of it.
        heard: String,
        /// How many words as they were written: more or fewer where something is left out of `heard`.
        words: usize,
    },
    /// What [`Step::Read`] read.
    Read(Box<Heard>),
    /// What [`Step::Find`] found.
    Found(Found),
    /// The sentence of [`Step::SearchWeb`] that answers better than the documents; `None` where nothing does, or nothing
    /// was found, or the search failed: its row says which.
    WebFound(Option<WebAnswer>),
    /// What came of [`Step::AskModel`] so far.
    ModelWrote(Delta),
    /// What came of the [`Step::CallTool`] with this id.
    ToolDone(ToolCallId, Outcome),
    /// What came of [`Step::CallTools`], each call in its order.
    ToolsDone(Vec<(ToolCallId, Outcome)>),
    /// The tools under way take their time. Leads to a sentence at most.
    ToolsSlow,
    /// The last sentence of the reply is with the voice: what the reply asks for stands from now on.
    ReplyWritten,
    /// The reply under way was cut off before it was written: nothing of it counts.
    ReplyCancelled,
    /// The agent asked something else: a yes to that is not a yes to an offer before it.
    OfferLapsed,
    /// The caller has proved who they are.
    Proven {
        /// What the agent may call them.
        name: String,
        /// Their name in the company's systems.
        customer: String,
    },
    /// What a task knew when an earlier call of this person broke off. Comes before [`Event::Proven`], and only with it.
    Left(LeftTask),
    /// What earlier calls of this person came to. Comes before [`Event::Proven`], and only with it.
    Past(Box<Past>),
    /// What the caller has done today in other conversations; `None`: nobody could find out. Comes with
    /// [`Event::Proven`], before it.
    DoneBefore(Option<Vec<DoneDeed>>),
    /// The caller asked for a person without a word: by key.
    PersonWanted,
    /// The transfer that the caller agreed to did not come about.
    TransferFailed(Outcome),
    /// A colleague was called for the caller, and did not take the call.
    NotTaken(NotTaken),
    /// The caller would rather be called back than wait for a colleague: the turn that says so comes next.
    CallbackWanted,
    /// The colleague who had taken the call has left it.
    BackFromPerson,
}

/// What is to be done. The steps of a reply end with one [`Step::Done`].
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read the turn with [`KnowledgeBase::read`], which takes milliseconds. Leads to [`Event::Read`].
    Read(String),
    /// Search the documents: for questions about the trade alone. Leads to [`Event::Found`].
    Find(Query),
    /// Search the web, and rank what it says among the documents with [`KnowledgeBase::answer_with_web`]. Leads to
    /// [`Event::WebFound`].
    SearchWeb(Box<WebQuery>),
    /// Have the language model phrase an answer. Leads to [`Event::ModelWrote`], until the reply is
    /// done.
    AskModel(Prompt),
    /// Call a tool. Leads to [`Event::ToolDone`].
    CallTool(ToolCallId, Request),
    /// Call these at the same time. Leads to [`Event::ToolsDone`] once all have ended.
    CallTools(Vec<(ToolCallId, Request)>),
    /// Say a sentence.
    Say(String),
    /// The reply is complete.
    Done(Box<ReplyMeta>),
}

/// A finished turn of the caller, already redacted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerTurn {
    /// What was said in it.
    pub text: String,
    /// The same after what was said before and never answered: what is to be answered.
    pub question: String,
    /// Its number in the record.
    pub seq: i32,
    /// How the caller is.
    pub mood: Mood,
    /// What they wish of what is remembered.
    pub recall: Option<Recall>,
}

/// What a turn says of the caller, as far as it decides on the answer. The default is a caller who is at ease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mood {
    /// 0 to 10.
    pub frustration: u8,
    /// Harm is being done, or may be.
    pub is_critical: bool,
    /// What to do now, in a line of the pack, where it has one for what was said.
    pub now: Option<String>,
}

/// What the documents are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// One question or two.
    pub questions: Vec<knowledge::Question>,
}

/// What the web is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct WebQuery {
    /// The call of the search.
    pub request: Request,
    /// What is to be answered.
    pub question: knowledge::Question,
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// For each question, best first.
    pub passages: Vec<Vec<Passage>>,
    /// How long it took.
    pub took: Duration,
}

/// A language model's answer as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// This model begins; what another wrote before it and nobody heard is void.
    Begins(String),
    /// More text.
    Text(String),
    /// It is complete.
    Finished,
    /// It is complete, and the model wants these functions called before it goes on.
    Calls(Vec<ModelCall>),
    /// It ended at a limit of the server's, perhaps in the middle of a sentence.
    CutOff,
    /// It will not be completed.
    Failed(ModelFailure),
}

/// A function that a language model wants to have called. Nobody vouches for what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelCall {
    /// The model's own name for the call, given back with its result.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// JSON, if the model kept to what it was told.
    pub arguments: String,
}

/// A function that a language model may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name: a look-up's, a table's behind `search_`, or a task's behind `start_`.
    pub name: String,
    /// What it does, in a sentence that a model can choose by.
    pub description: String,
    /// The JSON schema of its arguments, an object.
    pub parameters: Value,
    /// What asks for it, in words: a turn that has all words of one of these, in any form, may have it called.
    pub asked_by: Vec<String>,
    /// What becomes of a call.
    pub kind: FunctionKind,
}

/// What becomes of a function that a model calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// The registry is asked, on turns about the trade only; what it finds goes back to the model.
    LookUp,
    /// As a look-up, by the operator's list.
    Listed {
        /// For callers alone who proved who they are.
        needs_proof: bool,
    },
    /// A table of the catalogue is searched at once, on turns about the trade only; what it finds goes back to the model.
    Rows,
    /// A task of this name begins, and leads the conversation from there.
    Task,
}

/// Why a model's answer ended before its end. Carries none of its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFailure {
    /// This did not come in time.
    #[error("no {0} in time")]
    Late(&'static str),
    /// The server answered something else.
    #[error("the server answered {0}")]
    Refused(String),
    /// The stream was malformed or broke off.
    #[error("the stream was malformed or broke off")]
    Broken,
    /// The text cannot be spoken.
    #[error("the text was unusable: {0}")]
    Unusable(#[from] UnusableText),
    /// There was nothing to speak in it.
    #[error("the text was empty")]
    Empty,
    /// It asked for tools again and again.
    #[error("it went on asking for tools")]
    Loop,
    /// It failed too often lately, and is not asked for a while.
    #[error("it is not asked for a while")]
    Resting,
    /// Its budget of tokens is used up.
    #[error("its budget is used up")]
    OverBudget,
}

impl ModelFailure {
    /// Its name on record and in metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Late(_) => "late",
            Self::Refused(_) => "refused",
            Self::Broken => "broken",
            Self::Unusable(_) => "unusable",
            Self::Empty => "empty",
            Self::Loop => "loop",
            Self::Resting => "resting",
            Self::OverBudget => "over_budget",
        }
    }
}

/// Which of the calls of a conversation's tools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolCallId(pub u32);

/// What is known of the call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFacts {
    /// How the caller came.
    pub channel: Channel,
    /// Callers can prove here who they are (a sender of codes is configured).
    pub can_authenticate: bool,
    /// The name of a caller who has done so.
    pub name: Option<String>,
    /// The caller as tools know them.
    pub caller: ToolCaller,
    /// When the conversation began, in the company's time: what "tomorrow" is. `None`: such days are asked for.
    pub begun: Option<NaiveDateTime>,
}

/// What the agent can do here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities {
    /// The name of the language model; `None`: the documents speak for themselves.
    pub model: Option<String>,
    /// The names of the pack's look-ups that somebody answers.
    pub look_ups: BTreeSet<String>,
    /// The names of the tools that tasks may use.
    pub tools: BTreeSet<String>,
    /// The web may be searched.
    pub web_search: bool,
    /// Phone calls can be transferred; if not, the pack's number decides.
    pub transfer: bool,
    /// A colleague is spoken to first, and sound passes through us: callers of every channel can be put through.
    pub consults: bool,
    /// What the language model may ask for: look-ups, tables of the catalogue and tasks.
    pub functions: Vec<Function>,
}
