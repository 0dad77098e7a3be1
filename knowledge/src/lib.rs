#![doc = include_str!("../README.md")]

mod answer;
mod base;
mod catalogue;
mod check;
mod chunk;
mod disclosure;
mod document;
mod error;
mod evidence;
mod facts;
mod gaps;
mod grounding;
mod heard;
mod hours;
mod index;
mod language_file;
mod learned;
mod lines;
mod load;
mod lookup;
mod matches;
mod meant;
mod moments;
mod nearest;
mod pack;
mod pack_test;
mod phrasings;
mod pronunciation;
mod review;
mod route;
mod router;
mod rules;
mod slot;
mod task;
mod trained;
mod training;
mod transfer;
mod trust;
mod understand;
mod web;

pub use answer::{Answer, Citation, More, Perhaps, is_grounded, sentences};
pub use base::KnowledgeBase;
pub use catalogue::{
    Ask, Better, Catalogue, Field, Filter, Kind, Last, Listing, Meaning, Offer, Order, Row, RowRef,
    RowSearch, RowsFound, Shelf, Table, Test, Value, Wish,
};
pub use chunk::{CHUNK_OVERLAP, CHUNK_SIZE, Chunk, chunks, split};
pub use error::PackError;
pub use evidence::{Evidence, Weights};
pub use facts::RecallLines;
pub use gaps::Gap;
pub use grounding::Fact;
pub use heard::{Heard, Meanings};
pub use hours::{Hours, People};
pub use index::Passage;
pub use lines::Lines;
pub use load::{default_pack, document_files, topic_ids};
pub use lookup::{FieldKind, Lookup, Proof};
pub use pack::{
    Actions, Aspect, CheckSettings, Currency, DocumentText, GroundingMode, Pack, PhraseSet,
    Settings, SilenceSettings, SmallTalk, ToolPolicy, Topic, TradeWords, VoiceSettings,
};
pub use pack_test::{TestCall, TestDialogue, TestTurn, ToolAnswer};
pub use review::{Callers, Remark};
pub use route::{Before, Question, Reason, Route, RouteContext, Routed};
pub use slot::{Country, Origin, Slot, SlotKind, SlotValue, SlotValues};
pub use task::{
    FirstAid, FixedArgument, Manner, Notice, OWN_TOOLS, Steer, Task, TaskEffect, TaskLines,
    TaskSlot, Tasks, Then,
};
pub use trained::Trained;
pub use training::{Example, FOLDS, Quality, Ranks, Rates, Seen};
pub use transfer::{Briefing, Open, TransferLines, TransferSettings, TransferWords};
pub use trust::{FreshnessPolicy, Provenance};
pub use web::{WebAnswer, WebPage};
