#![doc = include_str!("../README.md")]

mod answer;
mod base;
mod catalogue;
mod check;
mod chunk;
mod document;
mod error;
mod evidence;
mod gaps;
mod heard;
mod index;
mod learned;
mod lines;
mod load;
mod lookup;
mod matches;
mod meant;
mod pack;
mod pack_test;
mod route;
mod router;
mod rules;
mod understand;
mod web;

pub use answer::{Answer, Citation, Perhaps, is_grounded, sentences};
pub use base::KnowledgeBase;
pub use catalogue::{
    Ask, Better, Catalogue, Field, Filter, Kind, Last, Listing, Meaning, Offer, Order, Row, RowRef,
    Shelf, Table, Test, Value, Wish,
};
pub use chunk::{CHUNK_OVERLAP, CHUNK_SIZE, Chunk, chunks, split};
pub use error::PackError;
pub use evidence::Evidence;
pub use gaps::Gap;
pub use heard::{Heard, Meanings};
pub use index::Passage;
pub use load::{default_pack, topic_ids};
pub use lookup::{
    FieldKind, Lookup, Origin, Parameter, ParameterKind, ParameterValue, ParameterValues, Proof,
};
pub use pack::{
    Actions, Aspect, Currency, DocumentText, GroundingMode, Lines, Pack, PhraseSet, Settings,
    SilenceSettings, SmallTalk, ToolPolicy, Topic, TradeWords, VoiceSettings,
};
pub use pack_test::{TestDialogue, TestTurn};
pub use route::{Before, Question, Reason, Route, RouteContext, Routed};
pub use web::{WebAnswer, WebPage};
