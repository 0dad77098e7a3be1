#![doc = include_str!("../README.md")]

mod answer;
mod base;
mod chunk;
mod cue;
mod error;
mod evidence;
pub mod fold;
mod index;
mod lexicon;
mod lines;
mod load;
mod number;
mod pack;
mod route;
mod router;
mod stem;

pub use answer::{Answer, Citation, is_grounded, sentences};
pub use base::KnowledgeBase;
pub use chunk::{CHUNK_OVERLAP, CHUNK_SIZE, Chunk, chunks, split};
pub use error::PackError;
pub use index::Passage;
pub use pack::{
    Actions, BankingWords, CueSet, DocumentText, GroundingMode, Lines, Pack, Settings,
    SilenceSettings, SmallTalk, Topic, VoiceSettings,
};
pub use route::{Reason, Route, RouteContext, Routed};
